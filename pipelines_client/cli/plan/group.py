"""The commands of `pipelines-client plan`: one line each."""

from __future__ import annotations

import typer

from pipelines_client.cli.group import Later, LazyGroup


class _PlanCommands(LazyGroup):
    """Each command is imported when it runs."""

    later = (
        Later("lint", "plan.lint:lint", "Find what is unclean in a plan: names, duplicates, types, limits."),
        Later("check", "plan.check:check", "Compare what was sent with the plan, both ways."),
        Later("infer", "plan.infer:infer", "Write a first plan from what was sent."),
        Later("docs", "plan.docs:docs", "Write the plan as a page for marketers: HTML or Markdown."),
        Later("import", "plan.convert:import_", "Turn another tool's plan into tracking-plan.yaml."),
        Later("export", "plan.convert:export", "Write a plan in another tool's format."),
        Later("codegen", "plan.codegen:codegen", "Write the plan as a Python module with a typed function an event."),
        Later("diff", "plan.diff:diff", "Say what changes between two plans, and whether it breaks what is there."),
        Later(
            "models", "plan.models:models", "Write tracking-plan.yaml of a module of pydantic events, which it imports."
        ),
    )


plan_app = typer.Typer(
    cls=_PlanCommands,
    no_args_is_help=True,
    help="The tracking plan: lint it, check messages against it, infer, compare it, write code and pages from it.",
)


@plan_app.callback()
def _plan() -> None:
    """The tracking plan: lint it, check messages against it, infer, compare it, write code and pages from it."""
