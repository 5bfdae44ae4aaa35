"""Compare the faults that a scenario planted with those that a parity report shows. Does no I/O."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

SIDES = {"segment": "Segment", "customerio": "Customer.io"}
KINDS = ("missing", "duplicate", "drift type", "drift value", "drift null", "drift missing key", "renamed", "identity")
_SPOILING = ("swallowed", "changed", "renamed", "identity")  # a duplicate leaves a message intact


@dataclass(frozen=True, order=True)
class Fault:
    """A class of faults: its kind (one of `KINDS`), the event or path, and the side."""

    kind: str
    what: str
    side: str


@dataclass(frozen=True)
class Row:
    """One class of faults, and how often it was planted and reported."""

    fault: Fault
    planted: int
    reported: int

    @property
    def is_agreed(self) -> bool:
        """Whether the report shows exactly the planted faults."""
        return self.planted == self.reported


def compare(planted: dict[str, Any], report: dict[str, Any]) -> list[Row]:
    """Return planted and reported faults side by side, with 0 where one of them has none.

    Args:
        planted: `planted.json`, which the sandbox writes.
        report: `report.json`, which `pipelines-client parity` writes.

    Returns:
        A row for each class of faults, a row for each side without faults, and a last row for messages without faults.
    """
    there, reported = planted_faults(planted), reported_faults(report)
    faults = sorted({*there, *reported}, key=lambda fault: (KINDS.index(fault.kind), -there[fault], fault))
    rows = [Row(fault, there[fault], reported[fault]) for fault in faults]
    untouched = [name for name in SIDES.values() if all(fault.side != name for fault in faults)]
    rows += [Row(Fault("any planted fault", "any message", name), 0, 0) for name in untouched]
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
    return Fault({"doubled": "duplicate"}.get(kind, kind), detail["event"], side)


def reported_faults(report: dict[str, Any]) -> Counter[Fault]:
    """Count the faults in the report."""
    reported: Counter[Fault] = Counter()
    for row in report["events"]:
        for side, count in row["missing"].items():
            reported[Fault("missing", row["event"], SIDES[side])] += count
    for row in report["duplicates"]["rows"]:
        reported[Fault("duplicate", row["event"], SIDES[row["side"]])] += row["count"]
    for row in report["drift_by_path"]:
        for side, count in row["sides"].items():
            reported[Fault(_drift(row["kind"]), row["path"], SIDES.get(side, side))] += count
    for row in report["renamed"]["rows"]:
        for side, name in SIDES.items():
            if row[side] not in (None, row["ledger"]):
                reported[Fault("renamed", f"{row['ledger']} → {row[side]}", name)] += row["count"]
    for row in report["identity"]["rows"]:
        reported[Fault("identity", row["event"], SIDES.get(row["side"], row["side"]))] += 1
    return +reported


def _drift(kind: str) -> str:
    return f"drift {kind.replace('_', ' ')}"
