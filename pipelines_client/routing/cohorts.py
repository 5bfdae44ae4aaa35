"""Who is in a leg's share: hashes of ids, and which ids belong to one person. Pure.

The hashes are a file format: another algorithm would move people between cohorts in the middle of a migration.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Protocol

HASH_BYTES = 8
"""Size of the hash that replaces an id in cohorts and aliases."""
_HASHES = float(1 << 8 * HASH_BYTES)


class People(Protocol):
    """Tells which ids are one person's."""

    def head(self, id_: bytes) -> bytes:
        """Return the id that decides the cohort of `id_`."""
        ...


class KnownPairs(Protocol):
    """Pairs that are not in memory."""

    def get(self, id_: bytes, /) -> bytes | None:
        """Return the parent of an id, or the id itself if it is a head; None if it is in no pair."""
        ...


class Aliases:
    """Which ids belong to one person, so that all of them are in one cohort.

    Ids are 64-bit hashes (`hash_id`). The id that came first decides: a new user id joins the cohort of its previous
    id; the previous id of a person who is already known joins theirs. Ids that are together stay together
    (docs/adr/0009).
    """

    def __init__(self, known: KnownPairs | None = None) -> None:
        """Begin with the pairs of an index, or with none."""
        self._known: KnownPairs = {} if known is None else known
        self._parents: dict[bytes, bytes] = {}
        self._heads: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._parents)

    def pair(self, previous: bytes, user: bytes) -> None:
        """Record that two ids belong to one person."""
        head, known = self._find(previous), self._find(user)
        if head == known:
            return
        is_known = user in self._parents or user in self._heads or self._known.get(user) is not None
        child, parent = (head, known) if is_known else (known, head)
        self._parents[child] = parent
        self._heads.add(parent)

    def head(self, id_: bytes) -> bytes:
        """Return the id that decides the cohort of `id_`."""
        return self._find(id_)

    def _find(self, id_: bytes) -> bytes:
        parents = self._parents
        while True:
            parent = parents.get(id_) or self._known.get(id_)
            if parent is None or parent == id_:
                return id_
            id_ = parent


NO_ALIASES = Aliases()


def hash_id(identity: str | None) -> bytes:
    """Return a 64-bit hash of an identity without its kind: a user id and an equal anonymous id share a cohort."""
    bare = (identity or "").partition(":")[2]
    return blake2b(bare.encode("utf-8", "replace"), digest_size=HASH_BYTES).digest()


def in_cohort(identity: str | None, *, share: float, salt: str, aliases: People = NO_ALIASES) -> bool:
    """Return whether a person is in the first `share` of people; every process gives the same answer."""
    if share >= 1:
        return True
    head = aliases.head(hash_id(identity))
    digest = blake2b(salt.encode("utf-8", "replace") + head, digest_size=HASH_BYTES).digest()
    return int.from_bytes(digest, "big") < share * _HASHES
