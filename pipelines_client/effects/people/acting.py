"""What every other effect does to people: events, groups, devices, merges, deletions, suppression. Pure."""

from __future__ import annotations

from pipelines_client.effects.people.attributes import merge as merge_attributes
from pipelines_client.effects.people.profile import Profile
from pipelines_client.effects.people.questions import OF_EXISTENCE
from pipelines_client.effects.people.state import PersonOutcome, State, Told, object_key, related_in


def happen(state: State, told: Told) -> PersonOutcome:
    """Count an event, a page view or a screen view."""
    person = told.sees["person"]
    if "anonymous_id" in person:
        return _visit(state, told)
    outcome = state.touch(person, told, "event_of_unknown")
    if outcome.profile is not None:
        outcome.profile.events += 1
    name = told.sees.get("name")
    if isinstance(name, str) and len(name.strip(" ").encode("utf-8", "replace")) > state.limits.event_bytes:
        return outcome._replace(unsettled=(*outcome.unsettled, "event_over_limit"))
    return outcome


def _visit(state: State, told: Told) -> PersonOutcome:
    """Count an event of an anonymous id: the person's shortly after the identify, else of none yet (FACTS C15)."""
    visitor, limits = state.visitor(told.sees["person"]["anonymous_id"]), state.limits
    profile = visitor.profile
    if state.merges_visitors and profile is not None and not profile.is_gone and visitor.linked_ms is not None:
        late_ms = told.arrived_ms - visitor.linked_ms
        if -limits.merge_ms <= late_ms <= limits.late_ms:
            profile.events += 1
            return told.is_about(profile)
    visitor.add(told.arrived_ms, limits.merge_ms)
    return told.does_nothing("anonymous")


def put_object(state: State, told: Told) -> PersonOutcome:
    """Remember an object, and the person who is related to it."""
    state.relate(told)
    people = [each["person"] for each in related_in(told) if each.get("person")]
    return state.touch(people[0], told, "object_of_unknown") if people else told.does_nothing("nothing")


def delete_object(state: State, told: Told) -> PersonOutcome:
    """Forget an object."""
    state.objects.discard(object_key(told.sees["object"]))
    return told.does_nothing("nothing")


def put_device(state: State, told: Told) -> PersonOutcome:
    """Give a person a device."""
    outcome = state.touch(told.sees["person"], told, "device_of_unknown")
    profile, device = outcome.profile, told.sees["device"]
    if profile is not None and state.keeps_attributes and len(profile.devices) < state.limits.devices:
        profile.devices[device["token"]] = {"platform": device["platform"]} if "platform" in device else {}
    return outcome


def delete_device(state: State, told: Told) -> PersonOutcome:
    """Take a device from a person."""
    profile = state.identities.find(told.sees["person"])
    if profile is None:
        return told.does_nothing("no_person")
    profile.devices.pop(told.sees["device"]["token"], None)
    return told.is_about(profile)


def merge(state: State, told: Told) -> PersonOutcome:
    """Merge one person into another, who must exist; the merged one is deleted (FACTS P4, R6)."""
    primary, secondary = (state.identities.find(told.sees[name]) for name in ("person", "merged"))
    if secondary is None:
        is_visitor = told.sees["merged"].get("id") in state.visitors
        return told.does_nothing("no_person", *("merge_of_visitor",) * is_visitor)._replace(profile=primary)
    if primary is None:
        return told.does_nothing("no_person", "merge_without_primary")._replace(other=secondary)
    if primary is secondary:
        return told.does_nothing("same_person")._replace(profile=primary)
    outcome = told.is_about(primary)._replace(other=secondary)
    return outcome._replace(unsettled=("merge_conflict",)) if _absorb(state, primary, secondary) else outcome


def _absorb(state: State, primary: Profile, secondary: Profile) -> bool:
    """Give a person what another one has and it lacks, and remove that one; return whether values conflict."""
    identities = state.identities
    identities.remove(secondary)
    if primary.id is None and secondary.id is not None:
        identities.give_id(primary, secondary.id)
    if primary.email is None and secondary.email is not None:
        identities.give_email(primary, secondary.email, secondary.email_ms)
        primary.email_unsettled = secondary.email_unsettled
    known = set(primary.anonymous_ids)
    for anonymous_id in secondary.anonymous_ids:
        if anonymous_id not in known:
            primary.join(anonymous_id)
        visitor = state.visitor(anonymous_id)
        if visitor.profile is secondary:
            visitor.profile = primary
    primary.events += secondary.events
    primary.unsure_events += secondary.unsure_events
    primary.edited_ms = max((at for at in (primary.edited_ms, secondary.edited_ms) if at is not None), default=None)
    primary.is_identified |= secondary.is_identified
    primary.unsettled |= secondary.unsettled
    if primary.is_identified:
        primary.unsettled -= OF_EXISTENCE
    if not state.keeps_attributes:
        return False
    for token, about in secondary.devices.items():
        primary.devices.setdefault(token, about)
    return merge_attributes(primary, secondary, state.limits)


def delete(state: State, told: Told) -> PersonOutcome:
    """Delete a person; a later call with the same id adds a new one (FACTS P6)."""
    profile = state.identities.find(told.sees["person"])
    if profile is None:
        return told.does_nothing("no_person")
    state.identities.remove(profile)
    return PersonOutcome(told.action, other=profile, at_ms=told.at_ms, edited_ms=profile.edited_ms)


def suppress(state: State, told: Told) -> PersonOutcome:
    """Delete a person and keep the identifiers from coming back (FACTS P6)."""
    profile = state.identities.find(told.sees["person"])
    state.identities.block(told.sees["person"], profile)
    if profile is not None:
        state.identities.remove(profile)
    return PersonOutcome(told.action, other=profile, at_ms=told.at_ms)


def unsuppress(state: State, told: Told) -> PersonOutcome:
    """Free the identifiers; the person does not come back by that (FACTS P6)."""
    state.identities.unblock(told.sees["person"])
    return PersonOutcome(told.action, state.identities.find(told.sees["person"]), at_ms=told.at_ms)
