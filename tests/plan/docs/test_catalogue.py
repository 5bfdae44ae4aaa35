from __future__ import annotations

from pipelines_client.plan.docs.catalogue import catalogue
from pipelines_client.plan.document import parse_plan
from pipelines_client.plan.model import TrackingPlan

PLAN = parse_plan(b"""\
plan: 1
name: Shop
identify: {traits: {email: {type: string, format: email, required: true}}}
pages: [Home]
events:
  Cart Emptied: {}
  Order Completed:
    description: A person has paid.
    stage: conversion
    owner: growth
    aliases: [purchase]
    backfilled: false
    once_per: order_id
    properties:
      order_id: {type: string, required: true, example: o-1, description: Number of the order.}
      currency: {type: [string, 'null'], enum: [EUR, USD]}
      total: {type: number, unit: USD}
      items: {type: array, items: {type: object, properties: {sku: string}}}
  Trial Started:
    - {stage: Activation, status: deprecated}
    - {stage: Activation, version: 2, status: planned}
""")


def test_events_stand_in_the_order_of_the_lifecycle_and_those_without_a_stage_last() -> None:
    """Then pages and people."""
    assert [(each.title, [call.title for call in each.calls]) for each in catalogue(PLAN)] == [
        ("Activation", ["Trial Started (version 1)", "Trial Started (version 2)"]),
        ("Conversion", ["Order Completed"]),
        ("Without a stage", ["Cart Emptied"]),
        ("Pages", ["Home"]),
        ("People", ["Traits of a person"]),
    ]
    assert catalogue(TrackingPlan()) == []


def test_an_event_says_in_plain_words_what_it_holds() -> None:
    """No word of JSON Schema is left."""
    (order,) = catalogue(PLAN)[1].calls
    assert order.facts == (
        ("Owner", "growth"),
        ("Other names", "purchase"),
        ("History", "new events only"),
        ("Sent", "once for each order_id"),
    )
    assert [(each.path, each.type, each.is_required, each.notes) for each in order.properties] == [
        ("order_id", "text", True, ("for example o-1",)),
        ("currency", "text", False, ("one of EUR, USD",)),
        ("total", "number", False, ("in USD",)),
        ("items", "list", False, ()),
        ("items[].sku", "text", False, ()),
    ]
    assert [call.status for call in catalogue(PLAN)[0].calls] == ["no longer sent", "not sent yet"]
    assert catalogue(PLAN)[4].calls[0].properties[0].type == "e-mail address"


def test_a_call_is_found_by_all_its_words() -> None:
    """Its other names and its properties too."""
    text = catalogue(PLAN)[1].calls[0].text
    assert all(word in text for word in ("order completed", "purchase", "items[].sku", "number of the order", "eur"))
