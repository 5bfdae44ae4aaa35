"""Changes the modules that judge, one small change at a time, and lists the changes that no test notices.

    make mutate                       all of `MODULES`
    make mutate MODULES="gates loss"  some

Each change runs in a child that is forked when the libraries are loaded already. It runs the tests that pass through
the changed line, the fastest first, and stops at the first that fails. Nothing is written to the package.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from _pytest.runner import runtestprotocol
from mutants import Mutant, mutants_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
JUDGEMENT, DIFFERENCES = "parity/judgement/", "parity/differences/"
IN_JUDGEMENT = "parity/judgement/test_"
GATES = tuple(f"{IN_JUDGEMENT}{name}.py" for name in ("gates", "gate_words", "dimensions", "populations"))
SENDING, CUTOVER = "delivery/sending/", "cutover/"
STAGES = ("cutover/test_gates.py", "cutover/test_schedule.py", "cutover/test_overview.py", "cutover/test_actions.py")
ANSWERS = ("destinations/test_base.py", "destinations/test_registry.py", "destinations/test_redaction.py")
EFFECTS, ROUTES = "effects/", "effects/routes/"
BY_HAND = tuple(f"{ROUTES}test_{name}.py" for name in ("segment_destination", "data_pipelines"))
MODULES = {
    f"{JUDGEMENT}evidence.py": GATES,
    f"{JUDGEMENT}gates.py": GATES,
    f"{JUDGEMENT}gate_kind.py": GATES,
    f"{JUDGEMENT}dimensions.py": GATES,
    f"{JUDGEMENT}dimension_gates.py": GATES,
    f"{JUDGEMENT}relations.py": (f"{IN_JUDGEMENT}who_belongs.py",),
    f"{JUDGEMENT}team_gates.py": (f"{IN_JUDGEMENT}team_gates.py",),
    f"{JUDGEMENT}bounds.py": (f"{IN_JUDGEMENT}bounds.py",),
    f"{JUDGEMENT}readiness.py": (f"{IN_JUDGEMENT}readiness.py",),
    f"{JUDGEMENT}runs.py": (f"{IN_JUDGEMENT}runs.py",),
    f"{JUDGEMENT}coverage.py": tuple(f"{IN_JUDGEMENT}{name}.py" for name in ("coverage_limits", "coverage")),
    f"{JUDGEMENT}loss.py": (f"{IN_JUDGEMENT}loss.py",),
    f"{DIFFERENCES}noise.py": ("parity/differences/test_noise.py",),
    f"{DIFFERENCES}expected.py": (f"{DIFFERENCES}test_rules_apply.py",),
    f"{SENDING}pace.py": ("delivery/sending/test_pace.py",),
    f"{SENDING}refusals.py": ("delivery/sending/test_refusals.py",),
    "delivery/admission.py": ("delivery/test_admission.py",),
    "delivery/spool/cursors.py": ("delivery/spool/test_cursors.py", "delivery/spool/test_spool.py"),
    "destinations/base.py": ANSWERS,
    "destinations/answers.py": ANSWERS,
    "destinations/segment.py": ANSWERS,
    "destinations/customerio.py": ANSWERS,
    "routing/plan.py": ("routing/test_plan.py", "cutover/test_rollback.py"),
    "routing/cohorts.py": ("routing/test_cohorts.py",),
    f"{CUTOVER}gates.py": STAGES,
    f"{CUTOVER}rollback.py": ("cutover/test_rollback.py",),
    f"{CUTOVER}schedule.py": ("cutover/test_schedule.py",),
    f"{CUTOVER}overview.py": (*STAGES, "cli/test_cutover.py"),
    f"{CUTOVER}double_delivery.py": ("cutover/test_double_delivery.py",),
    f"{CUTOVER}change.py": ("cutover/test_change.py",),
    f"{CUTOVER}journal.py": ("cutover/test_journal.py", "cutover/test_schedule.py"),
    f"{CUTOVER}actions.py": ("cutover/test_actions.py", "cli/test_cutover.py"),
    f"{EFFECTS}dates.py": ("effects/test_dates.py", *BY_HAND),
    f"{EFFECTS}javascript.py": (*BY_HAND, "effects/test_settings.py", "effects/test_compare.py"),
    f"{EFFECTS}compare.py": ("effects/test_compare.py", "effects/test_examination.py"),
    f"{EFFECTS}report.py": ("effects/test_examination.py", "effects/test_render.py"),
    f"{EFFECTS}tally.py": ("effects/test_examination.py",),
    f"{EFFECTS}settings.py": ("effects/test_settings.py",),
    f"{ROUTES}segment_destination.py": (*BY_HAND, "effects/test_settings.py"),
    f"{ROUTES}segment_mapping.py": (*BY_HAND, "effects/test_settings.py"),
    f"{ROUTES}data_pipelines.py": BY_HAND,
}
"""The modules, and the tests that should notice a change."""

COMPARES = "compare"
"""The fixture of the tests that run a whole comparison, whose engine has threads that a forked child has not."""

BUDGET_S = 3.0
"""The most CPU time that the tests of one change take: the fastest that pass through it."""

TIMEOUT_S = 120
WORKERS = int(os.environ.get("WORKERS", "2"))
PRELOADED = (
    "rich",
    "jinja2",
    "sqlglot",
    "duckdb",
    "pipelines_client.cli.app",
    "pipelines_client.parity.run",
)


Place = tuple[str, int]
"""A file and a line of it; line 0 stands for any line."""


class Mutation:
    """Takes the place of a pytest session's loop: runs the tests once, then those of each mutant in a child."""

    def __init__(self, modules: list[ModuleType]) -> None:
        self.files = {str(module.__file__): module for module in modules}
        self.mutants = {file: list(mutants_of(Path(file).read_text("utf-8"))) for file in self.files}
        self.lived: dict[str, list[Mutant]] = {file: [] for file in self.files}
        self._seen: set[Place] = set()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Find the changes that no test notices; a change that makes a test run on and on is noticed."""
        by_line = self._tests_by_line([item for item in session.items if COMPARES not in item.fixturenames])
        running: dict[int, tuple[str, Mutant, float]] = {}
        for file, mutant in ((file, mutant) for file, mutants in self.mutants.items() for mutant in mutants):
            tests = by_line[file, mutant.line if mutant.name is None else 0]
            if not tests:
                self.lived[file].append(mutant)
                continue
            running[self._start(self.files[file], mutant, tests)] = (file, mutant, time.monotonic() + TIMEOUT_S)
            self._settle(running, WORKERS - 1)
        self._settle(running, 0)
        return True

    def _settle(self, running: dict[int, tuple[str, Mutant, float]], most: int) -> None:
        while len(running) > most:
            for child, (file, mutant, end) in list(running.items()):
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    del running[child]
                    if os.waitstatus_to_exitcode(status) == 0:
                        self.lived[file].append(mutant)
                elif time.monotonic() > end:
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.005)

    def _start(self, module: ModuleType, mutant: Mutant, tests: list[pytest.Item]) -> int:
        child = os.fork()
        if child:
            return child
        code = 70
        try:
            put_in_place(module, mutant)
            code = int(any(self._fails(test) for test in tests))
        finally:
            os._exit(code)

    def _passes_in_child(self, test: pytest.Item) -> bool:
        """Whether a test that needs a thread of another one, which a child has not, is no such test."""
        child = os.fork()
        if not child:
            code = 70
            try:
                code = int(self._fails(test))
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def _fails(self, test: pytest.Item) -> bool:
        return any(report.failed for report in runtestprotocol(test, log=False, nextitem=None))

    def _tests_by_line(self, items: list[pytest.Item]) -> dict[Place, list[pytest.Item]]:
        """Return the tests that run each line and pass without a change, the fastest first; at 0, those of any line."""
        found: list[tuple[float, pytest.Item, set[Place]]] = []
        for item in items:
            self._seen, begun = set(), time.process_time()
            sys.settrace(self._trace)
            threading.settrace(self._trace)
            try:
                fails = self._fails(item)
            finally:
                sys.settrace(None)
                threading.settrace(None)  # type: ignore[arg-type]
            if not fails and self._passes_in_child(item):
                found.append((time.process_time() - begun, item, self._seen | {(file, 0) for file in self.files}))
        by_line: dict[Place, list[pytest.Item]] = defaultdict(list)
        spent: dict[Place, float] = defaultdict(float)
        for seconds, item, lines in sorted(found, key=lambda each: each[0]):
            for line in lines:
                if not spent[line] or spent[line] + seconds < BUDGET_S:
                    by_line[line].append(item)
                    spent[line] += seconds
        return by_line

    def _trace(self, frame: Any, event: str, argument: object) -> Any:
        del event, argument
        if frame.f_code.co_filename not in self.files:
            return None
        self._seen.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line

    def _line(self, frame: Any, event: str, argument: object) -> Any:
        del event, argument
        self._seen.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line


def put_in_place(module: ModuleType, mutant: Mutant) -> None:
    """Let the functions of a module, wherever they were imported to, run the code of a changed one."""
    fresh = ModuleType(module.__name__)
    sys.modules[module.__name__] = fresh  # dataclasses look for it there
    exec(compile(mutant.tree, str(module.__file__), "exec"), vars(fresh))  # noqa: S102 - our own module, changed
    sys.modules[module.__name__] = module
    if mutant.name is None:
        _swap(vars(module), vars(fresh), module)
        return
    before, after = getattr(module, mutant.name), getattr(fresh, mutant.name)
    for user in list(sys.modules.values()):
        if user.__dict__.get(mutant.name) is before:
            setattr(user, mutant.name, after)


def _swap(old: Mapping[str, Any], new: Mapping[str, Any], module: ModuleType) -> None:
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, type) and value.__module__ == module.__name__ and isinstance(before, type):
            _swap(vars(before), vars(value), module)
        else:
            function, changed = _function(before), _function(value)
            if changed is not None and function is not None and changed.__code__.co_filename == module.__file__:
                function.__code__ = changed.__code__


def _function(value: object) -> FunctionType | None:
    """Return the function in a property, a class method or a cached function."""
    for inner in ("fget", "__func__", "__wrapped__", "func"):
        value = getattr(value, inner, value)
    return value if isinstance(value, FunctionType) else None


def mutate(paths: list[str], tests: tuple[str, ...]) -> Mutation:
    """Mutate modules that have the same tests."""
    names = ("pipelines_client." + path.removesuffix(".py").replace("/", ".") for path in paths)
    mutation = Mutation([importlib.import_module(name) for name in names])
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore"]
    pytest.main([*options, *(str(ROOT / "tests" / test) for test in tests)], plugins=[mutation])
    return mutation


def main() -> int:
    """Mutate the modules that are named, or all; return 1 if a change survives."""
    os.chdir(ROOT)
    for library in PRELOADED:
        importlib.import_module(library)
    hypothesis.settings.register_profile("mutation", phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate])
    hypothesis.settings.load_profile("mutation")  # the smallest example that fails is of no interest
    asked, survivors = set(sys.argv[1:]), 0
    by_tests: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for path, tests in MODULES.items():
        if not asked or {Path(path).stem, path.removesuffix(".py")} & asked:
            by_tests[tests].append(path)
    for tests, paths in by_tests.items():
        mutation = mutate(paths, tests)
        for path, (file, mutants) in zip(paths, mutation.mutants.items(), strict=True):
            lived = sorted(mutation.lived[file], key=lambda mutant: mutant.line)
            survivors += len(lived)
            print(f"{path}: {len(mutants) - len(lived)} of {len(mutants)} noticed", flush=True)  # noqa: T201
            for each in lived:
                print(f"  {path}:{each.line}: {each.before}  ->  {each.after}", flush=True)  # noqa: T201
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
