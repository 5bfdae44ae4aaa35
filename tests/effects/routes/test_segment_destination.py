"""The old route, by hand: each row says what Segment's Customer.io destination makes of a call (FACTS R2 to R6)."""

from __future__ import annotations

from typing import Any

import pytest
from effect_cases import AT, AT_S, alias, group, identify, nothing, page, screen, sees, track

from pipelines_client.effects import Effect, SegmentDestination

PHONE = {"device": {"token": "tok-1", "type": "ios"}, "app": {"version": "3.1"}}
ANONYMOUS = {"anonymous_id": "anon-1"}
ACME = {"object_id": "acme", "object_type_id": "1"}
RELATED = [{"person": {"id": "user-42"}}]


def of_identify(attributes: dict[str, Any], **what: Any) -> Effect:
    return sees("identify", attributes=attributes, **what)


PEOPLE: list[tuple[str, dict[str, Any], Effect]] = [
    ("an id", identify(), of_identify({})),
    ("a number as id", identify(userId=42), of_identify({}, person={"id": "42"})),
    ("zero as id", identify(userId=0), of_identify({}, person={"id": "0"})),
    ("an e-mail as id", identify(userId="kim@example.com"), of_identify({}, person={"email": "kim@example.com"})),
    ("capitals stay", identify(userId="KIM@Example.COM"), of_identify({}, person={"email": "KIM@Example.COM"})),
    ("a plus is of the address", identify(userId="k+1@e.co"), of_identify({}, person={"email": "k+1@e.co"})),
    ("no dot in the domain: an id", identify(userId="kim@localhost"), of_identify({}, person={"id": "kim@localhost"})),
    ("a space: an id", identify(userId="a b@example.com"), of_identify({}, person={"id": "a b@example.com"})),
    ("two at signs: an id", identify(userId="a@b@example.com"), of_identify({}, person={"id": "a@b@example.com"})),
    (
        "a dot at the end: an id",
        identify(userId="kim.@example.com"),
        of_identify({}, person={"id": "kim.@example.com"}),
    ),
    ("cio_ is cut", identify(userId="cio_03000001"), of_identify({}, person={"cio_id": "03000001"})),
    ("cio_ alone", identify(userId="cio_"), of_identify({}, person={"cio_id": ""})),
    ("CIO_ is an id", identify(userId="CIO_03"), of_identify({}, person={"id": "CIO_03"})),
    (
        "without an id, the e-mail",
        identify({"email": "kim@example.com"}, userId=None),
        of_identify({"email": "kim@example.com"}, person={"email": "kim@example.com"}),
    ),
    (
        "without an id, an odd e-mail is an id",
        identify({"email": "kim@localhost"}, userId=None),
        of_identify({"email": "kim@localhost"}, person={"id": "kim@localhost"}),
    ),
    (
        "an empty id counts as given, and then the e-mail stands in for it",
        identify({"email": "kim@localhost"}, userId=""),
        of_identify({"email": "kim@localhost"}, person={"email": "kim@localhost"}),
    ),
    ("only anonymous", identify(userId=None, anonymousId="anon-1"), of_identify({}, person=ANONYMOUS)),
    ("both ids: an attribute", identify(anonymousId="anon-1"), of_identify(ANONYMOUS)),
    (
        "an attribute of that name is overwritten",
        identify({"anonymous_id": "mine"}, anonymousId="anon-1"),
        of_identify(ANONYMOUS),
    ),
    (
        "and lost if it identifies",
        identify({"anonymous_id": "mine"}, userId=None, anonymousId="anon-1"),
        of_identify({}, person=ANONYMOUS),
    ),
    ("no one", identify(userId=None), nothing("no_identifier")),
    ("true as id", identify(userId=True), of_identify({}, person={"id": "true"})),
    ("a list of one as id", identify(userId=["user-42"]), of_identify({})),
    ("a list of two as id", identify(userId=["a", "b"]), nothing("not_a_text")),
    ("an object as id", identify(userId={"id": 1}), nothing("not_a_text")),
    ("traits that are text", identify() | {"traits": "plan"}, nothing("not_an_object")),
    ("traits that are a list", identify() | {"traits": [{"plan": "pro"}]}, nothing("not_an_object")),
    ("traits that are null", identify() | {"traits": None}, of_identify({})),
]

ATTRIBUTES: list[tuple[str, dict[str, Any], Effect]] = [
    ("text", identify({"plan": "pro"}), of_identify({"plan": "pro"})),
    ("null stays", identify({"plan": None}), of_identify({"plan": None})),
    ("true and false stay", identify({"vip": True, "trial": False}), of_identify({"vip": True, "trial": False})),
    ("numbers stay", identify({"mrr": 49.5, "seats": 3}), of_identify({"mrr": 49.5, "seats": 3})),
    ("an integer too large is rounded", identify({"ref": 2**53 + 1}), of_identify({"ref": 2**53})),
    ("a very large one too", identify({"ref": 12345678901234567891}), of_identify({"ref": 12345678901234567000})),
    ("a date", identify({"renews": "2026-11-20"}), of_identify({"renews": 1795132800})),
    ("date and time", identify({"at": AT}), of_identify({"at": AT_S})),
    ("a fraction is cut", identify({"at": "2026-11-20T09:30:00.999Z"}), of_identify({"at": AT_S})),
    ("in an object", identify({"plan": {"at": AT}}), of_identify({"plan": {"at": AT_S}})),
    ("in an object in an object", identify({"a": {"b": {"at": AT}}}), of_identify({"a": {"b": {"at": AT_S}}})),
    ("not in a list", identify({"dates": [AT]}), of_identify({"dates": [AT]})),
    ("nor in an object in a list", identify({"plans": [{"at": AT}]}), of_identify({"plans": [{"at": AT}]})),
    ("digits stay", identify({"phone": "491701234567"}), of_identify({"phone": "491701234567"})),
    ("milliseconds stay", identify({"at": 1795167000000}), of_identify({"at": 1795167000000})),
    ("another spelling stays", identify({"at": "20 Nov 2026"}), of_identify({"at": "20 Nov 2026"})),
    ("created_at", identify({"created_at": AT}), of_identify({"created_at": AT_S})),
    ("createdAt is renamed", identify({"createdAt": AT}), of_identify({"created_at": AT_S})),
    ("created_at wins", identify({"created_at": AT, "createdAt": "x"}), of_identify({"created_at": AT_S})),
    ("null does not", identify({"created_at": None, "createdAt": AT}), of_identify({"created_at": AT_S})),
    ("empty text does, and is lost", identify({"created_at": "", "createdAt": AT}), of_identify({})),
    ("a number as created_at is text", identify({"created_at": AT_S}), of_identify({"created_at": str(AT_S)})),
    ("0 as created_at too", identify({"created_at": 0}), of_identify({"created_at": "0"})),
    ("an object as created_at: nothing is sent", identify({"created_at": {"at": 1}}), nothing("not_a_text")),
    ("a number as e-mail is text", identify({"email": 5}), of_identify({"email": "5"})),
    ("false as e-mail too", identify({"email": False}), of_identify({"email": "false"})),
    ("an empty e-mail stays", identify({"email": ""}), of_identify({"email": ""})),
    ("a null e-mail stays", identify({"email": None}), of_identify({"email": None})),
    ("a list as e-mail", identify({"email": ["a@b.co", None, "c"]}), of_identify({"email": "a@b.co,,c"})),
    ("an object as e-mail", identify({"email": {"a": 1}}), of_identify({"email": "[object Object]"})),
    ("types of objects are removed", identify({"object_type_id": "2", "objectTypeId": "3"}), of_identify({})),
    (
        "objectId makes a relationship, and stays",
        identify({"objectId": "acme"}),
        of_identify({"objectId": "acme"}, relationships=[{"object": ACME}]),
    ),
    (
        "with a type",
        identify({"objectId": 7, "objectTypeId": 2}),
        of_identify({"objectId": 7}, relationships=[{"object": {"object_id": "7", "object_type_id": "2"}}]),
    ),
    (
        "its attributes keep their dates",
        identify({"objectId": "acme", "relationshipAttributes": {"since": AT}}),
        of_identify({"objectId": "acme"}, relationships=[{"object": ACME, "attributes": {"since": AT}}]),
    ),
    ("relationshipAttributes alone are removed", identify({"relationshipAttributes": {"a": 1}}), of_identify({})),
    ("and must be an object", identify({"relationshipAttributes": "x"}), nothing("not_an_object")),
]

TIMES: list[tuple[str, dict[str, Any], Effect]] = [
    ("none", identify(), of_identify({})),
    ("seconds", identify(timestamp=AT), of_identify({}, at=AT_S)),
    ("no milliseconds", identify(timestamp="2026-11-20T09:30:00.987Z"), of_identify({}, at=AT_S)),
    ("an offset", identify(timestamp="2026-11-20T10:30:00+01:00"), of_identify({}, at=AT_S)),
    ("without a zone it is UTC", identify(timestamp="2026-11-20T09:30:00"), of_identify({}, at=AT_S)),
    ("a number becomes text", identify(timestamp=AT_S), of_identify({}, at=str(AT_S))),
    ("words stay", identify(timestamp="yesterday"), of_identify({}, at="yesterday")),
]

EVENTS: list[tuple[str, dict[str, Any], Effect]] = [
    ("a name", track(), sees("event", name="Order Completed", attributes={})),
    ("spaces around it stay", track(" Order "), sees("event", name=" Order ", attributes={})),
    ("a number", track(5), sees("event", name="5", attributes={})),
    ("a date", track("2026-11-20"), sees("event", name=1795132800, attributes={})),
    ("none", track(None), nothing("required_field")),
    ("an empty one", track(""), nothing("required_field")),
    ("an object", track({"a": 1}), nothing("not_a_text")),
    ("its id", track(messageId="m1"), sees("event", name="Order Completed", attributes={}, event_id="m1")),
    (
        "properties",
        track("E", {"total": 4.5, "at": AT}),
        sees("event", name="E", attributes={"total": 4.5, "at": AT_S}),
    ),
    (
        "properties in a list",
        track("E", {"items": [{"at": AT}]}),
        sees("event", name="E", attributes={"items": [{"at": AT}]}),
    ),
    ("no properties", track("E") | {"properties": None}, sees("event", name="E")),
    ("a list of properties", track("E") | {"properties": [1]}, nothing("not_an_object")),
    (
        "anonymous",
        track("E", userId=None, anonymousId="anon-1"),
        sees("event", person=ANONYMOUS, name="E", attributes={}),
    ),
    ("both ids", track("E", anonymousId="anon-1"), sees("event", name="E", attributes=ANONYMOUS)),
    ("the e-mail does not identify", track("E", {"email": "k@e.co"}, userId=None), nothing("no_identifier")),
    ("a group alone does not either", track("E", userId=None, groupId="acme"), nothing("no_identifier")),
    (
        "a page",
        page({"url": "https://e.co/a"}, name="A"),
        sees("page", name="https://e.co/a", attributes={"url": "https://e.co/a"}),
    ),
    ("a page without url", page({"path": "/a"}, name="A"), nothing("required_field")),
    ("a page with an empty url", page({"url": ""}), nothing("required_field")),
    ("a page with a number as url", page({"url": 7}), sees("page", name="7", attributes={"url": 7})),
    ("a screen", screen({"at": AT}, name="Home"), sees("screen", name="Home", attributes={"at": AT_S})),
    ("a screen without name", screen({"name": "Home"}), nothing("required_field")),
]

GROUPS: list[tuple[str, dict[str, Any], Effect]] = [
    (
        "attributes are in objectAttributes",
        group({"objectAttributes": {"plan": "pro"}}),
        sees("object", person=None, object=ACME, attributes={"plan": "pro"}, relationships=RELATED),
    ),
    ("and nowhere else", group({"plan": "pro"}), sees("object", person=None, object=ACME, relationships=RELATED)),
    (
        "their dates",
        group({"objectAttributes": {"at": AT}}),
        sees("object", person=None, object=ACME, attributes={"at": AT_S}, relationships=RELATED),
    ),
    (
        "a type",
        group({"object_type_id": "2"}),
        sees("object", person=None, object={**ACME, "object_type_id": "2"}, relationships=RELATED),
    ),
    (
        "in the other spelling",
        group({"objectTypeId": 3}),
        sees("object", person=None, object={**ACME, "object_type_id": "3"}, relationships=RELATED),
    ),
    (
        "keys of the type are removed",
        group({"objectAttributes": {"objectTypeId": "9", "a": 1}}),
        sees("object", person=None, object=ACME, attributes={"a": 1}, relationships=RELATED),
    ),
    (
        "created_at stands beside",
        group({"createdAt": AT}),
        sees("object", person=None, object=ACME, created_at=AT_S, relationships=RELATED),
    ),
    (
        "attributes of the relationship lose their dates here",
        group({"relationshipAttributes": {"since": AT}}),
        sees(
            "object",
            person=None,
            object=ACME,
            relationships=[{"person": {"id": "user-42"}, "attributes": {"since": AT_S}}],
        ),
    ),
    (
        "an anonymous person",
        group(userId=None, anonymousId="anon-1"),
        sees("object", person=None, object=ACME, attributes=ANONYMOUS, relationships=[{"person": ANONYMOUS}]),
    ),
    ("no person", group(userId=None), sees("object", person=None, object=ACME)),
    (
        "a date as groupId",
        group(groupId="2026-11-20"),
        sees("object", person=None, object={**ACME, "object_id": 1795132800}, relationships=RELATED),
    ),
    (
        "a person whose id is a date",
        group(userId="2026-11-20"),
        sees("object", person=None, object=ACME, relationships=[{"person": {"id": "2026-11-20"}}]),
    ),
    ("no group", group(groupId=None), nothing("required_field")),
    ("the time is not sent", group(timestamp=AT), sees("object", person=None, object=ACME, relationships=RELATED)),
    ("objectAttributes that are text", group({"objectAttributes": "x"}), nothing("not_an_object")),
]

COMMANDS: list[tuple[str, dict[str, Any], Effect]] = [
    ("alias", alias(), sees("merge", merged={"id": "user-41"})),
    ("alias of an e-mail", alias(previousId="k@e.co"), sees("merge", merged={"email": "k@e.co"})),
    ("alias without a user", alias(userId=None), nothing("required_field")),
    ("alias without a previous id", alias(previousId=None, anonymousId="anon-1"), nothing("required_field")),
    ("delete", track("User Deleted", {"a": 1}, timestamp=AT), sees("delete_person")),
    ("delete an e-mail", track("User Deleted", userId="k@e.co"), sees("delete_person", person={"email": "k@e.co"})),
    ("delete no one known", track("User Deleted", userId=None, anonymousId="anon-1"), nothing("required_field")),
    ("suppress", track("User Suppressed"), sees("suppress")),
    ("unsuppress", track("User Unsuppressed"), sees("unsuppress")),
    ("another case is an event", track("user deleted"), sees("event", name="user deleted", attributes={})),
    ("a space is an event", track("User Deleted "), sees("event", name="User Deleted ", attributes={})),
    ("Delete Person is an event", track("Delete Person"), sees("event", name="Delete Person", attributes={})),
    *(
        (
            name,
            track(name, {"since": AT}, context=PHONE, timestamp=AT),
            sees(
                "put_device",
                device={
                    "token": "tok-1",
                    "platform": "ios",
                    "last_used": AT_S,
                    "attributes": {"since": AT_S, "app_version": "3.1"},
                },
            ),
        )
        for name in ("Application Installed", "Application Opened", "Device Created or Updated")
    ),
    (
        "a device without type",
        track("Application Opened", context={"device": {"token": "tok-1"}}),
        nothing("required_field"),
    ),
    (
        "a device without token",
        track("Application Opened", context={"device": {"type": "ios"}}),
        nothing("required_field"),
    ),
    (
        "a device of no one known",
        track("Application Opened", userId=None, anonymousId="a", context=PHONE),
        nothing("required_field"),
    ),
    *(
        (name, track(name, context=PHONE), sees("delete_device", device={"token": "tok-1"}))
        for name in ("Application Uninstalled", "Device Deleted")
    ),
    (
        "delete an object",
        track("Object Deleted", {"objectId": "acme"}),
        sees("delete_object", person=None, object=ACME),
    ),
    (
        "of a type",
        track("Object Deleted", {"objectId": "acme", "objectTypeId": 2}),
        sees("delete_object", person=None, object={**ACME, "object_type_id": "2"}),
    ),
    ("without its id", track("Object Deleted"), nothing("required_field")),
    (
        "delete a relationship",
        track("Relationship Deleted", {"objectId": "acme"}),
        sees("delete_relationship", person=None, object=ACME, relationships=RELATED),
    ),
    ("without the object", track("Relationship Deleted"), nothing("required_field")),
    (
        "without a person",
        track("Relationship Deleted", {"objectId": "acme"}, userId=None, anonymousId="anon-1"),
        nothing("required_field"),
    ),
    (
        "a delivery",
        track(
            "Report Delivery Event",
            {"deliveryId": "d1", "metric": "opened", "actionName": "ok", "href": ""},
            userId=None,
            timestamp=AT,
        ),
        sees(
            "report_delivery",
            person=None,
            at=AT_S,
            report={"delivery_id": "d1", "metric": "opened", "action_name": "ok"},
        ),
    ),
    (
        "a delivery with another metric",
        track("Report Delivery Event", {"deliveryId": "d1", "metric": "seen"}),
        nothing("not_a_choice"),
    ),
    (
        "content",
        track("Report Content Event", {"actionType": "viewed_content", "contentId": 3}, anonymousId="anon-1"),
        sees("report_content", person=ANONYMOUS, name="viewed_content", attributes={"contentId": 3}),
    ),
    (
        "content of a known person only",
        track("Report Content Event", {"actionType": "viewed_content"}),
        nothing("no_identifier"),
    ),
    ("an unknown type", {"type": "delete", "userId": "user-42"}, nothing("no_trigger")),
    ("no type", {"userId": "user-42"}, nothing("no_trigger")),
]


def of_delivery(timestamp: object) -> dict[str, Any]:
    return track("Report Delivery Event", {"deliveryId": "d1", "metric": "opened"}, userId=None, timestamp=timestamp)


DELIVERY = {"delivery_id": "d1", "metric": "opened"}

MORE: list[tuple[str, dict[str, Any], Effect]] = [
    ("integers in a list are rounded too", identify({"refs": ["a", 2**53 + 1]}), of_identify({"refs": ["a", 2**53]})),
    ("a nested list as e-mail", identify({"email": [["a", 1], True]}), of_identify({"email": "a,1,true"})),
    ("a path through text", track("Device Deleted") | {"context": {"device": "tok-1"}}, nothing("required_field")),
    (
        "a path through false",
        track("Device Deleted") | {"context": False},
        sees("delete_device", device={"token": "false"}),
    ),
    ("a delivery at a time", of_delivery(AT), sees("report_delivery", person=None, report=DELIVERY, at=AT_S)),
    ("as a number", of_delivery(AT_S), sees("report_delivery", person=None, report=DELIVERY, at=AT_S)),
    ("with decimals", of_delivery("1.5"), sees("report_delivery", person=None, report=DELIVERY, at=1.5)),
    ("at no date", of_delivery("now"), nothing("not_a_date")),
    ("at none", of_delivery(None), sees("report_delivery", person=None, report=DELIVERY)),
    (
        "content at a time",
        track(
            "Report Content Event",
            {"actionType": "clicked_content", "at": AT},
            userId=None,
            anonymousId="anon-1",
            timestamp=AT,
        ),
        sees("report_content", person=ANONYMOUS, name="clicked_content", attributes={"at": AT_S}, at=AT_S),
    ),
    ("an alias of nothing in a list", alias(previousId=[None]), nothing("no_identifier")),
]

CASES = [*PEOPLE, *ATTRIBUTES, *TIMES, *EVENTS, *GROUPS, *COMMANDS, *MORE]


@pytest.mark.parametrize(("call", "effect"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_the_old_route_makes_of_a_call(call: dict[str, Any], effect: Effect) -> None:
    """One effect, with just these identifiers, attributes and times."""
    assert SegmentDestination().effects(call) == (effect,)


def test_a_page_with_the_name_of_a_command_is_both_because_the_command_asks_for_no_type() -> None:
    """The destination's triggers for commands look at the event's name only."""
    call = page({"url": "https://e.co/"}, event="User Deleted")
    assert [effect.action.value for effect in SegmentDestination().effects(call)] == ["delete_person", "page"]
