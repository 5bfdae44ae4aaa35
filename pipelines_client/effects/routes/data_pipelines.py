"""The new route: Customer.io Data Pipelines, as its documents describe it. Pure.

Where the documents say nothing, a value is `Unknown`, or the whole effect is. Dates are the largest of these gaps
(FACTS R7); a team that has tried it in its workspace says so with `Dates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from pipelines_client.effects.dates import as_told
from pipelines_client.effects.identifiers import person_of
from pipelines_client.effects.javascript import number_text, value_at
from pipelines_client.effects.model import Action, Call, Dates, Effect, Unknown, nothing
from pipelines_client.effects.routes.base import Route
from pipelines_client.evidence.addresses import EMAIL_PLACE, email_in

Sees = dict[str, Any]

_DEFAULT_TYPE: Final = "1"  # FACTS C11
_RELATIONSHIP: Final = "relationshipAttributes"
_OF_GROUPS: Final = ("object_type_id", _RELATIONSHIP)
_HINTS_AT_OBJECT: Final = ("objectId", "object_type_id", "objectTypeId", _RELATIONSHIP)
_UNDOCUMENTED_COMMANDS: Final = frozenset(
    ("Delete Person", "Application Installed", "Application Opened", "Application Uninstalled")
)
_METRICS: Final = frozenset(("delivered", "opened", "clicked", "converted"))


class DataPipelines(Route):
    """Customer.io Data Pipelines.

    Args:
        dates: What it does to text that is a date.
    """

    name: ClassVar[str] = "data_pipelines"
    title: ClassVar[str] = "Customer.io Data Pipelines"

    def __init__(self, dates: Dates = Dates.UNKNOWN) -> None:
        self.dates = dates

    def effects(self, call: Call) -> tuple[Effect, ...]:
        """Return the one thing that the call does."""
        kind = call.get("type")
        of_type = _OF_TYPES.get(kind) if type(kind) is str else None
        return (nothing("unknown_type") if of_type is None else of_type(call, self.dates),)


def _identify(call: Call, dates: Dates) -> Effect:
    traits = _object_in(call, "traits")
    user, anonymous = _id(call, "userId"), _id(call, "anonymousId")
    email = _id(traits, "email")
    if user is not None:
        person = person_of(user)
    elif email is not None:
        person = {"email": email}  # FACTS C10
    elif anonymous is not None:
        person = {"anonymous_id": anonymous}
    else:
        return nothing("no_identifier")
    attributes = _attributes(traits, dates)
    if anonymous is not None and "anonymous_id" not in person:
        attributes["anonymous_id"] = anonymous  # FACTS C15: the two are one person from now on
    sees: Sees = {"person": person, "attributes": attributes, **_email_beside(call, traits), **_time(call)}
    if any(name in traits for name in _HINTS_AT_OBJECT):
        sees["relationships"] = Unknown("relationship_of_identify")
    return Effect(Action.IDENTIFY, sees)


def _track(call: Call, dates: Dates) -> Effect:
    name = _id(call, "event")
    if name is None:
        return nothing("no_name")
    if name in _COMMANDS:
        return _COMMANDS[name](call, dates)
    if name.strip(" ") in _COMMANDS or name.strip(" ") in _UNDOCUMENTED_COMMANDS:
        return Effect(Action.UNKNOWN, why="maybe_command")
    person = _person(call)
    if person is None:
        is_of_group = _id(call, "groupId") is not None
        return Effect(Action.UNKNOWN, why="event_of_group") if is_of_group else nothing("no_identifier")
    return Effect(Action.EVENT, {"person": person, "name": name, **_data(call, dates)})


def _view(action: Action) -> Callable[[Call, Dates], Effect]:
    def view(call: Call, dates: Dates) -> Effect:
        person = _person(call)
        if person is None:
            return nothing("no_identifier")
        name = _id(call, "name")
        named = Unknown("view_without_name") if name is None else name
        return Effect(action, {"person": person, "name": named, **_data(call, dates)})

    return view


def _group(call: Call, dates: Dates) -> Effect:
    group, traits = _id(call, "groupId"), _object_in(call, "traits")
    if group is None:
        return nothing("no_group")
    attributes = _attributes({name: value for name, value in traits.items() if name not in _OF_GROUPS}, dates)
    sees: Sees = {"object": _object(group, traits), "attributes": attributes, **_email_beside(call)}
    if traits.keys() & {"created_at", "createdAt"}:
        sees["created_at"] = Unknown("created_at_of_object")
    person = _person(call)
    if person is not None:
        related: Sees = {"person": person}
        if type(traits.get(_RELATIONSHIP)) is dict:
            related["attributes"] = as_told(traits[_RELATIONSHIP], dates)
        sees["relationships"] = [related]
    return Effect(Action.OBJECT, sees)


def _alias(call: Call, _: Dates) -> Effect:
    user, previous = _id(call, "userId"), _id(call, "previousId")
    if user is None or previous is None:
        return nothing("no_identifier")
    return Effect(Action.MERGE, {"person": person_of(user), "merged": person_of(previous)})


def _of_person(action: Action) -> Callable[[Call, Dates], Effect]:
    def command(call: Call, _: Dates) -> Effect:
        user = _id(call, "userId")
        return nothing("no_identifier") if user is None else Effect(action, {"person": person_of(user)})

    return command


def _put_device(call: Call, _: Dates) -> Effect:
    user, device = _id(call, "userId"), value_at(call, "context.device")
    token = _id(device, "token")
    if user is None or token is None:
        return nothing("no_identifier" if user is None else "no_token")
    about: Sees = {"token": token}
    platform = _id(device, "type")
    if platform is not None:
        about["platform"] = platform
    about["attributes"] = {}
    if _object_in(call, "properties") or _id(value_at(call, "context.app"), "version") is not None:
        about["attributes"] = Unknown("device_details")
    if call.get("timestamp") is not None:
        about["last_used"] = Unknown("device_details")
    return Effect(Action.PUT_DEVICE, {"person": person_of(user), "device": about})


def _delete_device(call: Call, _: Dates) -> Effect:
    user, token = _id(call, "userId"), _id(value_at(call, "context.device"), "token")
    if user is None or token is None:
        return nothing("no_identifier" if user is None else "no_token")
    return Effect(Action.DELETE_DEVICE, {"person": person_of(user), "device": {"token": token}})


def _delete_relationship(call: Call, _: Dates) -> Effect:
    user, properties = _id(call, "userId"), _object_in(call, "properties")
    found = _id(properties, "objectId")
    if user is None or found is None:
        return nothing("no_identifier" if user is None else "no_object")
    sees = {"object": _object(found, properties, documented="objectTypeId")}
    return Effect(Action.DELETE_RELATIONSHIP, {**sees, "relationships": [{"person": person_of(user)}]})


def _delete_object(call: Call, _: Dates) -> Effect:
    properties = _object_in(call, "properties")
    found = _id(properties, "objectId")
    if found is None:
        return nothing("no_object")
    return Effect(Action.DELETE_OBJECT, {"object": _object(found, properties, documented="objectTypeId")})


def _report_delivery(call: Call, _: Dates) -> Effect:
    properties = _object_in(call, "properties")
    delivery, metric = _id(properties, "deliveryId"), _id(properties, "metric")
    if delivery is None or metric is None:
        return nothing("no_delivery")
    if metric not in _METRICS:
        return Effect(Action.UNKNOWN, why="undocumented_metric")
    names = (("recipient", "recipient"), ("reason", "reason"), ("href", "href"), ("action_value", "actionValue"))
    report = {"delivery_id": delivery, "metric": metric}
    report |= {name: text for name, key in names if (text := _id(properties, key)) is not None}
    sees: Sees = {"report": report, **_time(call)}
    if _id(properties, "actionName") is not None:
        sees["report"] = {**report, "action_name": Unknown("action_name")}
    return Effect(Action.REPORT_DELIVERY, sees)


def _report_content(call: Call, dates: Dates) -> Effect:
    properties = _object_in(call, "properties")
    name, anonymous = _id(properties, "actionType"), _id(call, "anonymousId")
    if name is None or anonymous is None:
        return nothing("no_identifier" if anonymous is None else "no_name")
    attributes = _attributes({key: value for key, value in properties.items() if key != "actionType"}, dates)
    sees = {"person": {"anonymous_id": anonymous}, "name": name, "attributes": attributes}
    return Effect(Action.REPORT_CONTENT, {**sees, **_time(call)})


def _person(call: Call) -> Sees | None:
    user, anonymous = _id(call, "userId"), _id(call, "anonymousId")
    if user is not None:
        return person_of(user)
    return None if anonymous is None else {"anonymous_id": anonymous}


def _object(object_id: str, values: Mapping[str, Any], *, documented: str = "object_type_id") -> Sees:
    """Return an object and its type, whose documented spelling differs between groups and commands (FACTS C11)."""
    told = _id(values, documented)
    other = _id(values, "objectTypeId" if documented == "object_type_id" else "object_type_id")
    if told is None and other not in (None, _DEFAULT_TYPE):
        return {"object_id": object_id, "object_type_id": Unknown("object_type")}
    return {"object_id": object_id, "object_type_id": told or _DEFAULT_TYPE}


def _attributes(values: Mapping[str, Any], dates: Dates) -> Sees:
    """Return attributes as they are sent; whether `createdAt` is written as `created_at` as well is not documented."""
    found: Sees = as_told(dict(values), dates)
    if "createdAt" in found and "created_at" not in found:
        found["created_at"] = Unknown("created_at")
    return found


def _data(call: Call, dates: Dates) -> Sees:
    found = {**_email_beside(call), **_time(call)}
    if type(call.get("properties")) is dict:
        found["attributes"] = as_told(call["properties"], dates)
    message_id = _id(call, "messageId")
    return found if message_id is None else {**found, "event_id": message_id}


def _email_beside(call: Call, traits: Mapping[str, Any] | None = None) -> Sees:
    """Return where a call has the person's e-mail address, if no document says that it is looked for there."""
    found = email_in(traits, call.get("context"))
    return {} if found is None or found.place == EMAIL_PLACE else {"email_beside": found.place}


def _time(call: Call) -> Sees:
    return {} if call.get("timestamp") is None else {"at": call["timestamp"]}


def _object_in(call: Call, name: str) -> Mapping[str, Any]:
    found = call.get(name)
    return found if type(found) is dict else {}


def _id(values: Any, name: str) -> str | None:
    """Return an identifier or name as text, None if it is empty or of another type."""
    found = values.get(name) if isinstance(values, Mapping) else None
    if type(found) is str:
        return found or None
    return number_text(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None


_OF_TYPES: Final[Mapping[str, Callable[[Call, Dates], Effect]]] = {
    "identify": _identify,
    "track": _track,
    "page": _view(Action.PAGE),
    "screen": _view(Action.SCREEN),
    "group": _group,
    "alias": _alias,
}

_COMMANDS: Final[Mapping[str, Callable[[Call, Dates], Effect]]] = {
    "User Deleted": _of_person(Action.DELETE_PERSON),
    "User Suppressed": _of_person(Action.SUPPRESS),
    "User Unsuppressed": _of_person(Action.UNSUPPRESS),
    "Device Created or Updated": _put_device,
    "Device Deleted": _delete_device,
    "Relationship Deleted": _delete_relationship,
    "Object Deleted": _delete_object,
    "Report Delivery Event": _report_delivery,
    "Report Content Event": _report_content,
}
"""The event names that are documented as commands (FACTS C12)."""
