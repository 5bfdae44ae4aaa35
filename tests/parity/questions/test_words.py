"""A number of `words` is 64 bits over its texts: two sets of texts with one number are an error, and no answer."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from traps import SETTINGS, fact, write_pack

from pipelines_client.errors import EngineError
from pipelines_client.parity.judgement import causes


def test_two_sets_of_words_with_one_number_in_a_pack_are_an_error(engine, tmp_path):
    """What would be counted as one event is two."""
    pack = write_pack(tmp_path / "pack", [fact("segment", "m1", event="A"), fact("segment", "m2", event="B")])
    _number_all(pack, 7)
    _assert_refused(engine, [pack])


def test_two_sets_of_words_with_one_number_in_two_packs_are_an_error(engine, tmp_path):
    """Each pack alone is sound."""
    packs = [
        write_pack(tmp_path / event, [fact(source, "m1", event=event)])
        for source, event in (("segment", "A"), ("customerio", "B"))
    ]
    for pack in packs:
        _number_all(pack, 7)
    _assert_refused(engine, packs)


def test_each_set_of_words_has_one_number_and_a_null_and_the_text_none_are_two(engine, tmp_path):
    """Only what is the same in each column has one number, also in packs of other processes, hosts and days."""
    events = [None, "None", "", "null"]
    packs = [write_pack(tmp_path / "all", [fact("segment", f"m{n}", event=event) for n, event in enumerate(events)])]
    assert len(set(pq.read_table(packs[0] / "words.parquet")["words"].to_pylist())) == len(events)
    packs += [write_pack(tmp_path / str(n), [fact("segment", f"n{n}", event="A")]) for n in range(3)]
    engine.load(packs)
    engine.build(SETTINGS, causes.TABLE)
    found = engine.select("SELECT event FROM words_known ORDER BY event")
    assert [row["event"] for row in found] == ["", "A", "None", "null", None]


def test_the_number_of_no_words_is_no_number_of_any(engine, tmp_path):
    """Where a source lacks a message its words are 0; words that had that number would be taken for it."""
    pack = write_pack(tmp_path / "pack", [fact("segment", "m1", event="A")])
    _number_all(pack, 0)
    _assert_refused(engine, [pack])


def _number_all(pack, number) -> None:
    """Give all words of a pack one number, as a collision would."""
    for name in ("words", "facts"):
        path = pack / f"{name}.parquet"
        table = pq.read_table(path)
        numbers = pa.array([number] * len(table), pa.int64())
        pq.write_table(table.set_column(table.schema.get_field_index("words"), "words", numbers), path)


def _assert_refused(engine, packs) -> None:
    engine.load(packs)
    with pytest.raises(EngineError, match="hash collision in `words`"):
        engine.build(SETTINGS, causes.TABLE)
