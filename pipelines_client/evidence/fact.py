"""The rows that lines of evidence become. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from pipelines_client.evidence.id_forms import OtherIds

CallType = Literal["identify", "track", "page", "screen", "group", "alias"]
CALL_TYPES = frozenset(get_args(CallType))

NORMALISER_VERSION: Final = 19
"""Raise it when the same line gives another fact than before: caches of lower versions are then read again."""

NO_PAYLOAD: Final = 1
NO_NAME: Final = 2
NO_IDENTITY: Final = 4
BAD_PAYLOAD: Final = 8
NO_ANONYMOUS_ID: Final = 16
NO_GROUP_ID: Final = 32
NO_OBJECT_TYPE: Final = 64
NO_TIME: Final = 128
NO_CONTEXT: Final = 256
NO_TYPE: Final = 512
"""Bits of `Fact.is_reduced`, which the questions know too: what a row does not show is not compared."""

NOTHING_SHOWN: Final = 1023 - BAD_PAYLOAD
"""All bits of a row of which nothing can be compared."""

OUGHT: Final = 4096
"""A bit times this is added as well where sources of this kind show such a thing, and this row lacks it."""

ID_BITS: Final = 21
"""The bits that each hash in `Fact.other_ids` has: of the anonymous id, the group or previous id, the object's type."""


class Fact(NamedTuple):
    """One line of evidence.

    Make one with positional variables named as the fields (a test checks this): keywords make reading a sixth slower.

    `event` has no spaces around it, because Customer.io trims them (FACTS C13). `identity` is
    `identity.hash_identity` of `identity.primary_identity`; `identity_kind` is `user`, `anonymous` or `group`.
    `payload_hash` is `canonical.payload_hash` of properties or traits, None for an alias. `occurred_at_ms` is the best
    time that the source has. `file`, `line`, `byte_offset` and `byte_count` are the place of the line in the unpacked
    file. `library` is the name/version in `context.library`; `write_key_suffix` the last four characters of the write
    key, if the source shows it. `is_reduced` is 0 for a complete message; `NO_PAYLOAD`, `NO_NAME` and `NO_IDENTITY` are
    added if its payload, its name or its identity cannot be compared, and so on; `BAD_PAYLOAD` as well as `NO_PAYLOAD`
    if there is a payload, and it is text that is not JSON where JSON belongs. `other_ids` holds keyed hashes of the
    other identifiers, `ID_BITS` each, 0 for none; `context_hash` is `payload_hash` of the paths of the context that the
    team names. `ids` are hashes of further ids, for the tables of people. Only ledgers know the fields from `leg` to
    `finished_at_ms`, and `host`, where the writer of a record ran. `cured_hash` is `payload_hash` of what should reach
    Customer.io, where a cure makes that another: by the ledger's word, or by what the team says of its cures.
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
    other_ids: int = 0
    context_hash: str | None = None
    ids: OtherIds | None = None
    leg: str | None = None
    outcome: str | None = None
    reason: str | None = None
    appended_at_ms: int | None = None
    finished_at_ms: int | None = None
    cured_hash: str | None = None
    host: str | None = None
    destination: str | None = None


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
    """The count of messages of an event and day whose payloads have this form; `FormRow` says what it is.

    The id and the place are those of the first message. Add up the counts of rows with equal keys.
    """

    source: str
    type: str
    event: str | None
    day: str | None
    form: str
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here
    message_id: str
    file: str
    line: int
    byte_offset: int


class FormRow(NamedTuple):
    """One path of a form, and the kind of value there. The same row may come again: each form is the same everywhere.

    `path` begins with `properties` or `traits`, joins keys with dots and has `[]` for each index of an array. `kind` is
    string, number, boolean, null, object or array.
    """

    form: str
    path: str
    kind: str


class DateRow(NamedTuple):
    """The count of messages of an event and day with a value at this path that may spell an instant.

    `spelling` is a `Spelling`, and `form` what the first of them looks like, with 9 for each digit. The rest is as in
    `PropertyRow`; arrays are not looked into.
    """

    source: str
    type: str
    event: str | None
    day: str | None
    path: str
    spelling: str
    form: str
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here
    message_id: str
    file: str
    line: int
    byte_offset: int


class PersonRow(NamedTuple):
    """One person of some lines: how many identify calls and events there are. Add up rows of equal persons.

    `person` is `Fact.identity`, `kind` is `user`, `anonymous`, or empty in a ledger, which does not say. `shape`,
    `alike` and the digests are those of `IdForms`. The id and the place are those of the first message.
    """

    source: str
    person: str
    kind: str
    shape: str
    alike: str | None
    md5: str | None
    sha1: str | None
    sha256: str | None
    identifies: int
    events: int
    message_id: str
    file: str
    line: int
    byte_offset: int
    byte_count: int


class LinkRow(NamedTuple):
    """Something that a call says of a person.

    `kind` is `email`: the person has the address `other`, of which the digests are; or `merge`: an anonymous or
    previous id, `person`, becomes part of the person `other`.
    """

    source: str
    kind: str
    person: str
    other: str
    md5: str | None
    sha1: str | None
    sha256: str | None


class EditRow(NamedTuple):
    """An identify call: whose, of when, when it came, from where, and how many traits it has.

    `at_ms` is its time, if the source shows the one that was sent; `order_ms` when it was received, or by a ledger when
    the API had answered. `writer` is the host in a ledger, elsewhere the library. A ledger does not know the traits.
    """

    source: str
    message_id: str
    identity: str
    writer: str | None
    traits: int
    at_ms: int | None
    order_ms: int | None
