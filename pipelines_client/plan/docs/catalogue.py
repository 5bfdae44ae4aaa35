"""What a plan has, in the words of people who use it in campaigns: sections of calls, each with its properties."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipelines_client.plan.model import ANY_NAME, PlannedCall, TrackingPlan
from pipelines_client.plan.schemas import Property, properties_of, standalone

_TYPES: Final[Mapping[str, str]] = {
    "string": "text", "integer": "whole number", "number": "number", "boolean": "yes or no", "object": "group",
    "array": "list", "null": "empty",
}  # fmt: skip
_FORMATS: Final[Mapping[str, str]] = {
    "date-time": "date and time",
    "date": "date",
    "email": "e-mail address",
    "uri": "web address",
}
_STAGES: Final = (
    "acquisition",
    "activation",
    "engagement",
    "consideration",
    "conversion",
    "retention",
    "expansion",
    "churn",
)
_OTHERS: Final[tuple[tuple[str, str], ...]] = (("identify", "People"), ("group", "Groups"), ("common", "All messages"))
_NO_STAGE: Final = "Without a stage"
_MOST_VALUES: Final = 20


@dataclass(frozen=True)
class CataloguedProperty:
    """A property as the page shows it.

    Args:
        path: Its name, with those above it: `items[].sku`.
        type: What it holds, such as `whole number`.
        is_required: Whether it is always there.
        description: What it means.
        notes: What else is said of it: its values, its unit, an example.
    """

    path: str
    type: str
    is_required: bool
    description: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class CataloguedCall:
    """An event, a page, or the traits of people, as the page shows it.

    Args:
        title: Its name, as it is sent.
        anchor: Its place on the page.
        description: What it means.
        status: Its status, if it is not simply sent.
        facts: What is said of it, each with a word for it: its owner, its other names.
        properties: What it holds.
    """

    title: str
    anchor: str
    description: str
    status: str
    facts: tuple[tuple[str, str], ...]
    properties: tuple[CataloguedProperty, ...]

    @property
    def text(self) -> str:
        """All words by which the call is found, in small letters."""
        words = [self.title, self.description, *(value for _, value in self.facts)]
        words += [word for each in self.properties for word in (each.path, each.description, *each.notes)]
        return " ".join(words).lower()


@dataclass(frozen=True)
class CatalogueSection:
    """Calls that belong together, under a heading."""

    title: str
    calls: tuple[CataloguedCall, ...]


def catalogue(plan: TrackingPlan) -> list[CatalogueSection]:
    """Return what a plan has: events by stage, then pages, screens, people, groups, and what all messages have."""
    stages: dict[str, list[PlannedCall]] = {}
    for event in plan.events:
        stages.setdefault((event.stage or "").strip().lower(), []).append(event)
    found = [(_heading(stage), stages[stage]) for stage in sorted(stages, key=_rank)]
    found += [(title, list(calls)) for title, calls in (("Pages", plan.pages), ("Screens", plan.screens)) if calls]
    found += [(title, [call]) for kind, title in _OTHERS if (call := getattr(plan, kind)) is not None]
    numbers = iter(range(1, 1 + sum(len(calls) for _, calls in found)))
    return [
        CatalogueSection(title, tuple(_call(each, plan, next(numbers)) for each in calls)) for title, calls in found
    ]


def _rank(stage: str) -> tuple[int, str]:
    known = _STAGES.index(stage) if stage in _STAGES else len(_STAGES)
    return (known if stage else known + 1), stage


def _heading(stage: str) -> str:
    return stage[:1].upper() + stage[1:] if stage else _NO_STAGE


def _call(call: PlannedCall, plan: TrackingPlan, number: int) -> CataloguedCall:
    named = {"identify": "Traits of a person", "group": "Traits of a group", "common": "In every message"}
    title = named.get(call.kind) or ("Any name" if call.name == ANY_NAME and call.kind != "track" else call.name)
    has_versions = call.kind == "track" and len(plan.versions_of(call.name)) > 1
    return CataloguedCall(
        title=f"{title} (version {call.version})" if has_versions else title,
        anchor=f"c{number}",
        description=call.description or "",
        status=""
        if call.status == "active"
        else {"deprecated": "no longer sent", "planned": "not sent yet"}[call.status],
        facts=tuple(_facts(call)),
        properties=tuple(_properties(call)),
    )


def _facts(call: PlannedCall) -> Iterator[tuple[str, str]]:
    if call.owner:
        yield "Owner", call.owner
    if call.aliases:
        yield "Other names", ", ".join(call.aliases)
    if call.backfilled is not None:
        yield "History", "past events were sent too" if call.backfilled else "new events only"
    if call.once_per:
        yield "Sent", f"once for each {call.once_per}"
    if call.idempotency_key:
        yield "Counted", f"once for each {call.idempotency_key}, also if it is sent again"


def _properties(call: PlannedCall) -> Iterator[CataloguedProperty]:
    seen: set[str] = set()
    for each in properties_of(standalone(call)):
        path = ".".join(each.path).replace(".[]", "[]")
        if path not in seen:
            seen.add(path)
            description = each.schema.get("description")
            text = description if isinstance(description, str) else ""
            yield CataloguedProperty(path, _type(each), each.is_required, text, tuple(_notes(each.schema)))


def _type(each: Property) -> str:
    words = [_TYPES.get(name, name) for name in each.types if name != "null" or len(each.types) == 1]
    named = _FORMATS.get(str(each.schema.get("format")))
    if named and "text" in words:
        words[words.index("text")] = named
    return " or ".join(words) or "anything"


def _notes(schema: Mapping[str, Any]) -> Iterator[str]:
    values = schema.get("enum")
    if isinstance(values, list) and values:
        more = f" and {len(values) - _MOST_VALUES:,} more" if len(values) > _MOST_VALUES else ""
        yield f"one of {_listed(values[:_MOST_VALUES])}{more}"
    if isinstance(schema.get("unit"), str):
        yield f"in {schema['unit']}"
    examples = schema.get("examples")
    if isinstance(examples, list) and examples:
        yield f"for example {_listed(examples[:3])}"


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in values)
