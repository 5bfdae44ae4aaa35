"""Facts that live in a schema of a database: copied once, used by the next run and by other hosts, gone when stale."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

import psycopg
import pytest
from evidence import KEY, Evidence
from traps import fact, write_pack

from pipelines_client.errors import EngineError
from pipelines_client.parity import ParityOptions, run_parity
from pipelines_client.parity.questions.open import open_engine

NOW = datetime(2026, 11, 3, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def server(postgresql_url):
    """A connection of the tests' own."""
    with closing(psycopg.connect(postgresql_url, autocommit=True)) as connection:
        yield connection


@pytest.fixture
def url(postgresql_url, server):
    """An engine whose facts stay in a schema that is gone after the test."""
    yield f"{postgresql_url}?schema=parity_facts"
    server.execute("DROP SCHEMA IF EXISTS parity_facts CASCADE")


@pytest.fixture
def evidence(tmp_path):
    """Three sources with a miss and a drift."""
    made = Evidence(tmp_path, count=150)
    made.messages[3].lose("segment")
    made.messages[9].payload("customerio")["price"] = "9.5"
    return made


def packs_in(server):
    return [row[0] for row in server.execute("SELECT name FROM parity_facts.kept_packs ORDER BY id")]


def facts_in(server):
    return server.execute("SELECT source, count(*) FROM parity_facts.kept_facts GROUP BY source ORDER BY 1").fetchall()


def test_another_host_finds_the_facts_and_reads_nothing(url, server, evidence, tmp_path):
    """The second run has a cache of its own, which stays empty; its report is the same to the byte."""
    paths = evidence.paths()
    first = run_parity(paths, ParityOptions(engine=url, cache=tmp_path / "one"), now=NOW)
    held = packs_in(server)
    told = []
    second = run_parity(paths, ParityOptions(engine=url, cache=tmp_path / "two", advance=told.append), now=NOW)
    assert second.to_json() == first.to_json() == run_parity(paths, ParityOptions(), now=NOW).to_json()
    assert not list((tmp_path / "two").rglob("*.parquet"))
    assert sum(told) == sum(source.bytes for source in first.sources.values())
    assert packs_in(server) == held
    assert facts_in(server) == [("customerio", 150), ("ledger", 300), ("segment", 149)]


def test_without_a_ledger_hosts_share_by_the_key_of_the_environment(url, evidence, tmp_path, monkeypatch):
    """Identities are hashed alike only by hosts that have one key, and facts are shared by those alone."""
    paths = {"segment": evidence.write_segment(), "customerio": evidence.write_customerio()}
    monkeypatch.setenv("PIPELINES_LEDGER_KEY", KEY.hex())
    first = run_parity(paths, ParityOptions(engine=url, cache=tmp_path / "one"), now=NOW)
    second = run_parity(paths, ParityOptions(engine=url, cache=tmp_path / "two"), now=NOW)
    assert second.to_json() == first.to_json()
    assert not list((tmp_path / "two").rglob("*.parquet"))
    monkeypatch.delenv("PIPELINES_LEDGER_KEY")
    run_parity(paths, ParityOptions(engine=url, cache=tmp_path / "three"), now=NOW)
    assert list((tmp_path / "three").rglob("*.parquet"))


def test_a_changed_file_is_read_anew_and_its_old_facts_go(url, server, evidence):
    """Only when nobody else may be asking about them."""
    paths = evidence.paths()
    options = ParityOptions(engine=url)
    run_parity(paths, options, now=NOW)
    held = packs_in(server)
    evidence.messages[7].lose("segment")
    evidence.write_segment()
    with closing(open_engine(url, Path())):
        assert run_parity(paths, options, now=NOW).totals.missing["segment"] == 2
        assert len(packs_in(server)) == len(held) + 1, "another run is at work: nothing is removed under its hands"
    assert run_parity(paths, options, now=NOW).totals.missing["segment"] == 2
    assert len(packs_in(server)) == len(held)
    assert facts_in(server)[-1] == ("segment", 148)


def test_what_nobody_has_used_for_thirty_days_goes(url, server, evidence):
    """And with it its rows, in every table."""
    run_parity(evidence.paths(), ParityOptions(engine=url), now=NOW)
    server.execute("UPDATE parity_facts.kept_packs SET used_at = now() - interval '31 days'")
    with closing(open_engine(url, Path())):
        assert packs_in(server) == facts_in(server) == []


def test_what_is_for_one_run_only_leaves_nothing(url, server, tmp_path):
    """A pack that speaks of no file, such as what an API has counted, is asked with the rest and then removed."""
    with closing(open_engine(url, tmp_path)) as engine:
        engine.load([write_pack(tmp_path / "pack", [fact("segment", "m1")])])
        assert engine.select("SELECT message_id FROM facts") == [{"message_id": "m1"}]
        assert facts_in(server) == [("segment", 1)]
    assert packs_in(server) == facts_in(server) == []


def test_a_copy_that_breaks_off_leaves_nothing(url, server, tmp_path):
    """A pack is there whole or not at all."""
    pack = write_pack(tmp_path / "pack", [fact("segment", "m1")])
    (pack / "traits.parquet").write_bytes(b"no parquet")
    with closing(open_engine(url, tmp_path)) as engine, pytest.raises(Exception, match="Parquet"):
        engine.load([pack])
    assert packs_in(server) == facts_in(server) == []


def test_hosts_that_begin_at_once_make_one_schema(url, server, tmp_path):
    """None of them meets a table that another is just making."""
    with ThreadPoolExecutor(4) as threads:
        for engine in threads.map(lambda _: open_engine(url, tmp_path), range(8)):
            engine.close()
    assert packs_in(server) == []


@pytest.mark.parametrize("name", ["", "Upper", "pg_facts", "information_schema", 'a"b', "a;drop", "a" * 64])
def test_a_schema_is_a_plain_name(postgresql_url, name, tmp_path):
    """What would need quotes, or is the server's own, is refused with an example."""
    with pytest.raises(
        EngineError, match=r"schema= takes a name of lower-case letters, digits and _, such as schema=parity"
    ):
        open_engine(f"{postgresql_url}?schema={name}", tmp_path)


def test_tables_of_another_version_are_left_alone(url, server, tmp_path):
    """They are refused by name of the schema, and stay as they are."""
    open_engine(url, tmp_path).close()
    server.execute("ALTER TABLE parity_facts.kept_facts DROP COLUMN payload_hash")
    with pytest.raises(EngineError, match="schema parity_facts holds facts of another version, or other tables"):
        open_engine(url, tmp_path)


def test_a_user_who_may_make_no_schema_is_told(url, server, tmp_path):
    """With what to grant; and what is kept is for its owner only."""
    open_engine(url, tmp_path).close()
    stranger = f"{server.info.dbname}_stranger"
    server.execute(f"CREATE ROLE {stranger} LOGIN")
    try:
        (is_open,) = server.execute(
            f"SELECT has_table_privilege('{stranger}', to_regclass('parity_facts.kept_facts'), 'SELECT')"
        ).fetchone()
        assert not is_open
        for schema in ("parity_facts", "parity_new"):
            theirs = f"postgresql://{stranger}@{url.partition('@')[2]}".replace("parity_facts", schema)
            with pytest.raises(EngineError, match="GRANT CREATE ON DATABASE"):
                open_engine(theirs, tmp_path)
    finally:
        server.execute(f"DROP ROLE {stranger}")
