"""Calls → how many people the Customer.io leg will add to the workspace, and which calls add them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pipelines_client.effects.people import QUESTIONS, CallKind, Profile, Workspace, apply_all

if TYPE_CHECKING:
    from pipelines_client.effects.model import Call, Effect

MOST_PEOPLE: Final = 2_000_000


class ExistingPerson(NamedTuple):
    """One who is in the workspace already; an identifier that is not known is empty."""

    id: str = ""
    email: str = ""
    cio_id: str = ""


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """The people whom one kind of call adds.

    Attributes:
        type: The type of call.
        event: The event's name, of a track call.
        created: How many people it adds; each is billed, also if a later call deletes or merges it (FACTS P7).
        people: How many of them are there after all calls.
        without_email: How many of these have no e-mail address then.
        perhaps: How many of these exist only if what is not documented goes one way (FACTS P8).
    """

    type: str
    event: str
    created: int
    people: int
    without_email: int
    perhaps: int


@dataclass(frozen=True, slots=True)
class UnsettledRow:
    """What is not known about people, and in how many calls it is met: a `OpenQuestion` and its count."""

    code: str
    calls: int
    says: str
    taken_as: str
    facts: str


@dataclass(frozen=True, slots=True)
class PeopleForecast:
    """How many people the calls add to the workspace.

    Attributes:
        created: How many are ever added: those are billed.
        people: How many of them are there after all calls.
        without_email: How many of these have no e-mail address.
        perhaps: How many of these exist only if what is not documented goes one way.
        existing: How many people were given who are there already; None if no list was given.
        visitors: Anonymous ids that stay without a person; they are not billed (FACTS P5).
        objects: Objects that are named; they are billed like people.
        is_cut: Whether there are more people than the forecast holds, so that all numbers are too small.
        rows: By type of call and event, the most first.
        unsettled: What is not known, the most frequent first.
    """

    created: int
    people: int
    without_email: int
    perhaps: int
    existing: int | None
    visitors: int
    objects: int
    is_cut: bool
    rows: tuple[ForecastRow, ...]
    unsettled: tuple[UnsettledRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the forecast as plain JSON values."""
        return asdict(self)


class Forecast:
    """Adds up people, call by call, in the order of the archive.

    Args:
        existing: The people who are in the workspace already; None if that is not known, and all count as new.
        most: How many people, anonymous ids and objects are held in memory, about 600 bytes each.
    """

    def __init__(self, existing: Iterable[ExistingPerson] | None = None, *, most: int = MOST_PEOPLE) -> None:
        self._workspace = Workspace(keeps_attributes=False)
        self._most = most
        self._is_cut = False
        self._existing: int | None = None
        if existing is not None:
            self._existing = sum(
                self._workspace.add_existing(person_id=one.id, email=one.email, cio_id=one.cio_id) for one in existing
            )

    def add(self, call: Call, effects: Iterable[Effect]) -> None:
        """Count the people whom a call adds, by what the new route does with it."""
        self._is_cut |= self._workspace.held >= self._most
        if not self._is_cut:
            apply_all(self._workspace, effects, call)

    def result(self) -> PeopleForecast:
        """Return the forecast for the calls so far."""
        workspace = self._workspace
        rows = sorted(_rows(workspace), key=lambda row: (-row.created, row.type, row.event))
        return PeopleForecast(
            created=workspace.created.total(),
            people=sum(row.people for row in rows),
            without_email=sum(row.without_email for row in rows),
            perhaps=sum(row.perhaps for row in rows),
            existing=self._existing,
            visitors=sum(visitor.profile is None for visitor in workspace.visitors.values()),
            objects=len(workspace.objects),
            is_cut=self._is_cut,
            rows=tuple(rows),
            unsettled=tuple(_unsettled(workspace.unsettled)),
        )


def _rows(workspace: Workspace) -> Iterator[ForecastRow]:
    people: Counter[CallKind] = Counter()
    without_email: Counter[CallKind] = Counter()
    perhaps: Counter[CallKind] = Counter()
    for profile in workspace.profiles:
        if profile.created_by is not None:
            people[profile.created_by] += 1
            without_email[profile.created_by] += profile.email is None
            perhaps[profile.created_by] += _is_perhaps(profile)
    for source, created in workspace.created.items():
        yield ForecastRow(source.type, source.event, created, people[source], without_email[source], perhaps[source])


def _is_perhaps(profile: Profile) -> bool:
    return not profile.is_identified


def _unsettled(counts: Counter[str]) -> Iterator[UnsettledRow]:
    for code, calls in counts.most_common():
        question = QUESTIONS[code]
        yield UnsettledRow(code, calls, question.says, question.taken_as, question.facts)
