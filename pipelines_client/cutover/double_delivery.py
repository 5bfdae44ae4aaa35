"""Finds messages that reached a side by two ways: Segment's own Customer.io destination, or a circle (FACTS S12).

What shows it, strongest first:

- *not sent by us*: the ledger says that a leg did not take the message, nor a replay later, and that side has it. At
  Customer.io it came by Segment's destination; at Segment by Customer.io's.
- *two ways*: Customer.io has an id as it was sent, and as Segment's destination changes it (FACTS S13).
- *forwarded only*: Customer.io has it as that destination changes it, and not as it was sent: the destination is on.
- *unclear*: Customer.io has an id more than once. The copies differ in another way; or they are equal, nothing kept the
  message from the destination, and the destination would have changed nothing in it.
- *forwarded*: both sides have the message, and nothing kept it from that destination. It came twice if the destination
  is on. Those that came as they were sent although it would have changed them show no sign of it (`as_sent`).

What was sent is what Segment's archive has. Copies that say nothing of a second way are *repeats*: equal ones of a
message that was kept from the destination, or that it would have changed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from pipelines_client.canonical import PAYLOAD_FIELD, payload_hash
from pipelines_client.destinations.segment import FORWARDS_TO_CUSTOMERIO
from pipelines_client.effects.dates import converted
from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.evidence.lines import object_in
from pipelines_client.evidence.listing import list_files
from pipelines_client.evidence.naming import split_kind
from pipelines_client.evidence.payloads import payload_in
from pipelines_client.sides import CUSTOMERIO, SEGMENT
from pipelines_client.state.book import Book
from pipelines_client.state.ledger import Outcome

_DROPPED = frozenset(("objectTypeId", "object_type_id", "relationshipAttributes"))  # FACTS S13
_NOT_TAKEN = frozenset(("stage", "cohort", "denied", "consent", "discarded", "no_person"))


@dataclass
class DoubleDeliveries:
    """Counts of messages, by event or type.

    Attributes:
        both: Messages that both sides have.
        forwarded: Those of them that Segment was not told to keep from its Customer.io destination.
        as_sent: How many of those came only as they were sent, although the destination would have changed them.
        two_ways: Ids that Customer.io has as they were sent, and as Segment's destination changes them.
        only_forwarded: Ids that Customer.io has only as that destination changes them.
        repeats: Ids that Customer.io has more than once, in equal copies that were not forwarded: sent again.
        unclear: Ids that Customer.io has more than once, in copies that do not show which way they took.
        not_sent: By side, messages that it has although the ledger says that we kept them from it.
        unreadable: Lines that could not be read.
    """

    both: int = 0
    forwarded: Counter[str] = field(default_factory=Counter)
    as_sent: int = 0
    two_ways: Counter[str] = field(default_factory=Counter)
    only_forwarded: Counter[str] = field(default_factory=Counter)
    unclear: Counter[str] = field(default_factory=Counter)
    repeats: Counter[str] = field(default_factory=Counter)
    not_sent: dict[str, Counter[str]] = field(default_factory=lambda: {CUSTOMERIO: Counter(), SEGMENT: Counter()})
    unreadable: int = 0

    @property
    def is_proven(self) -> bool:
        """Whether messages took another way than ours."""
        return bool(self.two_ways or self.only_forwarded or any(self.not_sent.values()))

    @property
    def is_suspected(self) -> bool:
        """Whether messages took two ways, or may have."""
        return bool(self.is_proven or self.forwarded or self.unclear)

    @property
    def is_clean(self) -> bool:
        """Whether no message took two ways, and all evidence was read."""
        return not (self.is_suspected or self.unreadable)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        names = ("forwarded", "two_ways", "only_forwarded", "repeats", "unclear")
        counts = {name: dict(getattr(self, name)) for name in names}
        not_sent = {side: dict(events) for side, events in self.not_sent.items()}
        flags = {"is_proven": self.is_proven, "is_clean": self.is_clean}
        return {
            **flags,
            "both": self.both,
            "as_sent": self.as_sent,
            **counts,
            "not_sent": not_sent,
            "unread": self.unreadable,
        }


class _Form(NamedTuple):
    """A payload, and what Segment's destination makes of it, as hashes; equal if it changes nothing."""

    plain: int
    changed: int


class _Sent(NamedTuple):
    """A message in Segment's archive: whether it was kept from the destination, and its payload if that is known."""

    is_kept: bool
    form: _Form | None


@dataclass(slots=True)
class _Arrived:
    """A message at Customer.io: its event, how often it is there, and in which forms (None: without a payload)."""

    event: str
    count: int = 0
    forms: tuple[_Form | None, ...] = ()


def find_double_deliveries(
    segment: Iterable[str], customerio: Iterable[str], ledgers: Sequence[Path] = ()
) -> DoubleDeliveries:
    """Compare both exports, and the ledgers if there are any.

    Takes half a kB of memory for each message of either side.

    Raises:
        SourceError: A path does not exist, or holds no evidence of that kind.
    """
    result = DoubleDeliveries()
    kept_from = {side: _kept_from(Book(ledgers), side, result) for side in (CUSTOMERIO, SEGMENT)}
    sent: dict[str, _Sent] = {}
    for name, line in _rows(SEGMENT, segment, result):
        id_ = line.get("messageId")
        if isinstance(id_, str):
            sent[id_] = _Sent(_is_off(line.get("integrations")), _form_of(line))
            _note_unsent(result, SEGMENT, id_, _event_of(line, name), kept_from)
    arrived: dict[str, _Arrived] = {}
    for name, row in _rows(CUSTOMERIO, customerio, result):
        id_ = row.get("id")
        if not isinstance(id_, str):
            continue
        here = arrived.setdefault(id_, _Arrived(sys.intern(_event_of(row, name))))
        here.count += 1
        form = _form_of(row)
        if form not in here.forms:
            here.forms += (form,)
        if here.count == 1:
            _note_unsent(result, CUSTOMERIO, id_, here.event, kept_from)
    for id_, here in arrived.items():
        _judge(result, here, sent.get(id_))
    return result


def _judge(result: DoubleDeliveries, here: _Arrived, sent: _Sent | None) -> None:
    """Count a message by what its copies show."""
    original = sent.form if sent is not None else None
    forms = {*here.forms, original or here.forms[0]}
    is_alike = None not in forms and len({form.changed for form in forms if form is not None}) == 1
    is_as_sent = here.forms == (original,) and original is not None
    would_change = any(form is not None and form.plain != form.changed for form in forms)
    if sent is not None:
        result.both += 1
        if not sent.is_kept:
            result.forwarded[here.event] += 1
            result.as_sent += is_as_sent and would_change
    if is_alike and len(here.forms) > 1:
        result.two_ways[here.event] += 1
    elif is_alike and original is not None and not is_as_sent:
        result.only_forwarded[here.event] += 1
    elif here.count > 1:
        is_repeat = len(here.forms) == 1 and (would_change or sent is None or sent.is_kept)
        (result.repeats if is_repeat else result.unclear)[here.event] += 1


def _kept_from(book: Book, side: str, result: DoubleDeliveries) -> set[str]:
    """Return the ids of messages that our ledgers kept from a side, and that it has not accepted from us later."""
    ids = {record["message_id"] for record in book.records(side) if record.get("reason") in _NOT_TAKEN}
    result.unreadable += book.unreadable.places + book.unreadable.records
    for record in book.records(side) if ids else ():
        if record.get("outcome") == Outcome.ACCEPTED.value:  # a replay brought it
            ids.discard(record["message_id"])
    return ids


def _note_unsent(result: DoubleDeliveries, side: str, id_: str, event: str, kept_from: Mapping[str, set[str]]) -> None:
    if id_ in kept_from[side]:
        kept_from[side].discard(id_)
        result.not_sent[side][event] += 1


def _form_of(row: Mapping[str, Any]) -> _Form | None:
    """Return the form of a row's payload; None if it has none, or one that cannot be compared."""
    payload = _payload(row)
    if not isinstance(payload, dict):
        return None
    try:
        return _Form(int(payload_hash(payload), 16), int(payload_hash(_as_forwarded(payload)), 16))
    except (ValueError, TypeError):
        return None


def _as_forwarded(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload as Segment's destination changes it: times as seconds, some names gone (FACTS S13)."""
    names = {"created_at" if name == "createdAt" else name: value for name, value in payload.items()}
    kept: dict[str, Any] = converted({name: value for name, value in names.items() if name not in _DROPPED})
    return kept


def _is_off(integrations: Any) -> bool:
    """Return whether a message is kept from Segment's Customer.io destination by all its names (FACTS S12)."""
    if not isinstance(integrations, dict):
        return False
    is_all_off = integrations.get("All") is False
    return all(integrations.get(name, not is_all_off) is False for name in FORWARDS_TO_CUSTOMERIO)


def _payload(row: Mapping[str, Any]) -> Any:
    value = row.get("properties") if row.get("properties") is not None else row.get("traits")
    if value is None:
        return None
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
