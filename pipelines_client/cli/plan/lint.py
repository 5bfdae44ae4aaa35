"""`pipelines-client plan lint`: find what is unclean in a plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines_client.cli.common import flag, print_text
from pipelines_client.cli.group import takes
from pipelines_client.cli.leaving import BAD_INPUT, BAD_NEWS, GOOD, leave, say
from pipelines_client.cli.plan.reading import PlanArgument, check_output
from pipelines_client.wording import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines_client.plan.lint.base import DocumentPath, LintFault
    from pipelines_client.plan.model import TrackingPlan

_FORMATS = ("text", "json", "github")
_LEVELS = ("warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class LintOptions:
    """Options of `plan lint`."""

    plan: PlanArgument
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File of known faults: only a fault that is not in it counts."),
    ] = None
    write_baseline: Annotated[
        bool, flag("--write-baseline", "Write all faults of today into the file of --baseline, and exit 0.")
    ] = False
    fix: Annotated[
        bool,
        flag("--fix", "Change spellings of stages and units and useless aliases in the file. No call is changed."),
    ] = False
    ignore: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Leave this rule out. Repeatable.")] = None
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="|".join(_LEVELS), help="Mildest fault that exits 1.")
    ] = "warning"
    form: Annotated[str, typer.Option("--format", metavar="|".join(_FORMATS), help="Output format.")] = "text"

    def check(self) -> None:
        """Refuse what cannot be right.

        Raises:
            typer.BadParameter: Says what to write instead.
        """
        if self.form not in _FORMATS:
            raise typer.BadParameter(f"--format must be one of {', '.join(_FORMATS)}")
        if self.fail_on not in _LEVELS:
            raise typer.BadParameter(f"--fail-on must be one of {', '.join(_LEVELS)}")
        if self.write_baseline and self.baseline is None:
            raise typer.BadParameter("--write-baseline needs --baseline FILE")


@takes(LintOptions)
def lint(asked: LintOptions) -> None:
    """Find what is unclean in a plan: names, duplicates, types, limits.

    A plan that is dirty today can start: `--baseline FILE --write-baseline`
    once, then `--baseline FILE` in CI fails on a fault that was not there
    before. A rule is left out with --ignore, or with `off` under the plan's
    `lint`.

    Exit code 0: no new fault, 1: some, 2: bad input.
    """
    from pipelines_client.files import replace_given
    from pipelines_client.plan.lint.baseline import dump_baseline, judge
    from pipelines_client.plan.lint.reports import LINT_FORMATS, LintReport

    asked.check()
    if asked.write_baseline:
        check_output(asked.baseline, asked.plan)
    _refuse_unknown(asked.ignore or ())
    known = set() if asked.write_baseline else _known(asked.baseline)
    plan, lines, is_own = _read(asked.plan)
    faults = _faults(plan, asked)
    fixed = 0
    if asked.fix:
        if not is_own:
            leave(
                BAD_INPUT, f"{asked.plan}: only tracking-plan.yaml is fixed; run `pipelines-client plan import` first"
            )
        fixed = _fix(asked.plan, faults)
        plan, lines, _ = _read(asked.plan)
        faults = _faults(plan, asked)
    if asked.write_baseline and asked.baseline is not None:
        replace_given(asked.baseline, dump_baseline(faults).encode())
        say(f"{plural(len(faults), 'fault')} written to {asked.baseline}")
        leave(GOOD)
    report = LintReport(str(asked.plan), judge(faults, known), lines, fixed)
    print_text(LINT_FORMATS[asked.form](report), is_prose=asked.form == "text")
    failing = _LEVELS[_LEVELS.index(asked.fail_on) :]
    leave(BAD_NEWS if any(fault.severity in failing for fault in report.judged.new) else GOOD)


def _refuse_unknown(codes: list[str] | tuple[()]) -> None:
    from pipelines_client.keywords import nearest
    from pipelines_client.plan.lint import LINT_RULES

    known = [rule.code for rule in LINT_RULES]
    for code in codes:
        if code not in known:
            near = nearest(code, known)
            raise typer.BadParameter(
                f"--ignore {code}: {f'did you mean {near}?' if near else 'use ' + ', '.join(known)}"
            )


def _known(baseline: Path | None) -> set[str]:
    from pipelines_client.files import read_given
    from pipelines_client.plan.lint.baseline import parse_baseline

    if baseline is None:
        return set()
    if not baseline.exists():
        leave(BAD_INPUT, f"{baseline} does not exist; write it with --write-baseline")
    return parse_baseline(read_given(baseline), str(baseline))


def _read(path: Path) -> tuple[TrackingPlan, Mapping[DocumentPath, int], bool]:
    """Return a plan, the lines of its keys if it is in our own format, and whether it is."""
    from pipelines_client.plan.formats import format_named, import_plan, plan_files

    own, files = format_named("tracking-plan"), plan_files(path)
    if own.recognises(files):
        return own.read(files), files[0].documents[0].lines, True
    return import_plan(path), {}, False


def _faults(plan: TrackingPlan, asked: LintOptions) -> list[LintFault]:
    from pipelines_client.plan.lint import lint as find

    return find(plan, without=asked.ignore or ())


def _fix(path: Path, faults: list[LintFault]) -> int:
    """Make the edits that change no call, and return how many were made."""
    from pipelines_client.files import read_given, replace_alike
    from pipelines_client.plan.lint.edits import apply_edits

    before = read_given(path).decode("utf-8")
    mark = before[: before.startswith("\ufeff")]
    after, count = apply_edits(before[len(mark) :], [fault.edit for fault in faults if fault.edit is not None])
    if count:
        replace_alike(path, f"{mark}{after}".encode())
    return count
