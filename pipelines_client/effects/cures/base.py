"""What a cure is. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines_client.effects.model import Call

PAYLOADS: Final = {
    "identify": "traits",
    "group": "traits",
    "track": "properties",
    "page": "properties",
    "screen": "properties",
}
"""The field of a call's payload, by its type: as `canonical.PAYLOAD_FIELD`, which the sandbox may not know."""


class Cure(ABC):
    """One difference between the routes, and what removes it.

    Attributes:
        name: Its name; its setting is `customerio_<name>`.
        value: What the setting is set to.
        options: Further settings that go with it: `customerio_<name>_<option>`, each a list of texts.
        says: What it does, in words.
    """

    name: ClassVar[str]
    value: ClassVar[str]
    options: ClassVar[tuple[str, ...]] = ()
    says: ClassVar[str]

    def __init__(self, options: Mapping[str, Sequence[str]]) -> None:
        """Make the cure.

        Args:
            options: The texts of each of `options` that was set.

        Raises:
            ValueError: One is wrong; says what to write.
        """
        del options

    @abstractmethod
    def apply(self, call: Call) -> Call:
        """Return the call as Customer.io should get it: the call itself if nothing changes.

        It changes nothing in the call, copies the containers on the way to what it changes, and gives the same again
        for its own result. It leaves the elements of lists alone.
        """
