"""What the gates look at: the counts over all messages, and what the evidence of each source lacks. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines_client.parity.spell import percent, plural

if TYPE_CHECKING:
    from pipelines_client.parity.model import Limits


@dataclass(frozen=True, slots=True)
class SourceEvidence:
    """What one source contributes to the judgement.

    `gaps` says in words what its evidence lacks; empty when it is whole. `waiting` messages may not be recorded yet.
    `unreadable` counts payloads that are there and could not be read: they hide no message, only a difference. A file
    that could not be read as a whole is a gap, and is not counted in `rejected_lines`.
    """

    rows: int
    messages: int
    duplicates: int
    rejected_lines: int
    files: int
    gaps: tuple[str, ...] = ()
    waiting: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """The counts that the gates look at. `missing` and `too_young` have a key for each side that was given.

    `foreign_missing` is the part of `missing` that the ledger does not know. It proves nothing where the ledger has
    lost lines, since those may say that the message was skipped. `unproven_drift` is the part of `drift` that may be
    noise; `is_identity_compared` says that two sources or more show whose a message is, in a form that can be compared;
    `days` are the messages of each UTC day.
    """

    messages: int
    compared: int
    drift: int
    identity: int
    renamed: int
    sources: dict[str, SourceEvidence]
    missing: dict[str, int]
    proven_missing: dict[str, int]
    too_young: dict[str, int]
    foreign_missing: dict[str, int] = field(default_factory=dict)
    unproven_drift: int = 0
    is_identity_compared: bool = True
    days: tuple[int, ...] = ()

    def is_enough(self, limits: Limits) -> bool:
        """Whether there are enough messages to judge a rate."""
        return self.messages >= max(1, limits.min_events)


def gaps_of(name: str, source: SourceEvidence, limits: Limits) -> list[str]:
    """Return in words all that a source's evidence lacks: its gaps, and what is more than the limit allows."""
    gaps = list(source.gaps)
    # A killed process tears the last line of its ledger file: one a file is normal for a ledger, and hides no message.
    bad = max(0, source.rejected_lines - source.files) if name == "ledger" else source.rejected_lines
    if percent(bad, source.rows + bad) > limits.max_missing_pct:
        gaps.append(f"{plural(source.rejected_lines, 'line')} could not be read")
    if percent(source.unreadable, source.rows) > limits.max_drift_pct:
        gaps.append(f"{plural(source.unreadable, 'payload')} could not be read")
    if percent(source.waiting, source.messages + source.waiting) > limits.max_missing_pct:
        gaps.append(f"{plural(source.waiting, 'message')} may wait in a spool and not be recorded yet")
    return gaps
