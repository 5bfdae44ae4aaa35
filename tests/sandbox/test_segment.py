"""Segment's rules, over HTTP."""

from __future__ import annotations

import pytest
from nesting import nested

from pipelines_client.sandbox import Sandbox


def test_an_accepted_batch_answers_success(sandbox, post, message):
    """A good batch is a 200 that says so."""
    answer = post(sandbox.segment, [message("m1"), message("m2")])
    assert (answer.status, answer.json) == (200, {"success": True})
    assert sandbox.segment.message_ids() == ["m1", "m2"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"batch": [',
        b'{"batch": [{"total": NaN}]}',
        b'{"batch": [{"note": "' + b"x" * 500_000 + b'"}]}',
        b'{"batch": [{"note": "' + b"x" * 33_000 + b'"}]}',
    ],
)
def test_only_size_and_broken_json_are_refused(sandbox, post, body):
    """These are the only 400s of Segment (FACTS S3)."""
    assert post(sandbox.segment, body=body).status == 400
    assert sandbox.segment.accepted == []
    assert sandbox.segment.lost == {}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"userId": None}, "no_user_anon_id"),
        ({"userId": None, "groupId": "g1"}, "no_user_anon_id"),
        ({"type": "trak"}, "unknown_type"),
        ({"event": None}, "no_event"),
        ({"event": ""}, "no_event"),
        ({"type": "group"}, "no_group_id"),
        ({"type": "alias"}, "no_previous_id"),
        ({"messageId": "m" * 150}, "id_too_long"),
        ({"messageId": "m" * 100}, "id_too_long"),
        ({"userId": "u" * 100}, "id_too_long"),
        ({"properties": nested(300)}, "too_deep"),
    ],
)
def test_a_bad_message_is_dropped_after_a_200(sandbox, post, message, fields, reason):
    """Segment says success and drops messages without a person or what their type needs (FACTS S3, S6)."""
    assert post(sandbox.segment, [message("good"), message("bad", **fields)]).status == 200
    assert sandbox.segment.message_ids() == ["good"]
    assert sandbox.segment.lost == {reason: 1}


def test_ids_of_99_characters_are_kept(sandbox, post, message):
    """Fewer than 100 is right (FACTS S3, S6)."""
    post(sandbox.segment, [message("m" * 99, userId="u" * 99)])
    assert sandbox.segment.message_ids() == ["m" * 99]


def test_more_than_2500_messages_are_lost_together(sandbox, post, message):
    """The 2,501st message takes all others with it, behind a 200 (FACTS S3)."""
    assert post(sandbox.segment, [message(f"m{n}") for n in range(2500)]).status == 200
    assert len(sandbox.segment.accepted) == 2500
    assert post(sandbox.segment, [message(f"n{n}") for n in range(2501)]).status == 200
    assert len(sandbox.segment.accepted) == 2500
    assert sandbox.segment.lost == {"too_many_items": 2501}


def test_a_repeated_id_is_dropped_for_a_day(post, message, clock):
    """Within 24 hours a messageId counts once (FACTS S6)."""
    with Sandbox(now=clock) as sandbox:
        post(sandbox.segment, [message("m1"), message("m1")])
        clock.advance(hours=23)
        post(sandbox.segment, [message("m1")])
        assert sandbox.segment.message_ids() == ["m1"]
        assert sandbox.segment.lost == {"duplicate": 2}
        clock.advance(hours=1)
        post(sandbox.segment, [message("m1")])
        assert sandbox.segment.message_ids() == ["m1", "m1"]


def test_a_key_of_the_other_region_is_answered_200_and_loses_everything(post, message):
    """An EU key at the US host means success and no events (FACTS S1)."""
    with Sandbox(write_keys={"segment": ["us-key"], "segment_eu": ["eu-key"]}) as sandbox:
        assert post(sandbox.segment, [message("m1")], key="eu-key").status == 200
        assert post(sandbox.segment, [message("m1")], key="nonsense").status == 200
        assert post(sandbox.segment, [message("m1")], key=None).status == 200
        assert sandbox.segment.accepted == []
        assert sandbox.segment.lost == {"other_region": 1, "wrong_key": 1, "no_key": 1}
        post(sandbox.segment_eu, [message("m1")], key="eu-key")
        assert sandbox.segment_eu.message_ids() == ["m1"]


def test_the_key_may_come_in_the_body_or_as_basic_or_beside_a_token(sandbox, post, message):
    """All three ways of FACTS S2 are right; a token without a key is not."""
    sandbox.segment.allow_keys("key")
    token = {"Authorization": "Bearer some-oauth-token"}
    post(sandbox.segment, body={"batch": [message("m1")], "writeKey": "key"}, key=None)
    post(sandbox.segment, [message("m2")], key="key")
    post(sandbox.segment, body={"batch": [message("m3")], "writeKey": "key"}, key=None, headers=token)
    post(sandbox.segment, [message("m4")], key=None, headers=token)
    assert sandbox.segment.message_ids() == ["m1", "m2", "m3"]
    assert [request.auth_scheme for request in sandbox.segment.requests] == ["body", "basic", "bearer", "bearer"]
    assert [request.is_key_right for request in sandbox.segment.requests] == [True, True, True, False]


def test_integrations_of_the_batch_are_merged_with_those_of_each_message(sandbox, post, message):
    """A message keeps its own and gets the batch's beside them (FACTS S5)."""
    body = {"batch": [message("m1", integrations={"Slack": True})], "integrations": {"Actions Customerio": False}}
    post(sandbox.segment, body=body)
    assert sandbox.segment.calls[0].stored[0]["integrations"] == {"Actions Customerio": False, "Slack": True}


def test_a_rate_limit_says_when_to_come_back(sandbox, post, message):
    """A 429 carries Retry-After, at Segment also X-RateLimit-Reset (FACTS S4, C7)."""
    sandbox.segment.rate_limit(7, times=1)
    sandbox.customerio.rate_limit(7, times=1)
    refused = post(sandbox.segment, [message("m1")])
    assert (refused.status, refused.headers["retry-after"], refused.headers["x-ratelimit-reset"]) == (429, "7", "7")
    assert "x-ratelimit-reset" not in post(sandbox.customerio, [message("m1")]).headers
    assert post(sandbox.segment, [message("m1")]).status == 200
