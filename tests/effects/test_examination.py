"""Calls of many people → the report: what was planted is found by path, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from weakref import WeakSet

import pytest
from effect_cases import AT, group, identify, track
from planted_effects import BREAKS, planted_calls

from pipelines_client.effects import Dates, EffectsReport, EffectsVerdict, examine
from pipelines_client.effects.tally import MOST_ROWS
from pipelines_client.evidence.calls import FoundCall


def lines(calls: Iterable[dict[str, Any]]) -> Iterator[FoundCall]:
    return (FoundCall(f"calls.json:{number}", call) for number, call in enumerate(calls, 1))


def report(*calls: dict[str, Any], dates: Dates = Dates.UNCHANGED) -> EffectsReport:
    return examine(lines(calls), dates=dates)


@pytest.mark.parametrize("people", [2_000, pytest.param(20_000, marks=pytest.mark.soak)])
def test_twelve_planted_breaks_are_found_by_path_and_nothing_else(people: int) -> None:
    """With the number of their messages, and of their people to within the error that is said."""
    found = examine(lines(planted_calls(people)), dates=Dates.UNCHANGED)
    planted = {row: people // each.every for each in BREAKS.values() for row in each.rows}
    assert {(row.code, row.path, row.type, row.event): row.messages for row in found.changes} == planted
    assert all(abs(row.people - row.messages) <= 0.15 * row.messages * row.is_estimate for row in found.changes)
    assert found.calls == people * 2 + sum(people // each.every for each in BREAKS.values())
    assert found.verdict is EffectsVerdict.BREAKS


def test_people_without_a_break_are_the_same() -> None:
    """The other half of the planted truth: clean calls give no row at all."""
    clean = (call for call in planted_calls(50) if call["messageId"].endswith(("-0", "-1")))
    found = examine(lines(clean), dates=Dates.UNKNOWN)
    assert (found.changes, found.verdict, found.calls) == ((), EffectsVerdict.SAME, 100)


def test_a_row_says_what_changes_for_campaigns_and_what_to_do() -> None:
    """In a sentence with path, number and consequence."""
    (row,) = report(identify({"trial_ends_at": AT}), identify({"trial_ends_at": AT}, userId="user-43")).changes
    assert row.says == (
        "Trait `trial_ends_at` on 2 identifies is a Unix number today and would be ISO text: "
        "timestamp conditions on it stop matching."
    )
    assert (row.messages, row.people, row.is_estimate) == (2, 2, False)
    assert row.cure.startswith('Set customerio_dates="unix" in the client')
    (row,) = report(track("Device Created or Updated", context={"device": {"token": "t"}})).changes
    assert row.says.startswith("1 track call of `Device Created or Updated`: nothing arrives today; they would arrive")
    assert row.says.endswith("Why nothing today: a field that the action needs has no value.")


@pytest.mark.parametrize("dates", [Dates.UNCHANGED, Dates.CONVERTED])
@pytest.mark.parametrize("value", [AT, 1795167000, None])
@pytest.mark.parametrize("key", ["created_at", "createdAt"])
def test_when_an_object_was_created_is_never_settled(key: str, value: Any, dates: Dates) -> None:
    """No document says where it ends, and no cure is about it."""
    cures = {"dates": "unix", "created_at": "renamed"}
    found = examine(lines([group({key: value}, userId="user-42")]), dates=dates, cures=cures)
    assert found.verdict is EffectsVerdict.UNKNOWN
    assert "created_at_of_object" in {row.code for row in found.changes}


def test_samples_name_the_message_and_its_place_and_no_value() -> None:
    """At most three; values are shown as type and length, people as the kind of their identifier."""
    calls = [identify({"at": AT, "secret": "s3cret"}, messageId=f"m{number}") for number in range(5)]
    found = report(*calls, identify({"email": "kim@localhost"}, userId=None, messageId="m9"))
    samples = {row.code: row.samples for row in found.changes}
    assert [sample.message_id for sample in samples["date_becomes_text"]] == ["m0", "m1", "m2"]
    first, person = samples["date_becomes_text"][0], samples["person"][0]
    assert (first.place, first.today, first.then) == ("calls.json:1", "number", f"string of {len(AT)}")
    assert (person.today, person.then) == ("object with id", "object with email")
    text = json.dumps(found.as_dict())
    assert not any(secret in text for secret in ("s3cret", "kim@localhost", AT, "user-42"))


def test_a_line_of_an_archive_has_two_times_and_each_route_gets_its_own() -> None:
    """Segment's corrected time went the old way; the client's goes the new one (FACTS S7)."""
    line = track("E", timestamp="2026-11-20T09:30:04.001Z", originalTimestamp=AT)
    assert [row.code for row in report(line).changes] == ["time"]
    assert report(track("E", timestamp="2026-11-20T09:30:00.001Z", originalTimestamp=AT)).changes == ()


@pytest.mark.parametrize(
    ("found", "verdict", "code"),
    [
        ([FoundCall("a:1", track())], EffectsVerdict.SAME, 0),
        ([], EffectsVerdict.UNKNOWN, 3),
        ([FoundCall("a:1", track("E", {"at": AT}))], EffectsVerdict.UNKNOWN, 3),
        ([FoundCall("a:1", track()), FoundCall("a:2", fault="not JSON")], EffectsVerdict.UNKNOWN, 3),
        ([FoundCall("a:1", track()), FoundCall("a:2")], EffectsVerdict.UNKNOWN, 3),
        ([FoundCall("a:1", track(messageId="m1")), FoundCall("l:1", message_id="m1")], EffectsVerdict.SAME, 0),
        ([FoundCall("a:1", track(messageId="m1")), FoundCall("l:1", message_id="m2")], EffectsVerdict.UNKNOWN, 3),
        ([FoundCall("a:1", track("E", {"big": 2**60 + 1}))], EffectsVerdict.SAME, 0),
        (
            [FoundCall("a:1", identify({"email": "k@localhost"}, userId=None)), FoundCall("a:2")],
            EffectsVerdict.BREAKS,
            1,
        ),
    ],
)
def test_what_is_not_known_or_not_seen_is_never_the_same(
    found: list[FoundCall], verdict: EffectsVerdict, code: int
) -> None:
    """A proven break comes first; then anything open; then the same."""
    assert examine(found).verdict is verdict
    assert examine(found).verdict.exit_code == code


def test_rows_and_memory_are_bounded_whatever_names_there_are() -> None:
    """Paths and events beyond the limit are counted in one row for each kind and type."""
    calls = [track(f"E{number}", {f"at_{number}": "2026-11-20"}) for number in range(MOST_ROWS + 50)]
    found = report(*calls)
    assert len(found.changes) == MOST_ROWS + 1
    assert sum(row.messages for row in found.changes) == MOST_ROWS + 50
    assert [row.messages for row in found.changes if row.path == "…"] == [50]


class _Seen(dict[str, Any]):
    """A call of which can be told whether it is still held."""

    __hash__ = object.__hash__  # type: ignore[assignment]  # for the set below


def test_a_long_stream_is_not_held_in_memory() -> None:
    """When a call comes, those before it are gone."""
    held: WeakSet[_Seen] = WeakSet()
    most = 0

    def stream() -> Iterator[FoundCall]:
        nonlocal most
        for number in range(300):
            call = _Seen(identify({"at": "2026-11-20"}, userId=f"user-{number}"))
            held.add(call)
            most = max(most, len(held))
            yield FoundCall("", call)

    examine(stream())
    assert 1 <= most <= 3


def test_a_command_that_the_client_keeps_back_breaks() -> None:
    """A deletion that no longer comes is not the same; an allowed one is. The forecast follows."""
    calls = [identify({"plan": "pro"}), track(event="User Deleted")]
    kept_back = examine(lines(calls), dates=Dates.UNCHANGED, left_out={"User Deleted"})
    assert [(row.code, row.path, row.event) for row in kept_back.changes if row.code == "command_left_out"] == [
        ("command_left_out", "action", "User Deleted")
    ]
    assert kept_back.verdict is EffectsVerdict.BREAKS
    allowed = examine(lines(calls), dates=Dates.UNCHANGED)
    assert "command_left_out" not in {row.code for row in allowed.changes}
    assert (kept_back.forecast.people, allowed.forecast.people) == (1, 0)
