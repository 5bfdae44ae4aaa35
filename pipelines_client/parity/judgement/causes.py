"""The causes of an absence: why a side may lack a message, and what follows from it. Pure.

This is the only place that says which causes count as loss. The questions join `TABLE` as the table `causes`. A new
cause is one entry in `CAUSES`, and its condition in `queries/lacking.sql` or `absences.sql`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines_client.parity.questions.rows import CauseRow

if TYPE_CHECKING:
    from pipelines_client.parity.model import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause of an absence.

    Attributes:
        name: In the report, in SQL and in the list for a replay.
        advice: What to do about it; `{side}` is the side that lacks the message.
        words: What the headline says of the messages; `{side}` as in `advice`.
        is_loss: It counts against the gate `missing`.
        is_proven: The ledger itself says that the message was lost, so a gap in an export cannot explain it.
        is_unexplained: Neither the ledger nor the vendor says why, and the side should have the message.
        is_unrecorded: The ledger does not know the message.
        is_hidden: A gap in the side's evidence may hide the message.
        is_explainable: A rule in `parity.toml` may expect it.
        is_replayed: A replay should send the message.
    """

    name: str
    advice: str
    words: str = ""
    is_loss: bool = True
    is_proven: bool = False
    is_unexplained: bool = False
    is_unrecorded: bool = False
    is_hidden: bool = False
    is_explainable: bool = False
    is_replayed: bool = False


FOREIGN_WRITER = Cause(
    name="foreign_writer",
    advice="The ledger does not have them: another writer sends to the other side only. Find it and move it.",
    words="not in the ledger",
    is_unrecorded=True,
    is_explainable=True,
    is_hidden=True,
)
IN_GAP = Cause(
    name="in_gap",
    advice="{side}'s evidence does not cover them: get the files that are missing, or vouch for it with --complete.",
    is_loss=False,
    is_unexplained=True,
    is_explainable=True,
)
SKIPPED = Cause(name="skipped", advice="As intended by stage or rule.", is_loss=False)
SUPPRESSED = Cause(
    name="suppressed",
    advice="{side} suppresses these people, as the list of --suppressed says, and keeps nothing of theirs.",
    is_loss=False,
)
TOO_YOUNG = Cause(
    name="too_young",
    advice="Sent after the last message of this export: run again with a newer one.",
    is_loss=False,
)
EXPECTED = Cause(
    name="expected",
    advice="Known differences of the two vendors (aliases, calls without a person).",
    is_loss=False,
)
UNRELATED = Cause(
    name="unrelated",
    advice="Only one of two sources that do not belong together has them, which proves no loss: see “Related sources”.",
    is_loss=False,
)
REJECTED = Cause(
    name="rejected",
    advice="{side} refused them: repair the cause that `dead-letters list` names, then requeue them.",
    words="refused by {side}",
    is_proven=True,
    is_explainable=True,
    is_replayed=True,
)
CAUSES = (
    Cause(
        name="accepted_but_absent",
        advice="{side} answered 2xx, but its export lacks them: ask {side} where they went, and replay.",
        words="accepted by {side}'s API",
        is_unexplained=True,
        is_hidden=True,
        is_explainable=True,
        is_replayed=True,
    ),
    REJECTED,
    Cause(
        name="dropped",
        advice="The client gave them up: read the reason (a full spool, a message too large) and raise that limit.",
        words="given up by the client",
        is_proven=True,
        is_replayed=True,
    ),
    Cause(
        name="in_spool",
        advice="They are still in a spool: look at `pipelines-client status`, drain it, then run again.",
        words="still waiting in a spool",
    ),
    FOREIGN_WRITER,
    Cause(
        name="unknown",
        advice="The other side has them: give --ledger as well to learn the cause of each.",
        is_unexplained=True,
        is_hidden=True,
        is_explainable=True,
        is_replayed=True,
    ),
    IN_GAP,
    SKIPPED,
    SUPPRESSED,
    TOO_YOUNG,
    UNRELATED,
    EXPECTED,
)
"""The causes in the order of the report; those that are not a loss come last."""

CAUSE_OF = {cause.name: cause for cause in CAUSES}

LOSSES = frozenset(cause.name for cause in CAUSES if cause.is_loss)
PROVEN = frozenset(cause.name for cause in CAUSES if cause.is_proven)
UNRECORDED = frozenset(cause.name for cause in CAUSES if cause.is_unrecorded)
EXPLAINABLE = frozenset(cause.name for cause in CAUSES if cause.is_explainable)
REPLAYED = frozenset(cause.name for cause in CAUSES if cause.is_replayed)


def main_cause(counts: Counts) -> Cause | None:
    """Return the cause of most of what a side has lost; None if it has lost nothing."""
    lost = {name: count for name, count in counts.items() if count and name in LOSSES}
    return CAUSE_OF[max(lost, key=lambda name: lost[name])] if lost else None


def table_of(*, even_in_gaps: bool = False) -> tuple[CauseRow, ...]:
    """Return what the questions must know of the causes; `even_in_gaps` replays what lies in a gap too."""
    return tuple(
        CauseRow(
            cause.name,
            int(cause.is_loss),
            int(cause.is_proven),
            int(cause.is_unexplained),
            int(cause.is_hidden),
            int(cause.is_replayed or (even_in_gaps and cause is IN_GAP)),
        )
        for cause in CAUSES
    )


TABLE = table_of()
"""The table `causes` of most runs."""
