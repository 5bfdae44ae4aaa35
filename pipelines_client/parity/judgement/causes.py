"""The causes of an absence: why a side may lack a message, and what follows from it. Pure.

This is the only place that says which causes count as loss. The questions join `TABLE` as the table `causes`. A new
cause is one entry in `CAUSES`, and its condition in `queries/absences.sql`.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines_client.parity.questions.rows import CauseRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause of an absence.

    Attributes:
        name: In the report, in SQL and in the list for a replay.
        advice: What to do about it; `{side}` is the side that lacks the message.
        is_loss: It counts against the gate `missing`.
        is_proven: The ledger itself says that the message was lost, so a gap in an export cannot explain it.
        is_unexplained: Neither the ledger nor the vendor says why; many in one day may be a gap in an export.
        is_accepted: The ledger says that the vendor took the message.
        is_explainable: A rule in `parity.toml` may expect it.
        is_replayed: A replay should send the message.
    """

    name: str
    advice: str
    is_loss: bool = True
    is_proven: bool = False
    is_unexplained: bool = False
    is_accepted: bool = False
    is_explainable: bool = False
    is_replayed: bool = False


FOREIGN_WRITER = Cause(
    name="foreign_writer",
    advice="The ledger does not have them: another writer sends to the other side only. Find it and move it.",
    is_explainable=True,
)
SKIPPED = Cause(name="skipped", advice="As intended by stage or rule.", is_loss=False)
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
REJECTED = Cause(
    name="rejected",
    advice="{side} refused them: read the ledger's reason, repair the call, then replay.",
    is_proven=True,
    is_explainable=True,
    is_replayed=True,
)
CAUSES = (
    Cause(
        name="accepted_but_absent",
        advice="{side} answered 2xx, but its export lacks them: ask {side} where they went, and replay.",
        is_unexplained=True,
        is_accepted=True,
        is_explainable=True,
        is_replayed=True,
    ),
    REJECTED,
    Cause(
        name="dropped",
        advice="The client gave them up: read the reason (a full spool, a message too large) and raise that limit.",
        is_proven=True,
        is_replayed=True,
    ),
    Cause(
        name="in_spool",
        advice="They are still in a spool: look at `pipelines-client status`, drain it, then run again.",
    ),
    FOREIGN_WRITER,
    Cause(
        name="unknown",
        advice="The other side has them: give --ledger as well to learn the cause of each.",
        is_unexplained=True,
        is_explainable=True,
        is_replayed=True,
    ),
    SKIPPED,
    TOO_YOUNG,
    EXPECTED,
)
"""The causes in the order of the report; those that are not a loss come last."""

CAUSE_OF = {cause.name: cause for cause in CAUSES}

LOSSES = frozenset(cause.name for cause in CAUSES if cause.is_loss)
PROVEN = frozenset(cause.name for cause in CAUSES if cause.is_proven)
EXPLAINABLE = frozenset(cause.name for cause in CAUSES if cause.is_explainable)
REPLAYED = frozenset(cause.name for cause in CAUSES if cause.is_replayed)

TABLE = tuple(
    CauseRow(cause.name, int(cause.is_loss), int(cause.is_proven), int(cause.is_unexplained), int(cause.is_replayed))
    for cause in CAUSES
)
"""What the questions must know of the causes."""
