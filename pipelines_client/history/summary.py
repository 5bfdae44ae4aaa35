"""The result of a run: one value for the terminal, for JSON and for the exit code. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from pipelines_client.evidence.text import one_line
from pipelines_client.history.messages import HORIZON_DAYS
from pipelines_client.sides import CUSTOMERIO, TITLES

REASONS: Mapping[str, str] = {
    "unreadable": "it is not a call, or cannot be read",
    "no_time": "it does not say when it happened",
    "no_key": "it has no messageId, and no idempotency key or an empty column in the key",
    "no_object": "its payload is not an object",
    "wrong_type": "a value does not have the type that the map says",
    "unknown_type": "its call type is unknown",
    "no_copy": "its body is in no archive and no dead letter that was passed",
    "in_the_future": "it happens later than now",
    "beyond_horizon": "it happened before the horizon",
    "invalid_message_id": "its messageId is empty or has 100 characters or more",
    "too_large": "it has more bytes than the API accepts",
    "denied": "it is on this leg's deny list in the stage file",
    "no_person": "it lacks an id that the API needs",
    "empty_event": "its event has no name",
    "reserved_name": "Customer.io runs this name as a command; allow it by name if that is intended",
}
"""Why a message is not sent, in words."""

_SAMPLES_EACH = 3


class Refusal(NamedTuple):
    """A message that is not sent: its place, the reason, and its id if it has one."""

    place: str
    reason: str
    message_id: str | None


@dataclass(slots=True)
class Summary:
    """Counts of messages by what happened to them.

    read = filtered + refused + duplicates + already_sent + chosen, and unless it was a dry run
    chosen = accepted + rejected + left.

    Attributes:
        command: `replay` or `backfill`.
        to: The leg.
        is_dry_run: Nothing was sent.
        horizon_days: How many days ago a message may have happened at most.
        read: Messages in the source, or asked for.
        filtered: Left out by conditions or by the time window.
        refused: Not sent, by reason (`REASONS`).
        duplicates: Left out because their messageId was chosen already.
        already_sent: Accepted before, according to the ledger; of a replay list, by an earlier run.
        chosen: To be sent.
        events: Counts of the most frequent events among the chosen.
        accepted: The API answered 2xx.
        rejected: The API refused it, by answer; these are kept in the dead letters.
        left: Not sent when the run ended; running again sends them.
        written_off: Left in the spool of a run that was killed; chosen again if they are still asked for.
        first_at: When the first of the chosen happened, ISO-8601 UTC.
        last_at: When the last of the chosen happened.
        under_72_h: Of the chosen, those that can still trigger campaigns (FACTS C16).
        within_dedup_window: May have arrived less than 24 hours ago: the repeat may be dropped (FACTS S6).
        beyond_dedup_window: May have arrived earlier: those that did are counted twice.
        refusals: The first few of each reason.
        stopped_by: Why the run ended early; empty if it did not.
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
        """Whether the API accepted everything that was asked for; in a dry run, whether all of it would be sent."""
        return not (self.refused.total() or self.rejected.total() or self.left)

    @property
    def exit_code(self) -> int:
        """0: everything was sent, or would be; 1: something was not; 130: the run was interrupted."""
        if self.stopped_by == "interrupted":
            return 130
        return 0 if self.is_complete else 1

    def refuse(self, refusal: Refusal) -> None:
        """Count a message that is not sent; keep the first few of each reason as examples."""
        self.refused[refusal.reason] += 1
        if self.refused[refusal.reason] <= _SAMPLES_EACH:
            self.refusals.append(refusal)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as `--json` prints them."""
        values = asdict(self)
        values["refused"], values["rejected"] = dict(self.refused), dict(self.rejected)
        values["refusals"] = [refusal._asdict() for refusal in self.refusals]
        return {**values, "is_complete": self.is_complete, "exit_code": self.exit_code}


def lines_of(summary: Summary) -> Iterator[str]:
    """Yield the lines of a summary, as the commands print them."""
    rows = (
        ("read", summary.read),
        ("left out by --where, --since, --until or for the other side", summary.filtered),
        ("duplicates of a messageId", summary.duplicates),
        ("already accepted, according to the ledger", summary.already_sent),
        ("not sent", summary.refused.total()),
        ("chosen", summary.chosen),
    )
    yield f"{summary.command} to {summary.to}" + (", dry run: nothing was sent" if summary.is_dry_run else "")
    yield from (f"{count:>11,}  {words}" for words, count in rows if count or words in ("read", "chosen"))
    if summary.first_at is not None:
        yield f"{'':11}  from {summary.first_at} to {summary.last_at}"
    if summary.is_dry_run:
        yield from (f"{'':11}  {count:,} {one_line(event)}" for event, count in summary.events.items())
    else:
        yield f"{summary.accepted:>11,}  accepted"
        yield from (f"{count:>11,}  rejected: {one_line(words)}" for words, count in summary.rejected.most_common())
        if summary.left:
            yield f"{summary.left:>11,}  left: run it again"
    yield from _lines_of_refused(summary)
    yield from warnings_of(summary)


def _lines_of_refused(summary: Summary) -> Iterator[str]:
    for reason, count in summary.refused.most_common():
        named = (refusal for refusal in summary.refusals if refusal.reason == reason)
        places = ", ".join(one_line(_place_of(refusal)) for refusal in named)
        yield f"not sent, {reason}: {count:,} ({REASONS.get(reason, reason)})"
        yield f"  for example {places}"


def _place_of(refusal: Refusal) -> str:
    """Return where a message is; one without a copy is named by its id."""
    return f"messageId {refusal.message_id}" if refusal.reason == "no_copy" else refusal.place


def warnings_of(summary: Summary) -> Iterator[str]:
    """Yield what the user should know before sending, or afterwards."""
    vendor = TITLES[summary.to]
    if summary.under_72_h and summary.to == CUSTOMERIO:
        yield f"warning: {summary.under_72_h:,} happened less than 72 h ago and can trigger campaigns in {vendor}"
    if summary.within_dedup_window:
        yield (
            f"warning: {summary.within_dedup_window:,} may have reached {vendor} less than 24 h ago; their repeats may "
            "be dropped"
        )
    if summary.beyond_dedup_window:
        yield (
            f"warning: {summary.beyond_dedup_window:,} may have reached {vendor} more than 24 h ago; those that did "
            "are counted twice, because repeats are dropped within 24 h only"
        )
    if summary.written_off:
        yield (
            f"an earlier run was killed before it sent {summary.written_off:,}; the ledger has them as dropped "
            "(interrupted). A request that was under way may arrive twice, with the same messageIds"
        )
    if summary.stopped_by:
        yield f"stopped: {one_line(summary.stopped_by)}; run it again to continue"
