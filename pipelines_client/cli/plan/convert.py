"""`pipelines-client plan import` and `export`: the plans of other tools to ours, and back."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines_client.cli.common import print_text
from pipelines_client.cli.leaving import GOOD, leave, say
from pipelines_client.cli.plan.reading import OutputOption, PlanArgument, check_output, put
from pipelines_client.wording import plural

_OWN = "tracking-plan"
FormatOption = Annotated[
    str | None, typer.Option("--format", metavar="FORMAT", help="Format of the file; default: it is recognised.")
]
TargetOption = Annotated[
    str, typer.Option("--format", metavar="FORMAT", help="Format to write; `--format list` prints them.")
]


def import_(plan: PlanArgument, form: FormatOption = None, output: OutputOption = None) -> None:
    """Turn another tool's plan into tracking-plan.yaml.

    Read are plans of Segment (JSON and CSV), RudderStack, Snowplow Iglu, JSON
    Schema, and Python modules of constants or enums. Every schema is kept, and
    what our format has no word for stays under `extras`.

    Exit code 0: written, 2: bad input.
    """
    from pipelines_client.plan.formats import export_plan, import_plan

    check_output(output, plan)
    found = import_plan(plan, form)
    put(export_plan(found, _OWN), output)
    if output is not None:
        say(f"{plural(len(found.events), 'event')} written to {output}")
    leave(GOOD)


def export(plan: PlanArgument, form: TargetOption, output: OutputOption = None) -> None:
    """Write a plan in another tool's format.

    Exit code 0: written, 2: bad input.
    """
    from pipelines_client.plan.formats import FORMATS, export_plan, import_plan

    if form == "list":
        print_text("".join(f"{each.name}: {each.title}\n" for each in FORMATS if each.is_written))
        leave(GOOD)
    check_output(output, plan)
    put(export_plan(import_plan(plan), form), output)
    leave(GOOD)
