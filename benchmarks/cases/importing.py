"""How long the import takes."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.bench import Bench
from benchmarks.case import Budget, Outcome, Table, case
from benchmarks.statistics import ratios, spread

_MODULES = {"ours": "pipelines_client", "upstream": "segment.analytics"}
_TIMES = 5
_CODE = "import time; at = time.perf_counter(); import {}; print((time.perf_counter() - at) * 1000)"


@case(
    "importing",
    title="Import",
    about="""
`import pipelines_client` beside `import segment.analytics`, each in a new process, without the start of Python
itself. The rest of our package is imported with the first client.
""",
)
def measure(bench: Bench) -> Outcome:
    """Time of the import in new processes."""
    outcome = Outcome()
    for label in bench.turns(list(_MODULES)):
        for _ in range(min(_TIMES, bench.pairs)):
            command = [sys.executable, "-c", _CODE.format(_MODULES[label])]
            printed = subprocess.run(command, capture_output=True, text=True, check=True)
            outcome.add(f"{label}: import, ms", float(printed.stdout))
    ours, theirs = (outcome.figures[f"{label}: import, ms"] for label in _MODULES)
    shares = ratios(ours, theirs)
    outcome.tables.append(
        Table(
            "",
            ["", "ours, ms", "upstream, ms", "ratio"],
            [["import", spread(ours), spread(theirs), spread(shares)]],
        )
    )
    outcome.budgets.append(Budget("`import pipelines_client`", "`import segment.analytics`", 1.25, shares))
    return outcome
