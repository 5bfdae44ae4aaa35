"""What a case is: a row of the comparison, how it is measured, and what ours must show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trial import Trial

Measure = Callable[[Trial], str]


@dataclass(frozen=True, slots=True)
class Case:
    """A row.

    Attributes:
        number: Its place, from 1; the page and the tests call it `P<number>`.
        title: The situation, as the page has it.
        ours: What measuring ours must return, word for word.
        measure: Brings a client into the situation and says in a few words what came of it.
    """

    number: int
    title: str
    ours: str
    measure: Measure

    @property
    def row(self) -> str:
        """The row's name."""
        return f"P{self.number}"


CASES: list[Case] = []


def case(number: int, title: str, *, ours: str) -> Callable[[Measure], Measure]:
    """Register a way of measuring as a row."""

    def register(measure: Measure) -> Measure:
        CASES.append(Case(number, title, ours, measure))
        return measure

    return register
