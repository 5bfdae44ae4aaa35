"""The list of ids that collide, or that no identify call explains: CSV, one line for each id and collision."""

from __future__ import annotations

import csv
import io
from array import array
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pipelines_client.evidence.files.rows import reopen_rows
from pipelines_client.evidence.lines import object_in, text_of
from pipelines_client.files import private_file
from pipelines_client.parity.spell import plural
from pipelines_client.signals import let_through

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pipelines_client.parity.differences.reopen import Opener
    from pipelines_client.parity.findings.identity_collisions import CollisionListRow

COLUMNS: Final = (
    "kind",
    "collision",
    "id",
    "id_kind",
    "identify_calls",
    "events",
    "source",
    "message_id",
    "file",
    "line",
    "offset",
)
"""The columns of the list. Ids and collisions are keyed hashes; that of an id is its `identity` in the ledger."""

_AT_ONCE: Final = 20_000


def write_collisions(rows: Iterable[CollisionListRow], path: Path, openers: Mapping[str, Opener] | None = None) -> int:
    """Write the answer to `collision_list` to a file that only its owner may read, and return how many lines it has.

    Args:
        rows: The answer.
        path: The file.
        openers: By source, to show ids in clear, as their first message has them; None shows their hashes.

    Raises:
        OSError: The file cannot be written.
    """
    count = 0
    with private_file(path) as raw:
        text = io.TextIOWrapper(raw, "utf-8", newline="", write_through=True)
        file = csv.writer(text, lineterminator="\n")
        file.writerow(COLUMNS)
        for some in _batches(rows):
            names = {} if openers is None else _names(some, openers)
            file.writerows(_line(row, names.get(row.person)) for row in some)
            count += len(some)
        text.detach()
    return count


def _batches(rows: Iterable[CollisionListRow]) -> Iterator[list[CollisionListRow]]:
    rest = iter(rows)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _line(row: CollisionListRow, name: str | None) -> tuple[Any, ...]:
    kind = row.shape or row.id_kind or "unknown"
    shown = hashed(row.person) if name is None else name
    counts = (row.identifies, row.events)
    place = (row.source, row.message_id, row.file, row.line, row.byte_offset)
    return (row.kind, hashed(row.matter), shown, kind, *counts, *place)


def hashed(number: int) -> str:
    """Return a hash as the ledger writes it: 16 hexadecimal digits."""
    return array("q", [number]).tobytes().hex()


def _names(rows: list[CollisionListRow], openers: Mapping[str, Opener]) -> dict[int, str]:
    """Return ids in clear by their hash; one whose file is gone or does not hold it is left out."""
    places: dict[tuple[str, str], dict[tuple[int, int], CollisionListRow]] = defaultdict(dict)
    for row in rows:
        if row.source in openers:
            places[row.source, row.file][row.byte_offset, row.byte_count] = row
    names: dict[int, str] = {}
    for (source, file), wanted in places.items():
        opener, spans = openers[source], sorted(wanted)
        try:
            again = reopen_rows(opener.location_of(file), spans, columns=opener.kind.columns)
            for span, data in zip(spans, again, strict=True):
                name = _name(opener, file, data)
                if name is not None:
                    names[wanted[span].person] = name
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - the file has changed since: its ids stay hashed
            let_through(error)
    return names


def _name(opener: Opener, file: str, data: bytes | None) -> str | None:
    row = None if data is None else object_in(data)
    call = None if row is None else opener.kind.call_of(row, file)
    if call is None:
        return None
    return text_of(call.get("userId")) or text_of(call.get("anonymousId"))


def describe_collisions(count: int, path: Path) -> str:
    """Say how many ids are in the list."""
    ids = plural(count, "id that collides or belongs", "ids that collide or belong")
    return f"{ids} to no known person, in {path}"
