"""Truth checks: a team's own questions, which only look, and what becomes of their answers."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from evidence import START, Evidence
from typer.testing import CliRunner

from pipelines_client.cli.app import app
from pipelines_client.errors import ConfigError, EngineError
from pipelines_client.parity import ParityOptions, run_parity
from pipelines_client.parity.check_sql import COLUMNS, plain_select
from pipelines_client.parity.judgement import evidence as judged_evidence
from pipelines_client.parity.judgement.checks import CheckAnswer, judge_checks
from pipelines_client.parity.judgement.evidence import SourceEvidence
from pipelines_client.parity.model import Limits
from pipelines_client.parity.render import render
from pipelines_client.parity.rules import Check, parse_rules

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE = (Path(__file__).parents[3] / "docs" / "checks.md").read_text("utf-8")
EXAMPLES = parse_rules(tomllib.loads(PAGE.split("```toml\n")[1].split("```")[0]), "docs/checks.md")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Three carts and what came of them, hours ago; Customer.io lost u2's order, and u3 never ordered."""
    evidence = Evidence(tmp_path_factory.mktemp("shop"), count=120)
    for number, person in enumerate(("u1", "u2", "u3")):
        evidence.track(person, "Cart Updated", {"value": 20 + number})
    orders = [evidence.track(person, "Order Completed", {"total": 20}) for person in ("u1", "u2")]
    orders[1].lose("customerio")
    evidence.add({"type": "track", "userId": "u9", "event": "Feature Used", "properties": {}}, after=timedelta(hours=5))
    return evidence.paths()


@pytest.fixture(scope="module")
def examined(shop):
    """The report on it, with the checks of the page."""
    return run_parity(shop, ParityOptions(rules=EXAMPLES), now=START)


def check(sql, **more: str):
    return parse_rules({"check": [{"name": "mine", "sql": sql, **more}]}, "parity.toml").check[0]


def test_the_examples_of_the_page_find_who_would_be_reminded_by_mistake(examined):
    """Each result, as the page explains it."""
    found = {done.name: done for done in examined.checks}
    (wrong,) = found["ordered, and would be reminded of the cart"].rows
    assert wrong == ("customerio", "m00121")
    assert found["carts to write to"].rows == (("customerio", 2), ("segment", 1))
    assert found["orders arrive at both sides"].rows == (("customerio", 1), ("segment", 2))
    results = {gate.name: (gate.result, gate.actual, gate.unit) for gate in examined.gates if gate.name[:6] == "check:"}
    assert results == {
        "check:ordered, and would be reminded of the cart": ("failed", 1, "rows"),
        "check:carts to write to": ("passed", 2, "people"),
        "check:orders arrive at both sides": ("passed", 1, "orders"),
    }


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_check_that_fails_is_shown_with_its_rows(examined, form):
    """In every format that people read."""
    text = render(examined, form)
    assert "Check: ordered, and would be reminded of the cart" in text
    assert "m00121" in text


def test_a_name_or_a_column_that_looks_like_markup_stays_text(shop, compare):
    """A file is a team's own, and still what it says is shown as it is."""
    hostile = "<img src=x>|[red]\x1b[31m"
    rules = parse_rules({"check": [{"name": hostile, "sql": f'SELECT side AS "{hostile}" FROM sides'}]}, "parity.toml")
    report = compare(shop, rules=rules)
    for form in ("text", "markdown", "html"):
        text = render(report, form)
        assert "\x1b" not in text
        assert form == "text" or "<img" not in text
        assert "[red]" in text.replace("\\", "")


def test_texts_of_an_answer_are_hidden_unless_asked_for(shop, compare):
    """But for columns that a report shows anyway."""
    rules = parse_rules(
        {
            "check": [
                {"name": "who", "sql": "SELECT side, person, 7 AS n, reason FROM missing JOIN sent USING (message_id)"}
            ]
        },
        "parity.toml",
    )
    for shown in (False, True):
        ((side, person, number, reason),) = compare(shop, rules=rules, show_values=shown).checks[0].rows
        assert (side, number, reason) == ("customerio", 7, None)
        assert person.startswith("string of ") is not shown


REFUSED = {
    "SELECT 1; SELECT 2": "one SELECT",
    "DROP TABLE facts": "one SELECT",
    "INSERT INTO sent SELECT 1": "one SELECT",
    "COPY (SELECT 1) TO '/tmp/x'": "one SELECT",
    "PRAGMA database_list": "one SELECT",
    "": "one SELECT",
    "SELECT FROM WHERE": "not valid SQL",
    "SELECT * INTO mine FROM sent": "a check cannot use 'into'",
    "SELECT day FROM sent FOR UPDATE": "a check cannot use 'lock'",
    "WITH gone AS (DELETE FROM sent RETURNING 1) SELECT * FROM gone": "a check cannot use",
    "SELECT * FROM read_csv('/etc/passwd')": "READ_CSV",
    "SELECT read_text('/etc/passwd') AS t": "a check cannot use 'read_text'",
    "SELECT * FROM glob('*')": "GLOB",
    "SELECT pg_read_file('/etc/passwd') AS t": "a check cannot use 'pg_read_file'",
    "SELECT getenv('HOME') AS t": "a check cannot use 'getenv'",
    "SELECT * FROM '/etc/passwd'": "there is no view '/etc/passwd'",
    "SELECT count(*) AS n FROM facts": "there is no view 'facts'",
    "SELECT count(*) AS n FROM pg_catalog.pg_authid": "pg_catalog.pg_authid",
    "SELECT b.a FROM (WITH facts AS (SELECT 1 AS a) SELECT a FROM facts) AS b, facts": "there is no view 'facts'",
    "WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n FROM a) SELECT n FROM a": "never end",
    "SELECT day, count(*) AS n FROM sent GROUP BY ALL": "GROUP BY ALL",
    "SELECT happened_ms / 2 AS n FROM sent": "a check cannot use 'div'",
    "SELECT price FROM sent": "'price' could not be resolved; a check can read sent (message_id,",
    "SELECT day FROM sent LIMIT 5000": "up to 1,000",
    "SELECT current_date AS d": "a check cannot use 'currentdate'",
}


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_not_one_harmless_select_is_refused_by_name(sql):
    """Before any source is read, with the check, the place in the file and the cure."""
    with pytest.raises(ConfigError) as caught:
        check(sql)
    assert str(caught.value).startswith("parity.toml: check[1]: mine: sql: ")
    assert REFUSED[sql] in str(caught.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"expect": "at most 1,001 rows"}, r"SELECT count\(\*\)"),
        ({"expect": "few"}, 'write "no rows"'),
        ({"expext": "no rows"}, "the keys are name, reason, sql, expect"),
        ({"name": ""}, "at least 1 character"),
    ],
)
def test_a_check_that_says_something_else_is_refused(given, says):
    """A misspelled key would be no check."""
    with pytest.raises(ConfigError, match=says):
        parse_rules({"check": [{"name": "mine", "sql": "SELECT 1 AS n", **given}]}, "parity.toml")
    with pytest.raises(ConfigError, match="this key is required; the keys are name, reason, sql, expect"):
        parse_rules({"check": [{"name": "mine"}]}, "parity.toml")


def test_two_checks_of_one_name_are_refused():
    """Their gates could not be told apart."""
    mine = {"name": "mine", "sql": "SELECT 1 AS n"}
    with pytest.raises(ConfigError, match=r"parity\.toml: check: 'mine' is the name of two checks"):
        parse_rules({"check": [mine, mine]}, "parity.toml")


def test_the_command_reads_the_checks_of_its_file(shop, tmp_path):
    """A check that fails ends with 1, one that is refused with 2 and the name of its file."""
    file = tmp_path / "mine.toml"
    paths = [part for name, path in shop.items() for part in (f"--{name}", str(path))]
    command = ["parity", *paths, "--no-cache", "--no-history", "--max-missing", "5%", "--config", str(file)]
    for sql, code, says in (
        ("SELECT 1 AS n", 1, "1 row, expected no rows"),
        ("SELECT a FROM b", 2, f"{file}: check[1]: "),
    ):
        file.write_text(f"[[check]]\nname = 'mine'\nsql = '{sql}'\n", "utf-8")
        done = CliRunner().invoke(app, command)
        assert done.exit_code == code, done.output
        assert says in done.output


def test_a_select_sees_the_views_only():
    """Names are put in by their text, so that no table of the engine is named by the check."""
    question = plain_select("WITH mine AS (SELECT day FROM Sent) SELECT DISTINCT day FROM mine ORDER BY day")
    assert question.views == {"sent"}
    assert question.columns == ("day",)
    assert question.sql.endswith("LIMIT 1001")
    assert plain_select("SELECT day FROM sent LIMIT 3").sql.endswith("LIMIT 3")


def answer(rows, **given: str):
    mine = Check(name="mine", sql="SELECT side, happened_ms AS n FROM received", **given)
    return CheckAnswer(mine, mine.question(), [{"side": "segment", "n": row} for row in rows])


def judged(found, **source: Any):
    segment = SourceEvidence(**{"rows": 1, "messages": 1, "duplicates": 0, "rejected_lines": 0, "files": 1} | source)
    ((gate,), _) = judge_checks([found], gathered({"segment": segment}), Limits(), is_redacted=True)
    return gate.result, gate.limit, gate.actual, gate.unit


def gathered(sources, **more: Any):
    return judged_evidence.Evidence(messages=0, identity=0, renamed=0, sources=sources, sides={}, **more)


@pytest.mark.parametrize(
    ("rows", "expect", "result"),
    [
        ([], "no rows", ("passed", 0, 0, "rows")),
        ([5], "no rows", ("failed", 0, 1, "rows")),
        ([1, 2], "at most 2 rows", ("passed", 2, 2, "rows")),
        ([1, 2, 3], "at most 2 rows", ("failed", 2, 3, "rows")),
        ([4, 3], "< 5", ("passed", 5, 4, "n")),
        ([5, 4, 9], "< 5", ("failed", 5, 9, "n")),
        ([1_000], ">= 1,000", ("passed", 1_000, 1_000, "n")),
        ([0, 7], ">= 1", ("failed", 1, 0, "n")),
        ([2], "= 2", ("passed", 2, 2, "n")),
        ([-3], "> -3", ("failed", -3, -3, "n")),
        ([], "< 5", ("inconclusive", 5, 0, "")),
        ([None], "< 5", ("inconclusive", 5, 0, "")),
    ],
)
def test_an_answer_is_held_against_what_was_expected(rows, expect, result):
    """Of rows their number; of numbers each row, and the worst is told."""
    assert judged(answer(rows, expect=expect)) == result


def test_of_many_rows_it_says_that_there_are_more():
    """An engine is asked for one row more than are counted."""
    evidence = gathered({"segment": SourceEvidence(1_001, 1_001, 0, 0, 1)})
    ((gate,), (report,)) = judge_checks([answer([1] * 1_001)], evidence, Limits(), is_redacted=True)
    assert gate.evidence == "more than 1,000 rows, expected no rows"
    assert (report.count, len(report.rows)) == (1_001, 20)


@pytest.mark.parametrize("source", [{"gaps": ("it was cut",)}, {"rejected_lines": 1}, {"waiting": 1}, {"messages": 0}])
def test_short_evidence_proves_nothing_either_way(source):
    """A gap may hide the order that is looked for, and the one that should not be there; so may an unreadable line."""
    assert judged(answer([]), **source)[0] == "inconclusive"
    assert judged(answer([1]), **source)[0] == "inconclusive"


@pytest.mark.parametrize(
    ("sql", "given", "lack"),
    [
        ("SELECT day FROM sent", "segment customerio", "only a ledger knows what was sent: give --ledger"),
        ("SELECT day FROM sent", "ledger", ""),
        ("SELECT day FROM sent WHERE person = 'x'", "ledger segment", "without its identity key"),
        ("WITH a AS (SELECT person AS p FROM sent) SELECT count(*) AS n FROM a", "ledger", "without its identity key"),
        (
            "SELECT side FROM received AS r WHERE EXISTS (SELECT 1 FROM sent WHERE sent.person = r.person)",
            "ledger segment",
            "without its identity key",
        ),
        ("SELECT person FROM received", "ledger", "give --segment or --customerio"),
        ("SELECT person FROM received", "ledger segment", ""),
        ("SELECT day FROM received WHERE side = 'customerio'", "ledger segment", "give --customerio"),
        ("SELECT day FROM missing", "segment", "it takes two sources"),
        ("SELECT day FROM missing", "segment customerio", ""),
        ("SELECT day FROM missing WHERE cause = 'rejected'", "segment customerio", "give --ledger"),
        ("SELECT day FROM missing WHERE reason IS NULL", "ledger segment", ""),
    ],
)
def test_a_check_says_what_it_needs(sql, given, lack):
    """By the views and columns that its SQL reads; with all of it, it is held against what was expected."""
    mine = Check(name="mine", sql=sql, expect="at most 9 rows")
    sources = {name: SourceEvidence(1, 1, 0, 0, 1) for name in given.split()}
    found = [CheckAnswer(mine, mine.question(), [])]
    ((gate,), _) = judge_checks(found, gathered(sources, knows_ledger_identity=False), Limits(), is_redacted=True)
    assert gate.result == ("inconclusive" if lack else "passed")
    assert lack in gate.evidence


def test_a_ledger_that_lost_lines_fails_no_check_on_what_was_sent():
    """One torn line may be the last of many; a check on what was received alone still fails."""
    sources = {
        "ledger": SourceEvidence(5_000, 5_000, 0, 1, 1),
        "segment": SourceEvidence(5_000, 5_000, 0, 0, 1),
    }
    for view, result in (("sent", "inconclusive"), ("received", "failed")):
        mine = Check(name="mine", sql=f"SELECT day FROM {view}")
        ((gate,), _) = judge_checks(
            [CheckAnswer(mine, mine.question(), [{"day": "x"}])], gathered(sources), Limits(), is_redacted=True
        )
        assert gate.result == result


def test_an_answer_that_no_report_can_hold_is_an_error_with_the_cure(shop):
    """A flag is neither a text nor a number, and a text is no number; no row is quoted."""
    for sql, cure in (
        ("SELECT 1 = 1 AS c", "CAST it"),
        ("SELECT CAST(event AS BIGINT) AS c FROM sent", "compare texts"),
    ):
        rules = parse_rules({"check": [{"name": "mine", "sql": sql}]}, "parity.toml")
        with pytest.raises(EngineError, match=f"check 'mine': .*{cure}") as caught:
            run_parity(shop, ParityOptions(rules=rules), now=START)
        assert "Feature" not in str(caught.value)


def test_the_page_names_every_view_and_column():
    """In the order in which `SELECT *` has them."""
    rows = [line.split("|")[1:4] for line in PAGE.splitlines() if line.startswith("| `")]
    named = {row[0].strip(" `"): row[2].replace("`", "").replace(" ", "").split(",") for row in rows if len(row) == 3}
    assert {name: list(columns) for name, columns in COLUMNS.items()} == {name: named[name] for name in COLUMNS}
