"""Writes the stage file: under a lock, the journal first, then the file in one step.

A kill in between leaves the old file, and a line in the journal that says what was meant: never half a file, and never
a change without its line.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipelines_client.cutover.journal import StageChange, journal_path
from pipelines_client.errors import StageFileError
from pipelines_client.files import append_line, locked_log, replace_file
from pipelines_client.routing.plan import Stage
from pipelines_client.routing.stagefile import StageFile, parse_stage_file, read_stage_file

Edits = Mapping[tuple[str, ...], str | float]
"""New values by their place in the file: `{("customerio", "share"): 0.25}`."""
_BEGINNING = """\
# The stage of the migration. Every process that was given this file (PIPELINES_STAGE_FILE) follows it within seconds.
# Change it with `pipelines-client cutover`, which checks what blocks the next stage and keeps a journal beside it.
stage = "segment"
"""


def read_current(path: Path) -> StageFile:
    """Read the stage file; an error says how to write or repair it.

    Raises:
        StageFileError: It cannot be read or is wrong.
    """
    try:
        return read_stage_file(path)
    except StageFileError as error:
        cure = (
            "repair it; until then processes use the last good one (stage-last-good.toml in their state directory)"
            if path.exists()
            else "write one with: pipelines-client cutover start"
        )
        raise StageFileError(f"{error}; {cure}") from None


def change_stage_file(path: Path, edits: Edits, change: StageChange) -> None:
    """Change values of a stage file; everything else in it stays, comments too.

    `change` is the line for the journal. Its `before` must be the file's stage, else another change came first; None
    creates the file.

    Raises:
        StageFileError: The file was changed in the meantime, is wrong, or cannot be written.
    """
    path = path.resolve()
    try:
        with locked_log(journal_path(path)) as journal:
            content = _edited(_read(path, change.before), edits).encode()
            parse_stage_file(content)
            append_line(journal, change.model_dump_json().encode())
            replace_file(path, content, mode=path.stat().st_mode & 0o777 if path.exists() else 0o644, sync=True)
    except OSError as error:
        where = error.filename or path
        raise StageFileError(f"{where} cannot be written ({error.strerror}); give this user the right") from None


def _read(path: Path, expected: Stage | None) -> str:
    if expected is None:
        if path.exists():
            raise StageFileError(f"{path} already exists; change it with advance, rollback, share or switch")
        return _BEGINNING
    content = path.read_bytes()
    if parse_stage_file(content).stage is not expected:
        raise StageFileError(f"{path} was changed by another user just now; look again (cutover status)")
    return content.decode("utf-8")


def _edited(text: str, edits: Edits) -> str:
    import tomlkit
    import tomlkit.items

    document = tomlkit.parse(text)
    for (*tables, name), value in edits.items():
        place: tomlkit.TOMLDocument | tomlkit.items.Table = document
        for table in tables:
            if table not in place:
                place[table] = tomlkit.table()
            place = place[table]
        place[name] = value
    return tomlkit.dumps(document)
