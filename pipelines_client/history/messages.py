"""A past message, and the rules that say whether it may be sent now. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pipelines_client.clock import unix_ms
from pipelines_client.destinations.customerio import RESERVED_NAMES
from pipelines_client.evidence.instants import DAY_MS
from pipelines_client.evidence.lines import text_of
from pipelines_client.message.build import MAX_MESSAGE_ID_CHARS
from pipelines_client.routing.consent import lacks_consent, refuses_by_name
from pipelines_client.routing.plan import CONSENT, Names
from pipelines_client.sides import CUSTOMERIO

HORIZON_DAYS = 395
"""How many days ago a message may have happened at most: about 13 months (FACTS C16)."""

YOUNG = timedelta(hours=72)
"""Messages younger than this can still trigger campaigns (FACTS C16)."""

DEDUP_WINDOW = timedelta(hours=24)
"""How long Segment drops repeats of a messageId at least (FACTS S6)."""


class PastMessage(NamedTuple):
    """A message to send. `identity` is written as in the ledger; `at_ms` is when it happened, in Unix ms."""

    message_id: str
    type: str
    event: str | None
    identity: str | None
    at_ms: int
    body: bytes
    payload_hash: str


class Candidate(NamedTuple):
    """A message that a source holds at a place, with its call, or the reason why there is none (`fault`).

    `about` holds what only the source knows (`cause`, `reason`, …), for conditions. `key` is what names it, if a map
    does: no message with other content may have it. Else it is empty.
    """

    place: str
    past: PastMessage | None
    call: Mapping[str, Any]
    fault: str = ""
    about: Mapping[str, Any] = {}
    key: str = ""


@dataclass(frozen=True, slots=True)
class SendRules:
    """Which messages may be sent to a leg.

    `horizon_days` is how long ago a message may have happened at most. `since` and `until` (not included) are the time
    window that the user asked for. `deny` is what the stage file keeps from this leg. `consent` holds the categories
    that a message's preferences must all allow.
    """

    to: str
    now: datetime
    horizon_days: float
    max_message_bytes: int
    allow_commands: Collection[str] = field(default_factory=frozenset)
    since: datetime | None = None
    until: datetime | None = None
    deny: Names = field(default_factory=Names)
    consent: frozenset[str] = frozenset()

    def is_outside(self, past: PastMessage) -> bool:
        """Return whether a message lies outside the time window."""
        since, until = self.since, self.until
        is_before = since is not None and past.at_ms < unix_ms(since)
        return is_before or (until is not None and past.at_ms >= unix_ms(until))

    def fault_of(self, past: PastMessage, call: Mapping[str, Any]) -> str:
        """Return why a message may not be sent (`summary.REASONS`), or an empty text."""
        now_ms = unix_ms(self.now)
        if past.at_ms > now_ms:
            return "in_the_future"
        if past.at_ms < now_ms - self.horizon_days * DAY_MS:
            return "beyond_horizon"
        if not 0 < len(past.message_id) <= MAX_MESSAGE_ID_CHARS:
            return "invalid_message_id"
        if len(past.body) > self.max_message_bytes:
            return "too_large"
        return self._refusal_of(past, call) or self._fault_of_call(past, call)

    def _refusal_of(self, past: PastMessage, call: Mapping[str, Any]) -> str:
        """Return why its person or the team keeps a message from this side."""
        is_off = self.to == CUSTOMERIO and refuses_by_name(call.get("integrations"))
        if is_off or lacks_consent(call, self.consent):
            return CONSENT
        ids = [text_of(call.get(name)) for name in ("userId", "anonymousId", "previousId")]
        return "denied" if self.deny.holds(past.event, ids, call) else ""

    def _fault_of_call(self, past: PastMessage, call: Mapping[str, Any]) -> str:
        has_person = bool(call.get("userId") or call.get("anonymousId"))
        has_group = bool(call.get("groupId"))
        if past.type == "group":
            if not has_group or (not has_person and self.to != CUSTOMERIO):  # FACTS C10, T
                return "no_person"
        elif past.type == "alias":
            if not (call.get("previousId") and has_person):
                return "no_person"
        elif not has_person and not _does_without_person(past, call, has_group=has_group, to=self.to):
            return "no_person"
        if past.type != "track":
            return ""
        name = str(call.get("event") or "").strip()  # FACTS C13: spaces do not hide a reserved name
        if not name:
            return "empty_event"
        is_command = self.to == CUSTOMERIO and name in RESERVED_NAMES and name not in self.allow_commands
        return "reserved_name" if is_command else ""


def _does_without_person(past: PastMessage, call: Mapping[str, Any], *, has_group: bool, to: str) -> bool:
    """Return whether Customer.io accepts a call that names only a group or an e-mail address (FACTS C10)."""
    if to != CUSTOMERIO:
        return False
    traits = call.get("traits")
    has_email = isinstance(traits, dict) and bool(traits.get("email"))
    return (past.type == "track" and has_group) or (past.type == "identify" and has_email)
