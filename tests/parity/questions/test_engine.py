"""What every engine does, whatever it is."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest
from answers import ASKED
from pyspark.sql import SparkSession
from traps import SETTINGS, TEXTS, WIDE, fact, write_pack

from pipelines_client.parity.judgement import causes
from pipelines_client.parity.questions.open import open_engine
from pipelines_client.parity.questions.windows import CLOSED

NUMBERS = "(SELECT 7 AS a, 2 AS b UNION ALL SELECT 1, 2 UNION ALL SELECT CAST(NULL AS BIGINT), 5) AS numbers"

TRAPS = {
    "whole division": (f"SELECT a // b AS c FROM {NUMBERS} ORDER BY a", [0, 3, None]),
    "remainder of what is negative": ("SELECT (0 - 7) % 2 AS c", [-1]),
    "nulls last, upwards": (f"SELECT a AS c FROM {NUMBERS} ORDER BY a", [1, 7, None]),
    "nulls last, downwards": (f"SELECT a AS c FROM {NUMBERS} ORDER BY a DESC", [7, 1, None]),
    "nulls last in a window": (
        f"SELECT row_number() OVER (ORDER BY a DESC) AS c FROM {NUMBERS} ORDER BY a",
        [2, 1, 3],
    ),
    "a sum beyond 64 bits": (
        f"SELECT sum(a) AS c FROM (SELECT {WIDE} AS a UNION ALL SELECT {WIDE} UNION ALL SELECT {WIDE}) AS wide",
        [3 * WIDE],
    ),
    "a sum of sums beyond 64 bits": (
        f"SELECT sum(b) AS c FROM (SELECT sum({WIDE}) AS b FROM (SELECT 1 AS a{' UNION ALL SELECT 1' * 39}) AS a) AS b",
        [40 * WIDE],
    ),
    "a running sum beyond 64 bits": (
        f"SELECT sum({WIDE}) OVER (ORDER BY a) AS c FROM (SELECT 1 AS a UNION ALL SELECT 2) AS b ORDER BY a",
        [WIDE, 2 * WIDE],
    ),
    "a sum of nothing": ("SELECT coalesce(sum(a), 0) AS c FROM (SELECT 1 AS a) AS one WHERE a = 2", [0]),
    "a sum divided": (f"SELECT sum(a) // count(*) AS c FROM {NUMBERS}", [2]),
    "a null equals no null": (f"SELECT count(*) AS c FROM {NUMBERS} WHERE a = a", [2]),
    "a null is not distinct from a null": (f"SELECT count(*) AS c FROM {NUMBERS} WHERE a IS NOT DISTINCT FROM a", [3]),
    "an empty text is no null": ("SELECT CASE WHEN '' IS NULL THEN 1 ELSE 0 END AS c", [0]),
    "a backslash is a backslash": (r"SELECT 'a\nb\\c''d' AS c", [r"a\nb\\c'd"]),
    "texts by their bytes, made by the question": (
        "SELECT c FROM (SELECT 'a_b' AS c UNION ALL SELECT 'aB' UNION ALL SELECT 'Z') AS made ORDER BY c",
        ["Z", "aB", "a_b"],
    ),
    "the greatest text by its bytes": (
        "SELECT max(c) AS c FROM (SELECT CAST(1 AS VARCHAR) || '_' AS c UNION ALL SELECT '1A') AS made",
        ["1_"],
    ),
    "texts are not folded": ("SELECT CASE WHEN 'a' = 'A' OR 'a ' = 'a' THEN 1 ELSE 0 END AS c", [0]),
    "nulls in a join": (
        f"SELECT count(*) AS c FROM {NUMBERS} JOIN (SELECT CAST(NULL AS BIGINT) AS a) AS other ON numbers.a = other.a",
        [0],
    ),
    "upper case in a name is no other name": ("SELECT Numbers.A AS c FROM (SELECT 1 AS a) AS numbers", [1]),
    "a column called as a word of SQL": (
        "SELECT count AS c FROM (SELECT count(*) AS count FROM (SELECT 1 AS day, 2 AS class) AS line) AS file",
        [1],
    ),
}


@pytest.mark.parametrize("name", TRAPS)
def test_dialects_agree_on(name, planted):
    """Each expression in which dialects differ, if a question keeps to the rules, has one answer."""
    sql, expected = TRAPS[name]
    assert [row["c"] for row in planted.select(sql)] == expected


@pytest.mark.parametrize(
    "sql", ["SELECT 1 = 1 AS c", "SELECT CAST(0.5 AS DOUBLE) AS c", "SELECT DATE '2026-11-02' AS c"]
)
def test_what_is_neither_text_nor_whole_number_is_an_error(sql, planted):
    """A question that breaks the rules fails on every engine, not only on the one where its rows would differ."""
    with pytest.raises(TypeError, match="README"):
        planted.select(sql)


def test_all_texts_go_in_and_come_out_as_they_are(engine, tmp_path):
    """Also what CSV, COPY and C strings have a use of their own for."""
    texts = [*TEXTS, "", "\x01\x02", "a\x00b\x01c"]
    engine.load([write_pack(tmp_path / "pack", [fact("segment", text, event=text) for text in texts])])
    rows = engine.select(
        "SELECT message_id, event FROM facts JOIN words ON words.words = facts.words ORDER BY message_id"
    )
    assert rows == [{"message_id": text, "event": text} for text in sorted(texts, key=str.encode)]


def test_packs_without_rows_answer_every_question(engine, tmp_path):
    """An empty source is a finding of the report, not a failure of the engine."""
    engine.load([write_pack(tmp_path / "pack", [])])
    engine.build(SETTINGS, causes.TABLE)
    for question in ASKED:
        if question is CLOSED:
            continue  # it repeats the settings
        rows = engine.ask(question)
        assert not any(value for row in rows for value in row), (question.name, rows)


def test_two_runs_at_once_do_not_see_each_other(engine, engine_name, tmp_path):
    """Tables are the run's own."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    engine.load([write_pack(tmp_path / "one", [fact("segment", "m1")])])
    with closing(open_engine(engine_name, scratch)) as other:
        other.load([write_pack(tmp_path / "other", [fact("segment", "m2"), fact("segment", "m3")])])
        assert other.select("SELECT count(*) AS c FROM facts") == [{"c": 2}]
    assert engine.select("SELECT message_id FROM facts") == [{"message_id": "m1"}]


def test_a_run_that_fails_leaves_nothing_behind(engine_name, tmp_path):
    """A pack that is damaged ends the run; what it had made ends with it."""
    pack = write_pack(tmp_path / "pack", [fact("segment", "m1")])
    (pack / "traits.parquet").write_bytes(b"no parquet")
    before = what_is_there(engine_name)
    with pytest.raises(Exception, match=r"(?i)parquet"), closing(open_engine(engine_name, tmp_path)) as failing:
        failing.load([pack])
    assert what_is_there(engine_name) == before


def what_is_there(engine_name):
    """Return what an engine outside of this process holds for runs."""
    if engine_name == "spark":
        session = SparkSession.getActiveSession()
        return session.sql("SHOW VIEWS").count(), len(session.sparkContext._jsc.getPersistentRDDs())
    if engine_name == "duckdb":
        return None
    with closing(psycopg.connect(engine_name)) as connection:
        return connection.execute("SELECT count(*) FROM pg_class WHERE relname IN ('facts', 'traits')").fetchone()
