"""Writes the page and its JSON file from the outcomes of the cases; computes only medians."""

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

What pipelines_client costs, compared with segment-analytics-python {upstream}, the client that it replaces and that
keeps nothing on disk. This page and [its figures]({data}) are written by

```bash
make bench
```

which took {took} on the machine below. The figures are from one run on that machine; yours will differ, so read the
ratios.

## The budgets

The limits that we hold ourselves to. *Ratio* is our figure divided by the other's: the median of all pairs, and in
brackets the smallest and the largest.

{budgets}

Where the time goes, what was tried for the budgets that are not met, and what it would take:
[profiles](../benchmarks/profiles/README.md).

## How it was measured

- **In turns.** Both clients run on the same machine and take turns, {pairs} pairs for each ratio unless a section gives
  another number; every other round runs in reverse order. Figures are medians, with the smallest and the largest in
  brackets.
- **The whole process.** Each run is a separate process. CPU is user and system time of all its threads, from before
  the first call until after the last delivery; imports and the making of the client come before. Memory is the
  highest resident size.
- **A cheap server.** A separate process on the same machine reads each request and counts its messages. If a message
  is missing, the benchmark fails. There is no TLS, on either side.
- **With defaults.** `Client(write_key, host=…)` with all defaults; ours with a state directory on the local disk. One
  exception: upstream's queue drops messages beyond 10,000, which is cheap. So it gets a `max_queue_size` that holds
  all messages of the run.
- **Parity is a command**: it is compared with a floor, not with a client. Its section says how.

## What it does not promise

- The ratios hold for this machine, this Python and these versions.
- A server on the same machine shares its caches and cores: a slower network hides CPU, it does not add any.
- *Durable* means on disk in a way that killing the process cannot undo. Nothing here waits for the disk itself
  (`fsync`).
- When many threads make messages at once, Python's lock decides more than either client does.

## The machine

{machine}
"""


def write(folder: Path, outcomes: Mapping[str, tuple[Case, Outcome]], *, took_s: float, pairs: int) -> Path:
    """Write page, figures and plots; return the page."""
    plots = folder / PLOTS
    plots.mkdir(parents=True, exist_ok=True)
    facts = machine()
    sections = [
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
        sections.append(section(case, outcome))
        for plot in outcome.plots:
            draw(plot, plots)
    (folder / PAGE).write_text("\n".join(sections), "utf-8")
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
    return _markdown(["what", "against", "at most", "ratio", ""], rows) if rows else "None of these cases has a budget."


def section(case: Case, outcome: Outcome) -> str:
    """Return a case's section of the page."""
    blocks = [f"## {case.title}", case.about]
    blocks += [(f"**{table.title}**\n\n" if table.title else "") + _table(table) for table in outcome.tables]
    blocks += [f"![{plot.title}]({PLOTS}/{plot.name}.svg)" for plot in outcome.plots]
    return "\n\n".join(blocks) + "\n"


def machine() -> dict[str, str]:
    """Describe the machine and the versions that the figures come from."""
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
    file = Path(path)
    return file.read_text("utf-8").splitlines() if file.exists() else []


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
