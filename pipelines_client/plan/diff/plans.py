"""What changes from one plan to another: events and their versions, pages, people, conventions, modes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, get_args

from pipelines_client.plan.diff.rules import PlanChange
from pipelines_client.plan.diff.schemas import changes_of
from pipelines_client.plan.model import DEFAULT_MODE, Mode, PlannedCall, TrackingPlan
from pipelines_client.plan.modes import OWN_MODES
from pipelines_client.plan.schemas import standalone

_ONE: Final = ("common", "identify", "group")
_SEVERITY: Final[tuple[Mode, ...]] = get_args(Mode)
_HARD: Final = ("redact", "reject", "raise")
_NOTES: Final = ("description", "stage", "owner", "backfilled")
_KEYS: Final = ("idempotency_key", "once_per")
_BINDING: Final = ("money", "dates", "ids", "money_properties", "date_properties")
_NAMING: Final = ("events", "tense", "properties")


def changes_between(old: TrackingPlan, new: TrackingPlan) -> tuple[PlanChange, ...]:
    """Return what changes from one plan to another: for the plan as a whole, then call by call in the old plan's order.

    Example:
        ```python
        old = TrackingPlan(events=(PlannedCall("track", "Order Completed"),))
        assert [change.code for change in changes_between(old, TrackingPlan())] == ["event-removed"]
        ```
    """
    changes = [*_conventions(old, new), *_modes(old, new)]
    for kind in _ONE:
        before, after = getattr(old, kind), getattr(new, kind)
        if before is not None or after is not None:
            empty = PlannedCall(kind)
            changes += _calls(before or empty, after or empty, kind)
    changes += _views("page", old.pages, new.pages)
    changes += _views("screen", old.screens, new.screens)
    return (*changes, *_events(old, new))


def _conventions(old: TrackingPlan, new: TrackingPlan) -> Iterator[PlanChange]:
    for names, codes in (
        (_BINDING, ("convention-changed", "convention-dropped")),
        (_NAMING, ("naming-changed", "naming-changed")),
    ):
        for name in names:
            before, after = getattr(old.conventions, name), getattr(new.conventions, name)
            if before != after:
                is_dropped = after in (None, ()) or getattr(after, "pattern", after) is None
                yield PlanChange(codes[is_dropped], "", "", name)


def _modes(old: TrackingPlan, new: TrackingPlan) -> Iterator[PlanChange]:
    for code in dict.fromkeys((DEFAULT_MODE, *old.modes, *new.modes)):
        before, after = (plan.mode_of(code, OWN_MODES.get(code, "warn")) for plan in (old, new))
        if before != after:
            is_harder = _SEVERITY.index(after) > _SEVERITY.index(before) and after in _HARD
            yield PlanChange("mode-hardened" if is_harder else "mode-changed", "", "", f"{code}: {before}, now {after}")


def _views(kind: str, old: tuple[PlannedCall, ...] | None, new: tuple[PlannedCall, ...] | None) -> Iterator[PlanChange]:
    if old is None or new is None:
        if old is not new:
            yield PlanChange("pages-limited" if old is None else "pages-free", f"all {kind}s")
        return
    before, after = {call.name: call for call in old}, {call.name: call for call in new}
    for name in dict.fromkeys((*before, *after)):
        words = f"{kind} {name}"
        if name not in after:
            yield PlanChange("page-removed", words)
        elif name not in before:
            yield PlanChange("page-added", words)
        else:
            yield from _calls(before[name], after[name], words)


def _events(old: TrackingPlan, new: TrackingPlan) -> Iterator[PlanChange]:
    names = dict.fromkeys((*(event.name for event in old.events), *(event.name for event in new.events)))
    renamed = {name: alias for name in names if not new.versions_of(name) and (alias := new.alias_of(name)) is not None}
    for name in names:
        before, after = old.versions_of(name), new.versions_of(name)
        if not before:
            if name not in renamed.values():
                yield PlanChange("event-added", name)
        elif after:
            yield from _versions(name, before, after)
        elif name in renamed:
            yield PlanChange("event-renamed", name, "", renamed[name])
            is_merged = bool(old.versions_of(renamed[name]))
            words = f"{name} (now {renamed[name]})" if is_merged else renamed[name]
            yield from _versions(words, before, new.versions_of(renamed[name]), renamed_from=name)
        else:
            yield PlanChange(_removed(before, "event"), name)


def _removed(calls: Iterable[PlannedCall], what: str) -> str:
    """Return the code of what is gone."""
    statuses = {call.status for call in calls}
    if statuses == {"planned"}:
        return f"unsent-{what}-removed" if what == "event" else f"deprecated-{what}-removed"
    return f"deprecated-{what}-removed" if "active" not in statuses else f"{what}-removed"


def _versions(
    name: str, old: tuple[PlannedCall, ...], new: tuple[PlannedCall, ...], renamed_from: str | None = None
) -> Iterator[PlanChange]:
    """Compare the versions of an event: those of one number, then those that are gone with the new ones in order."""
    by_version = {event.version: event for event in new}
    added = [event for event in new if event.version not in {each.version for each in old}]
    for event in old:
        words = name if len(old) == len(new) == 1 else f"{name}, version {event.version}"
        if event.version in by_version:
            yield from _calls(event, by_version[event.version], words, renamed_from)
        elif added:
            after = added.pop(0)
            yield PlanChange("version-replaced", name, "", f"{event.version}, now {after.version}")
            yield from _calls(event, after, words, renamed_from)
        else:
            yield PlanChange(_removed([event], "version"), words)
    for event in added:
        yield PlanChange("version-added", f"{name}, version {event.version}")


def _calls(old: PlannedCall, new: PlannedCall, words: str, renamed_from: str | None = None) -> Iterator[PlanChange]:
    """Compare two calls of one name."""
    yield from changes_of(standalone(old), standalone(new), words)
    yield from changes_of(old.envelope, new.envelope, words, "message")
    for alias in new.aliases:
        if alias not in old.aliases and alias != renamed_from:
            yield PlanChange("alias-added", words, "", alias)
    for alias in old.aliases:
        if alias not in new.aliases and alias != new.name:
            yield PlanChange("alias-removed", words, "", alias)
    if old.timestamp_required != new.timestamp_required:
        yield PlanChange("timestamp-required" if new.timestamp_required else "timestamp-optional", words)
    for name in _KEYS:
        if getattr(old, name) != getattr(new, name):
            yield PlanChange("key-changed", words, "", f"{name}: {getattr(old, name)}, now {getattr(new, name)}")
    if old.status != new.status:
        yield PlanChange("status-changed", words, "", f"{old.status}, now {new.status}")
    changed = [name for name in _NOTES if getattr(old, name) != getattr(new, name)]
    if changed:
        yield PlanChange("note-changed", words, "", ", ".join(changed))
