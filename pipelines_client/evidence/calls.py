"""Evidence of any kind → the calls that it holds, one after the other, in the memory of one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines_client.errors import SourceError
from pipelines_client.evidence.count_apis import APIS
from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.evidence.kinds.ledger import LedgerFiles
from pipelines_client.evidence.kinds.table import Table
from pipelines_client.evidence.lines import LineRejectedError, object_in
from pipelines_client.evidence.listing import list_files
from pipelines_client.evidence.naming import COUNTS, split_kind
from pipelines_client.evidence.nesting import is_deeper
from pipelines_client.evidence.recognise import recognise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.evidence.listing import SourceFile

_NO_KEY = b""  # no identity is hashed here


class FoundCall(NamedTuple):
    """A line of evidence.

    Attributes:
        place: Its file and line.
        call: The call that it holds, None if it holds none.
        message_id: The id in a line of a ledger, which holds no call.
        fault: Why it cannot be read; an empty text if it can. With neither a call nor a fault, the line does not hold
            the call's payload.
    """

    place: str
    call: dict[str, Any] | None = None
    message_id: str | None = None
    fault: str = ""


def calls_in(
    paths: Sequence[str],
    column_map: Mapping[str, Any] | None = None,
    *,
    advance: Callable[[int], object] | None = None,
) -> Iterator[FoundCall]:
    """Yield the lines at these paths, ledgers last; what cannot be listed or read is yielded with its fault.

    Args:
        paths: Each a path, glob or address, with its kind before a colon if it cannot be recognised.
        column_map: How tables are read.
        advance: Called with the number of stored bytes of each read.

    Raises:
        SourceError: A path does not exist, or its kind is not known, or only counts.
    """
    sources = kinds_at(paths, column_map)
    for kind, path in sorted(sources, key=lambda source: isinstance(source[0], LedgerFiles)):
        listing = list_files(type(kind), [path])
        for problem in listing.problems:
            yield FoundCall(f"{problem.file}:{problem.line}", fault=problem.reason)
        for file in listing.files:
            yield from _in_file(kind, file, advance)


def kinds_at(paths: Sequence[str], column_map: Mapping[str, Any] | None = None) -> list[tuple[Kind, str]]:
    """Return a reader of each path, which hashes no identity, and the path without its kind.

    Raises:
        SourceError: A path does not exist, or its kind is not known, or only counts.
    """
    return [_kind_at(text, column_map) for text in paths]


def ledgers_in(paths: Sequence[str], column_map: Mapping[str, Any] | None = None) -> list[str]:
    """Return those of the paths that are ledgers, without their kind.

    Raises:
        SourceError: A path does not exist, or its kind is not known, or only counts.
    """
    return [path for kind, path in kinds_at(paths, column_map) if isinstance(kind, LedgerFiles)]


def _kind_at(text: str, column_map: Mapping[str, Any] | None) -> tuple[Kind, str]:
    if text.partition(":")[0] in APIS:
        raise SourceError(f"{text.partition(':')[0]}: an API of counts holds no calls; pass an archive or an export")
    named, path = split_kind(text)
    kind = recognise(path) if named is None else KINDS[named]
    if kind is Table and not column_map:
        raise SourceError(f"{path}: a table needs a column map; pass it with --map FILE")
    source = next((name for name in kind.sources if name != COUNTS), None)
    made = kind(_NO_KEY, source, column_map if issubclass(kind, Table) else None)
    if made.is_counts or made.is_reduced:
        raise SourceError(
            f"{path}: {made.title} does not hold the calls' payloads; pass Segment's archive, files of calls or"
            " Customer.io's storage files"
        )
    return made, path


def _in_file(kind: Kind, file: SourceFile, advance: Callable[[int], object] | None) -> Iterator[FoundCall]:
    faults: list[FoundCall] = []

    def reject(line: int, reason: str, **_: object) -> None:
        faults.append(FoundCall(f"{file.name}:{line}", fault=reason))

    for line, _, data in read_rows(file.location, reject, advance=advance, columns=kind.columns):
        place = f"{file.name}:{line}"
        yield _found(kind, file, place, data)
        yield from faults
        faults.clear()
    yield from faults


def _found(kind: Kind, file: SourceFile, place: str, data: bytes) -> FoundCall:
    row = None if is_deeper(data) else object_in(data)
    if row is None:
        return FoundCall(place, fault="not a JSON object, or nested too deep")
    try:
        if isinstance(kind, LedgerFiles):
            fact, _ = kind.read(data, file.name, 0, 0)
            return FoundCall(place, message_id=fact.message_id)
        return FoundCall(place, kind.call_of(row, file.name))
    except LineRejectedError as error:
        return FoundCall(place, fault=str(error))
