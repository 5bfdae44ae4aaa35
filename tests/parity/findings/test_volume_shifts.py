"""Days with far more or fewer messages than usual: decided from counts, and planted in files."""

from __future__ import annotations

from datetime import date, timedelta

from evidence import START, Evidence
from finding_rows import counts as counts_of
from finding_rows import rows as rows_of

from pipelines_client.parity.findings.volume_shifts import shifts


def days(counts, event="Feature Used"):
    return [(event, "track", str(date(2026, 11, 2) + timedelta(days=n)), count) for n, count in enumerate(counts)]


def found(rows):
    return [(item.day, item.count, item.usual) for item in shifts(rows)]


def test_three_times_as_many_as_usual_and_a_third_are_no_shift_and_more_is():
    """On the eighth whole day at the earliest, and never on the last."""
    week = [100] * 8
    assert found(days([*week, 300, 100])) == []
    assert found(days([*week, 301, 100])) == [("2026-11-10", 301, 100)]
    assert found(days([*week, 34, 100])) == []
    assert found(days([*week, 33, 100])) == [("2026-11-10", 33, 100)]
    assert found(days([*week[:7], 301, 100])) == []
    assert found(days([*week, 301])) == []


def test_a_day_without_the_event_counts_where_others_went_on():
    """A lost call is zero of its event among days that have messages."""
    rows = [row for row in days([100] * 12) if row[2] != "2026-11-11"]
    assert found(rows + days([200] * 12, "Other")) == [("2026-11-11", 0, 100)]
    assert found(rows) == [("2026-11-11", 0, 100)]


def test_a_few_backdated_messages_are_no_beginning():
    """Nor is a year without any in between a past to hold a day against."""
    backdated = [("Feature Used", "track", "2025-11-02", 60), ("Feature Used", "track", "2019-01-01", 3)]
    assert found(backdated + days([100] * 12)) == []
    assert found([("Feature Used", "track", "0001-01-01", 60)]) == []


def test_weekends_and_lasting_changes_are_said_once_at_most():
    """A week before it holds a weekend; after a step the first day is the new highest."""
    assert found(days([600, 600, 600, 600, 600, 90, 80] * 4)) == []
    assert [day for day, *_ in found(days([100] * 10 + [900] * 10))] == ["2026-11-12"]


def test_too_few_messages_and_events_that_are_new_are_no_shift():
    """Five times ten is a handful, and what never was has no usual."""
    assert found(days([10] * 9 + [49, 10]) + days([100] * 11, "Other")) == []
    assert found(days([0] * 9 + [500, 0]) + days([100] * 11, "Other")) == []
    growing = [50, 100, 103, 105, 108, 110, 111, 112, 115]
    assert found(days([0] * 10 + [*growing, 90]) + days([100] * 20, "Other")) == []


def test_a_weekly_mailing_that_grows_is_no_shift_and_a_loop_of_a_rare_event_is():
    """What is sent on Mondays is held against Mondays."""
    mondays = [count for week in range(6) for count in (100 + week, 0, 0, 0, 0, 0, 0)]
    assert found(days(mondays) + days([100] * 42, "Other")) == []
    assert found(days([0, 2, 0, 1, 0, 0, 3, 0, 1, 0, 400, 0, 0]) + days([100] * 13, "Other")) == [
        ("2026-11-12", 400, 0)
    ]


def test_the_events_of_one_day_are_one_finding(tmp_path, compare):
    """One outage of all events is one line, with those that moved most."""
    evidence = Evidence(tmp_path)
    evidence.fill_days(12)
    names = [f"Event {number}" for number in range(5)]
    for day in range(12):
        for place, name in enumerate(names):
            for index in range(60 + 10 * place if day != 9 else 6):
                at = START + timedelta(days=day, seconds=index)
                evidence.track("u1", name, {}).at = at
    report = compare(evidence.paths())
    assert rows_of(report, "volume_shifts") == [
        (
            "",
            "",
            "2026-11-11",
            1,
            "Event 4 6 (usually 100), Event 3 6 (usually 90), Event 2 6 (usually 80) and 2 more events",
        )
    ]


def test_days_far_older_than_the_evidence_do_not_alarm(tmp_path, compare):
    """What was backfilled has the days on which it happened, which nothing was compared of before."""
    evidence = Evidence(tmp_path, count=200)
    for day in range(20):
        for index in range(60 if day != 15 else 400):
            happened = START - timedelta(days=200 - day, seconds=index)
            evidence.track("u1", "Imported", {}).occurred_at = happened
    assert "volume_shifts" not in counts_of(compare(evidence.paths()))


def test_a_day_far_from_the_days_before_it_is_a_volume_shift(tmp_path, compare):
    """Said of that day, and of no weekend that was there before."""
    evidence = Evidence(tmp_path)
    evidence.fill_days(12)
    for index in range(200):
        evidence.track("u1", "Cart Updated", {}).at = START + timedelta(days=9) + index * timedelta(seconds=1)
    report = compare(evidence.paths())
    assert counts_of(report) == {"volume_shifts": 1}
    assert rows_of(report, "volume_shifts") == [("", "Cart Updated", "2026-11-11", 1, "260 messages, usually 60")]
