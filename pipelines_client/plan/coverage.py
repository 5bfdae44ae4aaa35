"""Compares what was sent with a plan, both ways: what is not planned, what is planned and not sent, what is wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from pipelines_client.keywords import nearest
from pipelines_client.plan.check import CheckedPlan, JudgedCall, Violation
from pipelines_client.plan.model import NAME_FIELDS, PlannedCall, TrackingPlan, payload_name

_KINDS: Final = frozenset(("track", "identify", "group", "page", "screen", "alias"))
_NOT_LISTED: Final = frozenset(("unknown-event", "unknown-page"))
"""Rules whose findings are the list of unplanned names."""
_ASKED_FIRST: Final = ("track", "identify", "group")
_MOST_NAMES: Final = 10_000
_MOST_RELEASES: Final = 1_000
_MOST_PAIRS: Final = 50_000
_Found: TypeAlias = tuple[str, str, str, str, str]
"""A kind of violation: kind and name of the call, code, path and hint."""
NO_RELEASE: Final = ""
"""Stands for messages whose `context.app.version` is missing."""


class SentName(NamedTuple):
    """A name that was sent: how often, and how many of these messages are not as planned."""

    kind: str
    name: str
    messages: int
    violating: int


class UnplannedName(NamedTuple):
    """A name that was sent and is not in the plan, with the planned name that it may stand for."""

    kind: str
    name: str
    messages: int
    nearest: str | None
    releases: Mapping[str, int]


class ViolationRow(NamedTuple):
    """One kind of violation of one event: how many messages have it, by release, and where the first of them lies."""

    kind: str
    name: str
    code: str
    path: str
    hint: str
    messages: int
    releases: Mapping[str, int]
    example: str


class ReleaseRow(NamedTuple):
    """What a release of the application sent: `context.app.version`."""

    release: str
    messages: int
    violating: int
    unplanned: int


@dataclass(frozen=True)
class CoverageReport:
    """What was sent against what is planned.

    Args:
        messages: How many messages were looked at.
        unreadable: How many lines could not be read.
        not_shown: How many messages have a name, a release or a kind of violation that the report has no room for.
        planned: How many events the plan has, those that are deprecated or not yet sent left out.
        sent: Names that were sent and are planned, or about which the plan does not ask, the most frequent first.
        unplanned: Names that were sent and are not planned.
        unused: Events that are planned as active and were not sent.
        violations: What is wrong, the most frequent first.
        releases: By release, in the order of their names.
    """

    messages: int
    unreadable: int
    not_shown: int
    planned: int
    sent: tuple[SentName, ...]
    unplanned: tuple[UnplannedName, ...]
    unused: tuple[str, ...]
    violations: tuple[ViolationRow, ...]
    releases: tuple[ReleaseRow, ...]

    @property
    def is_as_planned(self) -> bool:
        """Whether no message that could be read is unplanned or has a violation."""
        return not self.unplanned and not self.violations

    @property
    def is_conclusive(self) -> bool:
        """Whether there were messages, and all of them could be read and listed."""
        return bool(self.messages) and not self.unreadable and not self.not_shown


class PlanCoverage:
    """Takes messages one by one, and keeps counts of them and no value.

    Example:
        ```python
        coverage = PlanCoverage(CheckedPlan(plan))
        for call in calls:
            coverage.add(call)
        coverage.report().unused  # ("Cart Emptied",)
        ```
    """

    def __init__(self, checked: CheckedPlan) -> None:
        self._checked = checked
        self._messages = self._unreadable = self._not_shown = 0
        self._sent: Counter[tuple[str, str]] = Counter()
        self._violating: Counter[tuple[str, str]] = Counter()
        self._unplanned: Counter[tuple[str, str]] = Counter()
        self._used: set[tuple[str, int | str]] = set()
        self._found: Counter[_Found] = Counter()
        self._examples: dict[_Found, str] = {}
        self._releases: dict[str, Counter[str]] = {}
        self._by_release: Counter[tuple[tuple[str, ...], str]] = Counter()

    def skip(self) -> None:
        """Count a line that could not be read."""
        self._unreadable += 1

    def add(self, call: Mapping[str, Any], place: str = "") -> None:
        """Look at a message.

        Args:
            call: Its fields by their names on the wire.
            place: Where it lies, such as `archive.gz:12`, for the report.
        """
        kind = call.get("type")
        if not isinstance(kind, str) or kind not in _KINDS:
            self.skip()
            return
        self._messages += 1
        judged = self._judged({"userId": None, "anonymousId": None, **call})
        name = _name_of(judged.call)
        is_unplanned = judged.planned is None and not self._checked.allows_others(kind)
        key, release = (kind, name), _release_of(call)
        is_shown = self._has_room(key)
        if is_shown and is_unplanned:
            self._unplanned[key] += 1
            is_shown = self._note_release(key, release)
        elif is_shown:
            self._sent[key] += 1
        if judged.planned is not None:
            self._used.add((judged.planned.name, judged.planned.version))
        violations = [each for each in judged.violations if not is_unplanned or each.code not in _NOT_LISTED]
        is_shown &= self._note(key, violations, place, release)
        is_shown &= self._count_release(release, is_violating=bool(violations), is_unplanned=is_unplanned)
        self._not_shown += not is_shown

    def _judged(self, call: dict[str, Any]) -> JudgedCall:
        """Return what the plan says of a call; most are clean, and the cheap question tells."""
        kind, event = call["type"], call.get("event")
        versions = self._checked.plan.versions_of(event) if isinstance(event, str) and kind == "track" else ()
        is_one = kind in _ASKED_FIRST and len(versions) < 2  # noqa: PLR2004 - else the call says which version it has
        if is_one and isinstance(payload := call.get(payload_name(kind)), dict):
            try:
                if self._checked.is_clean(kind, call, payload):
                    return JudgedCall(call, planned=versions[0] if versions else None)
            except (LookupError, TypeError, ValueError):  # not a call as the client makes them
                pass
        try:
            return self._checked.judge(call)
        except (TypeError, UnicodeError):  # half of a character, which no JSON text can have
            return self._checked.judge(_whole_characters(call))

    def _has_room(self, key: tuple[str, str]) -> bool:
        return key in self._sent or key in self._unplanned or len(self._sent) + len(self._unplanned) < _MOST_NAMES

    def _note(self, key: tuple[str, str], violations: Sequence[Violation], place: str, release: str) -> bool:
        """Count violations; return whether the report has room for all of them."""
        self._violating[key] += bool(violations)
        is_shown = True
        for each in violations:
            row = (*key, each.code, each.path, each.hint)
            has_room = row in self._found or len(self._found) < _MOST_NAMES
            if has_room:
                self._found[row] += 1
                self._examples.setdefault(row, place)
            is_shown &= has_room and self._note_release(row, release)
        return is_shown

    def _note_release(self, row: tuple[str, ...], release: str) -> bool:
        has_room = (row, release) in self._by_release or len(self._by_release) < _MOST_PAIRS
        if has_room:
            self._by_release[row, release] += 1
        return has_room

    def _count_release(self, release: str, *, is_violating: bool, is_unplanned: bool) -> bool:
        if release not in self._releases and len(self._releases) >= _MOST_RELEASES:
            return False
        counts = self._releases.setdefault(release, Counter())
        counts["messages"] += 1
        counts["violating"] += is_violating
        counts["unplanned"] += is_unplanned
        return True

    def report(self) -> CoverageReport:
        """Return what was found so far."""
        plan = self._checked.plan
        names = sorted({each.name for each in plan.events})
        releases: dict[tuple[str, ...], dict[str, int]] = {}
        for (row, release), count in sorted(self._by_release.items()):
            releases.setdefault(row, {})[release] = count
        active = [each for each in plan.events if each.status == "active"]
        return CoverageReport(
            messages=self._messages,
            unreadable=self._unreadable,
            not_shown=self._not_shown,
            planned=len(active),
            sent=tuple(
                SentName(kind, name, count, self._violating[kind, name]) for (kind, name), count in _ranked(self._sent)
            ),
            unplanned=tuple(
                UnplannedName(
                    kind,
                    name,
                    count,
                    nearest(name, names) if kind == "track" else None,
                    releases.get((kind, name), {}),
                )
                for (kind, name), count in _ranked(self._unplanned)
            ),
            unused=tuple(_label(each, plan) for each in active if (each.name, each.version) not in self._used),
            violations=tuple(self._violation(row, count, releases.get(row, {})) for row, count in _ranked(self._found)),
            releases=tuple(self._release_rows()),
        )

    def _violation(self, row: _Found, count: int, releases: Mapping[str, int]) -> ViolationRow:
        kind, name, code, path, hint = row
        return ViolationRow(kind, name, code, path, hint, count, releases, self._examples[row])

    def _release_rows(self) -> Iterator[ReleaseRow]:
        for release, counts in sorted(self._releases.items()):
            yield ReleaseRow(release, counts["messages"], counts["violating"], counts["unplanned"])


def _whole_characters(call: dict[str, Any]) -> dict[str, Any]:
    """Return a call as a reader gets it that puts a question mark in place of half a character."""
    whole: dict[str, Any] = json.loads(json.dumps(call, ensure_ascii=False, default=str).encode("utf-8", "replace"))
    return whole


def _ranked(counts: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _label(event: PlannedCall, plan: TrackingPlan) -> str:
    return f"{event.name}@{event.version}" if len(plan.versions_of(event.name)) > 1 else event.name


def _name_of(call: Mapping[str, Any]) -> str:
    field = NAME_FIELDS.get(str(call.get("type")))
    name = None if field is None else call.get(field)
    return name if isinstance(name, str) else ""


def _release_of(call: Mapping[str, Any]) -> str:
    context = call.get("context")
    app = context.get("app") if isinstance(context, Mapping) else None
    version = app.get("version") if isinstance(app, Mapping) else None
    return str(version) if isinstance(version, str | int | float) else NO_RELEASE
