"""`make bench`: run all cases and write the page with its figures. `--smoke` runs them small and only checks."""

from __future__ import annotations

import argparse
import compileall
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import report
from benchmarks.bench import Bench
from benchmarks.case import Case, Outcome
from benchmarks.cases import CASES
from benchmarks.server import Server
from benchmarks.statistics import BrokenError

_ROOT = Path(__file__).parents[1]
_PAIRS = 5
_QUICK = (0.1, 3)
_SMOKE = (0.002, 1)
"""Scale and pairs of the runs that do not write the page in docs/."""


def main() -> int:
    """Return 1 if a figure is broken. Slow figures are not an error."""
    given = _arguments()
    scale, pairs = _SMOKE if given.smoke else _QUICK if given.quick else (1.0, _PAIRS)
    chosen = [case for case in CASES if not given.cases or case.name in given.cases]
    unknown = sorted(set(given.cases) - {case.name for case in chosen})
    if unknown:
        print(f"unknown case: {', '.join(unknown)}; choose from {', '.join(case.name for case in CASES)}")
        return 2
    begin = time.monotonic()
    # As pip does when it installs: a checkout without bytecode takes time in each process that no user's takes.
    compileall.compile_dir(_ROOT / "pipelines_client", quiet=1)
    with Server() as server, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        outcomes = run(chosen, Bench(server, Path(folder), scale=scale, pairs=pairs))
    if len(outcomes) < len(chosen):
        return 1
    took_s = time.monotonic() - begin
    is_whole = not (given.smoke or given.quick or given.cases)
    with tempfile.TemporaryDirectory() as nowhere:
        out = Path(nowhere) if given.smoke else _ROOT / "docs" if is_whole else _ROOT / "bench-out"
        page = report.write(out, outcomes, took_s=took_s, pairs=pairs)
        if given.smoke:
            print(f"{len(outcomes)} cases, no broken figure, {took_s:.0f} s")
        else:
            print(page.read_text("utf-8"), f"written to {page}", sep="\n")
    return 0


def run(cases: list[Case], bench: Bench) -> dict[str, tuple[Case, Outcome]]:
    """Run the cases and return the outcomes that are not broken; print which are."""
    outcomes = {}
    for case in cases:
        begin = time.monotonic()
        print(f"{case.name} …", end=" ", file=sys.stderr, flush=True)
        try:
            outcome = case.run(bench)
            outcome.check()
        except BrokenError as error:
            print(f"BROKEN: {error}", file=sys.stderr)
            continue
        outcomes[case.name] = case, outcome
        print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr)
    return outcomes


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", help="run only these; the page goes to bench-out/")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the messages and three pairs; the page goes to bench-out/"
    )
    parser.add_argument("--smoke", action="store_true", help="the smallest run that shows whether a figure is broken")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
