"""Who is one person, found in memory, in the index and by a search of the alias file: always the same."""

from __future__ import annotations

import os
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.routing.aliases import ALIAS_FILE, INDEX_SUFFIX, MAX_SEARCHES, AliasFile
from pipelines_client.routing.cohorts import Aliases

Pairs = list[tuple[bytes, bytes]]
_RANDOM = random.Random(17)
IDS = [_RANDOM.randbytes(8) for _ in range(8000)]
STRANGER = b"stranger"


def some_pairs(count: int) -> Pairs:
    """Return pairs that make persons of one to many ids: new ids, known ones, chains and circles."""
    known = [_RANDOM.sample(IDS, 2) for _ in range(count // 3)]
    mostly_new = [(_RANDOM.choice(IDS), id_) for id_ in _RANDOM.sample(IDS, count // 3)]
    chain = list(pairwise(_RANDOM.sample(IDS, count // 3)))
    pairs = [(previous, user) for previous, user in (*known, *mostly_new, *chain) if previous != user]
    _RANDOM.shuffle(pairs)
    return pairs


def small_families(count: int) -> Pairs:
    """Return pairs that make persons of two to four ids."""
    ids = iter([_RANDOM.randbytes(8) for _ in range(3 * count)])
    pairs = [(next(ids), next(ids)) for _ in range(count)]
    more = [(_RANDOM.choice(pair), next(ids)) for pair in pairs[: count // 2]]
    joins = [(one, other) for (_, one), (other, _) in zip(pairs[-99:], more, strict=False)]
    return pairs + more + joins


def write(path: Path, pairs: Pairs) -> None:
    with path.open("ab") as file:
        file.write(b"".join(b"\n%s %s\n" % (one.hex().encode(), other.hex().encode()) for one, other in pairs))


def heads_of(pairs: Pairs) -> dict[bytes, bytes]:
    """Return who decides for each id, with all pairs in memory."""
    aliases = Aliases()
    for previous, user in pairs:
        aliases.pair(previous, user)
    return {id_: aliases.head(id_) for id_ in (*IDS, STRANGER)}


def loaded(path: Path) -> AliasFile:
    """Return the aliases of a process that has asked for some persons."""
    aliases = AliasFile(path)
    for _ in range(MAX_SEARCHES + 1):
        aliases.head(STRANGER)
    return aliases


def index_of(path: Path) -> Path:
    return path.with_name(path.name + INDEX_SUFFIX)


def heads_in(aliases: AliasFile) -> dict[bytes, bytes]:
    return {id_: aliases.head(id_) for id_ in (*IDS, STRANGER)}


def test_every_process_finds_the_same_people_whoever_wrote_the_index_and_when(tmp_path: Path) -> None:
    """One reads all, one writes the index, one takes it over, one comes late; with more pairs at each step."""
    path, pairs = tmp_path / "aliases", Pairs()
    path.touch()
    reader, writer, taker = loaded(path), loaded(path), loaded(path)
    sizes = []
    for count in (3000, 30, 3000):
        fresh = some_pairs(count)
        write(path, fresh)
        pairs += fresh
        expected = heads_of(pairs)
        for aliases in (reader, writer, taker):
            aliases.catch_up()
        writer.save()
        taker.save()
        assert heads_in(reader) == heads_in(writer) == heads_in(taker) == heads_in(AliasFile(path)) == expected
        sizes.append(index_of(path).stat().st_size)
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]
    assert index_of(path).stat().st_mode & 0o777 == 0o600


def test_a_few_persons_are_found_without_reading_all_pairs(tmp_path: Path) -> None:
    """A process that lives for a moment; damaged lines are passed over as they are when all are read."""
    path, pairs = tmp_path / "aliases", small_families(1500)
    some = [*pairs[::99], *pairs[-9:]]
    write(path, pairs[:1500])
    with path.open("ab") as file:
        file.write(b"\n%s zz\n %s\n" % (some[0][0].hex().encode(), some[1][0].hex().encode()) + b"x" * 300_000 + b"\n")
    write(path, pairs[1500:])
    expected = Aliases()
    for previous, user in pairs:
        expected.pair(previous, user)
    for id_ in (STRANGER, *(id_ for pair in some for id_ in pair)):
        aliases = AliasFile(path)
        assert aliases.head(id_) == expected.head(id_)
        assert len(aliases) == 0


def test_an_id_that_half_of_all_people_share_is_found_by_reading_all_pairs(tmp_path: Path) -> None:
    """A guest's id that every login says as the previous one: a search would look for each of its people."""
    path, pairs = tmp_path / "aliases", [(IDS[0], user) for user in IDS[1:2000]]
    write(path, pairs)
    aliases = AliasFile(path)
    assert aliases.head(IDS[1]) == IDS[0]
    assert len(aliases) == len(pairs)


@pytest.mark.parametrize("place", [0, 9, 20, 40, 300_000, 524_400, -1, -5000])
def test_a_damaged_index_sends_no_person_to_the_other_side(tmp_path: Path, place: int) -> None:
    """One flipped bit, wherever it is: who asks for a person that it concerns reads the alias file."""
    path, pairs = tmp_path / "aliases", some_pairs(3000)
    write(path, pairs)
    loaded(path).save()
    content = bytearray(index_of(path).read_bytes())
    content[place] ^= 16
    index_of(path).write_bytes(content)
    assert heads_in(AliasFile(path)) == heads_of(pairs)


def test_an_index_that_is_cut_or_of_another_file_is_not_used(tmp_path: Path) -> None:
    """A disk that was full, or an alias file that was restored from a backup."""
    path, pairs = tmp_path / "aliases", some_pairs(3000)
    write(path, pairs)
    loaded(path).save()
    whole = index_of(path).read_bytes()
    for length in (0, 10, 40, 524_000, len(whole) - 16):
        index_of(path).write_bytes(whole[:length])
        assert heads_in(AliasFile(path)) == heads_of(pairs)
    index_of(path).write_bytes(whole)
    path.unlink()
    other = some_pairs(3300)
    write(path, other)
    assert heads_in(loaded(path)) == heads_of(other)


def test_a_process_whose_descriptors_were_closed_finds_the_same_people(tmp_path: Path) -> None:
    """A daemoniser closes all of them; the number then belongs to another file."""
    path, pairs = tmp_path / "aliases", some_pairs(3000)
    write(path, pairs)
    loaded(path).save()
    aliases = loaded(path)
    index = aliases._pairs.index
    assert index is not None
    os.close(index._file.descriptor)
    assert heads_in(aliases) == heads_of(pairs)
    assert index_of(path).exists()


def test_what_cannot_be_written_is_known_here_and_read_pairs_stay_when_no_index_can_be_written(tmp_path: Path) -> None:
    """A folder in the place of the index; pairs are kept in memory as if there were no index."""
    path, pairs = tmp_path / "aliases", some_pairs(3000)
    write(path, pairs)
    index_of(path).mkdir()
    aliases = loaded(path)
    aliases.save()
    assert heads_in(aliases) == heads_of(pairs)
    index_of(path).rmdir()
    assert heads_in(aliases) == heads_of(pairs)


def test_a_client_writes_the_index_when_it_looks_around(make_client: Any, state_dir: Path, tmp_path: Path) -> None:
    """Which its senders do: it takes seconds for the first million."""
    state_dir.mkdir()
    write(state_dir / ALIAS_FILE, some_pairs(3000))
    (tmp_path / "stage.toml").write_text('stage = "shadow"\n[customerio]\nshare = 0.5\n')
    client = make_client(stage_file=tmp_path / "stage.toml")
    for number in range(MAX_SEARCHES + 1):
        assert client.track(f"u{number}", "E")[0]
    client.join()  # or a sender may be writing it, and our look leaves it to that one
    client._pipeline._look_around()
    assert index_of(state_dir / ALIAS_FILE).exists()
