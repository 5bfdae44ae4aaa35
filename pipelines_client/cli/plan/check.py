"""`pipelines-client plan check`: what was sent against the plan, both ways."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines_client.cli.common import flag, print_text
from pipelines_client.cli.group import takes
from pipelines_client.cli.leaving import BAD_NEWS, GOOD, INCONCLUSIVE, leave
from pipelines_client.cli.plan.reading import PlanArgument
from pipelines_client.cli.plan.sent import SentOptions, sent_lines
from pipelines_client.cli.progress import reading

if TYPE_CHECKING:
    from pipelines_client.plan.coverage import CoverageReport

_FORMATS = ("text", "json")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions(SentOptions):
    """Options of `plan check`."""

    plan: PlanArgument
    fail_on_unused: Annotated[
        bool, flag("--fail-on-unused", "Exit 1 also if an active event of the plan was not sent.")
    ] = False
    form: Annotated[str, typer.Option("--format", metavar="|".join(_FORMATS), help="Output format.")] = "text"


@takes(CheckOptions)
def check(asked: CheckOptions) -> None:
    """Compare what was sent with the plan, both ways.

    Lists the names that are not planned, with the planned name that may be meant;
    the active events that were not sent; what is wrong, by event; and both by
    release of the application (`context.app.version`). No value is shown.

    Exit code 0: all as planned, 1: not, 2: bad input, 3: as planned as far as
    it could be read, or there was no message.
    """
    from pipelines_client.plan.check import CheckedPlan
    from pipelines_client.plan.coverage import PlanCoverage
    from pipelines_client.plan.coverage_text import coverage_text
    from pipelines_client.plan.formats import import_plan

    if asked.form not in _FORMATS:
        raise typer.BadParameter(f"--format must be one of {', '.join(_FORMATS)}")
    coverage = PlanCoverage(CheckedPlan(import_plan(asked.plan)))
    with reading(sys.stderr) as hooks:
        for line in sent_lines(asked, hooks.advance):
            if line.call is None:
                coverage.skip()
            else:
                coverage.add(line.call, line.place)
    report = coverage.report()
    if asked.form == "json":
        print_text(json.dumps({**asdict(report), **_named(report)}, indent=2, ensure_ascii=False) + "\n")
    else:
        print_text(coverage_text(report), is_prose=True)
    leave(_exit_code(report, is_strict=asked.fail_on_unused))


def _named(report: CoverageReport) -> dict[str, list[dict[str, object]]]:
    """Return the rows with the names of their columns."""
    tables = {name: getattr(report, name) for name in ("sent", "unplanned", "violations", "releases")}
    return {name: [row._asdict() for row in rows] for name, rows in tables.items()}


def _exit_code(report: CoverageReport, *, is_strict: bool) -> int:
    if not report.is_as_planned or (is_strict and report.unused):
        return BAD_NEWS
    return GOOD if report.is_conclusive else INCONCLUSIVE
