"""Turns lines of archives back into the calls that were sent. Pure.

An archive adds fields to a call (FACTS S9). Customer.io's files lack the time of the event and the names of pages
(FACTS C19): a `hint` from the ledger fills them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from pipelines_client.canonical import PAYLOAD_FIELD, payload_hash
from pipelines_client.destinations.segment import FORWARDS_TO_CUSTOMERIO
from pipelines_client.evidence.instants import iso_ms, unix_ms
from pipelines_client.evidence.kinds.customerio_storage import CustomerioFiles
from pipelines_client.evidence.lines import LineRejectedError, name_of, text_of, type_of
from pipelines_client.evidence.payloads import payload_in
from pipelines_client.history.messages import PastMessage
from pipelines_client.history.rowmap import ID_COLUMNS, RowError
from pipelines_client.identity import hash_identity, primary_identity
from pipelines_client.sides import CUSTOMERIO

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


class CallReader:
    """Turns calls into messages, with their identity as the ledger writes it."""

    def __init__(self, to: str, identity_key: bytes, *, shows_identity: bool) -> None:
        self._to = to
        self._key = None if shows_identity else identity_key
        self._rows = CustomerioFiles(identity_key)

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
        For Customer.io, so are the `integrations` that keep Segment from forwarding the call.

        Raises:
            RowError: The line has no time.
        """
        at = line.get("originalTimestamp")
        at = line.get("timestamp") if at is None else at
        if unix_ms(at) is None:
            raise RowError("no_time")
        call = {name: line[name] for name in _OF_THE_CALL if name in line}
        call["timestamp"] = at if isinstance(at, str) else iso_ms(unix_ms(at))
        integrations = call.get("integrations")
        if self._to == CUSTOMERIO and isinstance(integrations, dict):
            call["integrations"] = {
                name: value for name, value in integrations.items() if name not in FORWARDS_TO_CUSTOMERIO
            }
        return call

    def call_of_export(self, data: bytes, file: str, hint: Mapping[str, Any]) -> dict[str, Any]:
        """Return the call that was sent, from a row of Customer.io's files; `hint` holds its time and its name.

        Raises:
            RowError: It is not a row, or its time is unknown (FACTS C19).
        """
        try:
            fact, payload = self._rows.read(data, file, 0, 0)
        except LineRejectedError:
            raise RowError("unreadable") from None
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
        call["context"], call["integrations"] = _object(row.get("context")), {}
        return call


def _object(value: Any) -> Any:
    """Return a context as an object; CSV and Parquet hold it as text."""
    if not isinstance(value, str):
        return value or {}
    try:
        return orjson.loads(value or "{}")
    except orjson.JSONDecodeError:
        return {}
