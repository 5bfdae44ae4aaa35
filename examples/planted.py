"""What a scenario planted beside what a parity report found, fault by fault. Reads two JSON files' contents; no I/O."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

SIDES = {"segment": "Segment", "customerio": "Customer.io"}
KINDS = ("missing", "doubled", "drift type", "drift value", "drift null", "drift missing key", "renamed", "identity")
_SPOILING = ("swallowed", "changed", "renamed", "identity")  # a doubled message is there, and right


@dataclass(frozen=True, order=True)
class Fault:
    """A class of faults: its kind (one of `KINDS`), what it befell, and at which side."""

    kind: str
    what: str
    side: str


@dataclass(frozen=True)
class Row:
    """One class of faults, planted and found."""

    fault: Fault
    planted: int
    found: int

    @property
    def is_agreed(self) -> bool:
        """Whether the report found just what was planted."""
        return self.planted == self.found


def compare(planted: dict[str, Any], report: dict[str, Any]) -> list[Row]:
    """Put both side by side; what only one of them knows has a 0 at the other.

    Args:
        planted: `planted.json`, which the sandbox writes.
        report: `report.json`, which `pipelines-client parity` writes.

    Returns:
        A row for each class of faults, one for each side without any, and last the messages with nothing wrong.
    """
    there, found = planted_faults(planted), found_faults(report)
    faults = sorted({*there, *found}, key=lambda fault: (KINDS.index(fault.kind), -there[fault], fault))
    rows = [Row(fault, there[fault], found[fault]) for fault in faults]
    untouched = [name for name in SIDES.values() if all(fault.side != name for fault in faults)]
    rows += [Row(Fault("any of these", "any message", name), 0, 0) for name in untouched]
    totals = report["totals"]
    spoiled = sum(fault["kind"] in _SPOILING for fault in planted["planted"])
    fine = totals["ledger"]["messages"] - spoiled
    return [*rows, Row(Fault("nothing", "all other messages", "both"), fine, totals["matched"])]


def planted_faults(planted: dict[str, Any]) -> Counter[Fault]:
    """Count what the sandbox planted."""
    return Counter(_planted(fault["kind"], fault["detail"], SIDES[fault["api"]]) for fault in planted["planted"])


def _planted(kind: str, detail: dict[str, Any], side: str) -> Fault:
    if kind == "swallowed":
        return Fault("missing", detail["event"], side)
    if kind == "changed":
        return Fault(_drift(detail["kind"]), detail["path"], side)
    if kind == "renamed":
        return Fault("renamed", f"{detail['from']} → {detail['to']}", side)
    return Fault(kind, detail["event"], side)


def found_faults(report: dict[str, Any]) -> Counter[Fault]:
    """Count what the report found."""
    found: Counter[Fault] = Counter()
    for row in report["events"]:
        for side, count in row["missing"].items():
            found[Fault("missing", row["event"], SIDES[side])] += count
    for row in report["duplicates"]["rows"]:
        found[Fault("doubled", row["event"], SIDES[row["side"]])] += row["count"]
    for row in report["drift_by_path"]:
        for side, count in row["sides"].items():
            found[Fault(_drift(row["kind"]), row["path"], SIDES.get(side, side))] += count
    for row in report["renamed"]["rows"]:
        for side, name in SIDES.items():
            if row[side] not in (None, row["ledger"]):
                found[Fault("renamed", f"{row['ledger']} → {row[side]}", name)] += row["count"]
    for row in report["identity"]["rows"]:
        found[Fault("identity", row["event"], SIDES.get(row["side"], row["side"]))] += 1
    return +found


def _drift(kind: str) -> str:
    return f"drift {kind.replace('_', ' ')}"
