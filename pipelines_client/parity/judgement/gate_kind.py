"""What a kind of gate consists of: its words, and how its gates are made. `STEPS` of the report ranks kinds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.parity.model import Counts, DriftRow, GapReport, Gate, GateResult, Limits
from pipelines_client.parity.spell import plural
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipelines_client.parity.judgement.evidence import Evidence


class Breakdown(NamedTuple):
    """Details that an advice names: absences of each side by cause, and the paths that drift, most frequent first.

    `instead` says what to give in place of sources that do not belong together; `gaps` are those of the evidence.
    """

    causes: Mapping[str, Counts]
    drift: tuple[DriftRow, ...]
    instead: str = ""
    gaps: tuple[GapReport, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateKind:
    """One kind of gate.

    Attributes:
        name: `Gate.kind`.
        title: For people; `{side}` and `{subject}` are what the gate judges.
        advice: What to do first if the gate does not pass; `{side}` as in `title`.
        advise: The same where it depends on the gate or on what was counted; None returns `advice`.
        judge: Makes the gates of this kind, for all messages or one event; None where another module does.
        bound: How its limit is said.
        limit: The key of the limit of one event that asks for gates of this kind; empty where no event has one.
    """

    name: str
    title: str
    advice: str = ""
    advise: Callable[[Gate, Breakdown], str] | None = None
    judge: Callable[[Evidence, Limits], Iterable[Gate]] | None = None
    bound: str = "\N{LESS-THAN OR EQUAL TO} "
    limit: str = ""

    def gate(
        self,
        limit: float,
        actual: float,
        unit: str,
        result: GateResult,
        evidence: str,
        *,
        side: str = "",
        subject: str = "",
    ) -> Gate:
        """Return a gate of this kind; a share is rounded, but never a breach down to its limit or a loss to none."""
        shown = float(f"{actual:.6g}") if unit == "%" else actual
        return Gate(
            kind=self.name,
            side=side,
            subject=subject,
            limit=limit,
            actual=shown,
            unit=unit,
            result=result,
            evidence=evidence,
        )

    def rate(self, actual: float, limit: float, evidence: str, *, is_proof: bool, side: str = "") -> Gate:
        """Return a gate on a share: a breach fails if there is proof."""
        breach: GateResult = "failed" if is_proof else "inconclusive"
        return self.gate(limit, actual, "%", breach if actual > limit else "passed", evidence, side=side)

    def count(self, count: int, limit: int, what: str) -> Gate:
        """Return a gate on a number of messages: each one counts as proof."""
        result: GateResult = "failed" if count > limit else "passed"
        return self.gate(limit, count, "messages", result, f"{plural(count, 'message')} {what}")

    def first_step(self, gate: Gate, breakdown: Breakdown) -> str:
        """Say what to do first about a gate that does not pass."""
        if self.advise is not None:
            return self.advise(gate, breakdown)
        return self.advice.format(side=TITLES.get(gate.side, gate.side))
