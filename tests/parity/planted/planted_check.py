"""Plants a fault into the world of a seed, runs parity, and says in which points the report falls short."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from random import Random
from typing import TYPE_CHECKING, Any

from planted_faults import ALL, Expected, Fault
from planted_world import FORMS, HOUR, TABLES_OF_SEGMENT, World, make_world

from pipelines_client.parity import ParityOptions, ParityReport, run_parity
from pipelines_client.parity.render import render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_BY_CHANCE = ("loose_ids",)
"""Classes that the chance of a world may bring: one in which nearly all people are identified, and one is not."""


def falls_short(fault: Fault, seed: int, folder: Path, **options: Any) -> list[str]:
    """Return what the report says otherwise than it should, of a fault planted at random."""
    chance = Random(f"{fault.name} {seed}")
    world, side = _choose(fault, chance)
    expected = fault.plant(world, side)
    paths, replay = world.write(folder), folder / "replay.jsonl"
    now = datetime.fromtimestamp((world.end + 30 * HOUR) / 1000, timezone.utc)
    given = ParityOptions(**{"processes": 1, "replay_list": replay, **world.options, **options})
    report = run_parity(paths, given, now=now)
    replayed = len(replay.read_text().splitlines()) if replay.exists() else 0
    forms = {name: world.forms[name] for name in world.sides}
    where = f"{fault.name}, seed {seed}, at {side} of {world.sources} {forms}"
    return [f"{where}: {what}" for what in _differences(report, expected, replayed)]


def _choose(fault: Fault, chance: Random) -> tuple[World, str]:
    """Choose sources, a side among them, and the layout of each."""
    able = [sources for sources in fault.sources if set(sources) & set(fault.sides)]
    sources = chance.choice(able)
    side = chance.choice([side for side in fault.sides if side in sources])
    forms = {}
    for each in FORMS:
        allowed = ((fault.forms if each == side else fault.same) or FORMS).get(each) or FORMS[each]
        is_compared = set(sources) == set(ALL)  # a warehouse shows no payload, so two others have to
        forms[each] = chance.choice([form for form in allowed if is_compared or form not in TABLES_OF_SEGMENT])
    return make_world(chance, sources, forms), side


def _differences(report: ParityReport, expected: Expected, replayed: int) -> Iterator[str]:
    said = f"{report.headline} {report.advice}"
    if report.verdict.value not in expected.verdict:
        yield f"verdict {report.verdict.value}, expected {' or '.join(expected.verdict)}: {said}"
    failing = {gate.name for gate in report.gates if gate.result != "passed"}
    if not set(expected.gates) <= failing:
        yield f"gates {sorted(failing)}, expected {expected.gates}"
    others = [name for name in failing - set(expected.gates) if not name.startswith(expected.may or "\0")]
    if others:
        yield f"gates {sorted(others)} do not pass"
    unsaid = [pattern for pattern in expected.says if not re.search(pattern, said)]
    if unsaid:
        yield f"nothing of {unsaid} in: {said}"
    text = " ".join(render(report, "text").split())
    if hidden := [pattern for pattern in expected.shows if not re.search(pattern, text)]:
        yield f"nothing of {hidden} in the text"
    notes = " ".join(note for source in report.sources.values() for note in source.notes)
    if not re.search(expected.notes, notes):
        yield f"no note of {expected.notes}"
    yield from _counts(report, expected, replayed)


def _counts(report: ParityReport, expected: Expected, replayed: int) -> Iterator[str]:
    found = {each.name: each.count for each in report.classes if each.count}
    kept = {
        name: count
        for name, count in found.items()
        if name in expected.classes or name not in (*expected.also, *_BY_CHANCE)
    }
    if kept != expected.classes:
        yield f"classes {found}, expected {expected.classes}"
    missing = {side: count for side, count in report.totals.missing.items() if count is not None}
    if expected.missing is not None and missing != expected.missing:
        yield f"missing {missing}, expected {expected.missing}"
    if expected.drift is not None and report.totals.drift != expected.drift:
        yield f"drift {report.totals.drift}, expected {expected.drift}"
    differs = {row.dimension: row.different for row in report.compared_dimensions if row.different}
    if not expected.differs.items() <= differs.items():
        yield f"dimensions {differs}, expected {expected.differs}"
    if expected.replay is not None and replayed != expected.replay:
        yield f"{replayed} to replay, expected {expected.replay}"
