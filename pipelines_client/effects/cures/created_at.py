"""`createdAt` as `created_at`: the attribute that the old route writes (FACTS R4). Pure."""

from __future__ import annotations

from typing import ClassVar, Final

from pipelines_client.effects.cures.base import Cure
from pipelines_client.effects.javascript import is_empty, is_there
from pipelines_client.effects.model import Call

_NAMES: Final = frozenset(("created_at", "createdAt"))


class CreatedAtCure(Cure):
    """Renames the trait `createdAt` of an identify to `created_at`; one that is there already wins.

    What the old route takes for nothing (null, an empty text, 0) is left out: it would replace what the person has.
    """

    name: ClassVar[str] = "created_at"
    value: ClassVar[str] = "renamed"
    says: ClassVar[str] = "the trait createdAt of an identify is created_at"

    def apply(self, call: Call) -> Call:
        """Return the identify without `createdAt`, and with `created_at` only if it has a value."""
        traits = call.get("traits")
        if call.get("type") != "identify" or type(traits) is not dict or not traits.keys() & _NAMES:
            return call
        kept = {name: value for name, value in traits.items() if name != "createdAt"}
        if not is_there(kept.get("created_at")):
            kept["created_at"] = traits.get("createdAt")
        if is_empty(kept["created_at"]):
            del kept["created_at"]  # as the old route leaves alone what the person has
        return call if len(kept) == len(traits) and "createdAt" not in traits else {**call, "traits": kept}
