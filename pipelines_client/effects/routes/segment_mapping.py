"""The triggers and fields of Segment's Customer.io destination: which values of a call each of its actions takes. Pure.

As its published code has them by default (FACTS R2 to R6, C12). A team may have changed both; see `settings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pipelines_client.effects.javascript import (
    ABSENT,
    is_there,
    scalar_text,
    template_text,
    value_at,
)
from pipelines_client.effects.model import Call

FieldKind = Literal["text", "object", "template"]


class UnsentError(Exception):
    """An action sends nothing for a call; the text is a key of `changes.REASONS`."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an action, and where its value comes from.

    Attributes:
        paths: Paths in the call; the first that leads to a value counts, else the last.
        kind: `text`, into which numbers, true and false are turned; `object`; or `template`, which takes any value as
            text.
        is_required: Whether the action sends nothing without it.
        choices: The only values that are sent; empty for all.
    """

    paths: tuple[str, ...]
    kind: FieldKind = "text"
    is_required: bool = False
    choices: frozenset[str] = frozenset()

    def value_in(self, call: Call) -> Any:
        """Return the field's value for a call, `ABSENT` if it has none.

        Raises:
            UnsentError: It is required and not there, or not of its kind.
        """
        found = ABSENT
        for path in self.paths:
            found = value_at(call, path)
            if is_there(found):
                break
        value = self._cleaned(found)
        if value is ABSENT and self.is_required:
            raise UnsentError("required_field")
        if self.choices and value is not ABSENT and value not in self.choices:
            raise UnsentError("not_a_choice")
        return value

    def _cleaned(self, found: Any) -> Any:
        if self.kind == "template":
            return template_text(found) or ABSENT
        if not is_there(found) or found == "":
            return ABSENT
        if self.kind == "object":
            if type(found) is not dict:
                raise UnsentError("not_an_object")
            return found
        if type(found) is list and len(found) == 1:
            found = "" if found[0] is None else found[0]
        if type(found) in (dict, list):
            raise UnsentError("not_a_text")
        return scalar_text(found)


Fields = Mapping[str, Field]

_PERSON: Final = Field(("userId",), is_required=True)
_TIME: Final = Field(("timestamp",))
_ANONYMOUS: Final = Field(("anonymousId",))
_PROPERTIES: Final = Field(("properties",), "object")
_EVENT: Final[Fields] = {
    "id": Field(("userId",)),
    "anonymous_id": _ANONYMOUS,
    "event_id": Field(("messageId",)),
    "timestamp": _TIME,
    "data": _PROPERTIES,
}
_CREATED_AT: Final = Field(("traits.created_at", "traits.createdAt"))
_OBJECT_TYPE: Final = Field(("traits.object_type_id", "traits.objectTypeId"))
_TOKEN: Final = Field(("context.device.token",), is_required=True)
_DELETED_OBJECT: Final[Fields] = {
    "object_id": Field(("properties.objectId",)),
    "object_type_id": Field(("properties.object_type_id", "properties.objectTypeId")),
}
_METRICS: Final = frozenset(
    ("delivered", "opened", "clicked", "converted", "spammed", "bounced", "dropped", "deferred"),
)

FIELDS: Final[Mapping[str, Fields]] = {
    "identify": {
        "id": Field(("userId", "traits.email")),
        "anonymous_id": _ANONYMOUS,
        "email": Field(("traits.email",), "template"),
        "created_at": _CREATED_AT,
        "group_id": Field(("traits.objectId",)),
        "custom_attributes": Field(("traits",), "object"),
        "relationship_attributes": Field(("traits.relationshipAttributes",), "object"),
        "timestamp": _TIME,
        "object_type_id": _OBJECT_TYPE,
    },
    "device": {
        "person_id": _PERSON,
        "device_id": _TOKEN,
        "app_version": Field(("context.app.version",)),
        "platform": Field(("context.device.type",), is_required=True),
        "last_used": _TIME,
        "attributes": _PROPERTIES,
    },
    "delete_device": {"person_id": _PERSON, "device_id": _TOKEN},
    "delete_relationship": {
        "person_id": _PERSON,
        "anonymous_id": _ANONYMOUS,
        **_DELETED_OBJECT,
        "object_id": Field(("properties.objectId",), is_required=True),
    },
    "delete_person": {"person_id": _PERSON},
    "delete_object": _DELETED_OBJECT,
    "track": {**_EVENT, "name": Field(("event",), is_required=True)},
    "page": {**_EVENT, "url": Field(("properties.url",), is_required=True)},
    "screen": {**_EVENT, "name": Field(("name",), is_required=True)},
    "group": {
        "id": Field(("groupId",), is_required=True),
        "created_at": _CREATED_AT,
        "custom_attributes": Field(("traits.objectAttributes",), "object"),
        "relationship_attributes": Field(("traits.relationshipAttributes",), "object"),
        "user_id": Field(("userId",)),
        "anonymous_id": _ANONYMOUS,
        "object_type_id": _OBJECT_TYPE,
    },
    "merge": {"primary": _PERSON, "secondary": Field(("previousId",), is_required=True)},
    "suppress": {"person_id": _PERSON},
    "unsuppress": {"person_id": _PERSON},
    "report_delivery": {
        "delivery_id": Field(("properties.deliveryId",), is_required=True),
        "metric": Field(("properties.metric",), is_required=True, choices=_METRICS),
        "recipient": Field(("properties.recipient",)),
        "reason": Field(("properties.reason",)),
        "href": Field(("properties.href",)),
        "action_name": Field(("properties.actionName",)),
        "action_value": Field(("properties.actionValue",)),
        "timestamp": _TIME,
    },
    "report_content": {
        "anonymous_id": _ANONYMOUS,
        "actionType": Field(
            ("properties.actionType",), is_required=True, choices=frozenset(("viewed_content", "clicked_content"))
        ),
        "timestamp": _TIME,
        "data": _PROPERTIES,
    },
}
"""The fields of each action, by the names that its settings have."""

CONVERTS: Final[frozenset[str]] = frozenset(
    ("identify", "device", "track", "page", "screen", "group", "report_content")
)
"""The actions that have the setting `convert_timestamp` (FACTS R2)."""

OF_EVENTS: Final[Mapping[str, str]] = {
    "Application Installed": "device",
    "Application Opened": "device",
    "Device Created or Updated": "device",
    "Application Uninstalled": "delete_device",
    "Device Deleted": "delete_device",
    "Relationship Deleted": "delete_relationship",
    "User Deleted": "delete_person",
    "Object Deleted": "delete_object",
    "User Suppressed": "suppress",
    "User Unsuppressed": "unsuppress",
    "Report Delivery Event": "report_delivery",
    "Report Content Event": "report_content",
}
"""The action that an event's name triggers, in a call of any type (FACTS C12, R6)."""

OF_TYPES: Final[Mapping[str, str]] = {
    "identify": "identify",
    "track": "track",
    "page": "page",
    "screen": "screen",
    "group": "group",
    "alias": "merge",
}
"""The action that a type of call triggers; a track call only if its event's name triggers none."""


def triggered(call: Call) -> list[str]:
    """Return the actions that a call triggers: names and types must be equal to the letter."""
    event, kind = call.get("event"), call.get("type")
    by_event = OF_EVENTS.get(event) if type(event) is str else None
    by_type = OF_TYPES.get(kind) if type(kind) is str else None
    if by_event is not None and by_type == "track":
        by_type = None
    return [action for action in (by_event, by_type) if action is not None]
