"""What the gates look at: the messages of each side, and what the evidence of each source lacks. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines_client.parity.judgement.dimensions import Comparisons
from pipelines_client.parity.spell import percent, plural
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipelines_client.parity.model import Limits
    from pipelines_client.parity.questions.rows import EventsRow

_GAPS_NAMED = 3


@dataclass(frozen=True, slots=True)
class SourceEvidence:
    """What one source contributes to the judgement.

    `gaps` says in words what its evidence lacks; empty when it is whole. `uncovered` says the same of gaps whose time
    is known. `waiting` messages may not be recorded yet. `unreadable` counts payloads that are there and could not be
    read: they hide no message, only a difference. A file that could not be read as a whole is a gap, and is not counted
    in `rejected_lines`. A kind that `is_reduced` has no payloads that could be compared. `least_meant`, of a ledger:
    how many messages were meant for the side that should have the fewest, which is what lost records are a share of.
    """

    rows: int
    messages: int
    duplicates: int
    rejected_lines: int
    files: int
    gaps: tuple[str, ...] = ()
    waiting: int = 0
    unreadable: int = 0
    is_reduced: bool = False
    least_meant: int | None = None
    uncovered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Population:
    """The messages of one side, which shares and minimums are counted over.

    `messages` are there and `missing` should be; `hidden` ones may lie in a gap of its evidence whose time is known.
    The payload of `compared` messages, the identity of `identified` ones and the name of `named` ones can be compared
    with another source; `drift`, `identity` and `renamed` are those of them that differ at this side. `same` messages
    are compared, and nothing of them differs.

    `foreign_missing` is the part of `missing` that the ledger does not know. It proves nothing where the ledger has
    lost lines, since those may say that the message was skipped. `unproven_drift` is the part of `drift` that may be
    noise; `days` are the meant messages of each UTC day.
    """

    messages: int = 0
    missing: int = 0
    proven_missing: int = 0
    foreign_missing: int = 0
    hidden: int = 0
    too_young: int = 0
    compared: int = 0
    drift: int = 0
    unproven_drift: int = 0
    identified: int = 0
    identity: int = 0
    named: int = 0
    renamed: int = 0
    same: int = 0
    days: tuple[int, ...] = ()

    @property
    def meant(self) -> int:
        """How many messages the side should have: none that was skipped, is expected to be absent, or is too young."""
        return self.messages + self.missing

    def is_covered(self, limits: Limits) -> bool:
        """Whether the side lacks no more than the limit even if all that its gaps may hide is lost."""
        lacking = self.hidden + self.missing
        return not self.hidden or percent(lacking, self.messages + lacking) <= limits.max_missing_pct

    def is_enough(self, limits: Limits) -> bool:
        """Whether enough messages were meant for the side to judge a rate."""
        return self.meant >= max(1, limits.min_events)

    def proven_pct(self, count: int, whole: int, limits: Limits) -> float:
        """Return how many percent `count` messages are for certain, of the `whole` that could be looked at.

        It is 0 if too few were meant for the side. If few could be looked at, the others may be alike: they count too.
        """
        if not self.is_enough(limits):
            return 0.0
        return percent(count, whole if whole >= max(1, limits.min_events) else self.meant)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the gates look at. `sides` has the messages of each side that was given.

    `messages`, `identity`, `renamed` and `unproven_drift` count each message once, whichever sides it concerns.
    `knows_ledger_identity` says that the identity key of the ledger is known. `comparisons` says what was compared in
    each dimension, `shared_ids` counts ids of several calls, and `key_misfits` messages of which no side has the
    ledger's person, if that is so of all that could be compared: then the key does not fit the ledger.
    """

    messages: int
    identity: int
    renamed: int
    sources: dict[str, SourceEvidence]
    sides: dict[str, Population]
    unproven_drift: int = 0
    comparisons: Comparisons = field(default_factory=dict)
    shared_ids: int = 0
    key_misfits: int = 0
    knows_ledger_identity: bool = True

    @property
    def has_lost_lines(self) -> bool:
        """Whether the ledger has lost any line: one that is torn may be the last of many."""
        ledger = self.sources.get("ledger")
        return ledger is not None and bool(ledger.gaps or ledger.rejected_lines)

    def surely_missing(self, side: str) -> int:
        """Return how many messages a side lacks for certain: neither a gap of it nor of the ledger explains them."""
        source, there = self.sources[side], self.sides[side]
        foreign = there.foreign_missing if self.has_lost_lines else 0
        unhidden = 0 if source.gaps else there.missing - foreign - source.rejected_lines
        return max(there.proven_missing, unhidden)


def population_of(side: str, events: Iterable[EventsRow], *, unproven_drift: int = 0) -> Population:
    """Return the messages of a side in some rows of `events`, of whose drift so much may be noise."""
    rows, days = list(events), Counter[str]()
    for row in rows:
        days[row.day] += getattr(row, side) + getattr(row, f"missing_{side}")

    def total(column: str) -> int:
        return sum(getattr(row, column) for row in rows)

    return Population(
        messages=total(side),
        missing=total(f"missing_{side}"),
        proven_missing=total(f"proven_{side}"),
        foreign_missing=total(f"foreign_{side}"),
        hidden=total(f"hidden_{side}"),
        too_young=total(f"young_{side}"),
        unproven_drift=unproven_drift,
        **{name: total(f"{name}_{side}") for name in _COMPARED},
        days=tuple(days.values()),
    )


_COMPARED = ("compared", "drift", "identified", "identity", "named", "renamed", "same")


def uncovered_of(name: str, evidence: Evidence, limits: Limits) -> list[str]:
    """Return in words a source's gaps whose time is known, if so many messages may lie in them that they matter."""
    there, source = evidence.sides.get(name), evidence.sources[name]
    if there is None or there.is_covered(limits):
        return []
    return first_gaps(source.uncovered)


def first_gaps(gaps: Sequence[str]) -> list[str]:
    """Return the first gaps, which a sentence can hold, and how many more there are; the report lists all."""
    more = len(gaps) - _GAPS_NAMED
    return [*gaps[:_GAPS_NAMED], *([f"and {plural(more, 'more gap')}"] if more > 0 else [])]


def gaps_of(name: str, evidence: Evidence, limits: Limits) -> list[str]:
    """Return in words all that a source's evidence lacks: its gaps, and what is more than the limit allows."""
    source = evidence.sources[name]
    gaps = [*uncovered_of(name, evidence, limits), *source.gaps]
    if has_too_many_lost_lines(name, source, limits):
        gaps.append(f"{plural(source.rejected_lines, 'line')} could not be read")
    if percent(source.unreadable, source.rows) > limits.max_drift_pct:
        gaps.append(f"{plural(source.unreadable, 'payload')} could not be read")
    messages = source.messages if source.least_meant is None else source.least_meant
    if percent(source.waiting, messages + source.waiting) > limits.max_missing_pct:
        gaps.append(f"{plural(source.waiting, 'message')} may wait in a spool and not be recorded yet")
    return gaps


def has_too_many_lost_lines(name: str, source: SourceEvidence, limits: Limits) -> bool:
    """Return whether more lines of a source could not be read than the limit allows.

    A killed process tears the last line of its ledger file: one a file is normal for a ledger, and hides no message.
    """
    rows = source.rows if source.least_meant is None else source.least_meant
    bad = max(0, source.rejected_lines - source.files) if name == "ledger" else source.rejected_lines
    return percent(bad, rows + bad) > limits.max_missing_pct


def is_whole_but_for_gaps(evidence: Evidence, limits: Limits) -> bool:
    """Whether the evidence of each source lacks nothing but gaps whose time is known."""
    return all(
        len(gaps_of(name, evidence, limits)) == len(uncovered_of(name, evidence, limits)) for name in evidence.sources
    )


_COMPARABLE = {"compared": "payload", "identified": "identity"}
_CURES = {"identified": ": give the identity key of the ledger, or the other export too"}


def unreadable(side: str, evidence: Evidence, limits: Limits) -> str:
    """Say if so many payloads could not be read that drift is unknown; without a ledger, at either side."""
    sources = evidence.sources if "ledger" not in evidence.sources else {side: evidence.sources[side]}
    count, compared = sum(source.unreadable for source in sources.values()), evidence.sides[side].compared
    if percent(count, compared + count) <= limits.max_drift_pct:
        return ""
    return f"{plural(count, 'payload')} could not be read, so drift is unknown"


def not_compared(side: str, population: str, evidence: Evidence, limits: Limits) -> str:
    """Say what of a side was compared too rarely to tell that nothing differs; an empty text if it was often enough.

    A source that has no payloads is passed over if another side's payloads were compared.
    """
    there = evidence.sides[side]
    count, what = getattr(there, population), _COMPARABLE[population]
    if not there.messages or count >= max(1, limits.min_events):
        return ""
    messages = f"{plural(there.messages, 'message')} at {TITLES[side]}"
    if count:  # if few messages were meant for the side at all, `min_events` says so
        few = f"Only {count:,} of {messages} could be compared by their {what}; too few to tell a rate"
        return few if there.is_enough(limits) else ""
    others = any(getattr(other, population) for name, other in evidence.sides.items() if name != side)
    is_excused = population == "compared" and evidence.sources[side].is_reduced and others
    return "" if is_excused else f"No {what} of {messages} could be compared{_CURES.get(population, '')}"
