"""The page and the JSON beside it. Renders what the cases found; computes nothing but medians."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import orjson

from benchmarks.case import Budget, Case, Outcome, Table
from benchmarks.plots import draw
from benchmarks.statistics import median, spread

PAGE = "performance.md"
DATA = "performance.json"
PLOTS = "performance"
_PACKAGES = ("segment-analytics-python", "orjson", "urllib3", "requests", "flask", "gunicorn")

_HEAD = """# Performance

What pipelines_client costs, beside segment-analytics-python {upstream}, the client that it replaces and that keeps
nothing on disk. This page and [its figures]({data}) are written by

```bash
make bench
```

which took {took} on the machine below. The figures are of one run there; yours are others, so read the ratios.

## The budgets

What we hold ourselves to. *Ratio* is ours to the other's: the median of all pairs, and in brackets the smallest and
the largest.

{budgets}

Where the time goes, what was tried for those that are not met, and what it would take:
[profiles](../benchmarks/profiles/README.md).

## How it was measured

- **One run, in turns.** Both clients run on the same machine, in turns, {pairs} pairs for each ratio unless its section
  says another number; in every other round in the reverse order. Figures are medians, with the smallest and the
  largest in brackets.
- **The whole process.** Each run is a process of its own. CPU is user and system time of all its threads, from before
  the first call until after the last delivery; imports and the making of the client come before. Memory is the most
  that was resident.
- **A cheap server.** A process of its own on the same machine reads each request and counts its messages. A run in
  which one is missing is no run: the benchmark fails. There is no TLS, on either side.
- **As their users use them.** `Client(write_key, host=…)` with all defaults; ours with a state directory on the local
  disk. One exception: upstream's queue drops what is beyond 10,000 messages, which is cheap. So it gets a
  `max_queue_size` that holds all messages of the run.
- **Parity is something else**: a command, whose other side is a floor and no client. Its section says how.

## What it does not promise

- The ratios are those of this machine, this Python and these versions.
- A server on the same machine shares its caches and cores: a slower network hides CPU, it does not add any.
- *Durable* is on disk as a kill of the process cannot undo. Nothing here waits for the disk itself (`fsync`).
- Where messages are made by many threads at once, Python's lock decides more than either client does.

## The machine

{machine}
"""


def write(folder: Path, outcomes: Mapping[str, tuple[Case, Outcome]], *, took_s: float, pairs: int) -> Path:
    """Write page, figures and plots; return the page."""
    plots = folder / PLOTS
    plots.mkdir(parents=True, exist_ok=True)
    facts = machine()
    parts = [
        _HEAD.format(
            upstream=importlib.metadata.version("segment-analytics-python"),
            data=DATA,
            took=f"{took_s / 60:.0f} minutes" if took_s >= 90 else f"{took_s:.0f} seconds",  # noqa: PLR2004
            budgets=budget_table([budget for _, outcome in outcomes.values() for budget in outcome.budgets]),
            pairs=pairs,
            machine=_markdown(["", ""], [[name, str(value)] for name, value in facts.items()]),
        )
    ]
    for case, outcome in outcomes.values():
        parts.append(section(case, outcome))
        for plot in outcome.plots:
            draw(plot, plots)
    (folder / PAGE).write_text("\n".join(parts), "utf-8")
    data = {"machine": facts, "took_s": round(took_s), "pairs": pairs, "cases": _data(outcomes)}
    (folder / DATA).write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2) + b"\n")
    return folder / PAGE


def budget_table(budgets: Sequence[Budget]) -> str:
    """Return the table of the budgets."""
    rows = [
        [
            budget.what,
            budget.against,
            f"{budget.at_most:g}{budget.unit}",
            f"{spread(budget.values)}{budget.unit}",
            "met" if budget.is_met else "**not met**",
        ]
        for budget in budgets
    ]
    return _markdown(["what", "against", "at most", "ratio", ""], rows) if rows else "None of these cases has one."


def section(case: Case, outcome: Outcome) -> str:
    """Return what the page says of a case."""
    parts = [f"## {case.title}", case.about]
    parts += [(f"**{table.title}**\n\n" if table.title else "") + _table(table) for table in outcome.tables]
    parts += [f"![{plot.title}]({PLOTS}/{plot.name}.svg)" for plot in outcome.plots]
    return "\n\n".join(parts) + "\n"


def machine() -> dict[str, str]:
    """Describe what the figures were taken on."""
    cpu = next((line for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    memory = next((line for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0 0 kB")
    return {
        "processor": f"{cpu.partition(': ')[2] or platform.machine()}, {os.cpu_count()} cores",
        "memory": f"{int(memory.split()[1]) / (1 << 20):.0f} GiB",
        "system": platform.platform(terse=True),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        **{name: importlib.metadata.version(name) for name in _PACKAGES},
        "load when it began": f"{_LOAD:.2f}",
        "date": datetime.now(timezone.utc).date().isoformat(),
        "command": "make bench" if not sys.argv[1:] else f"python -m benchmarks {' '.join(sys.argv[1:])}",
    }


def _lines(path: str) -> list[str]:
    found = Path(path)
    return found.read_text("utf-8").splitlines() if found.exists() else []


def _data(outcomes: Mapping[str, tuple[Case, Outcome]]) -> dict[str, Any]:
    return {
        name: {
            "title": case.title,
            "figures": {
                figure: [float(f"{value:.6g}") for value in values] for figure, values in outcome.figures.items()
            },
            "budgets": [
                {
                    "what": budget.what,
                    "against": budget.against,
                    "at_most": budget.at_most,
                    "ratio": float(f"{median(budget.values):.4g}"),
                    "is_met": budget.is_met,
                    "pairs": [float(f"{value:.6g}") for value in budget.values],
                }
                for budget in outcome.budgets
            ],
        }
        for name, (case, outcome) in outcomes.items()
    }


def _table(table: Table) -> str:
    return _markdown(table.columns, table.rows)


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] + ["---:" if len(columns) > 2 else "---"] * (len(columns) - 1), *rows]  # noqa: PLR2004
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_LOAD = os.getloadavg()[0]
