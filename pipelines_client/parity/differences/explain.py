"""Takes what is expected, and what is noise, out of the counts, and says how much that was. Pure.

A drifted message is drift if any of its differences is. It is *expected* if a rule explains all of them, and *noise* if
what no rule explains is no more than the baseline's own. An absence is expected if a rule explains it. Only pairs that
were opened can be explained: beyond `MAX_PAIRS` what differs counts as drift.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pipelines_client.parity.differences.expected import Known, first_of
from pipelines_client.parity.differences.noise import judge_noise
from pipelines_client.parity.judgement.causes import EXPECTED, EXPLAINABLE, LOSSES, PROVEN
from pipelines_client.parity.model import ExpectedRow, Noise
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from pipelines_client.parity.differences.reopen import DriftFound, OpenedPair, Signature, Spot

Row = dict[str, Any]
Answers = dict[str, list[Row]]
Path = tuple[str, str]

_EVENTS_NAMED = 5
_CHANGED = ("totals", "events", "hours", "missing_by_cause", "absent_days", "samples")


@dataclass(frozen=True, slots=True)
class Baseline:
    """A leg compared with itself: what differed in how many messages."""

    side: Literal["segment", "customerio"]
    path: str
    compared: int
    drift: int
    found: DriftFound


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
class Excused:
    """The answers without what is explained, and what that was.

    `paths` is the drift that is left; `unproven` are those of its messages that may be noise. `samples` pairs a drifted
    message with the cause for which it is none (`expected`, `noise`), or an empty text.
    """

    answers: Answers
    paths: dict[Path, PathDrift] = field(default_factory=dict)
    expected: tuple[ExpectedRow, ...] = ()
    noise: Noise | None = None
    expected_drift: int = 0
    noise_drift: int = 0
    unproven: int = 0
    samples: tuple[tuple[OpenedPair, str], ...] = ()


def excuse(answers: Answers, drift: DriftFound, known: tuple[Known, ...], baseline: Baseline | None) -> Excused:
    """Return the answers without what rules and noise explain.

    Args:
        answers: By question; they are left as they are.
        drift: What opening the pairs brought.
        known: The rules, in order.
        baseline: A leg compared with itself, if that was asked.
    """
    counts: Counter[str] = Counter()
    _count_ours(answers["missing_by_cause"], counts)
    excused = Excused(answers | {name: [dict(row) for row in answers[name]] for name in _CHANGED})
    _excuse_absences(excused.answers, known, counts)
    left = {signature: _unexplained(signature, known, counts, times) for signature, times in drift.signatures.items()}
    total = excused.answers["totals"][0]
    excused.noise = _noise(left, drift, total, baseline, known)
    quiet: dict[Path, str] = {(row.path, row.kind): row.result for row in excused.noise.rows} if excused.noise else {}
    causes = {
        signature: _sort(signature, spots, drift.signatures[signature], quiet, excused)
        for signature, spots in left.items()
    }
    _take_out(excused.answers, drift.signatures, causes)
    if baseline is not None:
        excused.unproven += max(0, answers["totals"][0]["drift"] - drift.examined)
    excused.samples = tuple((pair, causes[pair.signature]) for pair in drift.samples)
    excused.expected = tuple(rule.row.model_copy(update={"count": counts[rule.row.name]}) for rule in known)
    return excused


def unexplained(rows: Iterable[Row], known: tuple[Known, ...]) -> Iterator[Row]:
    """Leave out what a rule explains of the answer to `replay_list`: a replay would not bring it either."""
    for row in rows:
        group = {f"{row['side']}_cause": row["cause"], "event": row["event"] or row["type"], "count": 1}
        if not _rule_of(known, row["side"], group, Counter()):
            yield row


def _unexplained(signature: Signature, known: Iterable[Known], counts: Counter[str], times: int) -> frozenset[Spot]:
    """Return the differences that no rule explains, and count the messages of each rule."""
    explained, names = set(), set()
    for spot in signature.spots:
        told = (rule for rule in known if rule.explains_drift(spot.path, spot.kind, signature.event, spot.builtin))
        rule, expired = first_of(told)
        if rule is not None:
            explained.add(spot)
        names |= {found.row.name for found in (rule or expired,) if found is not None}
    counts.update(dict.fromkeys(names, times))
    return signature.spots - explained


def _noise(
    left: Mapping[Signature, frozenset[Spot]],
    drift: DriftFound,
    total: Row,
    baseline: Baseline | None,
    known: Iterable[Known],
) -> Noise | None:
    if baseline is None:
        return None
    own = {
        signature: _unexplained(signature, known, Counter(), times)
        for signature, times in baseline.found.signatures.items()
    }
    rows = judge_noise(
        _by_path(left, drift.signatures), total["paired"], _by_path(own, baseline.found.signatures), baseline.compared
    )
    return Noise(
        side=baseline.side,
        path=baseline.path,
        compared=total["paired"],
        baseline_compared=baseline.compared,
        rows=rows,
    )


def _by_path(left: Mapping[Signature, frozenset[Spot]], times: Counter[Signature]) -> Counter[Path]:
    found: Counter[Path] = Counter()
    for signature, spots in left.items():
        for path in {(spot.path, spot.kind) for spot in spots}:
            found[path] += times[signature]
    return found


def _sort(signature: Signature, spots: frozenset[Spot], times: int, quiet: Mapping[Path, str], excused: Excused) -> str:
    """Count messages that are alike where they belong; return why they are no drift, or an empty text."""
    if not spots:
        excused.expected_drift += times
        return "expected"
    results = {path: quiet.get(path, "drift") for path in {(spot.path, spot.kind) for spot in spots}}
    drifting = [path for path, result in results.items() if result != "noise"]
    if not drifting:
        excused.noise_drift += times
        return "noise"
    if all(results[path] == "unproven" for path in drifting):
        excused.unproven += times
    for path in drifting:
        entry = excused.paths.setdefault(path, PathDrift())
        entry.count += times
        entry.sides[signature.side] += times
        entry.events[signature.event] += times
    return ""


def _take_out(answers: Answers, times: Counter[Signature], causes: Mapping[Signature, str]) -> None:
    events, total = _index(answers["events"]), answers["totals"][0]
    for signature, cause in causes.items():
        if cause:
            row = events[signature.event, signature.type, signature.day]
            total["drift"] -= times[signature]
            row["drift"] -= times[signature]
            row["bad"] -= 0 if signature.is_faulty else times[signature]


def _excuse_absences(answers: Answers, known: tuple[Known, ...], counts: Counter[str]) -> None:
    events = _index(answers["events"])
    hours = {(row["side"], row["hour"]): row for row in answers["hours"]}
    for group in answers.pop("absence_groups", []):
        names = {side: _rule_of(known, side, group, counts) for side in SIDES}
        row = events[group["event"], group["type"], group["day"]]
        for side, name in names.items():
            if name:
                cause, times = group[f"{side}_cause"], group["count"]
                row[f"missing_{side}"] -= times
                row[f"proven_{side}"] -= times if cause in PROVEN else 0
                hours[side, group["hour"]]["messages"] -= times
                hours[side, group["hour"]]["lost"] -= times
                _move(answers["missing_by_cause"], side, group, name)
                _lower(answers["absent_days"], times, side=side, day=group["day"], cause=cause)
        lost = any(group[f"{side}_cause"] in LOSSES and not names[side] for side in SIDES)
        if any(names.values()) and not lost and not group["is_faulty"]:
            row["bad"] -= group["count"]
    answers["missing_by_cause"].sort(key=lambda row: (row["side"], row["cause"], row["reason"], row["type"]))
    for sample in answers["samples"]:
        if sample["class"] == "missing" and _rule_of(
            known, sample["side"], sample | {f"{sample['side']}_cause": sample["cause"], "count": 0}, Counter()
        ):
            sample["cause"] = EXPECTED.name


def _rule_of(known: tuple[Known, ...], side: str, group: Row, counts: Counter[str]) -> str:
    """Name the rule in force that explains an absence; empty for none."""
    if group[f"{side}_cause"] not in EXPLAINABLE:
        return ""
    rule, expired = first_of(rule for rule in known if rule.explains_absence(side, group["event"]))
    told = rule or expired
    if told is not None:
        counts[told.row.name] += group["count"]
    return rule.row.name if rule is not None else ""


def _move(rows: list[Row], side: str, group: Row, name: str) -> None:
    """Count absences as expected instead, with the rule's name for a reason."""
    times, kind = group["count"], group["type"]
    _lower(rows, times, side=side, cause=group[f"{side}_cause"], reason=group[f"{side}_reason"], type=kind)
    named = {"side": side, "cause": EXPECTED.name, "reason": name, "type": kind}
    found = next((row for row in rows if row.items() >= named.items()), None)
    if found is None:
        rows.append(named | {"count": times})
    else:
        found["count"] += times


def _lower(rows: list[Row], times: int, **named: str) -> None:
    for row in rows:
        if row.items() >= named.items():
            row["count"] -= times
    rows[:] = [row for row in rows if row["count"]]


def _count_ours(rows: Iterable[Row], counts: Counter[str]) -> None:
    """Count what the question on absences itself took for expected, by our rule for it."""
    for row in rows:
        if row["cause"] == EXPECTED.name:
            counts["alias" if row["type"] == "alias" else "groupid_only"] += row["count"]


def _index(events: Iterable[Row]) -> dict[tuple[str, str, str], Row]:
    return {(row["event"], row["type"], row["day"]): row for row in events}
