"""Where messages of the past come from: each source yields what it holds, a message or why there is none.

Bodies come whole from dead letters, archives and files of calls; a replay list and a ledger only say which are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from glob import has_magic
from pathlib import Path
from typing import Any

import orjson

from pipelines_client.errors import SourceError
from pipelines_client.evidence.columns import cell
from pipelines_client.evidence.files.open import is_remote
from pipelines_client.evidence.files.rows import is_table, read_rows
from pipelines_client.evidence.instants import unix_ms
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.evidence.kinds.base import Kind
from pipelines_client.evidence.kinds.calls import CallFiles
from pipelines_client.evidence.kinds.customerio_storage import CustomerioFiles
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.kinds.table import Table
from pipelines_client.evidence.listing import SourceFile, list_files
from pipelines_client.evidence.naming import split_kind
from pipelines_client.evidence.recognise import recognise
from pipelines_client.history.calls import Reader
from pipelines_client.history.messages import Found, Past
from pipelines_client.history.rowmap import RowError, RowMap, call_of_row, id_of_row
from pipelines_client.history.selection import Selection
from pipelines_client.state.daily import read_lines as read_daily
from pipelines_client.state.dead_letters import DeadLetter

_OTHER, _UNREADABLE = "other", "unreadable"
Advance = Callable[[int], object]
_CALLS = (SegmentArchive,)  # files of calls too, which are a subclass
_READABLE = (*_CALLS, CustomerioFiles)


def letters_in(letters: Iterable[DeadLetter]) -> Iterator[Found]:
    """Yield refused messages as they were."""
    for letter in letters:
        place = f"dead letter {letter.letter}"
        body, at_ms = letter.body.encode(), unix_ms(letter.occurred_at)
        try:
            call = orjson.loads(body)
        except orjson.JSONDecodeError:
            call = None
        if not isinstance(call, dict) or at_ms is None or b"\n" in body or b"\t" in body:
            yield Found(place, None, {}, _UNREADABLE)
            continue
        past = Past(letter.message_id, letter.type, letter.event, letter.identity, at_ms, body, letter.payload_hash)
        yield Found(place, past, call, about={"reason": letter.reason or ""})


def calls_in(
    paths: Sequence[str], reader: Reader, *, idempotency: Sequence[str] = (), advance: Advance | None = None
) -> Iterator[Found]:
    """Yield the calls of a Segment archive, or of files of calls, as they were sent.

    Args:
        paths: Files, folders, globs or addresses.
        reader: Makes messages of calls.
        idempotency: What names a call that has no messageId.
        advance: Told of bytes read.

    Raises:
        SourceError: There is nothing there that can be read.
    """
    for _, file in _files_in(paths, _CALLS):
        yield from _read(file, partial(_found_in_line, reader=reader, idempotency=idempotency), advance)


def rows_in(
    paths: Sequence[str], reader: Reader, columns: RowMap, *, advance: Advance | None = None
) -> Iterator[Found]:
    """Yield the calls that the rows of files stand for: JSON lines, CSV or Parquet, read by a map of their columns.

    Raises:
        SourceError: There is nothing there that can be read.
    """
    for path in paths:
        _check_there(path)
    for file in list_files(Table, list(paths)).files:
        yield from _read(file, partial(_found_in_row, reader=reader, columns=columns), advance)


def wanted_in(
    selection: Selection,
    reader: Reader,
    letters: Iterable[DeadLetter],
    archives: Sequence[str],
    *,
    advance: Advance | None = None,
) -> Iterator[Found]:
    """Yield what a selection asks for, from dead letters where it is there whole, else from the other side's archive.

    Raises:
        SourceError: There is nothing there that can be read.
    """
    for found in letters_in(letters):
        hint = selection.hint(found.past.message_id) if found.past is not None else None
        if found.past is not None and hint is not None:
            selection.found(found.past.message_id)
            yield found._replace(about={**hint, **found.about})
    for kind, file in _files_in(archives, _READABLE):
        wanted = partial(_found_wanted, kind=kind, file=file.name, reader=reader, selection=selection)
        for found in _read(file, wanted, advance):
            if found.past is not None or found.fault not in (_OTHER, _UNREADABLE):
                yield found
    for message_id in selection.wanted():
        yield Found("nowhere", None, {}, "no_copy", {"message_id": message_id})


def want_listed(selection: Selection, lists: Sequence[str], to: str) -> int:
    """Ask for what replay lists of `parity` name for a side; return how many lines are for the other side.

    Raises:
        SourceError: A file is no replay list.
    """
    others = 0
    for path in lists:
        _check_there(path)
        for file in list_files(Table, [path]).files:
            for line, _, data in read_rows(file.location, _refuse_in(file)):
                row = _object(data)
                if row is None or not {"message_id", "side", "cause"} <= row.keys():
                    raise SourceError(
                        f"{file.name}:{line}: no replay list; write one with `pipelines-client parity --replay-list`"
                    )
                if row["side"] == to:
                    selection.want(
                        row["message_id"], {name: row.get(name) for name in ("cause", "event", "occurred_at")}
                    )
                else:
                    others += 1
    return others


def records_in(ledgers: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Yield the records of ledgers; lines that are none are not ours to judge."""
    for ledger in ledgers:
        folder = ledger / "ledger" if (ledger / "ledger").is_dir() else ledger
        for record in read_daily(folder):
            if isinstance(record, dict) and isinstance(record.get("message_id"), str):
                yield record


def _found_in_line(
    line: dict[str, Any], data: bytes, number: int, *, reader: Reader, idempotency: Sequence[str]
) -> Found:
    del data
    if "letter" in line and isinstance(line.get("body"), dict):
        line = line["body"]  # an exported dead letter, mended by hand
    call = reader.call_of_line(line)
    if not call.get("messageId"):
        key = [cell(line, name) for name in idempotency] or None
        call["messageId"] = id_of_row(call, key, unix_ms(call["timestamp"]) or 0)
    del number
    return Found("", reader.past_of(call), call)


def _found_in_row(row: dict[str, Any], data: bytes, number: int, *, reader: Reader, columns: RowMap) -> Found:
    del data
    call = call_of_row(row, columns, number)
    return Found("", reader.past_of(call), call)


def _found_wanted(
    line: dict[str, Any], data: bytes, number: int, *, kind: type[Kind], file: str, reader: Reader, selection: Selection
) -> Found:
    del number
    is_call = issubclass(kind, _CALLS)
    message_id = line.get("messageId" if is_call else "id")
    hint = selection.hint(message_id) if isinstance(message_id, str) else None
    if hint is None:
        return Found("", None, {}, _OTHER)
    try:
        call = reader.call_of_line(line) if is_call else reader.call_of_export(data, file, hint)
        past = reader.past_of(call)
    except RowError as error:
        if str(error) != _UNREADABLE:  # then another copy may be readable; if none is, there is no copy
            selection.found(str(message_id))
        raise
    selection.found(past.message_id)
    return Found("", past, call, about=hint)


def _read(
    file: SourceFile, make: Callable[[dict[str, Any], bytes, int], Found], advance: Advance | None
) -> Iterator[Found]:
    """Yield what is made of each row of a file; of one that cannot be read, that it cannot."""
    unreadable: list[Found] = []

    def reject(line: int, reason: str, *, incomplete: bool = False) -> None:
        del incomplete
        unreadable.append(Found(f"{file.name}:{line}", None, {}, _UNREADABLE, {"why": reason}))

    for line, _, data in read_rows(file.location, reject, advance=advance):
        row, place = _object(data), f"{file.name}:{line}"
        if row is None:
            yield Found(place, None, {}, _UNREADABLE)
            continue
        try:
            yield make(row, data, line)._replace(place=place)
        except RowError as error:
            yield Found(place, None, {}, str(error))
        yield from unreadable
        unreadable.clear()
    yield from unreadable


def _files_in(paths: Sequence[str], readable: tuple[type[Kind], ...]) -> Iterator[tuple[type[Kind], SourceFile]]:
    """Yield the files of archives with the kind of each."""
    for text in paths:
        named, path = split_kind(text)
        _check_path(path)
        kind = _kind_at(path) if named is None else KINDS[named]
        if not issubclass(kind, readable):
            raise SourceError(f"{path}: {kind.title} does not hold whole messages; pass a Segment archive, or calls")
        yield from ((kind, file) for file in list_files(kind, [path]).files)


def _check_path(path: str) -> None:
    """Refuse a path that does not exist, and tables, whose rows are not calls.

    Raises:
        SourceError: It is one of these.
    """
    if is_table(path):
        raise SourceError(
            f"{path}: the columns of a table mean nothing by themselves: say what they are, with --map FILE"
        )
    _check_there(path)


def _check_there(path: str) -> None:
    if not is_remote(path) and not has_magic(path) and not Path(path).exists():
        raise SourceError(f"{path}: no such file or folder")


def _kind_at(path: str) -> type[Kind]:
    """Return the kind at a path; a file that no kind recognises holds calls, which may lack messageIds."""
    try:
        return recognise(path)
    except SourceError:
        if is_remote(path) or not Path(path).is_file():
            raise
        return CallFiles


def _refuse_in(file: SourceFile) -> Any:
    def refuse(line: int, reason: str, *, incomplete: bool = False) -> None:
        del incomplete
        raise SourceError(f"{file.name}:{line}: {reason}")

    return refuse


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        row = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return row if isinstance(row, dict) else None
