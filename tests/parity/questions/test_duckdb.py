"""DuckDB holds few facts in memory, and joins long ones range of keys by range: the rows are the same."""

from __future__ import annotations

import json
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from answers import ASKED
from traps import SETTINGS, fact, write_pack

from pipelines_client.parity.judgement import causes
from pipelines_client.parity.questions import duckdb
from pipelines_client.parity.questions.engine import TABLES
from pipelines_client.parity.questions.open import open_engine

FIRST, LAST = -(2**63), 2**63 - 1


@pytest.fixture(scope="module")
def whole(packs, tmp_path_factory):
    """The planted data, held in memory and joined at once."""
    with closing(open_engine("duckdb", tmp_path_factory.mktemp("whole"))) as engine:
        engine.load(packs)
        assert engine._are_few
        engine.build(SETTINGS, causes.TABLE)
        yield engine


@pytest.fixture(scope="module", params=[700, 300, 7], ids=lambda rows: f"{rows} rows a range")
def ranged(request, packs, tmp_path_factory):
    """The same, read when needed: in two ranges, in a few, and in more than a hundred."""
    with closing(open_engine("duckdb", tmp_path_factory.mktemp("ranged"))) as engine:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(duckdb, "_ROWS_A_RANGE", request.param)
            patch.setattr(duckdb, "_FEW_ROWS", 0)
            engine.load(packs)
        rows = engine.select("SELECT count(*) AS c FROM facts")[0]["c"]
        assert engine._ranges == 1 + rows // request.param > 1
        engine.build(SETTINGS, causes.TABLE)
        yield engine


@pytest.mark.parametrize("name", TABLES)
def test_each_table_has_the_same_rows_in_ranges_as_in_one(name, ranged, whole):
    """Copies, ties and nulls among them; none is lost at an edge, and none is there twice."""
    answers = [engine.select(f"SELECT * FROM {name}") for engine in (ranged, whole)]
    assert answers[0]
    assert sorted(map(json.dumps, answers[0])) == sorted(map(json.dumps, answers[1]))


@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.name)
def test_each_question_has_the_same_answer_in_ranges_as_in_one(question, ranged, whole):
    """Row for row: after the join all facts are seen again."""
    assert ranged.ask(question) == whole.ask(question)


def test_a_select_of_a_team_has_all_rules_of_the_optimiser_though_the_rows_are_few(packs, tmp_path):
    """Three tables joined by WHERE would be multiplied first without `join_order`; our questions join in order."""
    with closing(open_engine("duckdb", tmp_path)) as engine:
        engine.load(iter(packs))
        left_out = "SELECT current_setting('disabled_optimizers') AS rules"
        assert "join_order" in engine._connection.execute(left_out).fetchall()[0][0]
        assert engine.select(left_out) == [{"rules": "partial_aggregate_pushdown"}]


@pytest.mark.parametrize("ranges", [1, 2, 3, 7, 10])
def test_a_key_on_the_edge_of_a_range_is_in_one_of_them(ranges, tmp_path, monkeypatch):
    """The first key and the last there are, and both sides of each edge."""
    monkeypatch.setattr(duckdb, "_FEW_ROWS", 0)
    width = 2**64 // ranges
    edges = [FIRST + number * width for number in range(1, ranges)]
    keys = sorted({FIRST, -1, 0, 1, LAST, *edges, *(edge - 1 for edge in edges)})
    pack = write_pack(
        tmp_path / "pack",
        [fact(source, f"m{number}") for source in ("segment", "customerio") for number in range(len(keys))],
    )
    _renumber(pack / "facts.parquet", "message_key", lambda row: keys[int(row["message_id"][1:])])
    with closing(open_engine("duckdb", tmp_path)) as engine:
        engine.load([pack])
        engine._ranges = ranges
        engine.build(SETTINGS, causes.TABLE)
        joined = engine.select(
            "SELECT message_key, in_segment, in_customerio FROM messages_joined ORDER BY message_key"
        )
    assert joined == [{"message_key": key, "in_segment": 1, "in_customerio": 1} for key in keys]


def _renumber(path, column, number) -> None:
    """Give each row of a pack's table another number, and keep the rows in its order."""
    table = pq.read_table(path)
    numbers = pa.array([number(row) for row in table.to_pylist()], pa.int64())
    table = table.set_column(table.schema.get_field_index(column), column, numbers).sort_by(column)
    pq.write_table(table, path, row_group_size=3)
