"""Where messages of the past come from: each source yields messages, or why one cannot be sent.

Bodies come whole from dead letters, archives and files of calls; a replay list and a ledger only say which are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from glob import has_magic
from pathlib import Path
from typing import Any

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
from pipelines_client.evidence.lines import object_in
from pipelines_client.evidence.listing import SourceFile, list_files
from pipelines_client.evidence.naming import split_kind
from pipelines_client.evidence.recognise import recognise
from pipelines_client.history.calls import CallReader
from pipelines_client.history.messages import Candidate, PastMessage
from pipelines_client.history.rowmap import RowError, RowMap, call_of_row, id_of_row
from pipelines_client.history.selection import Selection
from pipelines_client.state.daily import read_lines as read_daily
from pipelines_client.state.dead_letters import DeadLetter

_OTHER, _UNREADABLE = "other", "unreadable"
Advance = Callable[[int], object]
_CALLS = (SegmentArchive,)  # files of calls too, which are a subclass
_READABLE = (*_CALLS, CustomerioFiles)


def letters_in(letters: Iterable[DeadLetter]) -> Iterator[Candidate]:
    """Yield refused messages, unchanged."""
    for letter in letters:
        place = f"dead letter {letter.letter}"
        body, at_ms = letter.body.encode(), unix_ms(letter.occurred_at)
        call = object_in(body)
        if call is None or at_ms is None or b"\n" in body or b"\t" in body:
            yield Candidate(place, None, {}, _UNREADABLE)
            continue
        past = PastMessage(
            letter.message_id, letter.type, letter.event, letter.identity, at_ms, body, letter.payload_hash
        )
        yield Candidate(place, past, call, about={"reason": letter.reason or ""})


def calls_in(
    paths: Sequence[str], reader: CallReader, *, idempotency: Sequence[str] = (), advance: Advance | None = None
) -> Iterator[Candidate]:
    """Yield the calls that were sent, from a Segment archive or files of calls.

    `idempotency` has the paths of the values that identify a call without a messageId.

    Raises:
        SourceError: A path does not exist, or nothing there can be read.
    """
    for _, file in _files_in(paths, _CALLS):
        yield from _read(file, partial(_from_line, reader=reader, idempotency=idempotency), advance)


def rows_in(
    paths: Sequence[str], reader: CallReader, columns: RowMap, *, advance: Advance | None = None
) -> Iterator[Candidate]:
    """Yield the calls that rows describe, from JSON lines, CSV or Parquet and a map of their columns.

    Raises:
        SourceError: A path does not exist, or nothing there can be read.
    """
    for path in paths:
        _check_there(path)
    for file in list_files(Table, list(paths)).files:
        yield from _read(file, partial(_from_row, reader=reader, columns=columns), advance)


def wanted_in(
    selection: Selection,
    reader: CallReader,
    letters: Iterable[DeadLetter],
    archives: Sequence[str],
    *,
    advance: Advance | None = None,
) -> Iterator[Candidate]:
    """Yield what a selection asks for, from dead letters if they hold it, else from the other side's archive.

    Raises:
        SourceError: A path does not exist, or nothing there can be read.
    """
    for candidate in letters_in(letters):
        hint = selection.hint(candidate.past.message_id) if candidate.past is not None else None
        if candidate.past is not None and hint is not None:
            selection.settle(candidate.past.message_id)
            yield candidate._replace(about={**hint, **candidate.about})
    for kind, file in _files_in(archives, _READABLE):
        wanted = partial(_from_wanted, kind=kind, file=file.name, reader=reader, selection=selection)
        for candidate in _read(file, wanted, advance):
            if candidate.past is not None or candidate.fault not in (_OTHER, _UNREADABLE):
                yield candidate
    for message_id in selection.wanted():
        yield Candidate("nowhere", None, {}, "no_copy", {"message_id": message_id})


def want_listed(selection: Selection, lists: Sequence[str], to: str) -> int:
    """Ask for what the replay lists of `parity` name for a side; return how many lines are for the other side.

    Raises:
        SourceError: A file is not a replay list.
    """
    others = 0
    for path in lists:
        _check_there(path)
        for file in list_files(Table, [path]).files:
            for line, _, data in read_rows(file.location, _refuse_in(file)):
                row = object_in(data)
                if row is None or not {"message_id", "side", "cause"} <= row.keys():
                    raise SourceError(
                        f"{file.name}:{line}: not a replay list; write one with `pipelines-client parity --replay-list`"
                    )
                if row["side"] == to:
                    selection.want(
                        row["message_id"], {name: row.get(name) for name in ("cause", "event", "occurred_at")}
                    )
                else:
                    others += 1
    return others


def records_in(ledgers: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Yield the records of ledgers; other lines are skipped."""
    for ledger in ledgers:
        folder = ledger / "ledger" if (ledger / "ledger").is_dir() else ledger
        for record in read_daily(folder):
            if isinstance(record, dict) and isinstance(record.get("message_id"), str):
                yield record


def _from_line(line: dict[str, Any], *_: object, reader: CallReader, idempotency: Sequence[str]) -> Candidate:
    if "letter" in line and isinstance(line.get("body"), dict):
        line = line["body"]  # an exported dead letter, corrected by hand
    call = reader.call_of_line(line)
    if not call.get("messageId"):
        key = [cell(line, name) for name in idempotency] or None
        call["messageId"] = id_of_row(call, key, unix_ms(call["timestamp"]) or 0)
    return Candidate("", reader.past_of(call), call)


def _from_row(row: dict[str, Any], _: bytes, number: int, *, reader: CallReader, columns: RowMap) -> Candidate:
    call = call_of_row(row, columns, number)
    return Candidate("", reader.past_of(call), call)


def _from_wanted(
    line: dict[str, Any],
    data: bytes,
    _: int,
    *,
    kind: type[Kind],
    file: str,
    reader: CallReader,
    selection: Selection,
) -> Candidate:
    is_call = issubclass(kind, _CALLS)
    message_id = line.get("messageId" if is_call else "id")
    hint = selection.hint(message_id) if isinstance(message_id, str) else None
    if hint is None:
        return Candidate("", None, {}, _OTHER)
    try:
        call = reader.call_of_line(line) if is_call else reader.call_of_export(data, file, hint)
        past = reader.past_of(call)
    except RowError as error:
        if str(error) != _UNREADABLE:  # of an unreadable one, another copy may be readable
            selection.settle(str(message_id))
        raise
    selection.settle(past.message_id)
    return Candidate("", past, call, about=hint)


def _read(
    file: SourceFile, make: Callable[[dict[str, Any], bytes, int], Candidate], advance: Advance | None
) -> Iterator[Candidate]:
    """Yield what `make` returns for each row of a file, and a fault for each row that cannot be read."""
    unreadable: list[Candidate] = []

    def reject(line: int, reason: str, **_: object) -> None:
        unreadable.append(Candidate(f"{file.name}:{line}", None, {}, _UNREADABLE, {"why": reason}))

    for line, _, data in read_rows(file.location, reject, advance=advance):
        row, place = object_in(data), f"{file.name}:{line}"
        if row is None:
            yield Candidate(place, None, {}, _UNREADABLE)
            continue
        try:
            yield make(row, data, line)._replace(place=place)
        except RowError as error:
            yield Candidate(place, None, {}, str(error))
        yield from unreadable
        unreadable.clear()
    yield from unreadable


def _files_in(paths: Sequence[str], readable: tuple[type[Kind], ...]) -> Iterator[tuple[type[Kind], SourceFile]]:
    """Yield the files of archives with the kind of each."""
    for text in paths:
        named, path = split_kind(text)
        if is_table(path):
            raise SourceError(f"{path}: the rows of a table are not calls; name its columns with --map FILE")
        _check_there(path)
        kind = _kind_at(path) if named is None else KINDS[named]
        if not issubclass(kind, readable):
            raise SourceError(f"{path}: {kind.title} does not hold whole messages; pass a Segment archive, or calls")
        yield from ((kind, file) for file in list_files(kind, [path]).files)


def _check_there(path: str) -> None:
    if not is_remote(path) and not has_magic(path) and not Path(path).exists():
        raise SourceError(f"{path}: no such file or folder; check the path")


def _kind_at(path: str) -> type[Kind]:
    """Return the kind at a path; a file that no kind recognises holds calls, which may lack messageIds."""
    try:
        return recognise(path)
    except SourceError:
        if is_remote(path) or not Path(path).is_file():
            raise
        return CallFiles


def _refuse_in(file: SourceFile) -> Any:
    def refuse(line: int, reason: str, **_: object) -> None:
        raise SourceError(f"{file.name}:{line}: {reason}")

    return refuse
