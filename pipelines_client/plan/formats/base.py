"""The contract of a format: what a foreign plan is, how it is recognised, read and written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Final

from pipelines_client.errors import PlanError
from pipelines_client.plan.fields import FieldError, made
from pipelines_client.plan.model import PlannedCall, PlannedKind, TrackingPlan
from pipelines_client.plan.text import Parsed, decoded, parse_all

NOTES: Final = "x-plan"
"""The keyword under which an export keeps what its format has no place for: stage, owner, aliases …"""
_NOT_NOTED: Final = ("kind", "name", "version", "schema", "envelope", "description", "extras")
_NOTED: Final = tuple(each.name for each in fields(PlannedCall) if each.name not in _NOT_NOTED)


@dataclass(frozen=True)
class PlanFile:
    """A file of a foreign plan: its name, as errors call it, and its bytes."""

    name: str
    content: bytes

    @cached_property
    def documents(self) -> tuple[Parsed, ...]:
        """What the file says, if it is JSON or YAML; raises PlanError if it is neither."""
        return tuple(parse_all(self.content, self.name))

    @property
    def text(self) -> str:
        """The file as text; raises PlanError if it is not."""
        return decoded(self.content, self.name)


class PlanFormat(ABC):
    """Reads, and perhaps writes, the plans of another tool. One file a format; `formats/__init__` names them all.

    What the model has no place for goes into `extras` under the format's name, so that `write` gives it back.
    """

    name: ClassVar[str]
    """The word for it on a command line."""
    title: ClassVar[str]
    """What it is, in a few words."""
    is_written: ClassVar[bool] = False
    """Whether `write` can."""

    @abstractmethod
    def recognises(self, files: Sequence[PlanFile]) -> bool:
        """Return whether these are files of this format; never raises."""

    @abstractmethod
    def read(self, files: Sequence[PlanFile]) -> TrackingPlan:
        """Return the plan that the files say together.

        A dirty plan is read: names that collide, types that contradict each other and schemas that are none are kept.

        Raises:
            PlanError: The files are not of this format; the text names the file, the line and the cure.
        """

    def write(self, plan: TrackingPlan) -> str:
        """Return the plan as the text of one file; only a format that `is_written` has this."""
        raise NotImplementedError(f"{self.name} is only read, and has no text for {plan.name}")


def values_in(files: Iterable[PlanFile]) -> Iterator[Any]:
    """Yield what the files say; a file that is not JSON or YAML is passed over."""
    for file in files:
        try:
            documents = file.documents
        except PlanError:
            continue
        yield from (document.value for document in documents)


def objects_in(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, and the rest of a foreign file not: `[]` for what is not a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text_or_none(value: Any) -> str | None:
    """Return a text, and None for anything else or an empty one."""
    return value if isinstance(value, str) and value else None


def version_or_one(value: Any) -> int | str:
    """Return a version as a foreign plan writes it; 1 if it has none."""
    return value if isinstance(value, int | str) and not isinstance(value, bool) and value != "" else 1


def plan_of(calls: Iterable[PlannedCall], **rest: Any) -> TrackingPlan:
    """Return a plan of calls of all kinds, in their order, the versions of an event side by side.

    Of several for people, groups or all calls the first is taken. Two that have one kind, name and version both
    stay: the second gets the version `1-2`, which is sent as 1 too.
    """
    seen: dict[tuple[str, str, int | str], int] = {}
    by_kind: dict[PlannedKind, list[PlannedCall]] = {}
    for call in calls:
        key = (call.kind, call.name, call.version)
        seen[key] = seen.get(key, 0) + 1
        distinct = call if seen[key] == 1 else replace(call, version=f"{call.version}-{seen[key]}")
        by_kind.setdefault(call.kind, []).append(distinct)
    order = {call.name: place for place, call in enumerate(reversed(by_kind.get("track", ())))}
    return TrackingPlan(
        events=tuple(sorted(by_kind.get("track", ()), key=lambda call: -order[call.name])),
        identify=next(iter(by_kind.get("identify", ())), None),
        group=next(iter(by_kind.get("group", ())), None),
        common=next(iter(by_kind.get("common", ())), None),
        pages=tuple(by_kind["page"]) if "page" in by_kind else None,
        screens=tuple(by_kind["screen"]) if "screen" in by_kind else None,
        **rest,
    )


def notes_of(call: PlannedCall) -> dict[str, Any]:
    """Return what is said of a call beyond its schema and description, as JSON holds it; defaults are left out."""
    default = PlannedCall(call.kind, call.name)
    pairs = {name: getattr(call, name) for name in _NOTED}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in pairs.items()
        if value != getattr(default, name)
    }


def with_notes(call: PlannedCall, notes: Any) -> PlannedCall:
    """Return a call with what `notes_of` kept; notes that are not ours change nothing."""
    known = {name: value for name, value in notes.items() if name in _NOTED} if isinstance(notes, dict) else {}
    try:
        return replace(call, **{name: getattr(made(PlannedCall, known), name) for name in known})
    except FieldError:
        return call
