"""What an identify does: whom it is about, whose the e-mail address is, which attributes it sets. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipelines_client.effects.people.attributes import Written, doubt, write
from pipelines_client.effects.people.profile import Profile
from pipelines_client.effects.people.questions import OF_EXISTENCE
from pipelines_client.effects.people.state import PersonOutcome, State, Told
from pipelines_client.evidence.addresses import folded, is_email

_NOT_ATTRIBUTES: Final = ("id", "cio_id", "email", "anonymous_id")


def identify(state: State, told: Told) -> PersonOutcome:
    """Add or update a person (FACTS P1 to P3, C16, C17)."""
    person, values = told.sees["person"], told.sees.get("attributes", {})
    refused = state.refused(person, told)
    if refused is not None:
        return refused
    email, asked = _address_in(person, values), list(_open_ids(person, values))
    owner = None if email is None else state.identities.owner_of(email)
    profile = state.identities.find(person)
    if profile is None and owner is not None and owner.id is None and "id" in person:
        profile = owner
        state.identities.give_id(profile, person["id"])
        asked.append("email_adopted")
    if owner is not None and owner is not profile:
        return _collide(state, told, profile, owner)
    is_created = profile is None
    if profile is None:
        profile = state.add(person, told.source)
    edited_ms = profile.edited_ms
    is_older = edited_ms is not None and told.at_ms < edited_ms
    written = _write(state, told, profile) if state.keeps_attributes else Written()
    asked += _set_email(state, profile, email, told.at_ms, is_older=is_older)
    asked += state.link(profile, values.get("anonymous_id"), told.arrived_ms)
    asked += sorted(written.questions)
    if "odd_email" in asked and profile.email is None:
        profile.email_unsettled = "odd_email"
    profile.edited_ms = told.at_ms if edited_ms is None else max(edited_ms, told.at_ms)
    profile.is_identified = True
    profile.unsettled -= OF_EXISTENCE
    state.relate(told)
    return PersonOutcome(
        told.action,
        profile,
        is_created,
        "older_identify" if is_older else "",
        tuple(dict.fromkeys(asked)),
        at_ms=told.at_ms,
        edited_ms=edited_ms,
        stale=written.stale,
        unsure=written.unsure,
    )


def _collide(state: State, told: Told, profile: Profile | None, owner: Profile) -> PersonOutcome:
    """Return the outcome of an identify whose e-mail address is another person's: it is not applied (FACTS R8)."""
    asked, written = ["email_of_another"], Written()
    if profile is not None:
        asked += ["maybe_merged"] * (profile.email is None and owner.id is None)
        if state.keeps_attributes:
            written = doubt(profile, _attributes_in(told.sees.get("attributes", {})), told.at_ms, state.limits)
    return PersonOutcome(
        told.action,
        profile,
        ineffective="email_of_another",
        unsettled=tuple(asked),
        other=owner,
        at_ms=told.at_ms,
        edited_ms=None if profile is None else profile.edited_ms,
        unsure=written.unsure,
    )


def _set_email(state: State, profile: Profile, email: str | None, at_ms: int, *, is_older: bool) -> Iterator[str]:
    """Set an address that no other person has; yield what is open about it."""
    if email is None:
        return
    if profile.email is not None and folded(profile.email) == folded(email):
        if not is_older:
            profile.email_ms = at_ms
            profile.email_unsettled = "" if profile.email_unsettled == "older_identify" else profile.email_unsettled
    elif state.identities.is_blocked({"email": email}):
        yield "suppressed_email"
    elif is_older:
        if profile.email is None or profile.email_ms <= at_ms:
            profile.email_unsettled = "older_identify"
            yield "older_identify"
    else:
        question = "" if profile.email is None else "email_changed"
        state.identities.give_email(profile, email, at_ms)
        profile.email_unsettled = question
        if question:
            yield question


def _write(state: State, told: Told, profile: Profile) -> Written:
    values = _attributes_in(told.sees.get("attributes", {}))
    return write(profile, values, told.at_ms, state.limits, is_timed=told.is_timed)


def _attributes_in(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in _NOT_ATTRIBUTES}


def _address_in(person: Mapping[str, Any], values: Mapping[str, Any]) -> str | None:
    """Return the e-mail address that an identify gives its person: the trait, else the one that identifies."""
    sent = values.get("email")
    if isinstance(sent, str) and is_email(sent):
        return sent
    return person.get("email")


def _open_ids(person: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is open about the identifiers of an identify."""
    sent = values.get("email", person.get("email"))
    if sent not in (None, "") and not (isinstance(sent, str) and is_email(sent)):
        yield "odd_email"
    if "id" in values and values["id"] != person.get("id"):
        yield "id_attribute"
