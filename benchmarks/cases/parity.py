"""What a parity report costs end to end, compared with its floor and with other tools."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import parity
from benchmarks.bench import Bench
from benchmarks.case import Budget, Outcome, Table, case
from benchmarks.exports import ONE_IN, make
from benchmarks.statistics import ratios, spread

_MESSAGES = 1_000_000
_ROUNDS = 3
_FEW = 100_000
_FEW_ROUNDS = 2
_SMALL = {1_000: ("seconds", 0.65), 10_000: ("CPU, s", 1.0)}
"""Messages a side of reports that are nearly all start, and the most of one figure."""

_FLOOR = "the floor: unpack and parse on all cores"
_OURS = "pipelines-client parity"
_AGAIN = "the same again, from its cache"
_OTHERS = {"a script in pandas": parity.pandas, "datacompy": parity.datacompy}
_FIGURES = ("seconds", "CPU, s", "peak, MB")


@case(
    "parity",
    title="Parity, end to end",
    about="""
Two exports of the same messages as .jsonl.gz, eight files a side, 1.2 to 1.4 kB a line. At each side one message in a
thousand is missing; one in a thousand differs, and one in a thousand is a duplicate. A run that does not find exactly
these fails the benchmark. *The floor* reads the same files with one process for each core, unpacks them, parses each
line and forgets it. Seconds and CPU are those of the whole command with all its processes; memory is what they hold
together, sampled twenty times a second. A million messages a side would take too long for seven pairs, so there are
three.

A thousand and ten thousand messages a side show what a small report costs: nearly all of it is the start.

pandas and datacompy hold both sides in memory, so they get fewer messages; with fewer messages the start of a process
weighs more in every ratio. They also do less: ours checks ids, times, names, identities and the type of each property,
and writes a report with causes and places. The script in pandas joins the ids and compares the properties as sorted
JSON; datacompy does the same with a frame of these two columns.
""",
)
def measure(bench: Bench) -> Outcome:
    """Time, CPU and memory of the floor, ours and the others."""
    outcome, compared = Outcome(), parity.versions()
    many, few = bench.scaled(_MESSAGES, least=2 * ONE_IN), bench.scaled(_FEW, least=ONE_IN)
    title = _run(bench, outcome, many, [_FLOOR, _OURS], _ROUNDS)
    _run(bench, outcome, few, [_FLOOR, _OURS, *_OTHERS], _FEW_ROUNDS)
    seconds = _ratios(outcome, _OURS, many)
    memory = outcome.figures[_name(_OURS, many, "peak, MB")]
    what = f"parity of twice {many:,} messages"
    outcome.budgets += [
        Budget(f"{what}, seconds", "unpack and parse the same files on all cores", 1.8, seconds),
        Budget(f"{what}, peak memory", "a fixed limit", 500, memory, " MB"),
    ]
    measured = {many, few}  # in a smoke run all small reports are of one size
    for count, (figure, at_most) in _SMALL.items():
        small = bench.scaled(count, least=ONE_IN)
        if small not in measured:
            _run(bench, outcome, small, [_FLOOR, _OURS], bench.pairs)
            measured.add(small)
        figures = outcome.figures[_name(_OURS, small, figure)]
        outcome.budgets.append(
            Budget(f"parity of twice {small:,} messages, {figure}", "a fixed limit", at_most, figures)
        )
    rows = [_row(outcome, label, many) for label in (_FLOOR, _OURS, _AGAIN)]
    rows += [_row(outcome, label, few) for label in (_FLOOR, _OURS, _AGAIN, *_OTHERS)]
    sizes = sorted({bench.scaled(count, least=ONE_IN) for count in _SMALL} - {few}, reverse=True)
    rows += [_row(outcome, label, count) for count in sizes for label in (_FLOOR, _OURS, _AGAIN)]
    outcome.tables.append(
        Table(f"{title}; {compared}", ["what", "messages a side", *_FIGURES, "seconds to the floor's"], rows)
    )
    return outcome


def _run(bench: Bench, outcome: Outcome, count: int, labels: list[str], rounds: int) -> str:
    """Measure each tool over `count` messages, in turns; return the size of the exports."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        data = make(Path(name), count)
        for number, label in enumerate(bench.turns(labels, rounds)):
            cache = Path(name, f"cache-{number}")
            if label == _OURS:
                _note(outcome, _OURS, count, parity.ours(data, cache=cache))
                _note(outcome, _AGAIN, count, parity.ours(data, cache=cache))
            else:
                _note(outcome, label, count, {**_OTHERS, _FLOOR: parity.floor}[label](data))
        return f"{data.bytes_raw / 1e6:,.0f} MB in files of {data.bytes_packed / 1e6:,.0f} MB for {count:,} messages"


def _note(outcome: Outcome, label: str, count: int, run: parity.Measured) -> None:
    for figure, value in zip(_FIGURES, (run.seconds, run.cpu_s, run.peak_mb), strict=True):
        outcome.add(_name(label, count, figure), value)


def _row(outcome: Outcome, label: str, count: int) -> list[str]:
    figures = [spread(outcome.figures[_name(label, count, figure)]) for figure in _FIGURES]
    return [label, f"{count:,}", *figures, spread(_ratios(outcome, label, count))]


def _ratios(outcome: Outcome, label: str, count: int) -> list[float]:
    ours, floor = (outcome.figures[_name(what, count, "seconds")] for what in (label, _FLOOR))
    return ratios(ours, floor)


def _name(label: str, count: int, figure: str) -> str:
    return f"{label}, {count:,}: {figure}"
