"""The pairs of the alias file, sorted, so that one person is found without reading a million of them.

It is derived: without it, or if it is damaged, all pairs are read from the alias file. A process that has read many
pairs that it lacks replaces it in one step; the others go on with the one that they have open.

    header     magic, bytes of the alias file that it covers, pairs, check of that file's end, check of the header
    table      for each first two bytes of an id: number of its first record, check of its records; and the end
    records    id, and one that is above it; an id that no other one decides is above itself
"""

from __future__ import annotations

import errno
import operator
import os
import weakref
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate, chain
from pathlib import Path
from struct import Struct

from pipelines_client.errors import StateDamagedError
from pipelines_client.files import DescriptorLostError, OpenFile, open_regular, replacing
from pipelines_client.routing.cohorts import HASH_BYTES

_HEADER = Struct(">8sQQII")
_ROW = Struct(">II")
_MAGIC = b"aliases1"
_BUCKETS = 1 << 16
_TABLE = Struct(f">{2 * (_BUCKETS + 1)}I")
_RECORD_BYTES = 2 * HASH_BYTES
_RECORDS_AT = _HEADER.size + _TABLE.size
_END_BYTES = 4096


class AliasIndex:
    """The index at `path` of the alias file at `source`.

    Attributes:
        covered: Bytes of the alias file whose pairs are in it.
        pairs: Ids that another one decides.
    """

    def __init__(self, path: Path, source: Path) -> None:
        """Read the header.

        Raises:
            OSError: It cannot be read, because there is none as a rule.
            StateDamagedError: It is damaged, or of another alias file.
        """
        self.path = path
        self._file = OpenFile(path, os.O_RDONLY)
        weakref.finalize(self, self._file.close).atexit = False
        header, self._table = self._read(0, _HEADER.size), self._read(_HEADER.size, _TABLE.size)
        self._check(len(self._table) == _TABLE.size and zlib.crc32(header[:-4]) == int.from_bytes(header[-4:], "big"))
        magic, self.covered, self.pairs, end, _ = _HEADER.unpack(header)
        self._check(magic == _MAGIC and end == _check_of_end(source, self.covered))

    def get(self, id_: bytes, /) -> bytes | None:
        """Return the parent of an id, or the id itself if it is a head; None if it is in no pair.

        Raises:
            OSError: It cannot be read.
            StateDamagedError: It is damaged.
        """
        number = _number(id_)
        (first, check), (end, _) = _ROW.iter_unpack(self._table[number * _ROW.size : (number + 2) * _ROW.size])
        records = self._read(_RECORDS_AT + first * _RECORD_BYTES, max(0, end - first) * _RECORD_BYTES)
        self._check(zlib.crc32(records, number) == check)
        at = records.find(id_)
        while at % _RECORD_BYTES and at > 0:  # found across two hashes, or as a parent
            at = records.find(id_, at + 1)
        return records[at + HASH_BYTES : at + _RECORD_BYTES] if at >= 0 else None

    def read(self) -> tuple[list[int], list[int], bytes]:
        """Return the columns of the table, and all records; errors as of `get`."""
        numbers = _TABLE.unpack(self._table)
        return list(numbers[::2]), list(numbers[1::2]), self._read(_RECORDS_AT, self._file.size)

    def _read(self, at: int, size: int) -> bytes:
        return os.pread(self._file.descriptor, size, at)

    def _check(self, is_good: bool) -> None:
        if not is_good:
            if not self._file.is_ours:
                raise DescriptorLostError(errno.EBADF, "a descriptor of ours was closed")
            raise StateDamagedError(f"{self.path.name} is damaged")


def write_index(
    path: Path, source: Path, parents: Mapping[bytes, bytes], before: AliasIndex | None, *, to: int
) -> None:
    """Replace the index by one that covers the alias file up to byte `to`.

    Args:
        path: The index.
        source: The alias file.
        parents: Parents of the ids that `before` lacks or has as heads; a head is its own parent.
        before: What covers the pairs before them.
        to: End of a line.

    Raises:
        OSError: It cannot be written, or `before` not be read.
        StateDamagedError: `before` is damaged.
    """
    fresh = sorted(map(operator.add, parents, parents.values()))
    firsts, checks, records = before.read() if before else ([0] * (_BUCKETS + 1), [*range(_BUCKETS), 0], b"")
    pairs = before.pairs if before else 0
    grown = [0] * (_BUCKETS + 1)
    pieces, done, at = [], 0, 0
    while at < len(fresh):
        number = _number(fresh[at])
        begin, at = at, bisect_right(fresh, fresh[at][:2] + b"\xff" * _RECORD_BYTES, at)
        start, end = firsts[number] * _RECORD_BYTES, firsts[number + 1] * _RECORD_BYTES
        known = _records(path, number, records[start:end], checks[number])
        body = _merged(known, fresh[begin:at]) if known else b"".join(fresh[begin:at])
        pairs += _count_pairs(body) - _count_pairs(records[start:end])
        checks[number] = zlib.crc32(body, number)
        grown[number + 1] = (len(body) - (end - start)) // _RECORD_BYTES
        pieces += [records[done:start], body]  # those between are copied, checked or not: their checks go along
        done = end
    columns = zip(map(operator.add, firsts, accumulate(grown)), checks, strict=True)
    header = _HEADER.pack(_MAGIC, to, pairs, _check_of_end(source, to) or 0, 0)[:-4]
    with replacing(path) as file:
        file.write(header + zlib.crc32(header).to_bytes(4, "big") + _TABLE.pack(*chain.from_iterable(columns)))
        file.writelines((*pieces, records[done:]))


def _number(id_: bytes) -> int:
    return id_[0] << 8 | id_[1]


def _merged(known: dict[bytes, bytes], fresh: Iterable[bytes]) -> bytes:
    """Return the records of a bucket: a parent, once it is known, is one for ever."""
    for record in fresh:
        id_, parent = record[:HASH_BYTES], record[HASH_BYTES:]
        if known.get(id_, id_) == id_:
            known[id_] = parent
    return b"".join(map(operator.add, known, known.values()))


def _count_pairs(body: bytes) -> int:
    places = range(0, len(body), _RECORD_BYTES)
    return sum(body[at : at + HASH_BYTES] != body[at + HASH_BYTES : at + _RECORD_BYTES] for at in places)


def _records(path: Path, number: int, records: bytes, check: int) -> dict[bytes, bytes]:
    """Return the parents in a bucket.

    Raises:
        StateDamagedError: The check says that they are damaged.
    """
    if zlib.crc32(records, number) != check:
        raise StateDamagedError(f"{path.name} is damaged")
    places = range(0, len(records), _RECORD_BYTES)
    return {records[at : at + HASH_BYTES]: records[at + HASH_BYTES : at + _RECORD_BYTES] for at in places}


def _check_of_end(source: Path, covered: int) -> int | None:
    """Return a check of the last bytes of the alias file before `covered`; None if it is shorter."""
    with open_regular(source) as file:
        start = max(0, covered - _END_BYTES)
        file.seek(start)
        end = file.read(covered - start)
    return zlib.crc32(end) if len(end) == covered - start else None
