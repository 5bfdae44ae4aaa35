"""parity.toml is checked when it is read, and each of its gates says the number, the limit and the evidence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from evidence import START, Evidence

from pipelines_client.errors import ConfigError
from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.findings.base import Need
from pipelines_client.parity.judgement.evidence import Evidence as Counts
from pipelines_client.parity.judgement.evidence import Population, SourceEvidence
from pipelines_client.parity.judgement.gates import judge
from pipelines_client.parity.model import Limits, Verdict
from pipelines_client.parity.rules import Builtin, EventGates, ExpectedRule, Gates, Rules, parse_rules, read_rules

ROOT = Path(__file__).parents[2]
EXPECTED = {"path": "p", "reason": "r", "owner": "o", "expiry": "2026-12-01"}


def refusal(values):
    with pytest.raises(ConfigError) as caught:
        parse_rules(values, "parity.toml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"gate": {}}, "parity.toml: gate: unknown key; the keys are gates, expected, builtin, compare, cures, check"),
        (
            {"gates": {"max_mising": 1}},
            "parity.toml: gates.max_mising: unknown key; the keys are max_missing, max_drift",
        ),
        ({"gates": {"max_missing": 101}}, "gates.max_missing: 101 is not between 0 and 100 percent"),
        ({"gates": {"max_missing": "much"}}, "gates.max_missing: 'much' is not a percentage; write 0.1 or \"5%\""),
        ({"gates": {"max_missing": True}}, "gates.max_missing: True is not a percentage"),
        ({"gates": {"max_missing": "nan"}}, "gates.max_missing: 'nan' is not between"),
        ({"gates": {"min_events": -1}}, "gates.min_events: Input should be greater than or equal to 0"),
        ({"gates": {"min_events": "5"}}, "gates.min_events: Input should be a valid integer"),
        ({"gates": {"ready_after_days": 0}}, "gates.ready_after_days: Input should be greater than or equal to 1"),
        ({"gates": {"events": {"A b": {"max": 1}}}}, "gates.events.A b.max: unknown key; the keys are max_missing"),
        ({"gates": {"events": {"A b": 3}}}, "gates.events.A b: this is a section; write its name in bra"),
        ({"gates": 3}, "parity.toml: gates: this is a section; write its name in brackets, such as [gates]"),
        ({"expected": EXPECTED}, "expected: write [[expected]] above the keys of each entry"),
        ({"expected": [EXPECTED | {"reason": "  "}]}, "expected[1].reason: String should have at least 1 character"),
        ({"expected": [EXPECTED | {"owner": "\t"}]}, "expected[1].owner: String should have at least 1 character"),
        (
            {"gates": {"classes": {"latte": {"max": 1}}}},
            "gates.classes: there is no class 'latte'; the classes are empty_days, holes",
        ),
        ({"gates": {"classes": {"late": {}}}}, "gates.classes.late.max: this key is required"),
        ({"gates": {"classes": {"late": {"min": 1}}}}, "gates.classes.late.max: this key is required"),
        ({"gates": {"classes": {"late": {"max": 1.5}}}}, "gates.classes.late.max: 1.5 is not a limit; write a count"),
        ({"gates": {"classes": {"holes": {"max": "1%"}}}}, "gates.classes: holes counts files: write a count"),
        ({"expected": [EXPECTED, {"path": "p"}]}, "expected[2].reason: this key is required"),
        ({"expected": [EXPECTED | {"expires": 1}]}, "expected[1].expires: unknown key; the keys are path, kind, event"),
        ({"expected": [EXPECTED | {"expiry": "soon"}]}, "expected[1].expiry: Input should be a valid date"),
        ({"expected": [EXPECTED | {"kind": "typo"}]}, "expected[1].kind: Input should be 'missing_key', 'null'"),
        ({"expected": [EXPECTED | {"kind": "missing"}]}, "expected[1]: a missing message has no path"),
        ({"expected": [EXPECTED | {"path": ""}]}, 'expected[1]: "path" is missing'),
        ({"expected": [EXPECTED | {"side": "segment"}]}, 'expected[1]: "side" goes with kind = "missing" only'),
        ({"expected": [EXPECTED | {"name": "x"}] * 2}, "expected: two rules are called 'x'"),
        ({"expected": [EXPECTED | {"name": "alias"}]}, "expected: 'alias' is the name of a built-in rule"),
        ({"builtin": {"aliases": False}}, "builtin.aliases: unknown key; the keys are alias, groupid_only"),
        ({"builtin": {"alias": "no"}}, "builtin.alias: Input should be a valid boolean"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_cure(values, said):
    """A limit with a misspelled key would be no limit."""
    assert said in refusal(values)


def test_the_file_is_read_and_an_unreadable_one_is_said(tmp_path):
    """All that may stand in it, and an option that wins."""
    path = tmp_path / "parity.toml"
    path.write_text(
        '[gates]\nmax_missing = "0.5 %"\nmin_days = 2\n[gates.events."Order Completed"]\nmax_missing = 0\n'
        '[gates.classes.late]\nmax = "1%"\n[builtin]\nalias = false\n'
        '[[expected]]\npath = "properties.*"\nreason = "r"\nowner = "o"\nexpiry = 2026-12-01\n'
    )
    rules = read_rules(path)
    assert rules.gates.limits(max_drift=2.0).max_missing_pct == 0.5
    assert rules.gates.limits(max_missing=2.0).max_missing_pct == 2.0
    assert rules.gates.limits(max_drift=2.0).max_drift_pct == 2.0
    assert (rules.gates.limits().min_days, rules.builtin.alias, len(rules.expected)) == (2, False, 1)
    path.write_text("[gates\n")
    with pytest.raises(ConfigError, match=r"parity\.toml: not valid TOML"):
        read_rules(path)
    with pytest.raises(ConfigError, match=r"none\.toml: No such file or directory; choose another"):
        read_rules(tmp_path / "none.toml")


def test_the_example_is_valid_shows_every_key_and_is_the_one_of_the_page():
    """A reader who copies it gets what the page promises."""
    text = (ROOT / "examples" / "parity.toml").read_text()
    page = (ROOT / "docs" / "parity.md").read_text()
    assert f"```toml\n{text}```" in page
    rules = read_rules(ROOT / "examples" / "parity.toml")
    keys = {*Gates.model_fields, *EventGates.model_fields, *ExpectedRule.model_fields, *Builtin.model_fields}
    assert {key for key in keys if not re.search(rf"\b{key}\b", text)} == set()
    assert rules.gates.limits(min_events=Limits().min_events, min_days=0) == Limits()
    assert {name for name in Builtin.model_fields if f"| `{name}` |" not in page} == set()


@pytest.fixture
def selling(tmp_path):
    """Two hundred usual events, and forty orders of which one is lost, one is a duplicate and one drifts."""
    evidence = Evidence(tmp_path, count=200)
    orders = [evidence.track("u1", "Order Completed", {"n": index}) for index in range(40)]
    orders[3].lose("customerio")
    orders[4].copies["segment"] = 2
    orders[5].payload("customerio")["n"] = "5"
    return evidence


def gates_of(report, event=""):
    return {gate.name: gate for gate in report.gates if gate.event == event}


def of_events(**limits: Any) -> Rules:
    return parse_rules({"gates": {"max_missing": 5, "max_drift": 5, "max_duplicates": 5, **limits}}, "x")


def test_an_event_has_limits_of_its_own(selling, compare):
    """What is little among all messages is much among the orders; only what is set is judged, besides all else."""
    own = {"max_missing": 0, "max_drift": "5%", "max_duplicates": "1%", "max_identity": 0, "min_events": 50}
    report = compare(selling.paths(), rules=of_events(events={"Order Completed": own}))
    assert {gate.result for gate in gates_of(report).values()} == {"passed"}
    found = {name: (gate.result, gate.limit, gate.actual) for name, gate in gates_of(report, "Order Completed").items()}
    assert found == {
        "min_events": ("inconclusive", 50, 40),
        "missing_segment": ("passed", 0, 0),
        "missing_customerio": ("inconclusive", 0, 2.5),
        "too_young_segment": ("passed", 0, 0),
        "too_young_customerio": ("passed", 0, 0),
        "drift": ("passed", 5, 2.5641),
        "duplicates_segment": ("inconclusive", 1, 2.5),
        "duplicates_customerio": ("passed", 1, 0),
        "identity": ("passed", 0, 0),
    }
    enough = compare(selling.paths(), rules=of_events(events={"Order Completed": own | {"min_events": 40}}))
    results = {name: gate.result for name, gate in gates_of(enough, "Order Completed").items()}
    assert [name for name, result in results.items() if result == "failed"] == [
        "missing_customerio",
        "duplicates_segment",
    ]
    assert (
        "1 of 40 messages are not in Customer.io's export"
        in gates_of(enough, "Order Completed")["missing_customerio"].evidence
    )
    assert enough.headline.startswith("Order Completed: ")


def test_an_event_that_does_not_come_is_inconclusive(selling, compare):
    """An event with a gate that a release no longer sends does not pass."""
    report = compare(selling.paths(), rules=of_events(events={"Checkout Started": {"max_missing": 0}}))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert gates_of(report, "Checkout Started")["min_events"].result == "inconclusive"


def test_a_hole_leaves_an_events_loss_open_and_a_refusal_proves_it(selling, compare):
    """The evidence of the whole is that of each event."""
    paths = selling.paths()
    (paths["customerio"] / "2184.13699.2.track.json").rename(paths["customerio"] / "2184.13699.3.track.json")
    rules = of_events(events={"Order Completed": {"max_missing": 0}})
    assert gates_of(compare(paths, rules=rules), "Order Completed")["missing_customerio"].result == "inconclusive"
    selling.messages[210].not_sent("customerio", "rejected", "400")
    paths = selling.paths()
    (paths["customerio"] / "2184.13699.2.track.json").rename(paths["customerio"] / "2184.13699.3.track.json")
    assert gates_of(compare(paths, rules=rules), "Order Completed")["missing_customerio"].result == "failed"


def of_classes(**bounds: int | str) -> Rules:
    return of_events(classes={name: {"max": bound} for name, bound in bounds.items()})


def test_a_class_may_have_a_count_or_a_share(selling, compare):
    """Proof is proof; a share of too few messages is none; what says itself that evidence is short never fails."""
    paths = selling.paths()
    rules = of_classes(missing=0, duplicates="0.3%", drift="1%", late=0)
    found = {
        name: (gate.result, gate.actual, gate.unit) for name, gate in gates_of(compare(paths, rules=rules)).items()
    }
    assert found["class_missing"] == ("failed", 1, "messages")
    assert found["class_duplicates"] == ("failed", 0.416667, "%")
    assert found["class_drift"] == ("passed", 0.41841, "%")
    assert found["class_late"] == ("passed", 0, "messages")
    (paths["customerio"] / "2184.13699.2.track.json").rename(paths["customerio"] / "2184.13699.3.track.json")
    found = gates_of(compare(paths, rules=of_classes(missing=0, holes=0, duplicates=0)))
    assert found["class_missing"].result == found["class_holes"].result == "inconclusive"
    assert found["class_duplicates"].result == "failed"
    few = compare(paths, rules=of_events(min_events=500, classes={"duplicates": {"max": "0.3%"}}))
    assert gates_of(few)["class_duplicates"].result == "inconclusive"


def test_a_class_that_nothing_can_show_does_not_pass(evidence, compare):
    """Nothing found is not nothing there: what only a ledger tells, a time that one side lacks, a context not named."""
    paths = {name: path for name, path in evidence.paths().items() if name != "ledger"}
    found = gates_of(compare(paths, rules=of_classes(**dict.fromkeys(BY_NAME, 0))))
    assert {name for name in BY_NAME if found[f"class_{name}"].result == "inconclusive"} == {
        "time",
        "context",
        *(each.name for each in BY_NAME.values() if each.need is Need.LEDGER),
    }


def test_a_class_that_takes_two_sources_does_not_pass_with_one(evidence, compare):
    """A ledger without its key and one export: no identity was compared and no missing message looked for."""
    rules = of_classes(identity=0, renamed=0, missing=0, foreign_writers=0, type_conflicts=0)
    paths = {"ledger": evidence.write_ledger(key=None), "customerio": evidence.write_customerio()}
    found = gates_of(compare(paths, rules=rules))
    assert {name for name in BY_NAME if f"class_{name}" in found and found[f"class_{name}"].result != "passed"} == {
        "identity"
    }
    paths["customerio"] = evidence.folder / "nothing"
    paths["customerio"].mkdir()
    found = gates_of(compare(paths, rules=rules))
    assert found["class_renamed"].result == found["class_missing"].result == "inconclusive"


def test_gates_of_events_and_classes_know_what_the_ledger_has_lost(evidence, compare):
    """Only the torn ledger does not know them, which proves neither a loss nor a foreign writer."""
    for message in evidence.messages[150:180]:
        message.lose("customerio")
    paths = evidence.paths()
    rules = of_events(
        events={"Feature Used": {"max_missing": "1%"}},
        classes={"missing": {"max": 0}, "foreign_writers": {"max": 0}},
    )
    report = compare(paths, rules=rules, is_all=True)
    assert gates_of(report, "Feature Used")["missing_customerio"].result == "failed"
    assert gates_of(report)["class_missing"].result == "failed"
    (file,) = paths["ledger"].rglob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[: len(lines) // 3]) + lines[-1][:50])
    report = compare(paths, rules=rules, is_all=True)
    assert gates_of(report, "Feature Used")["missing_customerio"].result == "inconclusive"
    assert gates_of(report)["class_missing"].result == "inconclusive"
    assert gates_of(report)["class_foreign_writers"].result == "inconclusive"


def test_days_count_with_their_part_of_the_messages(tmp_path, compare):
    """Two days of a hundred are two; three backdated messages make no third one."""
    evidence = Evidence(tmp_path, count=200)
    for index, sent in enumerate(evidence.messages):
        sent.at += (index % 2) * (START.replace(day=3) - START)
    for sent in evidence.messages[:3]:
        sent.occurred_at = START.replace(month=3)
    paths = evidence.paths()
    for wanted, result in ((2, "passed"), (3, "inconclusive")):
        gate = gates_of(compare(paths, rules=of_events(min_days=wanted)))["min_days"]
        assert (gate.result, gate.actual, gate.unit) == (result, 2, "days")
    assert "min_days" not in gates_of(compare(paths))


def test_identities_that_nobody_can_compare_are_no_pass(evidence, compare):
    """A ledger without its key, and one export: only one source has identities to compare."""
    paths = {"ledger": evidence.write_ledger(key=None), "customerio": evidence.write_customerio()}
    report = compare(paths)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert [gate.name for gate in report.gates if gate.result != "passed"] == ["identity"]


@pytest.mark.parametrize(
    ("compared", "drift", "result"),
    [
        (200, 0, "passed"),
        (100, 0, "passed"),
        (99, 0, "inconclusive"),
        (20, 3, "failed"),
        (20, 2, "inconclusive"),
        (0, 0, "inconclusive"),
    ],
)
def test_a_few_compared_payloads_tell_no_rate(compared, drift, result):
    """Where most bodies are nowhere to be seen, a breach is proven only if it is one of all messages."""
    there = Population(messages=200, compared=compared, drift=drift, identified=200)
    source = SourceEvidence(rows=200, messages=200, duplicates=0, rejected_lines=0, files=1)
    counts = Counts(messages=200, identity=0, renamed=0, sources={"segment": source}, sides={"segment": there})
    (gate,) = [gate for gate in judge(counts, Limits(max_drift_pct=1)) if gate.name == "drift"]
    assert gate.result == result
    assert ("No payload" in gate.evidence) is (compared == 0)
