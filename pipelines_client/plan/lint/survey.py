"""A plan walked once, for all rules of the lint: its calls and properties, each with its place in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pipelines_client.plan.lint.base import DocumentPath
from pipelines_client.plan.lint.names import usual_style
from pipelines_client.plan.model import PlannedCall, PlannedKind, TrackingPlan
from pipelines_client.plan.schemas import Property, properties_of, standalone

_SECTIONS: Final[Mapping[PlannedKind, str]] = {"track": "events", "page": "pages", "screen": "screens"}
_EVENT_STYLES: Final = ("Title Case", "snake_case")
_PROPERTY_STYLES: Final = ("snake_case", "camelCase", "Title Case")


@dataclass(frozen=True)
class SurveyedCall:
    """A call of a plan, with the names and the keys that lead to it."""

    call: PlannedCall
    place: tuple[str, ...]
    path: DocumentPath


@dataclass(frozen=True)
class SurveyedProperty:
    """A property of a call, at any depth, with the names and the keys that lead to it."""

    owner: SurveyedCall
    planned: Property

    @property
    def name(self) -> str:
        """The last name of its path."""
        return self.planned.name

    @property
    def place(self) -> tuple[str, ...]:
        """The names that lead to it."""
        return (*self.owner.place, self.owner.call.payload_name, *self.planned.path)

    @property
    def path(self) -> DocumentPath:
        """The keys that lead to it in the plan's short form."""
        inner: list[str] = [self.owner.call.payload_name]
        for number, part in enumerate(self.planned.path):
            if part == "[]":
                inner.append("items")
            else:
                inner += ["properties", part] if number else [part]
        return (*self.owner.path, *inner)


class PlanSurvey:
    """What all rules look at."""

    def __init__(self, plan: TrackingPlan) -> None:
        self.plan = plan
        self.calls = tuple(_surveyed(plan))

    @cached_property
    def events(self) -> tuple[SurveyedCall, ...]:
        """Each event once: the first version of those that have several, in the order of the file."""
        first: dict[str, SurveyedCall] = {}
        for each in self.calls:
            if each.call.kind == "track":
                first.setdefault(each.call.name, each)
        return tuple(first.values())

    @cached_property
    def properties(self) -> tuple[SurveyedProperty, ...]:
        """The named properties of all calls; one that alternatives of a schema repeat is there once."""
        return tuple(found for each in self.calls for found in _properties_of(each))

    @cached_property
    def by_name(self) -> dict[str, list[SurveyedProperty]]:
        """The properties by their name."""
        found: dict[str, list[SurveyedProperty]] = {}
        for each in self.properties:
            found.setdefault(each.name, []).append(each)
        return found

    @cached_property
    def event_style(self) -> str | None:
        """The style of names of events: the plan's, else that of most."""
        names = [each.call.name for each in self.events]
        return self.plan.conventions.events or usual_style(names, _EVENT_STYLES)

    @cached_property
    def property_style(self) -> str | None:
        """The style of names of properties: the plan's, else that of most."""
        names = [each.name for each in self.properties]
        return self.plan.conventions.properties or usual_style(names, _PROPERTY_STYLES)


def _surveyed(plan: TrackingPlan) -> Iterator[SurveyedCall]:
    counts: Counter[tuple[PlannedKind, str]] = Counter((call.kind, call.name) for call in plan.calls())
    seen: Counter[tuple[PlannedKind, str]] = Counter()
    taken: set[tuple[PlannedKind, str]] = set(counts)
    for call in plan.calls():
        section = _SECTIONS.get(call.kind)
        if section is None:
            yield SurveyedCall(call, (call.kind,), (call.kind,))
            continue
        key = (call.kind, call.name)
        has_versions = counts[key] > 1
        label = _label(call, taken) if has_versions else call.name
        path: DocumentPath = (section, call.name, seen[key]) if has_versions else (section, call.name)
        seen[key] += 1
        yield SurveyedCall(call, (section, label), path)


def _label(call: PlannedCall, taken: set[tuple[PlannedKind, str]]) -> str:
    """Return a name for a version of a call that no other call has: an event may be called `Order Completed@2`."""
    label = f"{call.name}@{call.version}"
    while (call.kind, label) in taken:
        label += "@"
    taken.add((call.kind, label))
    return label


def _properties_of(owner: SurveyedCall) -> Iterator[SurveyedProperty]:
    seen: set[tuple[str, ...]] = set()
    for each in properties_of(standalone(owner.call)):
        if each.path not in seen:
            seen.add(each.path)
            yield SurveyedProperty(owner, each)
