"""Reads the stage file with its journal, and writes both: under a lock, the journal first, then the file in one step.

A kill in between leaves the old file, and a line in the journal that says what was meant: never half a file, and never
a change without its line. What a person or a tool changed in the file gets its line from the first command after it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from pipelines_client.clock import iso_utc
from pipelines_client.cutover.journal import BY_HAND, Journal, StageChange, journal_path, meant_by, read_journal
from pipelines_client.cutover.memory import recalled, remember
from pipelines_client.errors import StageFileError
from pipelines_client.files import lock_in_time, replace_alike, replace_file
from pipelines_client.routing.plan import Stage
from pipelines_client.routing.stagefile import (
    StageFile,
    parse_stage_file,
    parse_tables,
    read_stage_bytes,
    read_stage_file,
)
from pipelines_client.signals import let_through
from pipelines_client.state.lines import append_line, locked_log

Edits = Mapping[tuple[str, ...], str | float]
"""New values by their place in the file: `{("customerio", "share"): 0.25}`."""
_BEGINNING = """\
# The stage of the migration. Every process that was given this file (PIPELINES_STAGE_FILE) follows it within seconds.
# Change it with `pipelines-client cutover`, which checks what blocks the next stage and keeps a journal beside it.
stage = "segment"
"""
_NEW_MODE = 0o644
_MOST_LINKS = 40
_BOM = "\ufeff"
_ANOTHER_CLOCK = timedelta(days=1)


class StageMovedError(StageFileError):
    """The stage file has another stage than the one that was looked at: another command or person was faster."""


def read_current(path: Path) -> StageFile:
    """Read the stage file; an error says how to write or repair it.

    Raises:
        StageFileError: It cannot be read or is wrong.
    """
    try:
        return read_stage_file(path)
    except StageFileError as error:
        raise StageFileError(f"{error}; {_cure(path)}") from None


def _cure(path: Path) -> str:
    if path.exists():
        return "repair it; until then processes use the last good one (stage-last-good.toml in their state directory)"
    with suppress(StageFileError):
        last = read_journal(journal_path(path)).last
        if last is not None:
            command = f"pipelines-client cutover start --stage {last.after.value}"
            return f"restore it, or go on where its journal ends: {command}"
    return "write one with: pipelines-client cutover start"


def read_both(path: Path, *, now: datetime, states: Sequence[Path] = ()) -> tuple[StageFile, Journal]:
    """Read the stage file and its journal, and make sure that the journal ends at the file's stage.

    A stage that no command has set began when the file was last changed. The journal gets a line about it, unless this
    user may not write it. A file that was changed a day after now is of another clock, or now is simulated: then it
    dates nothing, and begins no journal.

    Args:
        path: The stage file.
        now: Aware.
        states: State directories that may remember what the journal has lost, and remember it from now on.

    Raises:
        StageFileError: One of them cannot be read, or the file is wrong.
    """
    changed_at = _changed_at(path)
    file, journal = _read_whole(path, states)
    is_undated = journal.last is None and changed_at > iso_utc(now + _ANOTHER_CLOCK)
    if not (is_undated or (journal.last is not None and journal.last.after is file.stage)):
        try:
            with locked_log(journal_path(path), like=path) as log:  # a command may have been between its two steps
                file, journal = _read_whole(path, states)
                if journal.last is None or journal.last.after is not file.stage:
                    change = _found(changed_at, file.stage, journal, now=now)
                    append_line(log, change.model_dump_json().encode())
                    journal = journal.with_line(change)
        except OSError as error:
            let_through(error)
            journal = journal.with_line(_found(changed_at, file.stage, journal, now=now))
    remember(journal, path, states)
    return file, journal


def _read_whole(path: Path, states: Sequence[Path]) -> tuple[StageFile, Journal]:
    return read_current(path), recalled(read_journal(journal_path(path)), path, states)


def _found(changed_at: str, stage: Stage, journal: Journal, *, now: datetime) -> StageChange:
    """Return the line of a stage that was found in the file, dated at the latest time at which it can have begun."""
    last = journal.last
    at = min(max(changed_at, last.at if last else ""), iso_utc(now))
    return StageChange(at=at, by="unknown", action=BY_HAND, before=last.after if last else None, after=stage)


def _changed_at(path: Path) -> str:
    """Return when what a path leads to was last changed: the file, or a link on the way, such as that of a config map.

    The times of change of the inodes say that: a copy that keeps its other times sets them, and so does a rename.
    """
    latest_s = 0.0
    try:
        for _ in range(_MOST_LINKS):
            latest_s = max(latest_s, path.lstat().st_ctime)
            if path.parent.is_symlink():
                latest_s = max(latest_s, path.parent.lstat().st_ctime)
            if not path.is_symlink():
                break
            path = path.parent / path.readlink()
    except OSError as error:  # there is no such file, which reading it says
        let_through(error)
    return iso_utc(datetime.fromtimestamp(latest_s, tz=timezone.utc))


def change_stage_file(path: Path, edits: Edits, change: StageChange) -> None:
    """Change values of a stage file; everything else in it stays: comments, its owner and its permissions.

    `change` is the line for the journal. Its `before` must be the file's stage, else another change came first; None
    creates the file. Without edits, only the journal is changed. A change by hand that no command has seen gets its
    line first.

    Raises:
        StageMovedError: The file's stage was changed in the meantime.
        StageFileError: The file is wrong, or cannot be written.
    """
    place = meant_by(path)  # a link stays one
    try:
        with locked_log(journal_path(path), like=path) as log, _locked(place.parent):
            content = _edited(_read(path, change.before), edits).encode()
            parse_stage_file(content)
            note = partial(_note, log, read_journal(journal_path(path)), change)
            if change.before is None:
                note()
                replace_file(place, content, mode=_NEW_MODE, sync=True)
            elif edits:
                replace_alike(place, content, noting=note)
            else:
                note()
    except OSError as error:
        raise StageFileError(_not_written(error, path)) from None


def _note(log: BinaryIO, journal: Journal, change: StageChange) -> None:
    """Add a change to the journal, after one that was made by hand and that no command has seen."""
    last = journal.last
    if last is not None and change.before is not None and last.after is not change.before:
        seen = StageChange(at=change.at, by="unknown", action=BY_HAND, before=last.after, after=change.before)
        append_line(log, seen.model_dump_json().encode())
    append_line(log, change.model_dump_json().encode())


def _not_written(error: OSError, path: Path) -> str:
    is_forbidden = isinstance(error, PermissionError) or error.errno == errno.EROFS
    cure = "; give this user the right" if is_forbidden else ""
    return f"{error.filename or path} cannot be written ({error.strerror}){cure}"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep out commands that name the file in another way, and so have another journal; if folders can be locked."""
    descriptor = None
    try:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if descriptor is not None:
                lock_in_time(descriptor, folder)
        except TimeoutError:
            raise
        except OSError as error:  # a network share, as a rule
            let_through(error)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def edited_file(path: Path, edits: Edits) -> StageFile:
    """Return what a stage file would be with new values.

    Raises:
        StageFileError: It, or a value, is wrong.
    """
    try:
        return parse_stage_file(_edited(_text(read_stage_bytes(path)), edits).encode())
    except OSError as error:
        raise StageFileError(f"{path} cannot be read ({error.strerror})") from None


def _read(path: Path, expected: Stage | None) -> str:
    if expected is None:
        if path.exists():
            raise StageFileError(f"{path} already exists; change it with advance, rollback, share or switch")
        return _BEGINNING
    content = read_stage_bytes(path)
    if parse_stage_file(content).stage is not expected:
        raise StageMovedError(f"{path} was changed by another user just now; look again (cutover status)")
    return _text(content)


def _text(content: bytes) -> str:
    """Return the text of a stage file, with the mark of its byte order if it has one.

    Raises:
        StageFileError: It is not UTF-8.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise StageFileError(f"not valid TOML ({error.reason})") from None


def _edited(text: str, edits: Edits) -> str:
    """Return the text of a file with new values.

    Raises:
        StageFileError: Its spelling is one that cannot be changed without changing something else.
    """
    import tomlkit

    expected = parse_tables(text.encode())
    for place, value in edits.items():
        _put(expected, place, value)
    mark = _BOM if text.startswith(_BOM) else ""
    try:
        document = tomlkit.parse(text.removeprefix(_BOM))
        for place, value in edits.items():
            _put(document, place, value, make_table=tomlkit.table)
        edited = mark + _with_ends(tomlkit.dumps(document), text)
        if parse_tables(edited.encode()) == expected:
            return edited
    except Exception as error:  # noqa: BLE001 - the library that keeps comments fails in many ways
        let_through(error)
    places = ", ".join(".".join(place) for place in edits)
    raise StageFileError(f"cannot change {places} and keep the rest of the file as it is; change it by hand")


def _with_ends(edited: str, text: str) -> str:
    """Return an edited text in which new lines end as the first one of the text did; those of the text stay."""
    if not text.partition("\n")[0].endswith("\r"):
        return edited
    known = set(text.split("\n")[:-1])
    *lines, last = edited.split("\n")
    return "\n".join([*(line if line in known or line.endswith("\r") else f"{line}\r" for line in lines), last])


def _put(tables: Any, place: tuple[str, ...], value: str | float, *, make_table: Any = dict) -> None:
    *above, name = place
    for table in above:
        if table not in tables:
            tables[table] = make_table()
        tables = tables[table]
    tables[name] = value
