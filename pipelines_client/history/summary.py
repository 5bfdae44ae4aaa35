"""What a run came to: one value that the terminal, JSON and the exit code are made of. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from pipelines_client.history.messages import HORIZON_DAYS

REASONS: Mapping[str, str] = {
    "unreadable": "it is no call, or cannot be read",
    "no_time": "it does not say when it happened",
    "no_key": "it has no messageId, and no idempotency key, or a column of that is empty",
    "no_object": "its payload is no object",
    "wrong_type": "a value is not of the type that the map says",
    "unknown_type": "it is of no known call type",
    "no_copy": "no archive and no dead letter that was given has it",
    "in_the_future": "it happens later than now",
    "beyond_horizon": "it happened longer ago than the horizon",
    "invalid_message_id": "its messageId is empty or has 100 characters or more",
    "too_large": "it has more bytes than the API takes",
    "denied": "it is on this leg's deny list in the stage file",
    "no_person": "the API needs an id that it lacks",
    "empty_event": "its event has no name",
    "reserved_name": "Customer.io obeys this name as a command; allow it by name if that is meant",
}
"""Why a message is not sent, in words."""

_SAMPLES_EACH = 3


class Refusal(NamedTuple):
    """A message that is not sent: where it is, why, and its id if it has one."""

    place: str
    reason: str
    message_id: str | None


@dataclass(slots=True)
class Summary:
    """Counts of messages, by what became of them.

    read = filtered + refused + duplicates + already_sent + chosen, and unless it was a dry run
    chosen = accepted + rejected + left.

    Attributes:
        command: `replay` or `backfill`.
        to: The leg.
        is_dry_run: Nothing was sent.
        horizon_days: How far back a message may reach.
        read: What the source holds, or what was asked for.
        filtered: Left out by conditions or by the span of time.
        refused: Not sent, by reason (`REASONS`).
        duplicates: A messageId that was chosen already.
        already_sent: Accepted before, as the ledger says: of a replay list, by an earlier run.
        chosen: What is left to send.
        events: How many of the chosen there are of the most frequent events.
        accepted: The API answered 2xx.
        rejected: The API refused, by its answer; whole in the dead letters.
        left: Not sent when the run ended: run it again.
        written_off: What a killed run had left in its spool: chosen again if it is still asked for.
        first_at: When the first of the chosen happened, ISO-8601 UTC.
        last_at: When the last of the chosen happened.
        under_72_h: Of the chosen, those that can still trigger campaigns (FACTS C16).
        within_dedup_window: May have been there less than 24 hours ago: the repeat may be dropped (FACTS S6).
        beyond_dedup_window: May have been there before that: if so, it counts twice.
        refusals: The first few of each reason.
        stopped_by: Why it ended early; empty if it did not.
    """

    command: str
    to: str
    is_dry_run: bool = False
    horizon_days: float = HORIZON_DAYS
    read: int = 0
    filtered: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    already_sent: int = 0
    chosen: int = 0
    events: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    left: int = 0
    written_off: int = 0
    first_at: str | None = None
    last_at: str | None = None
    under_72_h: int = 0
    within_dedup_window: int = 0
    beyond_dedup_window: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    stopped_by: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether everything that was asked for is at the API, or in a dry run would go there."""
        return not (self.refused.total() or self.rejected.total() or self.left)

    @property
    def exit_code(self) -> int:
        """0: everything was sent, or would be; 1: something was not; 130: it was interrupted."""
        if self.stopped_by == "interrupted":
            return 130
        return 0 if self.is_complete else 1

    def refuse(self, refusal: Refusal) -> None:
        """Count a message that is not sent, and keep the first few as examples."""
        self.refused[refusal.reason] += 1
        if self.refused[refusal.reason] <= _SAMPLES_EACH:
            self.refusals.append(refusal)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as `--json` prints them."""
        values = asdict(self)
        values["refused"], values["rejected"] = dict(self.refused), dict(self.rejected)
        values["refusals"] = [refusal._asdict() for refusal in self.refusals]
        return {**values, "is_complete": self.is_complete, "exit_code": self.exit_code}
