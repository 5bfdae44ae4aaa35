"""Who is in a leg's share: hashes of ids, and which ids are one person's. Pure."""

from __future__ import annotations

from hashlib import blake2b

HASH_BYTES = 8
"""Bytes of the hash that stands for an id in cohorts and aliases."""


_HASHES = float(1 << 8 * HASH_BYTES)


class Aliases:
    """Which ids are one person's, so that all of them are in the cohort of one.

    Ids are 64-bit hashes (`hash_id`). The id that came first decides: a new user id joins that of its previous id;
    a previous id that joins a person who is known already joins theirs. Once together, always together
    (docs/adr/0009).
    """

    def __init__(self) -> None:
        self._parents: dict[bytes, bytes] = {}
        self._heads: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._parents)

    def pair(self, previous: bytes, user: bytes) -> None:
        """Note that two ids are one person's."""
        head, known = self.head(previous), self.head(user)
        if head == known:
            return
        is_known = user in self._parents or user in self._heads
        child, parent = (head, known) if is_known else (known, head)
        self._parents[child] = parent
        self._heads.add(parent)

    def head(self, id_: bytes) -> bytes:
        """Return the id whose cohort a person is in."""
        parents = self._parents
        while id_ in parents:
            id_ = parents[id_]
        return id_


NO_ALIASES = Aliases()


def hash_id(identity: str | None) -> bytes:
    """Return 64 bits over an identity without its kind: an id is in one cohort, whether of a user or anonymous."""
    bare = (identity or "").partition(":")[2]
    return blake2b(bare.encode("utf-8", "replace"), digest_size=HASH_BYTES).digest()


def in_cohort(identity: str | None, *, share: float, salt: str, aliases: Aliases = NO_ALIASES) -> bool:
    """Say whether a person is in the first `share` of people; the same answer everywhere, for ever."""
    if share >= 1:
        return True
    head = aliases.head(hash_id(identity))
    digest = blake2b(salt.encode("utf-8", "replace") + head, digest_size=HASH_BYTES).digest()
    return int.from_bytes(digest, "big") < share * _HASHES
