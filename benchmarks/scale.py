"""Measures parity from facts, from 100,000 to 20 million messages a side: time and memory of each size.

`make scale` makes packs of facts with the columns, types, encodings and row groups that the readers write. It makes
two sides; at each, one message in a thousand is missing; one in a thousand differs and one in a thousand is repeated.
For each size a new process asks the questions of a run; the planted counts are checked and a table is printed.
`SIZES="100000 1000000"` chooses other sizes; `--ledger` adds the ledger's two records a message.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa

from pipelines_client.parity import findings
from pipelines_client.parity.facts.writer import ROWS_SORTED, SCHEMAS, Tables
from pipelines_client.parity.judgement import causes
from pipelines_client.parity.questions.coverage_rows import COVERED, UNCOVERED
from pipelines_client.parity.questions.engine import TABLES, VIEWS, Engine, EngineSettings
from pipelines_client.parity.questions.open import open_engine
from pipelines_client.parity.questions.rows import SPANS, TOTALS, Answers
from pipelines_client.parity.scope import QUESTIONS

SIZES = (100_000, 1_000_000, 5_000_000, 20_000_000)
_ROWS_A_PACK = 250_000
_START_MS = 1_793_577_600_000  # 2026-11-02T00:00Z
_MONTH_MS = 30 * 86_400_000
_LAST_MS = _START_MS + _MONTH_MS + 10_000
_FAULT = 1000  # one message in a thousand has each fault
_GIGABYTE = 10**9

_FACTS = """
SELECT source, message_id, {number}(hash(i)) AS message_key, {number}(hash(i + 7)) AS message_check,
       {number}(hash([source, type, event, day, leg])) AS words, {number}(hash(person)) AS identity,
       {number}(hash(payload)) AS payload_hash,
       CASE WHEN leg IS NULL THEN CAST(hash(person) % 2097152 AS BIGINT) ELSE 0 END AS other_ids,
       NULL AS context_hash, occurred_at_ms, received_at_ms, occurred_at_ms + 90 AS sent_at_ms,
       CASE WHEN leg IS NULL THEN NULL ELSE occurred_at_ms END AS appended_at_ms,
       CASE WHEN leg IS NULL THEN NULL ELSE occurred_at_ms + 150 END AS finished_at_ms,
       file, row_number() OVER () AS line, row_number() OVER () * 1200 AS byte_offset, 1200 AS byte_count,
       type, event, day, leg
FROM (
    SELECT '{source}' AS source, i,
           '01K' || lpad(CAST(i // 1000 AS VARCHAR), 7, '0') || upper(substr(md5(CAST(i AS VARCHAR)), 1, 16))
               AS message_id,
           CASE i % 10 WHEN 8 THEN 'identify' WHEN 9 THEN 'page' ELSE 'track' END AS type,
           CASE i % 10 WHEN 8 THEN NULL WHEN 9 THEN 'Home' ELSE 'Event ' || (hash(i) % (1 + hash(i + 1) % 200)) END
               AS event,
           'p' || (hash(i) % {people}) AS person,
           {start} + i * {month} // {count} AS occurred_at_ms,
           strftime(make_timestamp(({start} + i * {month} // {count}) * 1000), '%Y-%m-%d') AS day,
           {start} + i * {month} // {count} + 200 + CAST(hash(i + 2) % 3000 AS BIGINT) AS received_at_ms,
           'p' || CASE WHEN '{source}' = 'customerio' AND i % {fault} = 7 THEN -i ELSE i END AS payload,
           '{source}/{pack}.jsonl.gz' AS file, leg
    FROM range({first}, {last}) AS ids(i), {copies}
    WHERE NOT ('{source}' = 'segment' AND i % {fault} = 1) AND NOT ('{source}' = 'customerio' AND i % {fault} = 2)
    ORDER BY hash(i + 3 + {salt})
) AS made
ORDER BY line // {sorted}, message_key
"""

_NUMBER = "CREATE MACRO number(hashed) AS CAST(CAST(hashed AS HUGEINT) - 9223372036854775808 AS BIGINT)"

_WORDS = """
SELECT DISTINCT words, type, event, day, 'user' AS identity_kind, 'analytics-python/2.4.0' AS library,
       NULL AS write_key_suffix, NULL AS origin, CASE WHEN leg IS NULL THEN 0 ELSE 368 END AS is_reduced, leg,
       CASE WHEN leg IS NULL THEN NULL ELSE 'accepted' END AS outcome,
       NULL AS reason
FROM facts
"""

_COPIES = {
    "segment": "(SELECT NULL::VARCHAR AS leg, UNNEST([0, 1]) AS copy) AS copies WHERE (copy = 0 OR i % {fault} = 3)",
    "customerio": "(SELECT NULL::VARCHAR AS leg) AS copies WHERE true",
    "ledger": "(SELECT 'segment' AS leg UNION ALL SELECT 'customerio') AS copies WHERE true",
}

_TRAITS = """
SELECT source, message_key, message_check, identity, path, hash([identity]) // 2 AS value_hash,
       'analytics-python/2.4.0' AS library, received_at_ms
FROM facts, (VALUES ('email'), ('plan'), ('name')) AS paths(path) WHERE type = 'identify' AND source <> 'ledger'
"""

_PROPERTIES = """
SELECT source, type, event, day, 1 AS form, count(*) AS count, min(message_id) AS message_id, min(file) AS file,
       min(line) AS line, 0 AS byte_offset
FROM facts
WHERE source <> 'ledger'
GROUP BY source, type, event, day
"""

_FORMS = """
SELECT 1 AS form, path, kind FROM (VALUES ('properties.a', 'number'), ('properties.b', 'string')) AS paths(path, kind)
"""


def make_packs(folder: Path, count: int, sources: tuple[str, ...]) -> None:
    """Write the packs of `count` messages a side, unless they exist."""
    for salt, source in enumerate(sources):
        for pack, first in enumerate(range(0, count, _ROWS_A_PACK)):
            target = folder / f"{source}-{pack:05}"
            if target.exists():
                continue
            partial = folder / f".{target.name}"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            _make_pack(partial, source, first, min(first + _ROWS_A_PACK, count), count=count, pack=pack, salt=salt)
            partial.rename(target)


def _make_pack(folder: Path, source: str, first: int, last: int, **numbers: int) -> None:
    words = {
        "source": source, "first": first, "last": last, "fault": _FAULT, "start": _START_MS, "month": _MONTH_MS,
        "people": max(1, numbers["count"] // 20), "number": "number", "sorted": ROWS_SORTED, **numbers,
    }  # fmt: skip
    copies = _COPIES[source].format(**words)
    query = _FACTS.replace("{copies}\n    WHERE", f"{copies} AND").format(**words)
    with closing(duckdb.connect(":memory:")) as connection, Tables(folder) as tables:
        connection.execute(_NUMBER)
        connection.execute(f"CREATE TABLE facts AS {query}")
        asked_of = {
            "facts": "FROM facts",
            "words": _WORDS,
            "properties": _PROPERTIES,
            "forms": _FORMS,
            "traits": _TRAITS,
        }
        for name, asked in asked_of.items():
            schema = SCHEMAS[name]
            rows: pa.Table = connection.sql(asked).to_arrow_table()
            tables.add_columns(name, rows.select(schema.names).cast(schema))


def ask_all(folder: Path, engine_name: str) -> dict[str, Any]:
    """Ask every question over the packs of a folder; return the seconds of each step and the peak memory in bytes."""
    seconds: dict[str, float] = {}
    with TemporaryDirectory(dir=folder.parent) as scratch, closing(open_engine(engine_name, Path(scratch))) as engine:
        started = time.perf_counter()
        totals = _ask(engine, folder, seconds)
        total_s = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "total_s": total_s,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_bytes": used.ru_maxrss * 1024,
        "seconds": seconds,
        "totals": totals,
    }


def _ask(engine: Engine, folder: Path, seconds: dict[str, float]) -> dict[str, Any]:
    """Load the packs, build the tables and ask the questions; note the seconds of each, and return the totals."""
    with _timed(seconds, "load"):
        engine.load(sorted(folder.glob("[!.]*")))
    engine.ask(SPANS)
    engine.set_up(_settings(has_ledger=any(folder.glob("ledger-*"))), causes.TABLE)
    for name in TABLES:
        if name == "attributed":
            engine.set_strangers(())
        if name == "absences":
            with _timed(seconds, "gaps"):
                engine.ask(UNCOVERED)
                engine.ask(COVERED)
            engine.set_gaps(())
        with _timed({} if name in VIEWS else seconds, f"table {name}"):
            engine.build_table(name)
    answers = Answers()
    for question in (*QUESTIONS, *findings.QUESTIONS):
        with _timed(seconds, f"question {question.name}"):
            answers[question] = engine.ask(question)
    return answers[TOTALS][0]._asdict()


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - begun


def _settings(*, has_ledger: bool) -> EngineSettings:
    return EngineSettings(
        has_ledger=int(has_ledger),
        has_segment=1,
        has_customerio=1,
        knows_identity=int(has_ledger),
        since_ms=None,
        until_ms=None,
        received_from_ms=None,
        segment_watermark_ms=_LAST_MS,
        customerio_watermark_ms=_LAST_MS,
        settle_ms=60_000,
        segment_allowance_ms=7_200_000,
        customerio_allowance_ms=1_200_000,
        slow_ms=60_000,
        skew_ms=10_000,
    )


def check(count: int, totals: dict[str, int]) -> None:
    """Compare the counts with the planted ones, and stop if they differ."""
    faults = count // _FAULT
    planted = {
        "messages": count, "drift": faults, "segment_messages": count - faults, "customerio_messages": count - faults,
        "segment_duplicates": faults, "customerio_duplicates": 0, "matched": count - 3 * faults,
    }  # fmt: skip
    wrong = {name: (totals[name], expected) for name, expected in planted.items() if totals[name] != expected}
    if wrong:
        raise SystemExit(f"these counts differ from the planted ones (counted, planted): {wrong}")


def main() -> None:
    """Measure each size in a new process."""
    parser = argparse.ArgumentParser(description="Parity from facts: time and memory by size.")
    parser.add_argument("sizes", nargs="*", type=int, help="messages a side")
    parser.add_argument("--folder", type=Path, default=Path("scale-out"), help="where to keep the packs")
    parser.add_argument("--ledger", action="store_true", help="compare with the ledger too")
    parser.add_argument("--engine", default="duckdb")
    parser.add_argument("--details", action="store_true", help="print the seconds of each step")
    parser.add_argument("--make", action="store_true", help="only make the packs")
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only is not None:
        json.dump(ask_all(given.only, given.engine), sys.stdout)
        return
    sources = ("segment", "customerio", *(("ledger",) if given.ledger else ()))
    print(
        "| messages a side | seconds | seconds of CPU | rows a second | peak memory, GB | packs, GB |"
        "\n|---|---|---|---|---|---|"
    )
    for count in given.sizes or SIZES:
        folder = given.folder / f"{count}{'-ledger' if given.ledger else ''}"
        make_packs(folder, count, sources)
        if given.make:
            continue
        command = [sys.executable, "-m", "benchmarks.scale", "--only", str(folder), "--engine", given.engine]
        measured = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        check(count, measured["totals"])
        size = sum(file.stat().st_size for file in folder.rglob("*.parquet"))
        print(
            f"| {count:,} | {measured['total_s']:.1f} | {measured['cpu_s']:.1f} |"
            f" {2 * count / measured['total_s']:,.0f} |"
            f" {measured['peak_bytes'] / _GIGABYTE:.2f} | {size / _GIGABYTE:.2f} |",
            flush=True,
        )
        if given.details:
            for name, seconds in sorted(measured["seconds"].items(), key=lambda item: -item[1]):
                print(f"    {seconds:8.2f}  {name}", file=sys.stderr)


if __name__ == "__main__":
    main()
