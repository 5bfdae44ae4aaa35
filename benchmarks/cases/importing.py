"""How long the import takes, and the first client and call."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

from benchmarks.bench import Bench
from benchmarks.case import Budget, Outcome, Table, case
from benchmarks.statistics import ratios, spread

_MODULES = {"ours": "pipelines_client", "upstream": "segment.analytics"}
_STEPS = ("import", "first client", "first call")
_TIMES = 5
_CODE = """
import json, os, sys, time
begin = time.thread_time()
import {module} as analytics
imported = time.thread_time()
client = analytics.Client("write-key", host="http://127.0.0.1:9", **json.loads(sys.argv[1]))
made = time.thread_time()
client.track("user-42", "Order Completed", {{"total": 42.5}})
print(json.dumps([(at - begin) * 1000 for at in (imported, made, time.thread_time())]), flush=True)
os._exit(0)  # nothing answers at that port, so no exit waits for it
"""


@case(
    "importing",
    title="Import",
    about="""
`import pipelines_client` beside `import segment.analytics`, each in a new process: the CPU time of its main thread
without the start of Python itself. The rest of our package, and upstream's, is imported with the first client: the
second row is the time until there is one, the third until its first call has returned, with our spool on disk.
""",
)
def measure(bench: Bench) -> Outcome:
    """CPU time until the import, the first client and the first call are done, in new processes."""
    outcome = Outcome()
    for label in bench.turns(list(_MODULES)):
        for _ in range(min(_TIMES, bench.pairs)):
            with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
                given = {"state_dir": folder} if label == "ours" else {}
                command = [sys.executable, "-c", _CODE.format(module=_MODULES[label]), json.dumps(given)]
                printed = subprocess.run(command, capture_output=True, text=True, check=True)
            for step, value in zip(_STEPS, json.loads(printed.stdout), strict=True):
                outcome.add(f"{label}: {step}, ms", value)
    rows = []
    for step in _STEPS:
        ours, theirs = (outcome.figures[f"{label}: {step}, ms"] for label in _MODULES)
        rows.append([step, spread(ours), spread(theirs), spread(ratios(ours, theirs))])
    outcome.tables.append(Table("", ["until", "ours, ms", "upstream, ms", "ratio"], rows))
    ours, theirs = (outcome.figures[f"{label}: import, ms"] for label in _MODULES)
    outcome.budgets.append(Budget("`import pipelines_client`", "`import segment.analytics`", 0.5, ratios(ours, theirs)))
    return outcome
