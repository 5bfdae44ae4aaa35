"""Who has which id and e-mail address in a workspace, and which are suppressed (FACTS P1, P6). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines_client.effects.people.profile import CallKind, Edit, Profile
from pipelines_client.evidence.addresses import folded

_NO_ATTRIBUTES: dict[str, Edit] = {}  # one for all people of whom nothing is kept: it saves memory
_NO_DEVICES: dict[str, Mapping[str, Any]] = {}


class Identities:
    """The people, by each of their identifiers. An e-mail address is one person's, in any case of letters.

    Args:
        keeps_attributes: Whether people get room for attributes and devices.
    """

    def __init__(self, *, keeps_attributes: bool) -> None:
        self._keeps_attributes = keeps_attributes
        self._people: dict[str, Profile] = {}
        self._ids: dict[str, Profile] = {}
        self._emails: dict[str, Profile] = {}
        self._blocked: dict[str, frozenset[str]] = {}
        self._added = 0

    def __len__(self) -> int:
        """Return the number of people."""
        return len(self._people)

    def __iter__(self) -> Iterator[Profile]:
        """Iterate over the people, in the order in which they were added."""
        return iter(self._people.values())

    def add(self, created_by: CallKind | None, *, cio_id: str = "") -> Profile:
        """Add a person without identifiers, under this cio_id or a new one."""
        self._added += 1
        own = cio_id or f"{self._added:08x}"
        while own in self._people:
            self._added += 1
            own = f"{self._added:08x}"
        profile = Profile(own, created_by)
        if not self._keeps_attributes:
            profile.attributes, profile.devices = _NO_ATTRIBUTES, _NO_DEVICES
        self._people[own] = profile
        return profile

    def find(self, person: Mapping[str, Any]) -> Profile | None:
        """Return the person whom an identifier of an effect names, other than an anonymous id."""
        if "id" in person:
            return self._ids.get(person["id"])
        if "email" in person:
            return self.owner_of(person["email"])
        return self._people.get(person.get("cio_id", ""))

    def owner_of(self, email: str) -> Profile | None:
        """Return the person who has an e-mail address."""
        return self._emails.get(folded(email))

    def give_id(self, profile: Profile, text: str) -> None:
        """Make a free id a person's."""
        profile.id = text
        self._ids[text] = profile

    def give_email(self, profile: Profile, text: str, at_ms: int) -> None:
        """Make a free e-mail address a person's, in place of the one before."""
        if profile.email is not None:
            del self._emails[folded(profile.email)]
        profile.email, profile.email_ms = text, at_ms
        self._emails[folded(text)] = profile

    def remove(self, profile: Profile) -> None:
        """Remove a person; the identifiers are free."""
        profile.is_gone = True
        del self._people[profile.cio_id]
        if profile.id is not None:
            del self._ids[profile.id]
        if profile.email is not None:
            del self._emails[folded(profile.email)]

    def block(self, person: Mapping[str, Any], profile: Profile | None) -> None:
        """Suppress an identifier, and with it all of the person who has it."""
        named = {name: value for name, value in person.items() if name in ("id", "email")}
        if profile is not None:
            named |= {name: value for name, value in (("id", profile.id), ("email", profile.email)) if value}
        keys = frozenset(_key(name, value) for name, value in named.items())
        keys |= frozenset(each for key in keys for each in self._blocked.get(key, ()))
        self._blocked.update(dict.fromkeys(keys, keys))

    def unblock(self, person: Mapping[str, Any]) -> None:
        """Free an identifier, and those that were suppressed with it."""
        for name, value in person.items():
            for key in self._blocked.get(_key(name, value), ()):
                self._blocked.pop(key, None)

    def is_blocked(self, person: Mapping[str, Any]) -> bool:
        """Return whether an identifier is suppressed."""
        return bool(self._blocked) and any(_key(name, value) in self._blocked for name, value in person.items())


def _key(name: str, value: str) -> str:
    return f"{name}:{folded(value) if name == 'email' else value}"
