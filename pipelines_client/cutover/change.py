"""Changes a stage file, and writes down that it was: under a lock, the journal first, the file in one step.

A kill in between leaves the file as it was and a line in the journal that says what was meant; never a changed file
that nobody answers for, and never half a file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from pipelines_client.cutover.journal import Change, journal_path
from pipelines_client.errors import StageFileError
from pipelines_client.routing.plan import Stage
from pipelines_client.routing.stagefile import parse_stage_file

Value = str | float
Edits = Mapping[tuple[str, ...], Value]
"""New values by their place in the file: `{("customerio", "share"): 0.25}`."""


_BEGINNING = """\
# The stage of the migration. Every process that was given this file (PIPELINES_STAGE_FILE) follows it within seconds.
# Change it with `pipelines-client cutover`, which asks what stands in the way and keeps a journal beside it.
stage = "segment"
"""


def change_stage_file(path: Path, edits: Edits, change: Change) -> None:
    """Change values of a stage file, and leave all else in it, comments too, as it is.

    Args:
        path: The stage file; made if the change is the first.
        edits: The new values.
        change: What the journal will say. Its `before` must be the file's stage, or somebody was faster.

    Raises:
        StageFileError: The file was changed meanwhile, is wrong, or cannot be written.
    """
    path = path.resolve()
    try:
        with _locked(journal_path(path)) as journal:
            text = _edited(_read(path, change.before), edits)
            parse_stage_file(text.encode())
            journal.write(b"\n" * _is_torn(journal) + change.model_dump_json().encode() + b"\n")
            os.fsync(journal.fileno())
            _replace(path, text)
    except OSError as error:
        where = error.filename or path
        raise StageFileError(f"{where} cannot be written ({error.strerror}): give this user the right") from None


def _read(path: Path, expected: Stage | None) -> str:
    if expected is None:
        if path.exists():
            raise StageFileError(f"{path} is there already: advance or rollback changes it")
        return _BEGINNING
    content = path.read_bytes()
    if parse_stage_file(content).stage is not expected:
        raise StageFileError(f"{path} was changed by somebody else just now: look again (cutover status)")
    return content.decode("utf-8")


def _edited(text: str, edits: Edits) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    for (*tables, name), value in edits.items():
        place: tomlkit.TOMLDocument | tomlkit.items.Table = document
        for table in tables:
            if table not in place:
                place[table] = tomlkit.table()
            place = place[table]
        place[name] = value
    return tomlkit.dumps(document)


@contextlib.contextmanager
def _locked(journal: Path) -> Iterator[BinaryIO]:
    with journal.open("a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _is_torn(journal: BinaryIO) -> bool:
    """Whether the last line was cut by a kill; the next one must not be glued to it."""
    end = journal.seek(0, os.SEEK_END)
    if not end:
        return False
    journal.seek(end - 1)
    return journal.read(1) != b"\n"


def _replace(path: Path, text: str) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with fresh.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(mode)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
