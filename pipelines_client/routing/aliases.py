"""The pairs of ids that aliases said, shared by all processes of a state directory.

All processes apply the pairs in the order of the file, and a pair that was applied is never undone. So all agree which
id decides for a person, in whichever of three ways they find it: in memory, in the index, or by a search of the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pipelines_client.errors import StateDamagedError
from pipelines_client.files import give_to_owner, lock, open_regular
from pipelines_client.routing.alias_index import AliasIndex, write_index
from pipelines_client.routing.cohorts import HASH_BYTES, Aliases, hash_id
from pipelines_client.signals import let_through, suppressing

_T = TypeVar("_T")
ALIAS_FILE = "aliases"
"""Its name in the state directory."""
INDEX_SUFFIX = ".index"
_MAX_ALIASES = 1_000_000  # pairs that count
_PAIR_BYTES = 4 * HASH_BYTES + 3
_MAX_BYTES = _MAX_ALIASES * _PAIR_BYTES
_MANY = 1024  # pairs that are looked up and read in 10 ms; more of them go into the index
_BLOCK_BYTES = 1 << 18
MAX_SEARCHES = 16  # of the whole file, which are cheaper than to read a million pairs
_MAX_LINES = 16  # that concern one person
_PAIR = re.compile(rb"^[0-9a-f]{%d} [0-9a-f]{%d}$" % (2 * HASH_BYTES, 2 * HASH_BYTES), re.MULTILINE)


class _Pairs(Aliases):
    """The pairs up to byte `read` of the file: those in the index, and those that this process has read."""

    def __init__(self, index: AliasIndex | None = None) -> None:
        super().__init__(index or {})
        self.index = index
        self.read = index.covered if index else 0
        self._save_at = _MANY

    def __len__(self) -> int:
        return super().__len__() + (self.index.pairs if self.index else 0)

    def add(self, ids: bytes) -> None:
        """Apply pairs, given as hashes in a row."""
        for place in range(0, len(ids), 2 * HASH_BYTES):
            if len(self) < _MAX_ALIASES:
                middle = place + HASH_BYTES
                self.pair(ids[place:middle], ids[middle : middle + HASH_BYTES])

    def is_save_due(self) -> bool:
        """Return whether so many were read that the index should have them; then not again before as many more."""
        is_due = len(self._parents) > self._save_at
        if is_due:
            self._save_at = len(self._parents) + _MANY
        return is_due

    def added(self) -> dict[bytes, bytes]:
        """Return who decides for the ids that this process has read, as far as they say; a head is its own parent."""
        heads, parents = self._heads.copy(), self._parents.copy()  # other threads may be adding
        for id_ in parents:
            head = id_
            while head in parents:
                head = parents[head]
            while (parent := parents[id_]) != head:
                parents[id_], id_ = head, parent  # noqa: PLW2901 - on the way to the head
        return {**dict(zip(heads, heads, strict=True)), **parents}


class AliasFile:
    """The pairs of ids seen in one state directory, in a file that all its processes append to.

    A line holds two hashes and no id; damaged ones are passed over. A process reads them when it asks for its first
    person of a share, so that other first calls do not wait for them. Without a path they stay in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._pairs = _Pairs()
        self._unwritten = b""
        self._is_loaded = path is None
        self._searches = 0

    def __len__(self) -> int:
        return len(self._pairs)

    def head(self, id_: bytes) -> bytes:
        """Return the id that decides the cohort of `id_`; see `Aliases`."""
        if self._path is not None and not self._is_loaded:
            if self._is_search_better(self._path):
                with suppressing(OSError):
                    found = _search(self._path, id_)
                    if found is not None:
                        return found
            self._is_loaded = True
            self._pairs = _Pairs(_open_index(self._path))
            self.catch_up()
            self._without_fail(lambda: self._pairs.add(self._unwritten))
        return self._without_fail(lambda: self._pairs.head(id_))

    def join(self, previous_id: str, user_id: str) -> None:
        """Record, for all processes, that two ids belong to one person."""
        previous, user = hash_id(f"user:{previous_id}"), hash_id(f"user:{user_id}")
        if previous == user or (self._is_loaded and self.head(previous) == self.head(user)):
            return
        if not self._write(f"\n{previous.hex()} {user.hex()}\n".encode()):
            self._unwritten += previous + user
        self.catch_up()
        if self._is_loaded:
            self._without_fail(lambda: self._pairs.add(previous + user))

    def catch_up(self) -> None:
        """Read the pairs that other processes have added, if a person was asked for."""
        if self._path is None or not self._is_loaded:
            return
        self._without_fail(lambda: self._read_on(self._pairs))

    def save(self) -> None:
        """Write the index if it lacks many of the pairs that were read; takes seconds for the first million."""
        if self._path is not None and self._is_loaded and self._pairs.is_save_due():
            self._save(self._path)

    def _is_search_better(self, path: Path) -> bool:
        """Whether so many pairs are in no index that a few persons are found sooner in the file; counts the few."""
        self._searches += 1
        with suppressing(OSError):
            size, index = path.stat().st_size, _open_index(path)
            is_long = size - (index.covered if index else 0) > _MANY * _PAIR_BYTES
            return is_long and size <= _MAX_BYTES and self._searches <= MAX_SEARCHES and not self._unwritten
        return False

    def _without_fail(self, step: Callable[[], _T]) -> _T:
        """Do what needs the index; if that fails, do it again with all pairs in memory."""
        try:
            return step()
        except (OSError, StateDamagedError) as error:
            let_through(error)
            if self._path is not None and isinstance(error, StateDamagedError):
                _remove_index(self._path)
            self._pairs = _Pairs()
            self._read_on(self._pairs)
            self._pairs.add(self._unwritten)
            return step()

    def _read_on(self, pairs: _Pairs) -> None:
        """Read what the file has more; nothing if it cannot be read.

        Raises:
            OSError: The index cannot be read.
            StateDamagedError: It is damaged.
        """
        whole = b""
        with suppressing(OSError):
            if self._path is not None:
                with open_regular(self._path) as file:
                    file.seek(pairs.read)
                    whole = file.read().rpartition(b"\n")[0]
        to = pairs.read + len(whole)
        pairs.add(bytes.fromhex(b"".join(_PAIR.findall(whole)).decode()))
        pairs.read = to  # set, not increased: another thread may be doing the same

    def _save(self, path: Path) -> None:
        """Take the index that another process has written, or write it; leave it to one that is writing it."""
        pairs = self._pairs
        try:
            with open_regular(path) as held:
                if not lock(held.fileno()):
                    return
                index = _open_index(path)
                if (index.covered if index else 0) < pairs.read - _MANY * _PAIR_BYTES // 2:
                    known = [each for each in (index, pairs.index) if each is not None]
                    before = max(known, key=lambda each: each.covered, default=None)
                    write_index(_index_of(path), path, pairs.added(), before, to=pairs.read)
                    index = _open_index(path)
            fresh = _Pairs(index)
            self._read_on(fresh)
            self._pairs = fresh
            self._read_on(fresh)  # what another thread has written since, and read into those from before
        except OSError as error:
            let_through(error)
        except StateDamagedError:
            _remove_index(path)

    def _write(self, line: bytes) -> bool:
        """Append a line, unless it is known to be there; return False if it could not be written."""
        with suppressing(OSError):
            if self._path is not None and (self._is_loaded or not _is_in(line, self._path)):
                _append(self._path, line)
            return True
        return False


def _index_of(path: Path) -> Path:
    return path.with_name(path.name + INDEX_SUFFIX)


def _open_index(path: Path) -> AliasIndex | None:
    """Return the index of an alias file, if there is one that can be used."""
    with suppressing(OSError, StateDamagedError):
        return AliasIndex(_index_of(path), path)
    return None


def _remove_index(path: Path) -> None:
    with suppressing(OSError):
        _index_of(path).unlink()


def _search(path: Path, id_: bytes) -> bytes | None:
    """Return the id that decides for `id_`, from the lines of the file that concern it; None if they are many.

    Raises:
        OSError: The file cannot be read.
    """
    found: dict[int, bytes] = {}
    asked: set[bytes] = set()
    todo = {id_}
    while todo:
        asked |= todo
        for place, ids in _lines_with(path, todo):
            found[place] = ids
            if len(found) > _MAX_LINES:
                return None
        todo = {each for ids in found.values() for each in (ids[:HASH_BYTES], ids[HASH_BYTES:])} - asked
    pairs = Aliases()
    for _, ids in sorted(found.items()):
        pairs.pair(ids[:HASH_BYTES], ids[HASH_BYTES:])
    return pairs.head(id_)


def _lines_with(path: Path, ids: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield place and hashes of each line that holds one of some ids."""
    needles = [id_.hex().encode() for id_ in ids]
    start = 0
    with open_regular(path) as file:
        while block := file.read(_BLOCK_BYTES):
            end = block.rfind(b"\n") + 1
            for needle in needles:
                at = block.find(needle, 0, end)
                while at >= 0:
                    begin = block.rfind(b"\n", 0, at) + 1
                    line = block[begin : block.find(b"\n", at)]
                    if _PAIR.fullmatch(line):
                        yield start + begin, bytes.fromhex(line.decode())
                    at = block.find(needle, at + 1, end)
            start += end or len(block)
            file.seek(start)
            if not end and len(block) < _BLOCK_BYTES:
                return


def _is_in(line: bytes, path: Path) -> bool:
    """Return whether a line is in a file; False if there is none."""
    with suppressing(FileNotFoundError), open_regular(path) as file:
        return line in file.read()
    return False


def _append(path: Path, line: bytes) -> None:
    """Append a line with one write, so that lines of processes never mix; a torn line does not damage the next."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        give_to_owner(path)
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
