"""Opens the few pairs whose payload hashes differ and names what differs in them."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.parity.drift import Difference, drift, json_type
from pipelines_client.parity.expected import WHOLE_PAYLOAD, builtin_of
from pipelines_client.parity.files import cpus
from pipelines_client.parity.tables import reopen_rows

if TYPE_CHECKING:
    from pipelines_client.parity.sources import Kind

MAX_PAIRS = 50_000
"""So many pairs are opened; beyond that a path's count speaks for the pairs opened, which the report says."""

Row = dict[str, Any]
LocationOf = Callable[[str], str]


class Spot(NamedTuple):
    """Where and how two payloads differ; `builtin` names the rule of ours that knows it by its values, if any."""

    path: str
    kind: str
    builtin: str


class Signature(NamedTuple):
    """What drifted messages have in common: all that the report counts them by. `is_faulty`: also in another way."""

    event: str
    type: str
    day: str
    side: str
    is_faulty: bool
    spots: frozenset[Spot]


@dataclass(frozen=True, slots=True)
class OpenedPair:
    """A message that drifted and its differences, Segment's value on the left."""

    row: Row
    signature: Signature
    differences: list[Difference]


@dataclass(slots=True)
class DriftFound:
    """What opening the pairs brought; `samples` holds the first few messages of each path and kind."""

    examined: int = 0
    signatures: Counter[Signature] = field(default_factory=Counter)
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
    found, seen = DriftFound(), Counter[tuple[str, str]]()
    chosen = rows[:MAX_PAIRS]
    both = [row for row in chosen if row["exports_drift"]]
    payloads = _payloads(both, openers) if both else {}
    for row in chosen:
        side = _side(row)
        message_id = row["message_id"]
        if row["exports_drift"]:
            field_name = PAYLOAD_FIELD.get(row["type"], "")
            differences = drift(payloads["segment"][message_id], payloads["customerio"][message_id], field_name)
        else:
            differences = [Difference(WHOLE_PAYLOAD, "value", Difference.ABSENT, Difference.ABSENT)]
        found.examined += 1
        spots = frozenset(Spot(one.path, one.kind, builtin_of(one)) for one in differences)
        signature = Signature(row["label"], row["type"], row["day"], side, bool(row["is_faulty"]), spots)
        found.signatures[signature] += 1
        names = {(spot.path, spot.kind) for spot in spots}
        if any(seen[name] < samples_each for name in names):
            found.samples.append(OpenedPair(row, signature, differences))
        seen.update(names)
    return found


def _side(row: Row) -> str:
    """Say who differs from what was sent: only the ledger can tell."""
    if not row["in_ledger"]:
        return "unknown"
    if row["segment_drift"] and row["customerio_drift"]:
        return "both"
    return "segment" if row["segment_drift"] else "customerio"


def _payloads(rows: Iterable[Row], openers: Mapping[str, Opener]) -> dict[str, dict[str, Any]]:
    """Return the payloads of both sides by messageId; files are unpacked beside each other, which takes the time."""
    wanted: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        for side in openers:
            wanted[side, row[f"{side}_file"]].append(row)
    payloads: dict[str, dict[str, Any]] = {side: {} for side in openers}

    def read(place: tuple[str, str]) -> None:
        side, name = place
        payloads[side].update(_payloads_in(name, wanted[place], side, openers[side]))

    with ThreadPoolExecutor(cpus()) as threads:
        deque(threads.map(read, wanted), maxlen=0)
    return payloads


def _payloads_in(name: str, rows: list[Row], side: str, opener: Opener) -> dict[str, Any]:
    rows = sorted(rows, key=lambda row: row[f"{side}_offset"])
    spans = [(row[f"{side}_offset"], row[f"{side}_bytes"]) for row in rows]
    lines = reopen_rows(opener.location_of(name), spans)
    return {row["message_id"]: opener.kind.payload_of(data, name) for row, data in zip(rows, lines, strict=True)}


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
