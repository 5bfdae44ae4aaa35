"""A plan as one typed Python module: a function for each event, for people and groups, and for each allowed page.

    from pipelines_client.plan.codegen.module import generate

    Path("shop_events.py").write_text(generate(load_plan("tracking-plan.yaml")), "utf-8")

The text depends on the plan alone, and is formatted as `ruff format` leaves it. In the order of the work:

    spelling     values, comments and docstrings as Python text that nothing in a plan can break out of
    names        identifiers: the rule for keywords and collisions
    annotations  a schema to a type: `Literal`, `TypedDict`, unions
    parameters   a property to a parameter, and how its value is sent
    functions    a call to a function
    module       the whole; `module.py.jinja` is its layout

What the generated functions call when they run is `plan/wire.py`.
"""
