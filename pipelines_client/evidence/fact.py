"""The rows that lines of evidence become. Pure."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

CallType = Literal["identify", "track", "page", "screen", "group", "alias"]
CALL_TYPES = frozenset(get_args(CallType))

NORMALISER_VERSION: Final = 7
"""Raise it when the same line gives another fact than before: caches of lower versions are then read again."""


NO_PAYLOAD: Final = 1


NO_NAME: Final = 2


NO_IDENTITY: Final = 4


BAD_PAYLOAD: Final = 8
"""Bits of `Fact.is_reduced`, which `wordings.sql` knows: what the source does not show is not compared."""


class Fact(NamedTuple):
    """One line of evidence.

    Make one with positional variables named as the fields (a test checks this): keywords make reading a sixth slower.

    `event` has no spaces around it, because Customer.io trims them (FACTS C13). `identity` is
    `identity.hash_identity` of `identity.primary_identity`; `identity_kind` is `user`, `anonymous` or `group`.
    `payload_hash` is `canonical.payload_hash` of properties or traits, None for an alias. `occurred_at_ms` is the best
    time that the source has. `file`, `line`, `byte_offset` and `byte_count` are the place of the line in the unpacked
    file. `library` is the name/version in `context.library`; `write_key_suffix` the last four characters of the write
    key, if the source shows it. `is_reduced` is 0 for a complete message; `NO_PAYLOAD`, `NO_NAME` and `NO_IDENTITY` are
    added if its payload, its name or its identity cannot be compared; `BAD_PAYLOAD` as well as `NO_PAYLOAD` if there is
    a payload, and it is text that is not JSON where JSON belongs. Only ledgers know the fields from `leg` on.
    """

    source: str
    message_id: str
    type: str
    event: str | None
    identity: str | None
    identity_kind: str | None
    occurred_at_ms: int | None
    received_at_ms: int | None
    day: str | None
    payload_hash: str | None
    file: str
    line: int
    byte_offset: int
    byte_count: int
    sent_at_ms: int | None = None
    library: str | None = None
    write_key_suffix: str | None = None
    is_reduced: int = 0
    leg: str | None = None
    outcome: str | None = None
    reason: str | None = None
    appended_at_ms: int | None = None
    finished_at_ms: int | None = None


class TraitRow(NamedTuple):
    """One top-level trait that an identify call set; `value_hash` is keyed, so it does not reveal the value.

    `library` has no version: two hosts in the middle of a deploy count as one writer.
    """

    source: str
    message_id: str
    identity: str | None
    path: str
    value_hash: str
    library: str | None
    received_at_ms: int | None


class CountRow(NamedTuple):
    """The count of messages of an event and UTC day, by a source without ids; add up the counts of equal keys."""

    source: str
    event: str
    type: str
    day: str
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here


class PropertyRow(NamedTuple):
    """The count of messages of an event and day with a value of this kind at this path.

    `path` begins with `properties` or `traits`, joins keys with dots and has `[]` for each index of an array. `kind` is
    string, number, boolean, null, object or array. The id and the place are those of the first message. Add up the
    counts of rows with equal keys.
    """

    source: str
    type: str
    event: str | None
    day: str | None
    path: str
    kind: str
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here
    message_id: str
    file: str
    line: int
    byte_offset: int
