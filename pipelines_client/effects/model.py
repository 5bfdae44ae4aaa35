"""The values of this room: what a workspace sees of a call, and what cannot be told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Call = Mapping[str, Any]
"""A message as JSON, as a client sends it or an archive keeps it."""

MAX_LEVELS = 100
"""The most levels of a value that are looked at; the clients send fewer, and what lies below is `Unknown`."""


class Action(str, Enum):
    """What a call does in the workspace."""

    IDENTIFY = "identify"
    EVENT = "event"
    PAGE = "page"
    SCREEN = "screen"
    OBJECT = "object"
    MERGE = "merge"
    DELETE_PERSON = "delete_person"
    SUPPRESS = "suppress"
    UNSUPPRESS = "unsuppress"
    PUT_DEVICE = "put_device"
    DELETE_DEVICE = "delete_device"
    DELETE_RELATIONSHIP = "delete_relationship"
    DELETE_OBJECT = "delete_object"
    REPORT_DELIVERY = "report_delivery"
    REPORT_CONTENT = "report_content"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


class Dates(str, Enum):
    """What the new route does to text that is a date; no document says it (FACTS R7)."""

    UNCHANGED = "unchanged"
    CONVERTED = "converted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stands for a value that no document settles; the value may also be absent.

    Attributes:
        what: What is not known: a key of `changes.UNKNOWNS`.
    """

    what: str


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a call does in the workspace.

    `sees` is a JSON object in which an `Unknown` may stand for any value. Its keys, each there only if there is such
    a thing:

    - `person`: how the person is identified: one of `id`, `email`, `cio_id`, `anonymous_id`, with its value.
    - `object`: `object_id` and `object_type_id`.
    - `attributes`: attributes of the person or object, or the data of the event.
    - `name`: of the event, page view or screen view.
    - `at`: when it happened; without it, when it arrives. Unix seconds on the old route, ISO-8601 on the new one.
    - `event_id`: by which a workspace drops repeats (FACTS C14).
    - `relationships`: a list of `{"person" or "object": …, "attributes": …}`.
    - `merged`: how the person is identified who is merged into `person` and deleted.
    - `device`: `token`, `platform`, `last_used`, `attributes`.
    - `created_at`: of an object, beside its attributes.
    - `email_beside`: where else than documented the call has the person's e-mail address (`addresses.email_in`).
    - `report`: of a delivery: `delivery_id`, `metric`, `recipient`, `reason`, `href`, `action_name`, `action_value`.

    Attributes:
        action: What is done.
        sees: What the workspace sees of it.
        why: If nothing is done or that is unknown, the reason: a key of `changes.REASONS`.
    """

    action: Action
    sees: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


def nothing(why: str) -> Effect:
    """Return the effect of a call that leaves no trace in the workspace."""
    return Effect(Action.NOTHING, why=why)


def as_sent(call: Call) -> Call:
    """Return a call with the time that its client sent."""
    sent = call.get("originalTimestamp")
    return call if sent is None else {**call, "timestamp": sent}
