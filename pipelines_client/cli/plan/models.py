"""`pipelines-client plan models`: the tracking plan of a module of pydantic events."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from pipelines_client.cli.leaving import BAD_INPUT, leave
from pipelines_client.cli.plan.reading import OutputOption, check_output, put
from pipelines_client.errors import PlanError


def models(
    module: Annotated[
        str, typer.Argument(metavar="MODULE", help="The module, as Python imports it here: shop.events.")
    ],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the plan.")] = "",
    output: OutputOption = None,
) -> None:
    """Write tracking-plan.yaml of a module of pydantic events, which it imports.

    The module's code runs. A module of constants or an Enum is read without that:
    see `plan import`.

    Exit code 0: written, 2: bad input.
    """
    from pipelines_client.plan.document import dump_plan
    from pipelines_client.plan.events import models_in, plan_of

    check_output(output)
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = models_in(import_module(module))
    except Exception as error:  # noqa: BLE001 - the application's code
        leave(BAD_INPUT, f"the module cannot be imported ({type(error).__name__}); name it as Python imports it here")
    finally:
        sys.path.remove(str(Path.cwd()))
    if not found:
        leave(BAD_INPUT, "the module defines no TrackEvent, IdentifyTraits or GroupTraits; name the one that does")
    try:
        text = dump_plan(plan_of(*found, name=name))
    except ValueError as error:
        raise PlanError(str(error)) from None
    put(text, output)
