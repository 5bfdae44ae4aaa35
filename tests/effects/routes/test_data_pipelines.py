"""The new route, by hand: each row says what the documents promise for a call, and what they do not settle."""

from __future__ import annotations

from typing import Any

import pytest
from effect_cases import AT, AT_S, alias, group, identify, nothing, page, screen, sees, track

from pipelines_client.effects import Action, DataPipelines, Dates, Effect, Unknown

PHONE = {"device": {"token": "tok-1", "type": "ios"}}
ANONYMOUS = {"anonymous_id": "anon-1"}
ACME = {"object_id": "acme", "object_type_id": "1"}
RELATED = [{"person": {"id": "user-42"}}]
DATE, IN_LIST = Unknown("date"), Unknown("date_in_list")


def of_identify(attributes: dict[str, Any], **what: Any) -> Effect:
    return sees("identify", attributes=attributes, **what)


def of_group(attributes: dict[str, Any], **what: Any) -> Effect:
    return sees("object", person=None, **{"object": ACME, "attributes": attributes, "relationships": RELATED, **what})


def unknown(why: str) -> Effect:
    return Effect(Action.UNKNOWN, why=why)


CASES: list[tuple[str, dict[str, Any], Effect]] = [
    ("an id", identify(), of_identify({})),
    ("an e-mail as id", identify(userId="kim@example.com"), of_identify({}, person={"email": "kim@example.com"})),
    ("cio_", identify(userId="cio_03000001"), of_identify({}, person={"cio_id": "03000001"})),
    (
        "only the e-mail",
        identify({"email": "k@e.co"}, userId=None),
        of_identify({"email": "k@e.co"}, person={"email": "k@e.co"}),
    ),
    ("only anonymous", identify(userId=None, anonymousId="anon-1"), of_identify({}, person=ANONYMOUS)),
    ("both ids", identify(anonymousId="anon-1"), of_identify(ANONYMOUS)),
    ("no one", identify(userId=None), nothing("no_identifier")),
    (
        "attributes",
        identify({"plan": "pro", "mrr": 49.5, "vip": True}),
        of_identify({"plan": "pro", "mrr": 49.5, "vip": True}),
    ),
    ("a date", identify({"renews": "2026-11-20"}), of_identify({"renews": DATE})),
    ("a nested date", identify({"plan": {"at": AT}}), of_identify({"plan": {"at": DATE}})),
    ("a date in a list", identify({"dates": [AT, "x"]}), of_identify({"dates": [IN_LIST, "x"]})),
    ("another spelling is not a date", identify({"at": "20 Nov 2026"}), of_identify({"at": "20 Nov 2026"})),
    ("created_at as a number", identify({"created_at": AT_S}), of_identify({"created_at": AT_S})),
    ("createdAt", identify({"createdAt": 7}), of_identify({"createdAt": 7, "created_at": Unknown("created_at")})),
    ("both spellings", identify({"createdAt": 7, "created_at": 8}), of_identify({"createdAt": 7, "created_at": 8})),
    (
        "objectId",
        identify({"objectId": "acme"}),
        of_identify({"objectId": "acme"}, relationships=Unknown("relationship_of_identify")),
    ),
    (
        "objectTypeId",
        identify({"objectTypeId": "2"}),
        of_identify({"objectTypeId": "2"}, relationships=Unknown("relationship_of_identify")),
    ),
    (
        "the time as sent",
        identify(timestamp="2026-11-20T09:30:00.987Z"),
        of_identify({}, at="2026-11-20T09:30:00.987Z"),
    ),
    (
        "an event",
        track("E", {"total": 4.5}, messageId="m1", timestamp=AT),
        sees("event", name="E", attributes={"total": 4.5}, event_id="m1", at=AT),
    ),
    ("an event with a date", track("E", {"at": AT}), sees("event", name="E", attributes={"at": DATE})),
    (
        "an anonymous event",
        track("E", userId=None, anonymousId="anon-1"),
        sees("event", person=ANONYMOUS, name="E", attributes={}),
    ),
    ("both ids add nothing", track("E", anonymousId="anon-1"), sees("event", name="E", attributes={})),
    ("an event of a group", track("E", userId=None, groupId="acme"), unknown("event_of_group")),
    ("an event of no one", track("E", userId=None), nothing("no_identifier")),
    ("an event without a name", track(None), nothing("no_name")),
    ("a page", page({"url": "https://e.co/a"}, name="A"), sees("page", name="A", attributes={"url": "https://e.co/a"})),
    ("a page without url", page(name="A"), sees("page", name="A", attributes={})),
    (
        "a page without name",
        page({"url": "u"}),
        sees("page", name=Unknown("view_without_name"), attributes={"url": "u"}),
    ),
    ("a page of no one", page(userId=None), nothing("no_identifier")),
    ("a screen", screen(name="Home"), sees("screen", name="Home", attributes={})),
    ("a screen without name", screen(), sees("screen", name=Unknown("view_without_name"), attributes={})),
    ("a group's traits are attributes", group({"plan": "pro"}), of_group({"plan": "pro"})),
    (
        "objectAttributes is one of them",
        group({"objectAttributes": {"plan": "pro"}}),
        of_group({"objectAttributes": {"plan": "pro"}}),
    ),
    ("the type of the object", group({"object_type_id": "2"}), of_group({}, object={**ACME, "object_type_id": "2"})),
    (
        "in another spelling",
        group({"objectTypeId": "2"}),
        of_group({"objectTypeId": "2"}, object={**ACME, "object_type_id": Unknown("object_type")}),
    ),
    ("which is the default", group({"objectTypeId": 1}), of_group({"objectTypeId": 1})),
    (
        "attributes of the relationship",
        group({"relationshipAttributes": {"role": "owner"}}),
        of_group({}, relationships=[{"person": {"id": "user-42"}, "attributes": {"role": "owner"}}]),
    ),
    (
        "created_at of an object",
        group({"created_at": 7}),
        of_group({"created_at": 7}, created_at=Unknown("created_at_of_object")),
    ),
    ("a group of no one", group(userId=None), sees("object", person=None, object=ACME, attributes={})),
    ("no group", group(groupId=None), nothing("no_group")),
    ("alias", alias(), sees("merge", merged={"id": "user-41"})),
    ("alias without a previous id", alias(previousId=None), nothing("no_identifier")),
    ("delete", track("User Deleted"), sees("delete_person")),
    ("delete no one known", track("User Deleted", userId=None, anonymousId="anon-1"), nothing("no_identifier")),
    ("suppress", track("User Suppressed"), sees("suppress")),
    ("unsuppress", track("User Unsuppressed"), sees("unsuppress")),
    ("a space around a command", track(" User Deleted"), unknown("maybe_command")),
    ("another case is an event", track("user deleted"), sees("event", name="user deleted", attributes={})),
    ("Delete Person", track("Delete Person"), unknown("maybe_command")),
    ("Application Opened", track("Application Opened", context=PHONE), unknown("maybe_command")),
    (
        "a device",
        track("Device Created or Updated", context=PHONE),
        sees("put_device", device={"token": "tok-1", "platform": "ios", "attributes": {}}),
    ),
    (
        "a device without type",
        track("Device Created or Updated", context={"device": {"token": "t"}}),
        sees("put_device", device={"token": "t", "attributes": {}}),
    ),
    (
        "more about a device",
        track("Device Created or Updated", {"a": 1}, context=PHONE, timestamp=AT),
        sees(
            "put_device",
            device={
                "token": "tok-1",
                "platform": "ios",
                "attributes": Unknown("device_details"),
                "last_used": Unknown("device_details"),
            },
        ),
    ),
    ("no token", track("Device Deleted", context={"device": {}}), nothing("no_token")),
    ("delete a device", track("Device Deleted", context=PHONE), sees("delete_device", device={"token": "tok-1"})),
    (
        "delete an object",
        track("Object Deleted", {"objectId": "acme", "objectTypeId": 2}, userId=None),
        sees("delete_object", person=None, object={**ACME, "object_type_id": "2"}),
    ),
    (
        "in another spelling too",
        track("Object Deleted", {"objectId": "acme", "object_type_id": 2}),
        sees("delete_object", person=None, object={**ACME, "object_type_id": Unknown("object_type")}),
    ),
    ("no object", track("Object Deleted"), nothing("no_object")),
    (
        "delete a relationship",
        track("Relationship Deleted", {"objectId": "acme"}),
        sees("delete_relationship", person=None, object=ACME, relationships=RELATED),
    ),
    (
        "a delivery",
        track("Report Delivery Event", {"deliveryId": "d1", "metric": "opened"}, userId=None),
        sees("report_delivery", person=None, report={"delivery_id": "d1", "metric": "opened"}),
    ),
    (
        "another metric",
        track("Report Delivery Event", {"deliveryId": "d1", "metric": "bounced"}),
        unknown("undocumented_metric"),
    ),
    ("no delivery", track("Report Delivery Event"), nothing("no_delivery")),
    (
        "content",
        track("Report Content Event", {"actionType": "viewed_content", "contentId": 3}, anonymousId="anon-1"),
        sees("report_content", person=ANONYMOUS, name="viewed_content", attributes={"contentId": 3}),
    ),
    *(
        (name, track(name, context=PHONE), unknown("maybe_command"))
        for name in ("Application Installed", "Application Uninstalled")
    ),
    *(
        (
            f"metric {metric}",
            track("Report Delivery Event", {"deliveryId": "d1", "metric": metric}, userId=None),
            sees("report_delivery", person=None, report={"delivery_id": "d1", "metric": metric}),
        )
        for metric in ("delivered", "clicked", "converted")
    ),
    ("no metric", track("Report Delivery Event", {"deliveryId": "d1"}), nothing("no_delivery")),
    (
        "an action's name",
        track(
            "Report Delivery Event",
            {"deliveryId": "d1", "metric": "clicked", "actionName": "ok", "href": "u"},
            userId=None,
        ),
        sees(
            "report_delivery",
            person=None,
            report={"delivery_id": "d1", "metric": "clicked", "href": "u", "action_name": Unknown("action_name")},
        ),
    ),
    ("content of no one", track("Report Content Event", {"actionType": "viewed_content"}), nothing("no_identifier")),
    ("content without its type", track("Report Content Event", anonymousId="anon-1"), nothing("no_name")),
    (
        "a device of no one known",
        track("Device Deleted", userId=None, anonymousId="anon-1", context=PHONE),
        nothing("no_identifier"),
    ),
    ("a device without token", track("Device Created or Updated", context={}), nothing("no_token")),
    (
        "a new device of no one known",
        track("Device Created or Updated", userId=None, anonymousId="a", context=PHONE),
        nothing("no_identifier"),
    ),
    (
        "a version of the app",
        track("Device Created or Updated", context={**PHONE, "app": {"version": "3"}}),
        sees("put_device", device={"token": "tok-1", "platform": "ios", "attributes": Unknown("device_details")}),
    ),
    ("a relationship without object", track("Relationship Deleted"), nothing("no_object")),
    (
        "a relationship of no one known",
        track("Relationship Deleted", {"objectId": "acme"}, userId=None, anonymousId="a"),
        nothing("no_identifier"),
    ),
    ("alias without a user", alias(userId=None), nothing("no_identifier")),
    (
        "createdAt of an object",
        group({"createdAt": 7}),
        of_group({"createdAt": 7, "created_at": Unknown("created_at")}, created_at=Unknown("created_at_of_object")),
    ),
    *(
        (
            f"{hint} of a person",
            identify({hint: {}}),
            of_identify({hint: {}}, relationships=Unknown("relationship_of_identify")),
        )
        for hint in ("object_type_id", "relationshipAttributes")
    ),
    ("an unknown type", {"type": "delete", "userId": "user-42"}, nothing("unknown_type")),
]


@pytest.mark.parametrize(("call", "effect"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_the_new_route_makes_of_a_call(call: dict[str, Any], effect: Effect) -> None:
    """One effect, with `Unknown` where no document says what it is."""
    assert DataPipelines().effects(call) == (effect,)


@pytest.mark.parametrize(
    ("dates", "attributes"),
    [
        (Dates.UNCHANGED, {"at": AT, "in": {"at": AT}, "list": [AT]}),
        (Dates.CONVERTED, {"at": AT_S, "in": {"at": AT_S}, "list": [AT]}),
        (Dates.UNKNOWN, {"at": DATE, "in": {"at": DATE}, "list": [IN_LIST]}),
    ],
)
def test_a_team_says_what_its_workspace_does_to_dates(dates: Dates, attributes: dict[str, Any]) -> None:
    """`converted` is what the old route does; a list is not known either, as long as nothing is."""
    call = identify({"at": AT, "in": {"at": AT}, "list": [AT]})
    assert DataPipelines(dates).effects(call) == (of_identify(attributes),)
