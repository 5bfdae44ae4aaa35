"""What a kind of evidence offers, and what all kinds share."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
import orjson

from pipelines_client.canonical import payload_hash
from pipelines_client.evidence.addresses import email_in
from pipelines_client.evidence.columns import cell
from pipelines_client.evidence.fact import ID_BITS, NO_CONTEXT, NO_IDENTITY, OUGHT
from pipelines_client.evidence.id_forms import OtherIds, email_of, forms_of
from pipelines_client.evidence.lines import text_of, traits_in
from pipelines_client.identity import hash_identity, primary_identity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from pipelines_client.evidence.fact import Fact
    from pipelines_client.evidence.id_forms import Digests

ABSENT: Final = msgspec.UNSET
"""Stands for a cell of a column that a row does not have."""

CONTEXT: Final = "context"
"""The option that names the paths of the context to compare."""

HOLDS_ROWS = re.compile(r".*\.(?:(?:json|jsonl|ndjson|csv|tsv)(?:\.gz)?|gz|parquet|pq)", re.IGNORECASE)
"""Names of the files that `files.rows` reads as JSON, CSV or Parquet."""

_MAX_IDENTITIES = 100_000
_MAX_IDENTITY_CHARS = 1000
_MOST_SHORT = (1 << ID_BITS) - 1


class _WithContext(msgspec.Struct, gc=False):
    context: Any = ABSENT


_decode_context = msgspec.json.Decoder(_WithContext).decode


class Kind(ABC):
    """One kind of evidence: what its files look like, and how their lines become facts.

    An instance keeps nothing of what it read, except a cache of hashes: any process or thread may read any file.

    Attributes:
        name: What stands before the colon of a path: `warehouse:PATH`.
        sources: The options that accept this kind, its usual one first.
        title: The kind in words, with its article.
        cure: What to pass for it, as an instruction.
        folder: If folders of this name exist, only the files in them are evidence.
        litter: Names of files that lie beside the evidence and mean nothing.
        takes_any_line: Whether lines that look like another kind are accepted.
        columns: The Parquet columns that are read, in lower case; None for all.
        is_growing: Whether its files grow in normal operation.
        is_queried: Whether its files hold results of queries, which tools cut at a round number of rows.
        fidelity: What this kind cannot prove, in a sentence.
        is_counts: Whether it holds counts by event and day in place of messages.
        is_reduced: Whether its payloads cannot be compared.
        mapped: The keys of the user's column map and the columns that they name.
        context_paths: The paths of the context that the team names.
        cures: What the Customer.io leg was asked to change (`effects.cures`); plain JSON values.

    Args:
        identity_key: Key of the identity hash.
        source: The source that the evidence is read for; default: the usual one.
        options: What else this kind accepts; plain JSON values.
    """

    name: ClassVar[str]
    sources: ClassVar[tuple[str, ...]]
    title: ClassVar[str]
    cure: ClassVar[str]
    folder: ClassVar[str | None] = None
    litter: ClassVar[frozenset[str]] = frozenset()
    takes_any_line: ClassVar[bool] = False
    columns: ClassVar[frozenset[str] | None] = None
    is_growing: ClassVar[bool] = False
    is_queried: ClassVar[bool] = False
    fidelity: str = ""
    is_counts: bool = False
    is_reduced: bool = False
    mapped: Mapping[str, str] = {}

    def __init__(
        self, identity_key: bytes, source: str | None = None, options: Mapping[str, Any] | None = None
    ) -> None:
        self.identity_key = identity_key
        self.source = source or self.sources[0]
        self.options = dict(options or {})
        self._identities: dict[str, str] = {}
        self._shorts: dict[str, int] = {}
        self._forms: dict[str, OtherIds] = {}
        self._emails: dict[str, tuple[str, Digests]] = {}
        self.context_paths: tuple[str, ...] = tuple(self.options.get(CONTEXT, ()))
        self.cures: Mapping[str, Any] = {}

    @classmethod
    def recognises(cls, line: Mapping[str, Any], keys: AbstractSet[str], *, is_asked: bool = False) -> bool:
        """Return whether a line looks like one of this kind, and like none of the kinds before it in `KINDS`.

        `keys` are the line's keys in lower case. If the user named this kind (`is_asked`), a line that may be of
        several kinds is of this one.
        """
        del line, keys, is_asked
        return False

    @classmethod
    def recognises_folder(cls, folder: Path) -> bool:
        """Return whether a local folder has the marks of this kind."""
        del folder
        return False

    @classmethod
    def recognises_name(cls, name: str) -> bool:
        """Return whether only this kind gives its files such a name."""
        del name
        return False

    @classmethod
    @abstractmethod
    def wants(cls, name: str) -> bool:
        """Return whether a file of this name may be of this kind."""

    @classmethod
    def select(cls, names: Sequence[str]) -> list[str]:
        """Return the names of the files below a folder that are evidence of this kind."""
        inside = within(cls.folder, names) if cls.folder is not None else []
        return [name for name in inside or names if cls.wants(name.rpartition("/")[2])]

    @classmethod
    def leaves_out(cls, name: str, names: Collection[str]) -> str:
        """Return why a file that `select` did not choose is not evidence for certain; else an empty text."""
        del name, names
        return ""

    @classmethod
    def root_of(cls, path: Path) -> Path:
        """Return the folder or file that holds the evidence when the user passes `path`."""
        return path

    @classmethod
    def holes(cls, names: Iterable[str]) -> list[str]:
        """Return the names missing from the sequence of these files; [] for a kind without sequence numbers."""
        del names
        return []

    @classmethod
    def type_of(cls, name: str) -> str | None:
        """Return the only type of call in a file of this name; None if its name does not tell."""
        del name
        return None

    @classmethod
    def to_fetch(cls, names: Iterable[str], types: Collection[str], from_ms: int, until_ms: int) -> list[str]:
        """Return which files may hold what these do not cover: `types` of call, or all if there are none, in a span."""
        del names, types, from_ms, until_ms
        return []

    def refuse_lacking(self, found: Collection[str], names: Collection[str]) -> None:
        """Refuse a column map that names a column which no row has.

        Args:
            found: The columns of the map that some row had.
            names: The columns that there are.

        Raises:
            SourceError: Names the column and those that there are.
        """
        del found, names

    def call_of(self, row: dict[str, Any], file: str) -> dict[str, Any] | None:
        """Return the call that a row stands for, as a client sends it; None if the row does not hold its payload.

        Raises:
            LineRejectedError: The row is not a message of this kind.
        """
        del row, file
        return None

    @abstractmethod
    def read(self, data: bytes, file: str, line: int, offset: int) -> tuple[Fact, Any]:
        """Turn one line into a fact and its payload; the payload is None for a kind that keeps none.

        Raises:
            LineRejectedError: The line is not a message of this kind.
        """

    def identity_of(self, user: Any, anonymous: Any, group: Any) -> tuple[str | None, str | None]:
        """Return the keyed hash of the identity that a message is about, and its kind."""
        is_usual = type(user) is str and user != ""
        identity = "user:" + user if is_usual else primary_identity(text_of(user), text_of(anonymous), text_of(group))
        if identity is None:
            return None, None
        known = self._identities.get(identity)
        if known is None:
            if len(self._identities) >= _MAX_IDENTITIES or len(identity) > _MAX_IDENTITY_CHARS:
                self._identities.clear()  # at most one absurdly long identity is held
            known = self._identities[identity] = hash_identity(self.identity_key, identity) or ""
        return known, identity.partition(":")[0]

    def ids_of(
        self, user: Any, anonymous: Any, previous: Any, type_: str = "", payload: Any = None, context: Any = None
    ) -> OtherIds | None:
        """Return hashes of the ids of a row besides its identity; None for one without a user id and e-mail address.

        Args:
            user: Its user id.
            anonymous: Its anonymous id.
            previous: The previous id of an alias.
            type_: Its type: the traits of an identify are a person's.
            payload: Its properties or traits.
            context: Its context, as the kind decodes it.
        """
        ids = self._ids_of(user, anonymous, previous)
        traits, said = payload if type_ == "identify" else None, traits_in(context)
        carried = None if traits is None and said is None else email_in(traits, said)
        return ids if carried is None else (ids or OtherIds())._replace(email=self._email_of(carried.text))

    def _email_of(self, address: str) -> tuple[str, Digests]:
        known = self._emails.get(address)
        if known is None:
            if len(self._emails) >= _MAX_IDENTITIES:
                self._emails.clear()
            known = self._emails[address] = email_of(self.identity_key, address)
        return known

    def _ids_of(self, user: Any, anonymous: Any, previous: Any) -> OtherIds | None:
        name = user if type(user) is str else text_of(user)
        if not name:
            return None
        known = self._forms.get(name)
        if known is None:
            if len(self._forms) >= _MAX_IDENTITIES or len(name) > _MAX_IDENTITY_CHARS:
                self._forms.clear()
            known = self._forms[name] = OtherIds(forms_of(self.identity_key, name))
        if anonymous is None and previous is None:
            return known
        before = text_of(previous)
        stand_for = (
            () if before is None else (self.identity_of(before, None, None), self.identity_of(None, before, None))
        )
        return OtherIds(
            known.forms,
            self.identity_of(None, anonymous, None)[0],
            tuple(identity for identity, _ in stand_for if identity is not None),
        )

    def identity_shown(self, kind: str, user: Any, anonymous: Any, group: Any) -> tuple[str | None, str | None, int]:
        """Return the identity of a row, its kind, and `NO_IDENTITY` if its columns do not show whose message it is.

        Each argument is a cell, or `ABSENT` for a missing column. A user id takes precedence over an anonymous id, so
        without a column of user ids the identity is unknown. Group ids count for group calls only.
        """
        for value in (user, anonymous, group if kind == "group" else None):
            if value is ABSENT:
                return None, None, NO_IDENTITY
            if text_of(value) is not None:
                break
        return *self.identity_of(user, anonymous, None if group is ABSENT else group), 0

    def other_ids_of(self, anonymous: Any, group_or_previous: Any, object_type: Any = None) -> int:
        """Return short keyed hashes of these identifiers in one number, `Fact.other_ids`; `ABSENT` has none."""
        short = self._short
        number = 0 if anonymous is None else short(anonymous)
        if group_or_previous is not None and group_or_previous is not ABSENT:
            number |= short(group_or_previous) << ID_BITS
        return number if object_type is None else number | short(object_type) << 2 * ID_BITS

    def _short(self, value: Any) -> int:
        known = self._shorts.get(value) if type(value) is str else None
        if known is None:
            text = text_of(value)
            if text is None:
                return 0
            if len(self._shorts) >= _MAX_IDENTITIES or len(text) > _MAX_IDENTITY_CHARS:
                self._shorts.clear()
            hashed = hash_identity(self.identity_key, text) or "0"
            known = self._shorts[text] = int(hashed, 16) % _MOST_SHORT + 1
        return known

    def context_shown(self, data: bytes) -> tuple[str | None, int]:
        """Return the hash of the paths of a row's context that the team names, and what a missing context is.

        A context may be JSON text. The row is read again for it, so ask only if there are `context_paths`.
        """
        context = _decode_context(data).context
        if context is ABSENT:
            return None, NO_CONTEXT | NO_CONTEXT * OUGHT
        try:
            if type(context) is str and context:
                context = orjson.loads(context)
            inner = context if type(context) is dict else {}
            found = {path: value for path in self.context_paths if (value := cell(inner, path)) is not None}
            return payload_hash(found), 0
        except (ValueError, TypeError, RecursionError):
            return None, NO_CONTEXT | NO_CONTEXT * OUGHT


def within(folder: str, names: Sequence[str]) -> list[str]:
    """Return the names that have a folder of this name above them."""
    return [name for name in names if f"/{folder}/" in f"/{name}"]
