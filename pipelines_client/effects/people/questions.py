"""What no document settles about people, how the model goes on meanwhile, and why a call may have no effect. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """Something that no document settles.

    Attributes:
        code: Its name in reports.
        says: What is not known.
        taken_as: How the model goes on.
        facts: What is known around it.
        is_of_existence: Whether the person exists only by this answer, until an identify settles it.
    """

    code: str
    says: str
    taken_as: str
    facts: str
    is_of_existence: bool = False


_ALL: Final = (
    OpenQuestion(
        "event_of_unknown",
        "whether an event with an unknown id adds a person",
        "a person without attributes is added",
        "P8, R8",
        is_of_existence=True,
    ),
    OpenQuestion(
        "object_of_unknown",
        "whether a group call with an unknown id adds a person",
        "a person without attributes is added",
        "P8",
        is_of_existence=True,
    ),
    OpenQuestion(
        "device_of_unknown",
        "whether a device of an unknown id adds a person",
        "a person without attributes is added",
        "P8, C12",
        is_of_existence=True,
    ),
    OpenQuestion(
        "anonymous_identify",
        "what an identify with only an anonymous id does",
        "no person is added",
        "P5, C10",
    ),
    OpenQuestion(
        "older_identify",
        "whether an identify that is older than the person's newest edit still sets what no newer one has set",
        "such attributes are unknown; what a newer edit has set stays",
        "C16, R7",
    ),
    OpenQuestion(
        "same_time",
        "which of two edits with one timestamp counts",
        "an attribute that both set, to different values, is unknown",
        "C16",
    ),
    OpenQuestion(
        "email_adopted",
        "whether an unknown id with the e-mail address of a person without an id becomes that person's id",
        "it does, as at the neighbouring API: one person",
        "P2, C17",
    ),
    OpenQuestion(
        "email_of_another",
        "what an identify sets if its e-mail address belongs to another person, who has an id",
        "the address stays with its owner, no person is added, and the attributes are unknown",
        "R7, R8, P2",
    ),
    OpenQuestion(
        "maybe_merged",
        "whether the person with the id and the one with the e-mail address are merged, which is a setting",
        "they stay two",
        "P2",
    ),
    OpenQuestion(
        "email_changed",
        "whether an identify may change an e-mail address that is set, which is a setting",
        "the new address counts",
        "P3",
    ),
    OpenQuestion(
        "odd_email",
        "what happens with an e-mail address that is not valid",
        "beside an id it is ignored; without an id it identifies the person",
        "C17, R5",
    ),
    OpenQuestion(
        "email_beside",
        "whether an e-mail address in a trait such as `Email`, or in `context.traits`, becomes the person's address",
        "it does not",
        "P1, C10",
    ),
    OpenQuestion(
        "suppressed_email",
        "what an identify does if its e-mail address is suppressed and its id is not",
        "all but the address is set",
        "P6",
    ),
    OpenQuestion(
        "id_attribute",
        "what a trait `id` does that differs from the person's id",
        "the id stays, and the trait is ignored",
        "P1",
    ),
    OpenQuestion(
        "no_such_cio_id",
        "whether the person of a cio_id that was not seen exists already",
        "nothing is added",
        "P1, C17",
    ),
    OpenQuestion(
        "id_too_long",
        "what happens with an id over the limit",
        "it does not add a person",
        "C13",
    ),
    OpenQuestion(
        "over_limit",
        "what happens with an attribute over the limits",
        "it is unknown, or left out if there are too many",
        "C13",
    ),
    OpenQuestion(
        "event_over_limit",
        "what happens with an event whose name is over the limit",
        "it counts like other events",
        "C13",
    ),
    OpenQuestion(
        "merge_conflict",
        "which value stays if both merged people have one",
        "it is unknown",
        "P4",
    ),
    OpenQuestion(
        "merge_without_primary",
        "what a merge into a person who does not exist does",
        "nothing",
        "P4",
    ),
    OpenQuestion(
        "merge_of_visitor",
        "whether a merge takes over what an anonymous id did",
        "it does not",
        "C15, P4",
    ),
    OpenQuestion(
        "shared_visitor",
        "whose the earlier events are if an anonymous id comes with a second person",
        "those since the first identify are the second person's",
        "C15",
    ),
    OpenQuestion(
        "old_visitor_events",
        "which events of an anonymous id fall out of the 30 days, on the day of the limit",
        "they are counted apart",
        "C15",
    ),
    OpenQuestion(
        "unknown_call",
        "what the route does with the call",
        "nothing",
        "C10, C12",
    ),
)

QUESTIONS: Final[dict[str, OpenQuestion]] = {question.code: question for question in _ALL}
"""Every open question by its code."""

OF_EXISTENCE: Final[frozenset[str]] = frozenset(question.code for question in _ALL if question.is_of_existence)
"""The questions on whose answer it depends whether a person exists at all."""

INEFFECTIVE: Final[dict[str, str]] = {
    "older_identify": "it is older than the person's newest edit",
    "email_of_another": "its e-mail address belongs to another person",
    "suppressed": "the person is suppressed",
    "no_such_cio_id": "this cio_id does not exist",
    "id_too_long": "the id is over the limit",
    "anonymous": "it names an anonymous id, which is not a person",
    "no_person": "this id does not exist",
    "same_person": "both ids are one person's",
    "nothing": "the route lets nothing arrive, or nothing about a person",
    "unknown_call": "what the route does with it is not known",
}
"""Why a call has no effect on people, or not all of it, by `PersonOutcome.ineffective`."""
