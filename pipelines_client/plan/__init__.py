"""The tracking plan: which calls a team sends, what each may hold, and what it means.

    from pipelines_client.plan.document import load_plan

    plan = load_plan("tracking-plan.yaml")
    plan.event("Order Completed").schema["required"]  # ['order_id', 'total']

The plan is a value. This room reads it from files, writes it to files and checks messages, which are plain dicts; it
knows no client, sends nothing and reads no evidence. Read in this order:

    model       `TrackingPlan`, `PlannedCall`: the plan as every other file sees it
    schemas     JSON Schema draft-07: the plan file's short form of it, references, a walk over all properties
    text        the bytes of a file to plain values, each with its line
    document    `tracking-plan.yaml` to the model and back
    formats/    the plans of other tools to the model and back, one file a format
    usable      what a validator can use of a foreign schema that is not quite one
    check       the plan compiled: is this call as planned, and if not, why

To add a format, write one file in `formats/` and name it in the tuple there.
"""
