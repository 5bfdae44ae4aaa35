"""Takes what rules and noise explain out of the counts, and says how much that was. Pure.

A message counts as drift if any of its differences does. It is *expected* if a rule explains all of them, and *noise*
if what no rule explains does not exceed the baseline's own noise. An absence is expected if a rule explains it. Only
pairs that were opened can be explained: what differs beyond `MAX_PAIRS` counts as drift.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.parity.differences.expected import WHOLE_PAYLOAD, Known, first_of
from pipelines_client.parity.differences.noise import DriftPath, judge_noise
from pipelines_client.parity.judgement.causes import EXPECTED, EXPLAINABLE, LOSSES, PROVEN, UNRECORDED
from pipelines_client.parity.model import ExpectedRow, Noise, Side
from pipelines_client.parity.questions.coverage_rows import ABSENT_DAYS
from pipelines_client.parity.questions.rows import (
    ABSENCE_GROUPS,
    EVENTS,
    HOURS,
    MISSING_BY_CAUSE,
    SAMPLES,
    TOTALS,
    AbsenceGroupsRow,
    Answers,
    MissingByCauseRow,
)
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from pipelines_client.parity.differences.reopen import DriftResult, OpenedPair, Signature, Spot
    from pipelines_client.parity.questions.related import ByWriter
    from pipelines_client.parity.questions.rows import R, ReplayListRow, SamplesRow

_EVENTS_NAMED = 5


@dataclass(frozen=True, slots=True)
class BaselineDrift:
    """A leg compared with itself: what differed in how many messages, and what the second archive lacks."""

    side: Side
    path: str
    compared: int
    drift: int
    result: DriftResult
    gaps: tuple[str, ...] = ()


@dataclass(slots=True)
class PathDrift:
    """How often one path differs in one way."""

    count: int = 0
    sides: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)

    def top_events(self) -> tuple[str, ...]:
        """Name the events that differ most."""
        return tuple(sorted(self.events, key=lambda name: (-self.events[name], name))[:_EVENTS_NAMED])


@dataclass(slots=True)
class Explained:
    """The answers without what is explained, and what that was.

    `paths` is the drift that is left; `unproven` counts those of its messages that may be noise, by event and side; an
    empty side counts each of them once. `samples` pairs a message that differs with why it does not count as drift
    (`expected`, `noise`), or with an empty text.
    """

    answers: Answers
    paths: dict[DriftPath, PathDrift] = field(default_factory=dict)
    expected: tuple[ExpectedRow, ...] = ()
    noise: Noise | None = None
    expected_drift: int = 0
    noise_drift: int = 0
    unproven: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: tuple[tuple[OpenedPair, str], ...] = ()


class _Less:
    """How much to take out of the answers, by the key of a row and its column."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter()
        self.events: dict[Hashable, Counter[str]] = defaultdict(Counter)
        self.hours: dict[Hashable, Counter[str]] = defaultdict(Counter)
        self.absent_days: dict[Hashable, Counter[str]] = defaultdict(Counter)
        self.missing: Counter[MissingByCauseRow] = Counter()  # rows of count 0; less than 0 is more

    def of(self, answers: Answers) -> Answers:
        """Return the answers without what was explained."""
        total, *_ = answers[TOTALS]
        changed: Answers = Answers(answers)
        changed[TOTALS] = [_lower(total, self.total)]
        changed[EVENTS] = [_lower(row, self.events.get((row.event, row.type, row.day))) for row in answers[EVENTS]]
        changed[HOURS] = [_lower(row, self.hours.get((row.side, row.hour))) for row in answers[HOURS]]
        days = (_lower(row, self.absent_days.get((row.side, row.day, row.cause))) for row in answers[ABSENT_DAYS])
        changed[ABSENT_DAYS] = [row for row in days if row.count]
        counts = Counter({row._replace(count=0): row.count for row in answers[MISSING_BY_CAUSE]})
        counts.subtract(self.missing)
        changed[MISSING_BY_CAUSE] = sorted(row._replace(count=count) for row, count in counts.items() if count)
        return changed


class _Match(NamedTuple):
    """The rule in force that explains something, if one does, and the name of the rule that counts it."""

    rule: Known | None
    counted_by: str = ""


def explain(
    answers: Answers, drift: DriftResult, known: tuple[Known, ...], baseline: BaselineDrift | None
) -> Explained:
    """Return the answers without what the rules, in their order, and noise explain; `answers` are not changed."""
    counts: Counter[str] = Counter()
    _count_builtin(answers[MISSING_BY_CAUSE], counts)
    less = _Less()
    _explain_absences(answers, known, counts, less)
    left = {signature: _unexplained(signature, known, counts, times) for signature, times in drift.signatures.items()}
    explained = Explained(answers, noise=_noise(left, drift, answers, baseline, known))
    results: dict[DriftPath, str] = (
        {(row.path, row.kind): row.result for row in explained.noise.rows} if explained.noise else {}
    )
    reasons = {
        signature: _sort(signature, spots, drift.signatures[signature], results, explained)
        for signature, spots in left.items()
    }
    _take_out_drift(less, drift.signatures, reasons)
    explained.answers = less.of(answers)
    explained.answers[SAMPLES] = [_explain_sample(row, known) for row in answers[SAMPLES]]
    if baseline is not None:
        explained.unproven += _not_opened(answers, drift)
    explained.samples = tuple((pair, reasons[pair.signature]) for pair in drift.samples)
    explained.expected = tuple(rule.row.model_copy(update={"count": counts[rule.row.name]}) for rule in known)
    return explained


def _not_opened(answers: Answers, drift: DriftResult) -> Counter[tuple[str, str]]:
    """Count the pairs that differ and were not opened, as `Explained.unproven` does."""
    left: Counter[tuple[str, str]] = Counter()
    for row in answers[EVENTS]:
        left.update({(row.event, ""): row.drift})
        left.update({(row.event, side): getattr(row, f"drift_{side}") for side in SIDES})
    for signature, times in drift.signatures.items():
        left.subtract({(signature.event, side): times for side in ("", *sides_of(signature))})
    return +left


def unexplained(rows: Iterable[ReplayListRow], known: tuple[Known, ...]) -> Iterator[ReplayListRow]:
    """Leave out of the answer to `replay_list` what a rule explains: a replay would not bring it either."""
    return (row for row in rows if _match(known, row.side, row.cause, row.event or row.type, row).rule is None)


def _unexplained(signature: Signature, known: Iterable[Known], counts: Counter[str], times: int) -> frozenset[Spot]:
    """Return the differences that no rule explains, and count the messages of each rule."""
    explained, names = set(), set()
    for spot in signature.spots:
        rules = (rule for rule in known if rule.explains_drift(spot.path, spot.kind, signature.event, spot.builtin))
        rule, expired = first_of(rules)
        if rule is not None:
            explained.add(spot)
        names |= {one.row.name for one in (rule or expired,) if one is not None}
    counts.update(dict.fromkeys(names, times))
    return signature.spots - explained


def _noise(
    left: Mapping[Signature, frozenset[Spot]],
    drift: DriftResult,
    answers: Answers,
    baseline: BaselineDrift | None,
    known: Iterable[Known],
) -> Noise | None:
    if baseline is None:
        return None
    own = {
        signature: _unexplained(signature, known, Counter(), times)
        for signature, times in baseline.result.signatures.items()
    }
    counts, total = _by_path(left, drift.signatures), answers[TOTALS][0]
    compared, noise = dict.fromkeys(counts, total.paired), _by_path(own, baseline.result.signatures)
    if _WHOLE in counts:  # they have the ledger's hash only: any difference of the leg from itself may be all there is
        compared[_WHOLE] = max(total.compared - total.paired, counts[_WHOLE])
        sides = {signature.side for signature, spots in left.items() if _WHOLE in _paths(spots)}
        noise[_WHOLE] = baseline.result.signatures.total() if sides == {baseline.side} else 0
    return Noise(
        side=baseline.side,
        path=baseline.path,
        compared=total.paired,
        baseline_compared=baseline.compared,
        rows=judge_noise(counts, compared, noise, baseline.compared),
        gaps=baseline.gaps,
    )


_WHOLE: DriftPath = (WHOLE_PAYLOAD, "value")


def _paths(spots: Iterable[Spot]) -> set[DriftPath]:
    return {(spot.path, spot.kind) for spot in spots}


def _by_path(left: Mapping[Signature, frozenset[Spot]], times: Counter[Signature]) -> Counter[DriftPath]:
    counts: Counter[DriftPath] = Counter()
    for signature, spots in left.items():
        for path in _paths(spots):
            counts[path] += times[signature]
    return counts


def _sort(
    signature: Signature, spots: frozenset[Spot], times: int, results: Mapping[DriftPath, str], explained: Explained
) -> str:
    """Count messages that are alike where they belong; return why they are not drift, or an empty text."""
    if not spots:
        explained.expected_drift += times
        return "expected"
    here = {path: results.get(path, "drift") for path in _paths(spots)}
    drifting = [path for path, result in here.items() if result != "noise"]
    if not drifting:
        explained.noise_drift += times
        return "noise"
    if all(here[path] == "unproven" for path in drifting):
        explained.unproven.update({(signature.event, side): times for side in ("", *sides_of(signature))})
    for path in drifting:
        entry = explained.paths.setdefault(path, PathDrift())
        entry.count += times
        entry.sides[signature.side] += times
        entry.events[signature.event] += times
    return ""


def _take_out_drift(less: _Less, times: Counter[Signature], reasons: Mapping[Signature, str]) -> None:
    for signature, reason in reasons.items():
        if reason:
            count = times[signature]
            less.total["drift"] += count
            event = less.events[signature.event, signature.type, signature.day]
            event["drift"] += count
            for side in sides_of(signature):
                event[f"drift_{side}"] += count
            if not signature.is_faulty:
                event.update(dict.fromkeys(("bad", *(f"bad_{side}" for side in sides_of(signature))), count))


def sides_of(signature: Signature) -> tuple[str, ...]:
    """Return the sides whose payload differs: both if no ledger says which of them does."""
    return (signature.side,) if signature.side in SIDES else SIDES


def _explain_absences(answers: Answers, known: tuple[Known, ...], counts: Counter[str], less: _Less) -> None:
    for group in answers.get(ABSENCE_GROUPS, []):
        causes = {"segment": group.segment_cause, "customerio": group.customerio_cause}
        matches = {side: _match(known, side, causes[side], group.event, group) for side in SIDES}
        for side, match in matches.items():
            if match.counted_by:
                counts[match.counted_by] += group.count
            if match.rule is not None:
                _take_out_absences(less, side, group, match.rule.row.name)
        is_lost = any(causes[side] in LOSSES and matches[side].rule is None for side in SIDES)
        if not is_lost and not group.is_faulty and any(match.rule is not None for match in matches.values()):
            less.events[group.event, group.type, group.day]["bad"] += group.count


def _take_out_absences(less: _Less, side: str, group: AbsenceGroupsRow, rule: str) -> None:
    """Count absences as expected instead, with the rule's name for a reason."""
    cause, reason, times = getattr(group, f"{side}_cause"), getattr(group, f"{side}_reason"), group.count
    event = less.events[group.event, group.type, group.day]
    if cause in LOSSES:
        event[f"missing_{side}"] += times
        event[f"bad_{side}"] += times
        less.hours[side, group.hour].update(messages=times, lost=times)
    else:
        event[f"hidden_{side}"] += times
    event[f"proven_{side}"] += times if cause in PROVEN else 0
    event[f"foreign_{side}"] += times if cause in UNRECORDED else 0
    less.absent_days[side, group.day, cause]["count"] += times
    less.missing[MissingByCauseRow(side, cause, reason, group.type, 0)] += times
    less.missing[MissingByCauseRow(side, EXPECTED.name, rule, group.type, 0)] -= times


def _explain_sample(row: SamplesRow, known: tuple[Known, ...]) -> SamplesRow:
    rule = _match(known, row.side, row.cause, row.event, row).rule if row.kind == "missing" else None
    return row if rule is None else row._replace(cause=EXPECTED.name)


def _match(known: tuple[Known, ...], side: str, cause: str, event: str, writer: ByWriter) -> _Match:
    """Return what explains an absence; an expired rule only counts it."""
    if cause not in EXPLAINABLE:
        return _Match(None)
    rule, expired = first_of(rule for rule in known if rule.explains_absence(side, event, writer))
    counting = rule or expired
    return _Match(rule, "" if counting is None else counting.row.name)


def _lower(row: R, less: Counter[str] | None) -> R:
    """Return a row whose columns are less."""
    if not less:
        return row
    lowered: R = row._replace(**{name: getattr(row, name) - count for name, count in less.items()})  # type: ignore[attr-defined]
    return lowered


def _count_builtin(rows: Iterable[MissingByCauseRow], counts: Counter[str]) -> None:
    """Count what the question on absences itself takes for expected, by the built-in rule for it."""
    for row in rows:
        if row.cause == EXPECTED.name:
            counts["alias" if row.type == "alias" else "groupid_only"] += row.count
