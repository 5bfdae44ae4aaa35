"""The old route: Segment's Customer.io destination, which rewrites what it forwards (FACTS R2 to R6, C12). Pure.

An action takes the values of its fields from a call (`segment_mapping`), arranges them, turns dates into Unix seconds
and decides who the person is. What it then sends is what the workspace sees.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from pipelines_client.effects.dates import converted, time_of
from pipelines_client.effects.identifiers import person_of
from pipelines_client.effects.javascript import ABSENT, as_doubles, is_empty, number_text
from pipelines_client.effects.model import Action, Call, Effect, nothing
from pipelines_client.effects.routes.base import Route
from pipelines_client.effects.routes.segment_mapping import UnsentError, triggered
from pipelines_client.effects.settings import DestinationSettings

Values = dict[str, Any]

_OBJECT_KEYS: Final = ("object_type_id", "objectTypeId", "relationshipAttributes")
_DEFAULT_TYPE: Final = "1"  # FACTS R4


@dataclass(slots=True)
class _Draft:
    """What an action is about to send; a missing field is `ABSENT`.

    Attributes:
        action: What it does.
        sees: The part in which dates are converted, under the keys of `Effect.sees`.
        person_id: The id of the person, as text.
        email: The e-mail address that stands in for a missing id.
        anonymous_id: The anonymous id that stands in for both, and is an attribute otherwise.
        object_id: The id of the object that the action is about.
        object_type_id: The object's type.
        at: The time of the call.
        fixed: The part of `sees` that stands in lists, where dates stay.
        converts_ids: Whether dates are converted in ids and in attributes of relationships as well.
    """

    action: Action
    sees: Values
    person_id: Any = ABSENT
    email: Any = ABSENT
    anonymous_id: Any = ABSENT
    object_id: Any = ABSENT
    object_type_id: Any = _DEFAULT_TYPE
    at: Any = ABSENT
    fixed: Values = field(default_factory=dict)
    converts_ids: bool = False


class SegmentDestination(Route):
    """Segment's Customer.io destination with the settings of a team."""

    name: ClassVar[str] = "segment_destination"
    title: ClassVar[str] = "Segment's Customer.io destination"

    def __init__(self, settings: DestinationSettings | None = None) -> None:
        self.settings = settings or DestinationSettings()

    def effects(self, call: Call) -> tuple[Effect, ...]:
        """Return what each action that the call triggers does; a call may trigger two."""
        actions = triggered(call)
        return tuple(self._effect(action, call) for action in actions) or (nothing("no_trigger"),)

    def effects_of_line(self, line: Call) -> tuple[Effect, ...]:
        """Return what the call in an archive's line does: Segment sends on its corrected time (FACTS S7)."""
        return self.effects(line)

    def _effect(self, action: str, call: Call) -> Effect:
        fields = self.settings.fields.get(action)
        if fields is None:
            return nothing("switched_off")
        try:
            values = {name: value for name, one in fields.items() if (value := one.value_in(call)) is not ABSENT}
            return _sent(_DRAFTS[action](values), is_converting=action in self.settings.converting)
        except UnsentError as error:
            return nothing(str(error))


def _sent(draft: _Draft, *, is_converting: bool) -> Effect:
    """Return the effect of a draft: with dates converted, the time, and whom it is about."""
    if is_converting and draft.converts_ids:
        _convert_ids(draft)
    sees = converted(draft.sees) if is_converting else dict(draft.sees)
    sees |= draft.fixed
    if not is_empty(draft.at):
        sees["at"] = time_of(draft.at)
    about = _about(draft)
    sees |= about
    if not is_empty(draft.anonymous_id):
        attributes = dict(sees.get("attributes") or {})
        attributes["anonymous_id"] = draft.anonymous_id
        if "anonymous_id" in about.get("person", {}):
            del attributes["anonymous_id"]
        sees["attributes"] = attributes
    return Effect(draft.action, as_doubles(sees))


def _convert_ids(draft: _Draft) -> None:
    draft.person_id, draft.anonymous_id = converted(draft.person_id), converted(draft.anonymous_id)
    draft.object_id, draft.object_type_id = converted(draft.object_id), converted(draft.object_type_id)
    for related in draft.fixed.get("relationships", ()):
        if "attributes" in related:
            related["attributes"] = converted(related["attributes"])


def _about(draft: _Draft) -> Values:
    """Return the object or person that a draft is about (FACTS R5).

    Raises:
        UnsentError: There is no identifier.
    """
    if draft.action in (Action.MERGE, Action.REPORT_DELIVERY):
        return {}
    if not is_empty(draft.object_id) and not is_empty(draft.object_type_id):
        return {"object": {"object_id": draft.object_id, "object_type_id": draft.object_type_id}}
    if type(draft.person_id) is int:  # an id that was converted
        raise UnsentError("not_a_text")
    if not is_empty(draft.person_id):
        return {"person": person_of(draft.person_id)}
    for name, value in (("email", draft.email), ("anonymous_id", draft.anonymous_id)):
        if not is_empty(value):
            return {"person": {name: value}}
    raise UnsentError("no_identifier")


def _person(person_id: Any, anonymous_id: Any = ABSENT) -> Values:
    """Return how a person within a relationship is named."""
    if not is_empty(person_id):
        return person_of(person_id)
    return {} if is_empty(anonymous_id) else {"anonymous_id": anonymous_id}


def _identify(values: Values) -> _Draft:
    attributes = {
        name: value
        for name, value in values.get("custom_attributes", {}).items()
        if name not in (*_OBJECT_KEYS, "created_at", "createdAt")
    }
    for name in ("created_at", "email"):
        if not is_empty(values.get(name)):
            attributes[name] = values[name]
    return _Draft(
        Action.IDENTIFY,
        {"attributes": attributes},
        person_id=values.get("id", ABSENT),
        email=values.get("email", ABSENT),
        anonymous_id=values.get("anonymous_id", ABSENT),
        at=values.get("timestamp", ABSENT),
        fixed=_related(values),
    )


def _related(values: Values) -> Values:
    """Return the relationship with `traits.objectId`; its attributes are in a list, so their dates stay (FACTS R2)."""
    if is_empty(values.get("group_id")):
        return {}
    related = {"object": {"object_id": values["group_id"], "object_type_id": values.get("object_type_id", "1")}}
    return {"relationships": [{**related, **_relationship_attributes(values)}]}


def _relationship_attributes(values: Values) -> Values:
    found = values.get("relationship_attributes")
    return {} if found is None else {"attributes": found}


def _event(action: Action, name: str) -> Callable[[Values], _Draft]:
    """Return what makes the draft of an event, whose name is in the field `name`."""

    def draft(values: Values) -> _Draft:
        sees = {"name": values[name]}
        sees |= {key: values[taken] for key, taken in _EVENT_VALUES if taken in values}
        return _Draft(
            action,
            sees,
            person_id=values.get("id", ABSENT),
            anonymous_id=values.get("anonymous_id", ABSENT),
            at=values.get("timestamp", ABSENT),
        )

    return draft


_EVENT_VALUES: Final = (("attributes", "data"), ("event_id", "event_id"))


def _object(values: Values) -> _Draft:
    """Arrange a group call: unlike elsewhere, dates in ids and in the relationship's attributes are converted too."""
    sees: Values = {}
    if "custom_attributes" in values:
        kept = {name: value for name, value in values["custom_attributes"].items() if name not in _OBJECT_KEYS}
        sees["attributes"] = kept
    if not is_empty(values.get("created_at")):
        sees["created_at"] = values["created_at"]
    user, anonymous = values.get("user_id", ABSENT), values.get("anonymous_id", ABSENT)
    person = _person(user, anonymous)
    return _Draft(
        Action.OBJECT,
        sees,
        person_id=user,
        anonymous_id=anonymous,
        object_id=values["id"],
        object_type_id=values.get("object_type_id", _DEFAULT_TYPE),
        fixed={"relationships": [{"person": person, **_relationship_attributes(values)}]} if person else {},
        converts_ids=True,
    )


def _put_device(values: Values) -> _Draft:
    attributes = dict(values.get("attributes", {}))
    if not is_empty(values.get("app_version")):
        attributes["app_version"] = values["app_version"]
    device = {"token": values["device_id"], "platform": values["platform"], "attributes": attributes}
    if "last_used" in values:
        device["last_used"] = values["last_used"]
    return _Draft(Action.PUT_DEVICE, {"device": device}, person_id=values["person_id"])


def _delete_device(values: Values) -> _Draft:
    return _Draft(Action.DELETE_DEVICE, {"device": {"token": values["device_id"]}}, person_id=values["person_id"])


def _of_person(action: Action) -> Callable[[Values], _Draft]:
    return lambda values: _Draft(action, {}, person_id=values["person_id"])


def _merge(values: Values) -> _Draft:
    found = {"person": _person(values["primary"]), "merged": _person(values["secondary"])}
    if not all(found.values()):
        raise UnsentError("no_identifier")
    return _Draft(Action.MERGE, found)


def _delete_object(values: Values) -> _Draft:
    if "object_id" not in values:
        raise UnsentError("required_field")
    return _Draft(Action.DELETE_OBJECT, {}, **_object_ids(values))


def _object_ids(values: Values) -> Values:
    return {
        "object_id": values["object_id"],
        "object_type_id": values.get("object_type_id", _DEFAULT_TYPE),
    }


def _delete_relationship(values: Values) -> _Draft:
    anonymous = values.get("anonymous_id", ABSENT)
    person = _person(values["person_id"], anonymous)
    if not person:
        raise UnsentError("no_identifier")
    return _Draft(
        Action.DELETE_RELATIONSHIP,
        {},
        person_id=values["person_id"],
        anonymous_id=anonymous,
        fixed={"relationships": [{"person": person}]},
        **_object_ids(values),
    )


def _report_delivery(values: Values) -> _Draft:
    report = {
        name: value
        for name, value in values.items()
        if name != "timestamp" and (name in ("delivery_id", "metric") or value)
    }
    sees: Values = {"report": report}
    if "timestamp" in values:
        at = time_of(values["timestamp"])
        if type(at) is str and not at.replace(".", "", 1).isdecimal():
            raise UnsentError("not_a_date")
        sees["at"] = json.loads(number_text(float(at))) if type(at) is str else at
    return _Draft(Action.REPORT_DELIVERY, sees)


def _report_content(values: Values) -> _Draft:
    sees: Values = {"name": values["actionType"]}
    if "data" in values:
        sees["attributes"] = {key: value for key, value in values["data"].items() if key != "actionType"}
    return _Draft(
        Action.REPORT_CONTENT,
        sees,
        anonymous_id=values.get("anonymous_id", ABSENT),
        at=values.get("timestamp", ABSENT),
    )


_DRAFTS: Final[Mapping[str, Callable[[Values], _Draft]]] = {
    "identify": _identify,
    "device": _put_device,
    "delete_device": _delete_device,
    "delete_relationship": _delete_relationship,
    "delete_person": _of_person(Action.DELETE_PERSON),
    "delete_object": _delete_object,
    "track": _event(Action.EVENT, "name"),
    "page": _event(Action.PAGE, "url"),
    "screen": _event(Action.SCREEN, "name"),
    "group": _object,
    "merge": _merge,
    "suppress": _of_person(Action.SUPPRESS),
    "unsuppress": _of_person(Action.UNSUPPRESS),
    "report_delivery": _report_delivery,
    "report_content": _report_content,
}
"""How each action arranges the values of its fields."""
