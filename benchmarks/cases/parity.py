"""What a parity report costs end to end, compared with its floor and with other tools."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks import parity
from benchmarks.bench import Bench
from benchmarks.case import Budget, Line, Outcome, Plot, Table, case
from benchmarks.exports import ONE_IN, make
from benchmarks.statistics import median, ratios, spread

_ROUNDS = {1_000_000: 2, 300_000: 2, 100_000: 2, 10_000: 3, 1_000: 5}
"""How often floor and ours take turns, by messages a side."""
_MOST_OF_OTHERS = 300_000
_AGAINST_FLOOR = {1_000_000: 1.8, 300_000: 2.0, 100_000: 3.0}
_FIXED = (
    (1_000_000, "peak, MB", 500, " MB"),
    (10_000, "CPU, s", 1.0, " s"),
    (1_000, "seconds", 0.65, " s"),
)
"""Budgets: of the floor's seconds, and fixed ones of a figure."""

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
together, sampled twenty times a second. A million messages a side would take too long for many pairs, so there are
two; small reports, whose seconds differ more, have up to five.

A thousand and ten thousand messages a side show what a small report costs: nearly all of it is the start.

pandas and datacompy hold both sides in memory and take long, so they run once at each size and get at most 300,000
messages; with fewer messages the start of a process weighs more in every ratio. They also do less: ours checks ids,
times, names, identities and the type of each property, and writes a report with causes and places. The script in pandas
joins the ids and compares the properties as sorted JSON; datacompy does the same with a frame of these two columns.
""",
)
def measure(bench: Bench) -> Outcome:
    """Time, CPU and memory of the floor, ours and the others, by messages a side."""
    outcome, compared = Outcome(), parity.versions()
    actual = {count: bench.scaled(count, least=ONE_IN) for count in _ROUNDS}
    sizes = {size: count for count, size in actual.items()}  # in a smoke run small reports are all of one size
    labels = {size: [_FLOOR, _OURS, *(_OTHERS if full <= _MOST_OF_OTHERS else ())] for size, full in sizes.items()}
    titles = [_run(bench, outcome, size, labels[size], _ROUNDS[full]) for size, full in sizes.items()]
    outcome.budgets += [
        Budget(
            f"parity of twice {actual[count]:,} messages, seconds",
            "unpack and parse the same files on all cores",
            at_most,
            _ratios(outcome, _OURS, actual[count]),
        )
        for count, at_most in _AGAINST_FLOOR.items()
    ]
    outcome.budgets += [
        Budget(
            f"parity of twice {actual[count]:,} messages, {figure}",
            "a fixed limit",
            at_most,
            outcome.figures[_name(_OURS, actual[count], figure)],
            unit,
        )
        for count, figure, at_most, unit in _FIXED
    ]
    rows = [_row(outcome, label, size) for size in sizes for label in _with_cache(labels[size])]
    columns = ["what", "messages a side", *_FIGURES, "seconds to the floor's"]
    outcome.tables.append(Table(f"{titles[0]}; {compared}", columns, rows))
    outcome.plots.append(_plot(outcome, labels))
    return outcome


def _with_cache(labels: list[str]) -> list[str]:
    return [_FLOOR, _OURS, _AGAIN, *(label for label in labels if label in _OTHERS)]


def _plot(outcome: Outcome, labels: dict[int, list[str]]) -> Plot:
    lines = []
    for label in (_OURS, _FLOOR, *_OTHERS):
        sizes = sorted(size for size, those in labels.items() if label in those)
        lines.append(Line(label, sizes, [median(outcome.figures[_name(label, size, "seconds")]) for size in sizes]))
    title = "Seconds of parity against the messages of a side"
    return Plot("parity", title, "messages a side", "seconds", lines, is_log_x=True, is_log_y=True)


def _run(bench: Bench, outcome: Outcome, count: int, labels: list[str], rounds: int) -> str:
    """Measure each tool over `count` messages, in turns, the others once; return the size of the exports."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        data = make(Path(name), count)
        for label in labels:
            if label in _OTHERS:
                _note(outcome, label, count, _OTHERS[label](data))
        for number, label in enumerate(bench.turns([_FLOOR, _OURS], rounds)):
            if label == _FLOOR:
                _note(outcome, _FLOOR, count, parity.floor(data))
                continue
            cache = Path(name, f"cache-{number}")
            _note(outcome, _OURS, count, parity.ours(data, cache=cache))
            _note(outcome, _AGAIN, count, parity.ours(data, cache=cache))
            shutil.rmtree(cache)
        return f"{data.bytes_raw / 1e6:,.0f} MB in files of {data.bytes_packed / 1e6:,.0f} MB for {count:,} messages"


def _note(outcome: Outcome, label: str, count: int, run: parity.Measured) -> None:
    for figure, value in zip(_FIGURES, (run.seconds, run.cpu_s, run.peak_mb), strict=True):
        outcome.add(_name(label, count, figure), value)


def _row(outcome: Outcome, label: str, count: int) -> list[str]:
    figures = [spread(outcome.figures[_name(label, count, figure)]) for figure in _FIGURES]
    return [label, f"{count:,}", *figures, spread(_ratios(outcome, label, count))]


def _ratios(outcome: Outcome, label: str, count: int) -> list[float]:
    """Return the ratios of the pairs; another tool, which ran once, is compared with the floor's median."""
    ours, floor = (outcome.figures[_name(what, count, "seconds")] for what in (label, _FLOOR))
    return ratios(ours, floor if label not in _OTHERS else [median(floor)])


def _name(label: str, count: int, figure: str) -> str:
    return f"{label}, {count:,}: {figure}"
