"""Where messages of the past come from: each source yields messages, or why one cannot be sent.

Bodies come whole from dead letters, archives and files of calls; a replay list and a ledger only say which are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from pipelines_client.evidence.listing import Listing, SourceFile, list_files
from pipelines_client.evidence.naming import split_kind
from pipelines_client.evidence.recognise import recognise
from pipelines_client.history.calls import CallReader
from pipelines_client.history.letters import RunLetters
from pipelines_client.history.messages import Candidate, PastMessage
from pipelines_client.history.rowmap import MappedRows, RowError, RowMap, id_of_row, key_in
from pipelines_client.history.selection import Selection
from pipelines_client.history.times import SlipError
from pipelines_client.keywords import nearest
from pipelines_client.sides import SIDES
from pipelines_client.state.dead_letters import DeadLetter
from pipelines_client.wording import one_line

WAITING = "waiting"
"""The fault of a message that waits in a spool: no body of it was passed, and none is needed."""
_OTHER, _UNREADABLE = "other", "unreadable"
_NS_IN_MS = 1_000_000
Advance = Callable[[int], object]
_CALLS = (SegmentArchive,)  # files of calls too, which are a subclass
_READABLE = (*_CALLS, CustomerioFiles)


class Intake:
    """What a run has read of the files that the user named.

    Attributes:
        rows: Rows so far, the unreadable ones too.
        empty: The names of files without a row.
        notes: What was left out in folders, and why.
        advance: Called with the bytes of each read.
    """

    def __init__(self, advance: Advance) -> None:
        self.rows = 0
        self.empty: list[str] = []
        self.notes: list[str] = []
        self.advance = advance

    def begin(self, listing: Listing) -> Iterator[Candidate]:
        """Note what a listing leaves out, and yield each place that could not be listed, as unreadable."""
        self.notes += listing.notes
        for problem in listing.problems:
            self.rows += 1
            yield Candidate(problem.file, None, {}, _UNREADABLE, {"why": problem.reason})

    def end_file(self, name: str, rows: int) -> None:
        """Count the rows of a file."""
        self.rows += rows
        if not rows:
            self.empty.append(name)

    @contextmanager
    def filled(self, paths: Sequence[str]) -> Iterator[None]:
        """Refuse what was named and holds no row at all: an export that failed would look like one that went.

        Raises:
            SourceError: Names it.
        """
        before = self.rows
        yield
        if paths and self.rows == before:
            raise SourceError(
                f"{', '.join(split_kind(path)[1] for path in paths)}: no row in it, so there is nothing to send; check"
                " that the export went well"
            )


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
    paths: Sequence[str], reader: CallReader, intake: Intake, *, idempotency: Sequence[str] = ()
) -> Iterator[Candidate]:
    """Yield the calls that were sent, from a Segment archive or files of calls.

    `idempotency` has the paths of the values that identify a call without a messageId.

    Raises:
        SourceError: A path does not exist, nothing there can be read, or it holds several sources.
    """
    sources: set[str] = set()
    with intake.filled(paths):
        for kind, listing in _listings_of(paths, _CALLS):
            yield from intake.begin(listing)
            for file in listing.files:
                folder = SegmentArchive.source_of(file.location) if kind is SegmentArchive else ""
                wanted = partial(_from_line, reader=reader, idempotency=idempotency, folder=folder, sources=sources)
                yield from _read(file, wanted, intake)
    if len(sources) > 1:
        raise SourceError(
            f"{', '.join(paths)}: here are {len(sources)} sources: {', '.join(sorted(map(one_line, sources)))}; a run"
            " sends the messages of one: pass its folder, such as segment-logs/SOURCE"
        )


def rows_in(paths: Sequence[str], reader: CallReader, intake: Intake, columns: RowMap) -> Iterator[Candidate]:
    """Yield the calls that rows describe, from JSON lines, CSV or Parquet and a map of their columns.

    Raises:
        SourceError: A path does not exist, or nothing there can be read; or the rows show that the map cannot be right.
    """
    for path in paths:
        _check_there(path)
    rows = MappedRows(columns)
    with intake.filled(paths):
        listing = list_files(Table, list(paths))
        yield from intake.begin(listing)
        for file in listing.files:
            yield from _read(file, partial(_from_row, reader=reader, rows=rows), intake)
            if is_table(file.location):  # its header is its own; in lines of JSON a column may be rare
                rows.refuse_lacking(file.name)
    rows.refuse_lacking(", ".join(paths))


def wanted_in(
    selection: Selection,
    reader: CallReader,
    intake: Intake,
    letters: RunLetters,
    archives: Sequence[str],
) -> Iterator[Candidate]:
    """Yield what a selection asks for, from dead letters if they hold it, else from the other side's archive.

    Of what neither holds, it is said whether it waits in a spool.

    Raises:
        SourceError: A path does not exist, or nothing there can be read.
    """
    for candidate in letters_in(letters.all):
        hint = selection.hint(candidate.past.message_id) if candidate.past is not None else None
        if candidate.past is not None and hint is not None:
            selection.settle(candidate.past.message_id)
            yield candidate._replace(about={**hint, **candidate.about})
    with intake.filled(archives):
        for kind, listing in _listings_of(archives, _READABLE):
            list(intake.begin(listing))  # what cannot be read may not be wanted, and what is has no copy then
            for file in listing.files:
                wanted = partial(_from_wanted, kind=kind, file=file.name, reader=reader, selection=selection)
                for candidate in _read(file, wanted, intake):
                    if candidate.past is not None or candidate.fault not in (_OTHER, _UNREADABLE):
                        yield candidate
    for message_id in letters.waiting() if selection.wants_any else ():
        if selection.settle(message_id):
            yield Candidate("a spool", None, {}, WAITING, {"message_id": message_id})
    for message_id in selection.wanted():
        yield Candidate("nowhere", None, {}, "no_copy", {"message_id": message_id})


def want_listed(selection: Selection, lists: Sequence[str], to: str, intake: Intake) -> int:
    """Ask for what the replay lists of `parity` name for a side; return how many lines are for the other side.

    Raises:
        SourceError: A file is not a replay list, or they name no message.
    """
    others = 0
    with intake.filled(lists):
        for path in lists:
            _check_there(path)
            listing = list_files(Table, [path])
            for problem in intake.begin(listing):
                raise SourceError(f"{problem.place}: {problem.about['why']}")
            for file in listing.files:
                rows = 0
                for line, row in _listed_in(file):
                    rows += 1
                    if row["side"] == to:
                        hint = {name: row.get(name) for name in ("cause", "event", "occurred_at")}
                        selection.want(row["message_id"], hint, absent_until_ms=_absent_until(row, file, line))
                    else:
                        others += 1
                intake.end_file(file.name, rows)
    return others


def _listed_in(file: SourceFile) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the lines of a replay list with their numbers.

    Raises:
        SourceError: It is not one.
    """
    for line, _, data in read_rows(file.location, _refuse_in(file)):
        row = object_in(data)
        if row is None or not {"message_id", "side", "cause"} <= row.keys():
            raise SourceError(
                f"{file.name}:{line}: not a replay list; write one with `pipelines-client parity --replay-list`"
            )
        _check_listed(row, f"{file.name}:{line}")
        yield line, row


def _check_listed(row: dict[str, Any], place: str) -> None:
    """Refuse a line that names no message, or no side: it would count as the other side's."""
    side = row["side"]
    if side not in SIDES:
        meant = nearest(side, SIDES) if isinstance(side, str) else None
        hint = f"; did you mean {meant}?" if meant else ""
        raise SourceError(f"{place}: its side is not one of {', '.join(SIDES)}{hint}")
    if not (isinstance(row["message_id"], str) and row["message_id"]):
        raise SourceError(f"{place}: its message_id is not a text")


def _absent_until(row: Mapping[str, Any], file: SourceFile, line: int) -> int:
    """Return until when the evidence of a side reaches that lacks a message; by default, when the list was written.

    Raises:
        SourceError: Neither says.
    """
    said = row.get("absent_until")
    at_ms = unix_ms(said) if said is not None else file.modified_ns // _NS_IN_MS or None
    if at_ms is None:
        raise SourceError(
            f"{file.name}:{line}: it does not say until when the evidence reaches (absent_until); write the list again"
            " with `pipelines-client parity --replay-list`, or pass a local copy, whose time counts then"
        )
    return at_ms


def _from_line(
    line: dict[str, Any],
    *_: object,
    reader: CallReader,
    idempotency: Sequence[str],
    folder: str,
    sources: set[str],
) -> Candidate:
    source = line.get("projectId", folder)
    if source and isinstance(source, str):
        sources.add(source)
    if "letter" in line and isinstance(line.get("body"), dict):
        line = line["body"]  # an exported dead letter, corrected by hand
    call, key = reader.call_of_line(line), ""
    if not call.get("messageId"):
        named = [cell(line, name) for name in idempotency] or None
        call["messageId"] = id_of_row(call, named, unix_ms(call["timestamp"]) or 0)
        key = key_in(call["messageId"])
    return Candidate("", reader.past_of(call), call, key=key)


def _from_row(row: dict[str, Any], _: bytes, number: int, *, reader: CallReader, rows: MappedRows) -> Candidate:
    call, key = rows.call_of(row, number)
    return Candidate("", reader.past_of(call), call, key=key)


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
    file: SourceFile, make: Callable[[dict[str, Any], bytes, int], Candidate], intake: Intake
) -> Iterator[Candidate]:
    """Yield what `make` returns for each row of a file, and a fault for each row that cannot be read."""
    unreadable: list[Candidate] = []
    rows = 0

    def reject(line: int, reason: str, **_: object) -> None:
        nonlocal rows
        rows += 1
        unreadable.append(Candidate(f"{file.name}:{line}", None, {}, _UNREADABLE, {"why": reason}))

    for line, _, data in read_rows(file.location, reject, advance=intake.advance):
        rows += 1
        row, place = object_in(data), f"{file.name}:{line}"
        if row is None:
            yield Candidate(place, None, {}, _UNREADABLE)
            continue
        try:
            yield make(row, data, line)._replace(place=place)
        except RowError as error:
            yield Candidate(place, None, {}, str(error))
        except SlipError as error:
            raise SourceError(f"{place}: {error}") from None
        yield from unreadable
        unreadable.clear()
    yield from unreadable
    intake.end_file(file.name, rows)


def _listings_of(paths: Sequence[str], readable: tuple[type[Kind], ...]) -> Iterator[tuple[type[Kind], Listing]]:
    """Yield the files of each archive, with its kind."""
    for text in paths:
        named, path = split_kind(text)
        if is_table(path):
            raise SourceError(f"{path}: the rows of a table are not calls; name its columns with --map FILE")
        _check_there(path)
        kind = _kind_at(path) if named is None else KINDS[named]
        if not issubclass(kind, readable):
            raise SourceError(f"{path}: {kind.title} does not hold whole messages; pass a Segment archive, or calls")
        yield kind, list_files(kind, [path])


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
