"""Which legs a message takes, and whose answer counts. Pure.

`segment → shadow → dual → live → complete`, each way. A person is in a leg's share or is not, in every process and
for ever: the cohort is a hash of the salt and the person's id.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from pipelines_client.errors import ConfigError
from pipelines_client.message import Message

CUSTOMERIO = "customerio"
SEGMENT = "segment"

RESERVED_NAMES = frozenset(
    {
        "User Deleted",
        "User Suppressed",
        "User Unsuppressed",
        "Device Created or Updated",
        "Device Deleted",
        "Relationship Deleted",
        "Object Deleted",
        "Report Delivery Event",
        "Report Content Event",
        "Delete Person",
    }
)
"""Event names that Customer.io obeys as commands (FACTS C12)."""


class Stage(str, enum.Enum):
    """How far the migration is."""

    SEGMENT = "segment"  # Segment only
    SHADOW = "shadow"  # both; Customer.io for a share of people; Segment counts
    DUAL = "dual"  # both for all; Segment counts
    LIVE = "live"  # both; Customer.io counts; Segment for a share, for the way back
    COMPLETE = "complete"  # Customer.io only

    @property
    def authoritative(self) -> str:
        """The leg whose failures reach the caller: a full backlog, `on_error`."""
        return CUSTOMERIO if self in (Stage.LIVE, Stage.COMPLETE) else SEGMENT


@dataclass(frozen=True, slots=True)
class Plan:
    """A stage with its share and salt, and what Customer.io may be told to do.

    `share` (0 to 1) is of people, and of the leg that does not count: Customer.io in `shadow`, Segment in `live`.
    """

    stage: Stage
    legs: tuple[str, ...]
    share: float = 1.0
    salt: str = ""
    allow_commands: Collection[str] = field(default_factory=frozenset)

    def route(self, message: Message) -> Mapping[str, str]:
        """Return why a leg skips this message, by leg; a leg that is not named takes it."""
        skips = {leg: "stage" for leg in self.legs if leg in _EXCLUDED[self.stage]}
        partial = _PARTIAL.get(self.stage)
        if partial in self.legs and not in_cohort(message.identity, share=self.share, salt=self.salt):
            skips[str(partial)] = "cohort"
        if CUSTOMERIO in self.legs and CUSTOMERIO not in skips and message.type == "track":
            name = (message.event or "").strip()  # FACTS C13: Customer.io trims, so a space is no disguise
            if not name:
                skips[CUSTOMERIO] = "empty_event"  # it could refuse the whole batch for it (FACTS C5)
            elif name in RESERVED_NAMES and name not in self.allow_commands:
                skips[CUSTOMERIO] = "reserved_name"
        return skips

    @property
    def authoritative(self) -> str:
        """The leg whose failures reach the caller; the only leg, if there is one."""
        return self.stage.authoritative if self.stage.authoritative in self.legs else self.legs[0]


_EXCLUDED = {
    Stage.SEGMENT: {CUSTOMERIO},
    Stage.SHADOW: set[str](),
    Stage.DUAL: set[str](),
    Stage.LIVE: set[str](),
    Stage.COMPLETE: {SEGMENT},
}
_PARTIAL = {Stage.SHADOW: CUSTOMERIO, Stage.LIVE: SEGMENT}


def in_cohort(identity: str | None, *, share: float, salt: str) -> bool:
    """Say whether a person is in the first `share` of people; the same answer everywhere, for ever."""
    if share >= 1:
        return True
    digest = blake2b(f"{salt}\0{identity}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 < share


def stage_for(stage: Stage | None, *, legs: Collection[str]) -> Stage:
    """Return the stage that was asked for, or the one that the keys imply: both keys mean `dual`.

    Raises:
        ConfigError: The stage needs a leg that has no key.
    """
    if stage is None:
        return Stage.DUAL if SEGMENT in legs else Stage.COMPLETE
    if stage is not Stage.COMPLETE and SEGMENT not in legs:
        raise ConfigError(f'stage "{stage.value}" writes to Segment: set segment_write_key, or use stage "complete"')
    return stage
