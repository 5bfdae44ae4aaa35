from __future__ import annotations

from pipelines_client.plan.docs.markdown import render
from pipelines_client.plan.document import parse_plan

PLAN = parse_plan(b"""\
plan: 1
name: Shop
events:
  Order Completed:
    description: "A person\\nhas *paid* | once."
    stage: conversion
    owner: growth
    status: deprecated
    properties: {order_id: {type: string, required: true, enum: [a|b, <c>]}}
""")


def test_each_event_has_its_heading_and_its_table() -> None:
    """Characters that are markup are escaped, and a line end does not end the table."""
    assert (
        render(PLAN)
        == """\
# Shop

## Conversion

### Order Completed

**No longer sent.**

A person has \\*paid\\* \\| once.

- Owner: growth

| property | holds | always there | meaning |
|---|---|---|---|
| order\\_id | text | yes | one of a\\|b, \\<c\\> |
"""
    )
