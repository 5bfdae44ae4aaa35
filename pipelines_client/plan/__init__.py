"""The tracking plan: which calls a team sends, what each may hold, and what it means.

    from pipelines_client.plan import load_plan

    plan = load_plan("tracking-plan.yaml")
    plan.event("Order Completed").schema["required"]  # ['order_id', 'total']

The plan is a value. This room reads it from files, writes it to files and checks messages, which are plain dicts; it
knows no client, sends nothing and reads no evidence. Read in this order:

    model       `TrackingPlan`, `PlannedCall`: the plan as every other file sees it
    schemas     JSON Schema draft-07: the plan file's short form of it, references, a walk over all properties
    fields      values to dataclasses of the model
    text        the bytes of a file to plain values, each with its line
    document    `tracking-plan.yaml` to the model and back
    formats/    the plans of other tools to the model and back, one file a format
    usable      what a validator can use of a foreign schema that is not quite one
    check       the plan compiled: is this call as planned, and if not, why
    rules/      the rules for calls, one file a rule
    lint/       the rules for the plan itself, one file a rule
    diff/       what changes between two plans
    coverage    what was sent against the plan; `infer` writes a first plan from that
    codegen/    the plan as a typed module; `events` is the other way, from pydantic models
    docs/       the plan as a page for marketers

To add a format or a rule, write one file in its folder and name it in the tuple there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.lazy import names_of

if TYPE_CHECKING:
    from pipelines_client.plan.document import dump_plan, load_plan, parse_plan
    from pipelines_client.plan.formats import export_plan, import_plan
    from pipelines_client.plan.model import Conventions, IdConvention, PlannedCall, TrackingPlan

__all__ = [
    "Conventions",
    "IdConvention",
    "PlannedCall",
    "TrackingPlan",
    "dump_plan",
    "export_plan",
    "import_plan",
    "load_plan",
    "parse_plan",
]

__getattr__ = names_of(
    __name__,
    {
        "document": ("dump_plan", "load_plan", "parse_plan"),
        "formats": ("export_plan", "import_plan"),
        "model": ("Conventions", "IdConvention", "PlannedCall", "TrackingPlan"),
    },
)
