from __future__ import annotations

from typing import Any

from pipelines_client.plan.check import CheckedPlan
from pipelines_client.plan.coverage import CoverageReport, PlanCoverage
from pipelines_client.plan.coverage_text import coverage_text
from pipelines_client.plan.document import parse_plan

PLAN = b"""\
plan: 1
pages: [Home]
events:
  Order Completed: {aliases: [purchase], properties: {total: {type: number, required: true}}}
  Cart Emptied: {}
  Old Event: {status: deprecated}
  Trial Started: [{version: 1}, {version: 2}]
"""


def call(event: str = "Order Completed", release: str | None = None, **properties: Any) -> dict[str, Any]:
    """Return a track call as an archive has it."""
    context = {} if release is None else {"app": {"version": release}}
    return {
        "type": "track",
        "event": event,
        "userId": "u1",
        "messageId": "m",
        "context": context,
        "properties": properties,
    }


def report_of(*calls: dict[str, Any], plan: bytes = PLAN) -> CoverageReport:
    coverage = PlanCoverage(CheckedPlan(parse_plan(plan)))
    for number, each in enumerate(calls, 1):
        coverage.add(each, f"a.json:{number}")
    return coverage.report()


def test_calls_as_planned_leave_only_what_was_not_sent() -> None:
    """An event that is deprecated is not missed; each version is."""
    report = report_of(call(total=1.5), call("Trial Started"), {"type": "page", "name": "Home", "userId": "u1"})
    assert report.is_as_planned
    assert (report.messages, report.planned) == (3, 4)
    assert report.unused == ("Cart Emptied", "Trial Started@2")
    assert [(each.kind, each.name, each.messages) for each in report.sent] == [
        ("page", "Home", 1),
        ("track", "Order Completed", 1),
        ("track", "Trial Started", 1),
    ]


def test_a_name_that_is_not_planned_comes_with_the_one_that_may_be_meant() -> None:
    """A page that is not on the list too; the alias of an event is planned."""
    report = report_of(call("Order Compleeted"), call("Order Compleeted"), {"type": "page", "name": "Blog"})
    assert [(each.kind, each.name, each.messages, each.nearest) for each in report.unplanned] == [
        ("track", "Order Compleeted", 2, "Order Completed"),
        ("page", "Blog", 1, None),
    ]
    assert not report.is_as_planned
    assert "Order Completed" in {each.name for each in report_of(call("purchase", total=1)).sent}


def test_violations_are_counted_by_event_and_the_first_is_named() -> None:
    """No value is in the report."""
    report = report_of(call(total=1), call(total="secret"), call(total="secret"), call())
    rows = {(each.name, each.path): (each.messages, each.example) for each in report.violations}
    assert rows["Order Completed", "properties.total"][1] in ("a.json:2", "a.json:4")
    assert sum(each.messages for each in report.violations) == 3
    assert "secret" not in coverage_text(report)


def test_a_release_that_sends_what_is_wrong_is_seen() -> None:
    """By `context.app.version`; messages without one stand together."""
    report = report_of(
        call(release="1.0", total=1), call(release="1.1", total="1"), call("New", release="1.1"), call(total=2)
    )
    assert [tuple(each) for each in report.releases] == [("", 1, 0, 0), ("1.0", 1, 0, 0), ("1.1", 2, 1, 1)]
    text = coverage_text(report)
    assert text.startswith("not as planned: 4 messages, 1 of 4 active events sent\n")
    assert "1.1: 2 messages, 1 with violations, 1 not planned" in text


def test_what_is_no_call_is_counted_and_no_message_is_said() -> None:
    """Evidence that is short proves nothing."""
    report = report_of({"type": "delete"}, {})
    assert (report.messages, report.unreadable) == (0, 2)
    assert coverage_text(report).startswith("no message: 0 messages")


def test_hostile_calls_are_looked_at_too() -> None:
    """Names, versions and payloads of any JSON type."""
    odd: list[Any] = [None, 7, [], {}, "x"]
    calls = [{"type": "track", "event": each, "properties": each, "context": each, "userId": each} for each in odd]
    assert report_of(*calls).messages == len(odd)


def test_a_field_of_another_type_does_not_end_the_report() -> None:
    """The context of an event with versions, the name of a page, and the type itself may be anything in a file."""
    odd: list[Any] = ["x", [1], 7]
    trials = [{"type": "track", "event": "Trial Started", "userId": "u1", "context": each} for each in odd]
    pages = [{"type": "page", "userId": "u1", "name": each} for each in odd]
    report = report_of(*trials, *pages, {"type": [1]})
    assert (report.messages, report.unreadable) == (6, 1)
    assert sorted((row.kind, row.name, row.messages) for row in report.unplanned) == [("page", "", 2), ("page", "x", 1)]


def test_each_violation_and_each_unplanned_name_says_which_releases_sent_it() -> None:
    """The release that sends most of it first, in the text; all of them in the report."""
    wrong = [call(release=release, total="1") for release in ("1.0", "1.1", "1.1")]
    report = report_of(*wrong, call("Nope", release="1.0"), call("Nope"))
    assert [each.releases for each in report.violations] == [{"1.0": 1, "1.1": 2}]
    assert [each.releases for each in report.unplanned] == [{"": 1, "1.0": 1}]
    text = coverage_text(report)
    assert "; sent by 1.1 (2), 1.0 (1); first in a.json:1" in text
    assert "2  Nope; sent by no release (1), 1.0 (1)" in text
    assert "sent by" not in coverage_text(report_of(call(total="1")))


def test_no_name_begins_a_line_of_the_report() -> None:
    """A name with line ends or escapes takes one line."""
    text = coverage_text(report_of(call("A\n::set-output name=a::b\x1b[2J", release="1\r2")))
    assert not [line for line in text.splitlines() if line.startswith("::")]
    assert {char for char in text if not char.isprintable()} == {"\n"}


def test_evidence_that_could_be_read_in_part_proves_nothing() -> None:
    """The rest may hold what is not planned."""
    coverage = PlanCoverage(CheckedPlan(parse_plan(PLAN)))
    coverage.add(call(total=1), "a.json:1")
    assert coverage.report().is_conclusive
    coverage.skip()
    report = coverage.report()
    assert not report.is_conclusive
    assert coverage_text(report).startswith("as planned as far as it could be read: 1 message")


def test_a_payload_that_is_no_object_is_wrong() -> None:
    """A list, a text or a number in its place, also where the plan asks for no property."""
    odd: list[Any] = [["x"], "x", 7, False, []]
    calls = [{**call("Cart Emptied"), "properties": each} for each in odd]
    (row,) = report_of(*calls, {**call("Cart Emptied"), "properties": None}).violations
    assert (row.code, row.path, row.hint, row.messages) == ("mistyped-property", "properties", "planned: object", 5)
    assert not report_of({"type": "identify", "userId": "u1", "traits": ["x"]}).is_as_planned


def test_a_name_about_which_the_plan_does_not_ask_is_no_fault() -> None:
    """`off` holds here as at the call."""
    off = PLAN + b"modes: {unknown-event: off, unknown-page: off}\n"
    report = report_of(call("New"), {"type": "page", "name": "Blog"}, plan=off)
    assert (report.is_as_planned, report.unplanned) == (True, ())
    assert report_of(call("User Deleted"), plan=off).violations[0].code == "reserved-name"
    half = report_of(call("New"), {"type": "page", "name": "Blog"}, plan=PLAN + b"modes: {unknown-event: off}\n")
    assert [each.name for each in half.unplanned] == ["Blog"]


def test_what_else_is_wrong_with_an_unplanned_message_is_listed() -> None:
    """A command, an address as an id, a test; that it is not planned is said once, in the list of such names."""
    report = report_of(
        call("User Deleted"), {**call("New"), "userId": "kim@example.com"}, {**call("New"), "userId": "__test_1"}
    )
    assert {(each.name, each.code) for each in report.violations} == {
        ("User Deleted", "reserved-name"),
        ("New", "email-as-id"),
        ("New", "test-traffic"),
    }
    assert [each.name for each in report.unplanned] == ["New", "User Deleted"]
    assert (report.releases[0].violating, report.releases[0].unplanned) == (3, 3)


def test_messages_whose_violations_are_one_kind_too_many_are_counted() -> None:
    """Else a report that is short of them would look whole."""
    calls = [{**call(f"Event {number}"), "userId": "kim@example.com", "properties": []} for number in range(5_001)]
    report = report_of(*calls, plan=b"plan: 1\n")
    assert (len(report.violations), report.not_shown) == (10_000, 1)
    assert "1 message had more names, releases or kinds of violation than are listed" in coverage_text(report)


def test_half_a_character_stops_nothing() -> None:
    """In a name or a value, wherever it stands."""
    half = "a\ud800"
    envelope = b"identify: {envelope: {type: object, properties: {groupId: {pattern: b}}}}\n"
    calls = [
        call(half),
        call(total=half),
        call(**{half: 1}),
        {**call(), "userId": half},
        {"type": "identify", "userId": "u1", "groupId": half, "traits": {half: {half: 1}}},
        call(release=half),
    ]
    assert report_of(*calls, plan=PLAN + envelope).messages == len(calls)
