"""The kinds of change between two routes: how grave each is, in words, with its cure. Pure.

To add one, add a line to `_ALL`; a route names the unknown ones in `Unknown` and `Effect.why`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Weight(str, Enum):
    """What a change means for conditions in segments and campaigns."""

    BREAKS = "breaks"
    UNKNOWN = "unknown"
    MINOR = "minor"


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change.

    Attributes:
        code: Its name in reports.
        weight: Whether conditions stop matching.
        says: What changes, after the words for where and how often.
        cure: What to do about it.
        facts: The facts on which this rests.
        is_of_event: Whether it is counted for each event; else once for each type of call.
    """

    code: str
    weight: Weight
    says: str
    cure: str
    facts: str
    is_of_event: bool = True


_TRY_IT: Final = "send one such call to a test workspace, look at the result there, and pass --dates."
_UNIX: Final = 'Set customerio_dates="unix" in the client, which then sends it to Customer.io as Unix seconds.'
_OBJECT_CURE: Final = "Send a group call with `object_type_id` for the relationship."

_ALL: Final = (
    Change(
        "date_becomes_text",
        Weight.BREAKS,
        "is a Unix number today and would be ISO text: timestamp conditions on it stop matching",
        f"{_UNIX} Or send Unix seconds, which both routes leave alone.",
        "R1, R2",
    ),
    Change(
        "date_becomes_number",
        Weight.BREAKS,
        "is ISO text today and would be a Unix number: text conditions on it stop matching",
        "Rewrite the conditions on it as timestamp conditions.",
        "R1, R2",
    ),
    Change(
        "date",
        Weight.UNKNOWN,
        "is a date; whether the new route turns it into a Unix number is not documented",
        f"{_UNIX} Or {_TRY_IT}",
        "R7",
    ),
    Change(
        "date_in_list",
        Weight.UNKNOWN,
        "is a date in a list, which is text today; whether the new route turns it into a number is not documented",
        f"Send Unix seconds, or {_TRY_IT}",
        "R2, R7",
    ),
    Change(
        "person",
        Weight.BREAKS,
        "would belong to another person, or one who is identified in another way",
        "Send the person's own id as userId, in every call, and the e-mail address as a trait.",
        "R5, C17",
        is_of_event=False,
    ),
    Change(
        "name",
        Weight.BREAKS,
        "would change: conditions on today's name stop matching",
        'For page views, set customerio_page_names="url" in the client; else change the conditions in the workspace.',
        "R6",
    ),
    Change(
        "view_without_name",
        Weight.UNKNOWN,
        "is not sent; what the workspace then calls the view is not documented",
        'Set customerio_page_names="url" in the client, for pages that have a URL; else send a name with each call.',
        "R6",
        is_of_event=False,
    ),
    Change(
        "appears",
        Weight.BREAKS,
        "nothing arrives today; they would arrive, and may start campaigns or act as a command",
        "Do not send it to Customer.io, or expect it in the workspace.",
        "R6, C10, C12",
    ),
    Change(
        "disappears",
        Weight.BREAKS,
        "they have an effect today, and would have none",
        "Send what the new route needs; the reason says what that is.",
        "C10, C12",
    ),
    Change(
        "command_left_out",
        Weight.BREAKS,
        "they have an effect today; the client keeps them from Customer.io, because they are commands there",
        "Name it in allow_commands in the client; else deletions and suppressions stop with the switch.",
        "C12, R6",
    ),
    Change(
        "becomes",
        Weight.BREAKS,
        "they would have another effect than today",
        "Rename the event, or change what listens to it.",
        "C12, R6",
    ),
    Change(
        "attribute_gone",
        Weight.BREAKS,
        "is there today and would not be: conditions on it stop matching",
        "Send it where the new route takes it from: for a group, directly in its traits.",
        "R6",
    ),
    Change(
        "attribute_new",
        Weight.MINOR,
        "is removed or ignored today and would be there",
        "Remove it from the call if it should not be in the workspace.",
        "R4, R6",
    ),
    Change(
        "attribute_replaced",
        Weight.BREAKS,
        "is empty and ignored today, and would replace what the person has: conditions on it stop matching",
        'Set customerio_created_at="renamed" in the client, which then leaves it out. Or send it only with a value.',
        "R4",
    ),
    Change(
        "anonymous_id",
        Weight.MINOR,
        "is added by the old route and would not be there",
        "Change templates that print it.",
        "R4",
        is_of_event=False,
    ),
    Change(
        "number_as_text",
        Weight.MINOR,
        "is a number on one route and the same digits as text on the other",
        "Nothing to do, unless a condition compares its type.",
        "R4",
    ),
    Change(
        "rounded",
        Weight.MINOR,
        "is rounded by the old route, because it is larger than 2^53, and would be exact",
        "Send such numbers as text.",
        "R2",
    ),
    Change(
        "type",
        Weight.BREAKS,
        "would have another type: conditions on it may stop matching",
        "Send the type that the workspace has today.",
        "R4",
    ),
    Change(
        "value", Weight.BREAKS, "would have another value", "Send the value that the workspace has today.", "R4, R6"
    ),
    Change(
        "milliseconds",
        Weight.MINOR,
        "is cut to seconds today and would keep its milliseconds",
        "Nothing to do; events of one second keep their order.",
        "R3",
        is_of_event=False,
    ),
    Change(
        "time",
        Weight.MINOR,
        "is corrected by Segment for the sender's clock today, and would be as sent",
        "Keep the clocks of the senders right.",
        "S7, R3",
        is_of_event=False,
    ),
    Change(
        "odd_time",
        Weight.UNKNOWN,
        "is not ISO-8601; what either route does with it is not known",
        "Send timestamps as ISO-8601 with a zone.",
        "R3",
        is_of_event=False,
    ),
    Change(
        "object",
        Weight.BREAKS,
        "would be another object, or of another type",
        "Send `object_type_id` as text.",
        "C11, R4",
        is_of_event=False,
    ),
    Change(
        "object_type",
        Weight.UNKNOWN,
        "is given in a spelling that the documents of the new route do not have; the type may be another, or 1",
        "Send `object_type_id` in groups, `objectTypeId` in commands.",
        "C11, R4",
        is_of_event=False,
    ),
    Change(
        "relationship",
        Weight.BREAKS,
        "would change",
        _OBJECT_CURE,
        "R4, C11",
        is_of_event=False,
    ),
    Change(
        "relationship_of_identify",
        Weight.UNKNOWN,
        "is made of `objectId` by the old route; whether an identify makes one on the new route is not documented",
        _OBJECT_CURE,
        "R4, C11",
        is_of_event=False,
    ),
    Change(
        "created_at",
        Weight.UNKNOWN,
        "is written by the old route from `createdAt`; whether the new one does so is not documented",
        'Set customerio_created_at="renamed" in the client, or send `created_at`.',
        "R4",
        is_of_event=False,
    ),
    Change(
        "created_at_of_object",
        Weight.UNKNOWN,
        "stands beside the object's attributes on the old route; where it ends on either is not documented",
        "Send it as an attribute of another name, in Unix seconds.",
        "R6",
        is_of_event=False,
    ),
    Change(
        "device_details",
        Weight.UNKNOWN,
        "is kept with the device by the old route; the documents of the new one name token and type only",
        "Compare a device in a test workspace.",
        "C12",
        is_of_event=False,
    ),
    Change(
        "action_name",
        Weight.UNKNOWN,
        "is not in the documents of the new route",
        "Send one to a test workspace, and look at the result.",
        "C12",
    ),
    Change(
        "maybe_command",
        Weight.UNKNOWN,
        "they are named like a command, or nearly; whether the new route carries it out is not documented",
        "Rename the event.",
        "C12, C13",
    ),
    Change(
        "event_of_group",
        Weight.UNKNOWN,
        "they have a group and no person; what the workspace does with it is not documented",
        "Send a person with it.",
        "C10",
    ),
    Change(
        "undocumented_metric",
        Weight.UNKNOWN,
        "they report a metric that the documents of the new route do not have",
        "Report it in another way.",
        "C12",
    ),
    Change(
        "too_deep",
        Weight.UNKNOWN,
        "is nested too deep to be compared",
        "Send flatter values.",
        "C13",
    ),
)

CHANGES: Final[dict[str, Change]] = {change.code: change for change in _ALL}
"""Every kind of change by its code; the codes of unknown ones are those of `Unknown.what` and `Effect.why`."""

REASONS: Final[dict[str, str]] = {
    "no_trigger": "the destination has no action for such a call",
    "switched_off": "the action is switched off",
    "required_field": "a field that the action needs has no value",
    "not_a_text": "a value that must be text is a list or an object",
    "not_an_object": "a value that must be an object is not one",
    "not_a_choice": "a value is not one of those that the action accepts",
    "not_a_date": "the time is not a date",
    "no_identifier": "it does not identify a person",
    "no_name": "it has no name",
    "no_group": "it has no groupId",
    "no_token": "it has no device token",
    "no_object": "it has no objectId",
    "no_delivery": "it names no delivery or no metric",
    "unknown_type": "the API does not know its type",
}
"""Why a call has no effect, by `Effect.why`."""
