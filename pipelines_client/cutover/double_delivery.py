"""Finds messages that reached a side by two ways: Segment's own Customer.io destination, or a circle (FACTS S12).

What proves it, strongest first:

- *not sent by us*: the ledger says that a leg did not take the message, and that side has it. At Customer.io it came
  by Segment's destination; at Segment by Customer.io's.
- *two ways*: Customer.io has an id twice, and the copies differ as Segment's destination changes them (FACTS S13).
- *forwarded*: both sides have the message, and nothing told Segment to keep it from its Customer.io destination. It
  came twice if that destination is on, which no export says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import orjson

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.destinations.segment import FORWARDS_TO_CUSTOMERIO
from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.evidence.lines import object_in
from pipelines_client.evidence.listing import list_files
from pipelines_client.evidence.naming import split_kind
from pipelines_client.evidence.payloads import payload_in
from pipelines_client.sides import CUSTOMERIO, SEGMENT
from pipelines_client.state.daily import read_lines

_DROPPED = frozenset(("objectTypeId", "object_type_id", "relationshipAttributes"))  # FACTS S13
_NOT_TAKEN = frozenset(("stage", "cohort", "denied", "discarded"))


@dataclass
class DoubleDeliveries:
    """Counts of messages, by event or type.

    Attributes:
        both: Messages that both sides have.
        forwarded: Those of them that Segment was not told to keep from its Customer.io destination.
        two_ways: Ids that Customer.io has more than once, in copies as Segment's destination makes them.
        repeats: Ids that Customer.io has more than once, in equal copies: sent again, not forwarded.
        not_sent: By side, messages that it has although the ledger says that we kept them from it.
        unreadable: Lines that could not be read.
    """

    both: int = 0
    forwarded: Counter[str] = field(default_factory=Counter)
    two_ways: Counter[str] = field(default_factory=Counter)
    repeats: Counter[str] = field(default_factory=Counter)
    not_sent: dict[str, Counter[str]] = field(default_factory=lambda: {CUSTOMERIO: Counter(), SEGMENT: Counter()})
    unreadable: int = 0

    @property
    def is_proven(self) -> bool:
        """Whether messages took two ways."""
        return bool(self.two_ways or any(self.not_sent.values()))

    @property
    def is_suspected(self) -> bool:
        """Whether messages took two ways, or may have."""
        return bool(self.is_proven or self.forwarded)

    @property
    def is_clean(self) -> bool:
        """Whether no message took two ways, and all evidence was read."""
        return not (self.is_suspected or self.unreadable)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        counts = {name: dict(getattr(self, name)) for name in ("forwarded", "two_ways", "repeats")}
        not_sent = {side: dict(events) for side, events in self.not_sent.items()}
        flags = {"is_proven": self.is_proven, "is_clean": self.is_clean}
        return {**flags, "both": self.both, **counts, "not_sent": not_sent, "unread": self.unreadable}


def find_double_deliveries(
    segment: Iterable[str], customerio: Iterable[str], ledgers: Iterable[Path] = ()
) -> DoubleDeliveries:
    """Compare both exports, and the ledgers if there are any.

    Takes 200 bytes of memory for each message in Segment's archive; Customer.io's storage files are read twice.

    Raises:
        SourceError: A path does not exist, or holds no evidence of that kind.
    """
    result = DoubleDeliveries()
    kept_from = _kept_from(ledgers)
    forwards: dict[str, bool] = {}
    for name, line in _rows(SEGMENT, segment, result):
        id_ = line.get("messageId")
        if isinstance(id_, str):
            forwards[id_] = not _is_off(line.get("integrations"))
            _note_unsent(result, SEGMENT, id_, _event_of(line, name), kept_from)
    places = list(customerio)
    seen: Counter[str] = Counter()
    for name, row in _rows(CUSTOMERIO, places, result):
        id_ = row.get("id")
        if not isinstance(id_, str):
            continue
        seen[id_] += 1
        if seen[id_] == 1:
            _note_unsent(result, CUSTOMERIO, id_, _event_of(row, name), kept_from)
            if id_ in forwards:
                result.both += 1
                result.forwarded.update([_event_of(row, name)] if forwards[id_] else [])
    _compare_copies(result, places, {id_ for id_, count in seen.items() if count > 1})
    return result


def _kept_from(ledgers: Iterable[Path]) -> dict[str, set[str]]:
    """Return, by side, the ids of messages that our ledgers kept from it."""
    ids: dict[str, set[str]] = {CUSTOMERIO: set(), SEGMENT: set()}
    for record in (line for folder in ledgers for line in read_lines(folder)):
        if isinstance(record, dict) and record.get("reason") in _NOT_TAKEN and record.get("leg") in ids:
            ids[record["leg"]].add(record["message_id"])
    return ids


def _note_unsent(result: DoubleDeliveries, side: str, id_: str, event: str, kept_from: Mapping[str, set[str]]) -> None:
    if id_ in kept_from[side]:
        kept_from[side].discard(id_)
        result.not_sent[side][event] += 1


def _compare_copies(result: DoubleDeliveries, places: list[str], ids: set[str]) -> None:
    """Count ids with copies made by Segment's destination, and those with copies that were sent again."""
    if not ids:
        return
    first: dict[str, Any] = {}
    differing: dict[str, bool] = {}
    events: dict[str, str] = {}
    for name, row in _rows(CUSTOMERIO, places, DoubleDeliveries()):
        id_ = row.get("id")
        if id_ not in ids:
            continue
        payload = _payload(row)
        events.setdefault(id_, _event_of(row, name))
        if id_ not in first:
            first[id_], differing[id_] = payload, False
        elif _is_forwarded_copy(first[id_], payload) or _is_forwarded_copy(payload, first[id_]):
            differing[id_] = True
    for id_, differs in differing.items():
        (result.two_ways if differs else result.repeats)[events[id_]] += 1


def _is_forwarded_copy(original: Any, copy: Any) -> bool:
    """Return whether `copy` is `original` as Segment's destination changes it: times as seconds, some names gone."""
    if original == copy or not isinstance(original, dict) or not isinstance(copy, dict):
        return False
    names = {"created_at" if name == "createdAt" else name: value for name, value in original.items()}
    expected = {name: value for name, value in names.items() if name not in _DROPPED}
    if copy.keys() != expected.keys():
        return False
    return all(copy[name] == value or copy[name] == _seconds(value) for name, value in expected.items())


def _seconds(value: Any) -> Any:
    """Return an ISO-8601 text as Unix seconds; anything else unchanged."""
    if not isinstance(value, str):
        return value
    try:
        at = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return value
    return int((at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp())


def _is_off(integrations: Any) -> bool:
    """Return whether a message is kept from Segment's Customer.io destination by all its names (FACTS S12)."""
    if not isinstance(integrations, dict):
        return False
    is_all_off = integrations.get("All") is False
    return all(integrations.get(name, not is_all_off) is False for name in FORWARDS_TO_CUSTOMERIO)


def _payload(row: Mapping[str, Any]) -> Any:
    value = row.get("properties") if row.get("properties") is not None else row.get("traits")
    try:
        return payload_in(value)
    except orjson.JSONDecodeError:
        return value


def _event_of(row: Mapping[str, Any], file: str) -> str:
    for name in ("event_text", "event", "type"):
        if isinstance(row.get(name), str):
            return str(row[name])
    return next((kind for kind in (*PAYLOAD_FIELD, "alias") if f".{kind}." in file), "call")


def _rows(side: str, given: Iterable[str], result: DoubleDeliveries) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the lines of one side's export with the names of their files; count the unreadable ones."""

    def reject(*_: object, **__: object) -> None:
        result.unreadable += 1

    listing = list_files(KINDS[side], [split_kind(text)[1] for text in given])
    result.unreadable += len(listing.problems)
    for file in listing.files:
        for _, _, data in read_rows(file.location, reject):
            row = object_in(data)
            if row is None:
                reject()
            else:
                yield file.name, row
