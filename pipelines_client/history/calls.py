"""Turns lines of archives back into the calls that were sent. Pure.

An archive adds fields to a call (FACTS S9). Customer.io's files lack the time of the event and the names of pages
(FACTS C19): a `hint` from the ledger fills them in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson

from pipelines_client.canonical import PAYLOAD_FIELD, payload_hash
from pipelines_client.evidence.instants import iso_ms, unix_ms
from pipelines_client.evidence.kinds.customerio_storage import CustomerioFiles
from pipelines_client.evidence.lines import LineRejectedError, name_of, text_of, type_of
from pipelines_client.evidence.payloads import payload_in
from pipelines_client.history.messages import PastMessage
from pipelines_client.history.rowmap import ID_COLUMNS, RowError
from pipelines_client.history.times import checked_time
from pipelines_client.identity import hash_identity, primary_identity
from pipelines_client.routing.consent import MARK, has_mark, is_switched_off
from pipelines_client.routing.plan import HANDOVER
from pipelines_client.sides import CUSTOMERIO, SEGMENT

_OF_THE_CALL = (
    "type",
    "messageId",
    "userId",
    "anonymousId",
    "groupId",
    "previousId",
    "event",
    "name",
    "category",
    "properties",
    "traits",
    "context",
    "integrations",
)
INTEGRATIONS = "integrations"
"""The field of a hint with the message's own `integrations`, or None; a hint lacks it if no ledger has the message."""

_NOTHING = object()
_TIME_CURE = "write times as ISO-8601, or as Unix seconds or milliseconds"


class CallReader:
    """Turns calls into messages, with their identity as the ledger writes it.

    Args:
        to: The side that they are sent to.
        identity_key: Key of the identity hash.
        shows_identity: Whether the ledger shows identities in clear.
        may_widen: Whether a call whose `integrations` are not known may go to Segment, where every tool may get it.
        batch_integrations: What the application puts at the top of its batches to Segment, which merges it with each
            message's own (FACTS S5): not meant for Customer.io.
        is_handed_over: Whether Segment forwards to Customer.io what a line of its archive does not forbid.

    Attributes:
        to: The side that they are sent to.
        lost: How many calls out of Customer.io's files came back without what they may have had, in words.
    """

    def __init__(
        self,
        to: str,
        identity_key: bytes,
        *,
        shows_identity: bool,
        may_widen: bool = False,
        batch_integrations: Mapping[str, Any] | None = None,
        is_handed_over: bool = False,
    ) -> None:
        self.to = to
        self._key = None if shows_identity else identity_key
        self._rows = CustomerioFiles(identity_key)
        self._may_widen, self._of_batches = may_widen, dict(batch_integrations or {})
        self._is_handed_over = is_handed_over
        self.lost: Counter[str] = Counter()

    def past_of(self, call: Mapping[str, Any]) -> PastMessage:
        """Return a call as a message.

        Raises:
            RowError: It is not a message.
        """
        kind, message_id = type_of(call.get("type")), text_of(call.get("messageId"))
        if kind is None or message_id is None:
            raise RowError("unknown_type" if kind is None else "no_key")
        at_ms = unix_ms(call.get("timestamp"))
        if at_ms is None:
            raise RowError("no_time")
        try:
            payload = payload_in(call.get(PAYLOAD_FIELD[kind])) if kind in PAYLOAD_FIELD else {}
            if type(payload) is not dict:
                raise RowError("no_object")
            body, hashed = orjson.dumps(call), payload_hash(payload)
        except (orjson.JSONDecodeError, ValueError, TypeError, RecursionError) as error:
            raise error if isinstance(error, RowError) else RowError("unreadable") from None
        name = name_of(call.get("event" if kind == "track" else "name"))
        return PastMessage(message_id, kind, name, self._identity_of(call), at_ms, body, hashed)

    def _identity_of(self, call: Mapping[str, Any]) -> str | None:
        identity = primary_identity(
            text_of(call.get("userId")), text_of(call.get("anonymousId")), text_of(call.get("groupId"))
        )
        return identity if self._key is None else hash_identity(self._key, identity)

    def call_of_line(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """Return the call that was sent, from a line of Segment's archive or of a file of calls.

        Its time is `originalTimestamp` if the archive has that (FACTS S7). Fields that the archive added are removed.
        For Customer.io, so are the `integrations` in an archive that this client has added to keep Segment from
        forwarding the call, and those of the batch; those in a file of calls are the call's own.

        Raises:
            RowError: The line has no time, or was forwarded to Customer.io.
            SlipError: Its time is in a unit that calls do not have.
        """
        at = line.get("originalTimestamp")
        at = checked_time(line.get("timestamp") if at is None else at, cure=_TIME_CURE)
        if unix_ms(at) is None:
            raise RowError("no_time")
        call = {name: line[name] for name in _OF_THE_CALL if name in line}
        call["timestamp"] = at if isinstance(at, str) else iso_ms(unix_ms(at))
        if self.to == CUSTOMERIO and "receivedAt" in line:
            if isinstance(call.get("integrations"), dict):
                call["integrations"] = self._without_marks(call["integrations"])
            if self._is_handed_over:
                self._refuse_forwarded(line.get("integrations"))
        return call

    def _without_marks(self, integrations: Mapping[str, Any]) -> dict[str, Any]:
        """Return a line's `integrations` without what this client has added; its batch may have had the same."""
        marks = MARK if has_mark(integrations) else {}
        own = {name: value for name, value in integrations.items() if name not in marks}
        return {name: value for name, value in own.items() if self._of_batches.get(name, _NOTHING) != value}

    def _refuse_forwarded(self, integrations: object) -> None:
        """Refuse what Segment's Customer.io destination has forwarded: it would arrive twice.

        Raises:
            RowError: It was not kept from there.
        """
        if not is_switched_off(integrations):
            raise RowError(HANDOVER)

    def call_of_export(self, data: bytes, file: str, hint: Mapping[str, Any]) -> dict[str, Any]:
        """Return the call that was sent, from a row of Customer.io's files.

        `hint` holds what these lack (FACTS C19): its time, its name and its `integrations`.

        Raises:
            RowError: It is not a row, its time is unknown, or its `integrations` are and would be widened.
        """
        try:
            fact, payload = self._rows.read(data, file, 0, 0)
        except LineRejectedError:
            raise RowError("unreadable") from None
        if INTEGRATIONS not in hint and self.to == SEGMENT and not self._may_widen:
            raise RowError("no_integrations")
        row, at = orjson.loads(data), hint.get("occurred_at")
        if unix_ms(at) is None:
            raise RowError("no_time")
        call: dict[str, Any] = {"type": fact.type, "messageId": fact.message_id, "timestamp": at}
        for name, column in ID_COLUMNS.items():
            if row.get(column) is not None:
                call[name] = row[column]
        if fact.type == "track":
            call["event"] = row.get("event_text") or row.get("event")
        elif fact.type in ("page", "screen") and hint.get("event"):
            call["name"] = hint["event"]
        if fact.type != "alias":
            call["traits" if fact.type in ("identify", "group") else "properties"] = payload
        call["context"], call["integrations"] = _object(row.get("context")), hint.get(INTEGRATIONS) or {}
        self._count_lost(call)
        return call

    def _count_lost(self, call: Mapping[str, Any]) -> None:
        """Count what Customer.io's files do not have of a call (FACTS C19)."""
        if call["type"] == "page":
            self.lost["the category of a page, if it had one"] += 1
        elif call["type"] in ("group", "alias"):
            self.lost["the context of a group or an alias"] += 1
        if {} in call["integrations"].values():
            self.lost["the options in its integrations"] += 1


def _object(value: Any) -> Any:
    """Return a context as an object; CSV and Parquet hold it as text."""
    if not isinstance(value, str):
        return value or {}
    try:
        return orjson.loads(value or "{}")
    except orjson.JSONDecodeError:
        return {}
