"""Scenarios: what they plant, that it is the same each time, and how a wrong file is told."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import urllib3

from pipelines_client.sandbox import Sandbox, Scenario, ScenarioError
from pipelines_client.sandbox.faults import change_value
from pipelines_client.sandbox.planting import RequestFaults
from pipelines_client.sandbox.scenario import ApiScenario


def faulty(seed: int = 7, **apis: object) -> Scenario:
    """Make a scenario as a file would."""
    return Scenario.model_validate({"seed": seed, **apis})


def stored(api) -> list[dict]:
    """Return what the exports will say."""
    return [body for call in api.calls for body in call.stored]


def test_shares_of_requests_fail_as_the_seed_says(post, message):
    """The same seed fails the same requests, another seed others, and the share is about kept."""

    def statuses(seed: int) -> list[int]:
        shares = {"shares": {"429": 0.2, "503": 0.2}, "retry_after_s": 3}
        with Sandbox(scenario=faulty(seed, customerio=shares)) as sandbox:
            return [post(sandbox.customerio, [message(f"m{n}")]).status for n in range(100)]

    first = statuses(7)
    assert first == statuses(7)
    assert first != statuses(8)
    assert {429, 503, 200} == set(first)
    assert 20 < sum(status != 200 for status in first) < 60


def test_a_planted_429_carries_its_retry_after(post, message):
    """`retry_after_s` goes with every 429 of the scenario."""
    with Sandbox(scenario=faulty(segment={"shares": {"429": 1}, "retry_after_s": 3})) as sandbox:
        answer = post(sandbox.segment, [message("m1")])
    assert (answer.status, answer.headers["retry-after"]) == (429, "3")


def test_a_failed_request_may_have_been_stored_all_the_same(post, message):
    """With `accepts_failed` the answer is lost and not the message: a retry repeats it, and only Segment notices."""
    fails_first = {"outage": {"after_requests": 0, "for_requests": 1, "answer": "reset"}, "accepts_failed": True}
    with Sandbox(scenario=faulty(customerio=fails_first, segment=fails_first)) as sandbox:
        for api in (sandbox.customerio, sandbox.segment):
            with pytest.raises(urllib3.exceptions.ProtocolError):
                post(api, [message("m1")])
            post(api, [message("m1")])
        assert sandbox.customerio.message_ids() == ["m1", "m1"]
        assert sandbox.segment.message_ids() == ["m1"]


def test_an_answer_takes_its_latency_and_at_most_its_jitter():
    """Each request has its own delay, the same for the same seed."""
    faults = RequestFaults("segment", ApiScenario(latency_ms=40, jitter_ms=20), seed=7)
    delays = [faults.delay_s(number) for number in range(50)]
    assert all(0.040 <= delay <= 0.060 for delay in delays)
    assert len(set(delays)) == 50
    assert delays == [faults.delay_s(number) for number in range(50)]


def test_an_outage_by_requests_begins_and_ends(post, message):
    """Requests 2 and 3 fail."""
    outage = {"outage": {"after_requests": 1, "for_requests": 2}}
    with Sandbox(scenario=faulty(segment=outage)) as sandbox:
        assert [post(sandbox.segment, [message("m1")]).status for _ in range(4)] == [200, 503, 503, 200]


def test_an_outage_by_time_begins_and_ends(post, message, clock):
    """Seconds count from the API's first request."""
    outage = {"outage": {"after_s": 10, "for_s": 5, "answer": 500}}
    with Sandbox(scenario=faulty(segment=outage), now=clock) as sandbox:
        statuses = []
        for _ in range(4):
            statuses.append(post(sandbox.segment, [message("m1")]).status)
            clock.advance(seconds=5)
    assert statuses == [200, 200, 500, 200]


def test_swallowed_messages_are_answered_200_and_are_nowhere(tmp_path, post, message):
    """A swallowed message is in no list and no export, and `planted` names it."""
    faults = {"swallow": [{"event": "Order Completed", "limit": 1}, {"message_ids": ["m3"]}]}
    with Sandbox(scenario=faulty(customerio=faults), out=tmp_path) as sandbox:
        assert post(sandbox.customerio, [message(f"m{n}") for n in range(1, 5)]).status == 200
        assert sandbox.customerio.message_ids() == ["m2", "m4"]
        assert sandbox.customerio.lost == {"swallowed": 2}
    assert [(fault.kind, fault.message_id) for fault in sandbox.planted] == [("swallowed", "m1"), ("swallowed", "m3")]
    planted = json.loads((tmp_path / "planted.json").read_text())
    assert planted["counts"] == {"customerio": {"swallowed": 2}}
    assert [fault["message_id"] for fault in planted["planted"]] == ["m1", "m3"]


def test_every_nth_and_share_select_as_they_say(post, message):
    """`every` counts the messages that fit; `share` depends on the message and the seed, not on the order."""
    batch = [message(f"m{n}", event="A" if n % 2 else "B") for n in range(200)]
    with Sandbox(scenario=faulty(segment={"swallow": [{"event": "A", "every": 10}]})) as sandbox:
        post(sandbox.segment, batch)
        assert [fault.message_id for fault in sandbox.planted] == [f"m{n}" for n in range(19, 200, 20)]
    by_share = []
    for messages in (batch, batch[::-1]):
        with Sandbox(scenario=faulty(segment={"swallow": [{"share": 0.2}]})) as sandbox:
            post(sandbox.segment, messages)
            by_share.append({fault.message_id for fault in sandbox.planted})
    assert by_share[0] == by_share[1]
    assert 15 < len(by_share[0]) < 70


def test_a_message_planted_twice_is_in_the_export_twice_under_one_id(tmp_path, post, message):
    """It was accepted once, and both exports repeat it."""
    faults = {"double": [{"limit": 1}]}
    with Sandbox(scenario=faulty(customerio=faults, segment=faults), out=tmp_path) as sandbox:
        for api in (sandbox.customerio, sandbox.segment):
            post(api, [message("m1"), message("m2")])
            assert api.message_ids() == ["m1", "m2"]
    (rows,) = (path.read_text().splitlines() for path in (tmp_path / "customerio").glob("*.json"))
    assert [json.loads(row)["id"] for row in rows] == ["m1", "m1", "m2"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "value"}, {"total": 43, "nested": {"sku": "a"}}),
        ({"kind": "value", "value": 7}, {"total": 7, "nested": {"sku": "a"}}),
        ({"kind": "type"}, {"total": "42", "nested": {"sku": "a"}}),
        ({"kind": "null"}, {"total": None, "nested": {"sku": "a"}}),
        ({"kind": "missing_key"}, {"nested": {"sku": "a"}}),
        ({"kind": "missing_key", "path": "properties.nested.sku"}, {"total": 42, "nested": {}}),
    ],
)
def test_a_change_is_in_the_export_and_not_in_what_was_received(post, message, fault, expected):
    """Each kind of drift can be planted on one property."""
    change = {"path": "properties.total", **fault}
    sent = message("m1", properties={"total": 42, "nested": {"sku": "a"}})
    with Sandbox(scenario=faulty(segment={"change": [change]})) as sandbox:
        post(sandbox.segment, [sent, message("without", properties={})])
        assert [body["properties"] for body in stored(sandbox.segment)] == [expected, {}]
        assert sandbox.segment.accepted[0] == sent
        (planted,) = sandbox.planted
    assert (planted.kind, planted.message_id) == ("changed", "m1")
    assert planted.detail == {"path": change["path"], "kind": change["kind"], "event": "Order Completed"}


@pytest.mark.parametrize("old", [1, 1.5, "a", "7", True, False, None, [], {}, ["x"], {"a": 1}])
def test_a_changed_value_is_another_value_and_a_changed_type_another_type(old):
    """No fault that was planted can come out as none."""
    assert json.dumps(change_value(old, "value")) != json.dumps(old)
    other = change_value(old, "type")
    assert type(other) is not type(old)


@pytest.mark.parametrize("old", [2**64 - 1, "9" * 30])
def test_a_change_that_the_exports_cannot_hold_is_not_planted(post, message, old):
    """A number beyond 64 bits has no place in them."""
    kind = "value" if isinstance(old, int) else "type"
    faults = {"change": [{"path": "properties.total", "kind": kind}]}
    with Sandbox(scenario=faulty(customerio=faults)) as sandbox:
        post(sandbox.customerio, [message("m1", properties={"total": old})])
        assert stored(sandbox.customerio)[0]["properties"] == {"total": old}
        assert sandbox.planted == []


def test_a_renamed_event_and_another_person_are_planted(post, message):
    """The export has the new name, or the message under another id."""
    faults = {
        "rename": [{"event": "Trial Started", "to": "Trial Begun"}],
        "identity": [{"message_ids": ["m2"]}, {"message_ids": ["m3"], "to": "another"}],
    }
    anonymous = message("m3", userId=None, anonymousId="a1")
    with Sandbox(scenario=faulty(customerio=faults)) as sandbox:
        post(sandbox.customerio, [message("m1", event="Trial Started"), message("m2"), anonymous])
        first, second, third = stored(sandbox.customerio)
        assert first["event"] == "Trial Begun"
        assert second["userId"] == "u1-other"
        assert third["anonymousId"] == "another"
        assert Counter(fault.kind for fault in sandbox.planted) == {"renamed": 1, "identity": 2}


def test_a_message_carries_one_fault_at_most_and_keeps_it_when_sent_again(post, message):
    """What was planted can be counted, and a retry undoes nothing."""
    faults = {"swallow": [{"limit": 1}], "double": [{"limit": 1}], "change": [{"path": "properties.total", "limit": 1}]}
    with Sandbox(scenario=faulty(customerio=faults)) as sandbox:
        for _ in range(2):
            post(sandbox.customerio, [message(f"m{n}") for n in range(4)])
        kinds = [(fault.kind, fault.message_id) for fault in sandbox.planted]
        assert kinds == [("swallowed", "m0"), ("doubled", "m1"), ("changed", "m2")]
        assert sandbox.customerio.message_ids() == ["m1", "m2", "m3"] * 2


def test_one_export_file_can_be_missing(tmp_path, post, message, clock):
    """The position is left out, those after it keep theirs, and `planted` says which file."""
    faults = {
        "customerio": {"missing_file": [{"type": "track", "position": 2}]},
        "segment": {"missing_file": [{"position": 1}]},
    }
    with Sandbox(scenario=faulty(**faults), now=clock) as sandbox:
        for number in range(3):
            for api in (sandbox.customerio, sandbox.segment):
                post(api, [message(f"m{number}")])
            clock.advance(hours=1)
        sandbox.export(tmp_path)
        names = sorted(path.name for path in (tmp_path / "customerio").iterdir())
        assert names == ["2184.13699.1.track.json", "2184.13699.3.track.json"]
        assert len(list((tmp_path / "segment").rglob("*.gz"))) == 2
        missing = {fault.api: fault for fault in sandbox.planted}
    assert set(missing) == {"customerio", "segment"}
    assert missing["customerio"].kind == "missing_file"
    assert missing["customerio"].detail == {"file": "2184.13699.2.track.json", "position": 2, "messages": 1}


def test_a_scenario_file_is_read(tmp_path):
    """The keys of the file are those of the model."""
    file = tmp_path / "faults.toml"
    file.write_text(
        """
        seed = 3
        [customerio]
        latency_ms = 5
        shares = { "429" = 0.1, reset = 0.05 }
        outage = { after_s = 1, for_s = 2 }
        [[customerio.swallow]]
        event = "Order Completed"
        limit = 3
        [segment_eu]
        strict_bad_item = "item"
        """,
        "utf-8",
    )
    scenario = Scenario.load(file)
    assert scenario.seed == 3
    assert scenario.of("customerio").swallow[0].event == "Order Completed"
    assert scenario.of("segment-eu").strict_bad_item == "item"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[customerio]\nlatncy_ms = 3", ["customerio.latncy_ms", "unknown key", "latency_ms"]),
        ("[customer_io]\nlatency_ms = 3", ["customer_io", "unknown key", "customerio"]),
        ("[[segment.swallow]]\nevnt = 'A'", ["segment.swallow.0.evnt", "unknown key", "event"]),
        ('[segment]\nshares = { "418" = 0.1 }', ["segment.shares.418", "429"]),
        ('[segment]\nshares = { "429" = 0.7, "500" = 0.7 }', ["segment", "more than 1"]),
        ("[segment]\noutage = { after_s = 1 }", ["segment.outage", "after_s and for_s"]),
        ("[[segment.change]]\npath = 'properties'", ["segment.change.0.path", "properties.total"]),
        (f"[[segment.change]]\npath = 'a.b'\nvalue = {2**64}", ["segment.change.0.value", "64 bits"]),
        ("[[customerio.missing_file]]\nposition = 1", ["customerio.missing_file needs a type"]),
        ("[customerio", ["not valid TOML"]),
    ],
)
def test_a_wrong_scenario_names_the_file_the_key_and_the_cure(tmp_path, text, told):
    """The error names the mistyped key and the possible ones."""
    file = tmp_path / "faults.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ScenarioError) as caught:
        Scenario.load(file)
    assert all(word in str(caught.value) for word in [str(file), *told]), str(caught.value)


def test_a_scenario_that_is_not_there_is_told(tmp_path):
    """A wrong path is named."""
    with pytest.raises(ScenarioError, match=r"nowhere\.toml: cannot be read"):
        Scenario.load(tmp_path / "nowhere.toml")
