"""Opens the few pairs whose payload hashes differ and names what differs in them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.parity.drift import Difference, drift, json_type
from pipelines_client.parity.tables import reopen_rows

if TYPE_CHECKING:
    from pipelines_client.parity.sources import Kind

MAX_PAIRS = 50_000
"""So many pairs are opened; beyond that a path's count speaks for the pairs opened, which the report says."""

WHOLE_PAYLOAD = "(whole payload)"
"""The path of a difference from the ledger, which keeps a hash and no payload."""

_EVENTS_NAMED = 5

Row = dict[str, Any]
LocationOf = Callable[[str], str]


@dataclass(slots=True)
class PathDrift:
    """How often one path differs in one way."""

    count: int = 0
    sides: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class OpenedPair:
    """A message that drifted and its differences, Segment's value on the left."""

    row: Row
    side: str
    differences: list[Difference]


@dataclass(slots=True)
class DriftFound:
    """What opening the pairs brought; `samples` holds the first few messages of each path and kind."""

    examined: int = 0
    paths: dict[tuple[str, str], PathDrift] = field(default_factory=lambda: defaultdict(PathDrift))
    samples: list[OpenedPair] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Opener:
    """Where the lines of one source are, and how they read."""

    kind: Kind
    location_of: LocationOf


def open_pairs(rows: list[Row], openers: dict[str, Opener], *, samples_each: int) -> DriftFound:
    """Say what differs in each pair.

    Args:
        rows: Answer to the question `drift_pairs`.
        openers: By side.
        samples_each: How many samples each path and kind gets.
    """
    found = DriftFound()
    chosen = rows[:MAX_PAIRS]
    both = [row for row in chosen if row["exports_drift"]]
    payloads = {side: _payloads(both, side, opener) for side, opener in openers.items()} if both else {}
    for row in chosen:
        side = _side(row)
        message_id = row["message_id"]
        if row["exports_drift"]:
            field_name = PAYLOAD_FIELD.get(row["type"], "")
            differences = drift(payloads["segment"][message_id], payloads["customerio"][message_id], field_name)
        else:
            differences = [Difference(WHOLE_PAYLOAD, "value", Difference.ABSENT, Difference.ABSENT)]
        found.examined += 1
        _count(found, OpenedPair(row, side, differences), samples_each)
    return found


def _count(found: DriftFound, pair: OpenedPair, samples_each: int) -> None:
    is_sample = False
    for path, kind in sorted({(difference.path, difference.kind) for difference in pair.differences}):
        entry = found.paths[path, kind]
        entry.count += 1
        entry.sides[pair.side] += 1
        entry.events[pair.row["label"]] += 1
        is_sample = is_sample or entry.count <= samples_each
    if is_sample:
        found.samples.append(pair)


def top_events(entry: PathDrift) -> tuple[str, ...]:
    """Name the events that differ most at a path."""
    return tuple(sorted(entry.events, key=lambda name: (-entry.events[name], name))[:_EVENTS_NAMED])


def _side(row: Row) -> str:
    """Say who differs from what was sent: only the ledger can tell."""
    if not row["in_ledger"]:
        return "unknown"
    if row["segment_drift"] and row["customerio_drift"]:
        return "both"
    return "segment" if row["segment_drift"] else "customerio"


def _payloads(rows: Iterable[Row], side: str, opener: Opener) -> dict[str, Any]:
    by_file: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_file[row[f"{side}_file"]].append(row)
    payloads = {}
    for name, wanted in by_file.items():
        wanted.sort(key=lambda row: row[f"{side}_offset"])
        spans = [(row[f"{side}_offset"], row[f"{side}_bytes"]) for row in wanted]
        for row, data in zip(wanted, reopen_rows(opener.location_of(name), spans), strict=True):
            payloads[row["message_id"]] = opener.kind.payload_of(data, name)
    return payloads


def show(value: Any, *, is_redacted: bool) -> Any:
    """Return a value for a sample: as it is, or its type and length only."""
    kind = json_type(value)
    if kind in ("absent", "null"):
        return kind
    if not is_redacted:
        return value
    if kind == "string":
        return f"string of {len(value)}"
    if kind == "array":
        return f"array of {len(value)}"
    return f"object of {len(value)} keys" if kind == "object" else kind
