"""The result of a run: one value for the terminal, for JSON and for the exit code. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any, NamedTuple

from pipelines_client.history.messages import HORIZON_DAYS
from pipelines_client.sides import CUSTOMERIO, TITLES
from pipelines_client.wording import one_line, plural

REASONS: Mapping[str, str] = {
    "unreadable": "it is not a call, or cannot be read",
    "no_time": "it does not say when it happened",
    "no_key": "it has no messageId, and no idempotency key or an empty column in the key",
    "no_object": "its payload is not an object",
    "wrong_type": "a value does not have the type that the map says",
    "unknown_type": "its call type is unknown",
    "other_content": "another message with its messageId and other content was chosen before it",
    "no_copy": "its body is in no archive and no dead letter that was passed",
    "no_integrations": "no ledger that was read has it, so its integrations are unknown; add --ledger, or --widen",
    "in_the_future": "it happens later than now",
    "beyond_horizon": "it happened before the horizon",
    "invalid_message_id": "its messageId is empty or has 100 characters or more",
    "too_large": "it has more bytes than the API accepts",
    "denied": "it is on this leg's deny list in the stage file",
    "consent": "its person has not agreed to this side: integrations or consent categories say so, or the ledger",
    "handover": "Segment's Customer.io destination has forwarded it (the stage file's [handover])",
    "stale": "it is older than an identify call of the same person that was accepted (--skip-stale)",
    "no_person": "it lacks an id that the API needs",
    "empty_event": "its event has no name",
    "reserved_name": "Customer.io runs this name as a command; allow it by name if that is intended",
}
"""Why a message is not sent, in words."""

SAMPLES_EACH = 3


class Refusal(NamedTuple):
    """A message that is not sent: its place, the reason, and its id if it has one."""

    place: str
    reason: str
    message_id: str | None


@dataclass(slots=True)
class Summary:
    """Counts of messages by what happened to them.

    read = filtered + refused + duplicates + waiting + already_sent + skipped_stale + chosen, and chosen = accepted +
    rejected + left, unless it was a dry run.

    Attributes:
        command: `replay` or `backfill`.
        to: The leg.
        is_dry_run: Nothing was sent.
        horizon_days: How many days ago a message may have happened at most.
        read: Messages in the source, or asked for.
        filtered: Left out by conditions or by the time window.
        refused: Not sent, by reason (`REASONS`).
        duplicates: Left out because their messageId was chosen already.
        waiting: Left out because they wait in a spool, and go without this run.
        already_sent: Accepted before by this host and key, according to the ledger; of a replay list, since its side
            was looked at.
        unplaced: Those of them whose records do not say by which host and key: an older version wrote them.
        corrected: Those of them that a backfill has sent with other content: what the file says now was not sent.
        corrected_places: Where the first few of these are.
        retimed: Of the chosen, rows whose key was sent with another time: they go as new messages.
        retimed_places: Where the first few of these are.
        empty: Names of files that hold no row.
        notes: What was left out in folders, and why: files of another kind, copies of files.
        new_state_dir: The state directory, if there was none before: then no earlier run is known.
        unknown: Of the chosen, those that may have been accepted before, because the ledger cannot be read whole.
        elsewhere: Not asked for, because another host or key has accepted them, and this one was never meant to.
        letters_elsewhere: Dead letters that were taken for another host or key, and are left.
        skipped_stale: Left out because an identify call of the same person that happened later was accepted.
        stale: The same, but chosen: they may take no effect, or old values come back (FACTS C16, R7).
        stale_traits: How many traits either set.
        stale_places: Where the first few of either are.
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
        is_handed_over: Segment is told not to forward the chosen to Customer.io, but for those that were left to it.
        lost: What Customer.io's files do not have of the calls that were read from them, and of how many.
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
    waiting: int = 0
    already_sent: int = 0
    skipped_stale: int = 0
    stale: int = 0
    stale_traits: int = 0
    stale_places: list[str] = field(default_factory=list)
    unplaced: int = 0
    corrected: int = 0
    corrected_places: list[str] = field(default_factory=list)
    retimed: int = 0
    retimed_places: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    new_state_dir: str = ""
    unknown: int = 0
    elsewhere: int = 0
    letters_elsewhere: int = 0
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
    is_handed_over: bool = False
    lost: dict[str, int] = field(default_factory=dict)
    stopped_by: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether the API accepted everything that was asked for; in a dry run, whether all of it would be sent."""
        lacking = self.refused.total() + self.rejected.total() + self.left
        return not (lacking or self.waiting or self.letters_elsewhere or self.corrected)

    @property
    def exit_code(self) -> int:
        """0: everything was sent, or would be; 1: something was not; 130: the run was interrupted."""
        if self.stopped_by == "interrupted":
            return 130
        return 0 if self.is_complete and not self.stopped_by else 1

    def refuse(self, refusal: Refusal) -> None:
        """Count a message that is not sent; keep the first few of each reason as examples."""
        self.refused[refusal.reason] += 1
        if self.refused[refusal.reason] <= SAMPLES_EACH:
            self.refusals.append(refusal)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as `--json` prints them."""
        values = asdict(self)
        values["refused"], values["rejected"] = dict(self.refused), dict(self.rejected)
        values["horizon_days"] = None if self.horizon_days == inf else self.horizon_days
        values["refusals"] = [refusal._asdict() for refusal in self.refusals]
        return {**values, "is_complete": self.is_complete, "exit_code": self.exit_code}


def lines_of(summary: Summary) -> Iterator[str]:
    """Yield the lines of a summary, as the commands print them."""
    rows = (
        (summary.read, "read", "read"),
        (summary.filtered, *["left out by --where, --since, --until or for the other side"] * 2),
        (summary.duplicates, "duplicate of a messageId", "duplicates of a messageId"),
        (summary.waiting, "waits in a spool", "wait in a spool"),
        (summary.already_sent, *["already accepted, according to the ledger"] * 2),
        (summary.skipped_stale, "older identify call, left out", "older identify calls, left out"),
        (summary.refused.total(), "not sent", "not sent"),
        (summary.chosen, "chosen", "chosen"),
    )
    yield f"{summary.command} to {summary.to}" + (", dry run: nothing was sent" if summary.is_dry_run else "")
    yield from (
        f"{count:>11,}  {one if count == 1 else many}"
        for count, one, many in rows
        if count or one in ("read", "chosen")
    )
    if summary.read == summary.filtered:
        yield f"{'':11}  nothing was found to send"
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
    yield from _places_of(summary)
    if summary.under_72_h and summary.to == CUSTOMERIO:
        yield f"warning: {summary.under_72_h:,} happened less than 72 h ago and can trigger campaigns in {vendor}"
    if summary.within_dedup_window:
        yield (
            f"warning: {summary.within_dedup_window:,} may have reached {vendor} less than 24 h ago; a repeat may be"
            " dropped"
        )
    if summary.beyond_dedup_window:
        yield (
            f"warning: {summary.beyond_dedup_window:,} may have reached {vendor} more than 24 h ago; what did counts"
            " twice, because repeats are dropped within 24 h only"
        )
    if summary.stale:
        calls = plural(summary.stale, "identify call is", "identify calls are")
        yield (
            f"warning: {calls} older than one of the same person that {vendor} has accepted:"
            f" {plural(summary.stale_traits, 'trait')} may take no effect, or put old values back; --skip-stale leaves"
            f" such calls out; for example {_examples(summary.stale_places)}"
        )
    for what, count in summary.lost.items():
        yield f"warning: {count:,} came out of Customer.io's files, which lack {what}"
    if summary.is_handed_over and summary.chosen:
        yield (
            "warning: the stage file has a hand-over, so Segment is told not to forward these to Customer.io, but for"
            " what was left to it; send what Customer.io lacks there too (--to customerio)"
        )
    yield from _changes_of(summary)
    yield from _doubts_of(summary)
    if summary.written_off:
        sent = plural(summary.written_off, "message; the ledger has it", "messages; the ledger has them")
        yield (
            f"an earlier run was killed before it sent {sent} as dropped (interrupted). A request that was under way"
            " may arrive twice, with the same messageIds"
        )
    if summary.stopped_by:
        yield f"stopped: {one_line(summary.stopped_by)}; run it again to continue"


def _places_of(summary: Summary) -> Iterator[str]:
    """Yield what should be known of the state directory and of the files that were named."""
    if summary.new_state_dir:
        yield (
            f"warning: {one_line(summary.new_state_dir)} is a new state directory, so what was sent from another one is"
            " not known; check --state-dir, or PIPELINES_STATE_DIR"
        )
    if summary.empty:
        files = plural(len(summary.empty), "file holds", "files hold")
        yield f"warning: {files} no row: {_examples(summary.empty[:SAMPLES_EACH])}"
    yield from (f"note: {one_line(note)}" for note in summary.notes)


def _examples(places: Sequence[str]) -> str:
    return ", ".join(map(one_line, places))


def _changes_of(summary: Summary) -> Iterator[str]:
    """Yield what the rows say now that is not what was sent."""
    if summary.corrected:
        rows = plural(
            summary.corrected,
            "row has the key of a message that was sent with other content",
            "rows have the keys of messages that were sent with other content",
        )
        yield (
            f"{rows}: what was sent stays as it is, and the new content was not sent; for example"
            f" {_examples(summary.corrected_places)}; --again sends it with the same messageId"
        )
    if summary.retimed:
        rows = plural(
            summary.retimed,
            "row has the key of a message that was sent with another time: it goes as a new message",
            "rows have the keys of messages that were sent with other times: they go as new messages",
        )
        yield f"warning: {rows}, and both times count; for example {_examples(summary.retimed_places)}"


def _doubts_of(summary: Summary) -> Iterator[str]:
    """Yield what the ledger does not say for sure, and what belongs to another host or key."""
    if summary.waiting:
        waits = plural(summary.waiting, "waits in a spool and goes by itself", "wait in a spool and go by themselves")
        yield f"{waits}; what a dead process left goes with: pipelines-client drain"
    if summary.unplaced:
        accepted = plural(summary.unplaced, "of the accepted is in a record", "of the accepted are in records")
        yield (
            f"{accepted} of an older version, which does not say at which host and key; if it was another one: --again"
        )
    if summary.unknown:
        yield (
            f"warning: the ledger cannot be read whole; {summary.unknown:,} may have been accepted before; what was"
            " arrives twice"
        )
    if summary.elsewhere:
        accepted = plural(summary.elsewhere, "message was", "messages were")
        yield (
            f"{accepted} accepted by another host or key only, and left out; to send to this one as well: --to-current"
        )
    if summary.letters_elsewhere:
        letters = plural(summary.letters_elsewhere, "dead letter was", "dead letters were")
        yield f"{letters} taken for another host or key; to send to this one: --to-current"
