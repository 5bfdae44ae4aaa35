"""Rows that readers of evidence make of lines. Pure."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

CallType = Literal["identify", "track", "page", "screen", "group", "alias"]
CALL_TYPES = frozenset(get_args(CallType))

NORMALISER_VERSION: Final = 5
"""Goes up when the same line would give another fact: what was cached under a lower number is read again."""


NO_PAYLOAD: Final = 1


NO_NAME: Final = 2


NO_IDENTITY: Final = 4
"""What a fact is reduced of, as bits that `wordings.sql` knows: its source does not show it, so it is not compared."""


class Fact(NamedTuple):
    """One line of evidence.

    `event` has no spaces around it, since Customer.io trims them (FACTS C13). `identity` is
    `ledger.hash_identity` of `ledger.primary_identity`; `identity_kind` is `user`, `anonymous` or `group`.
    `payload_hash` is `canonical.payload_hash` of properties or traits, None for an alias. `occurred_at_ms` is the best
    that the source knows. `file`, `line`, `byte_offset` and `byte_count` say where the line is, unpacked. `library` is
    name/version of `context.library`, `write_key_suffix` the last four characters of a write key that the source shows.
    `is_reduced` is 0 for a message as it was sent; `NO_PAYLOAD`, `NO_NAME` and `NO_IDENTITY` are added where nothing
    may be claimed about its payload, its event's name or whose it is. What follows is known to ledgers only.
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
    """One top-level trait that an identify call set; `value_hash` is keyed, so that it names no value.

    `library` is without its version: two hosts in the middle of a deploy are one writer.
    """

    source: str
    message_id: str
    identity: str | None
    path: str
    value_hash: str
    library: str | None
    received_at_ms: int | None


class CountRow(NamedTuple):
    """A source that keeps no ids counted so many messages of an event and UTC day; of one key, sum the counts."""

    source: str
    event: str
    type: str
    day: str
    count: int  # type: ignore[assignment]  # the column is called so; nobody counts in a row


class PropertyRow(NamedTuple):
    """So many messages of an event and day had a value of this kind at this path; id and place are those of the first.

    `path` begins with `properties` or `traits`, joins keys by dots and has `[]` for every index of an array. `kind` is
    string, number, boolean, null, object or array. Rows of one key may repeat: sum their counts.
    """

    source: str
    type: str
    event: str | None
    day: str | None
    path: str
    kind: str
    count: int  # type: ignore[assignment]  # the column is called so; nobody counts in a row
    message_id: str
    file: str
    line: int
    byte_offset: int
