"""Customer.io's rules, over HTTP."""

from __future__ import annotations

import gzip
import json

import pytest
from nesting import nested

BIG = "x" * 33_000

BAD_ITEMS = [
    ({"userId": None}, "no_id"),
    ({"userId": ""}, "no_id"),
    ({"event": None}, "no_event"),
    ({"type": "trak"}, "unknown_type"),
    ({"type": "group"}, "no_group_id"),
    ({"type": "alias"}, "no_previous_id"),
    ({"properties": {"note": BIG}}, "too_large"),
    ({"properties": nested(300)}, "too_deep"),
]


def test_an_accepted_batch_answers_an_empty_object(sandbox, post, message):
    """A good batch is a 200 with nothing in it, and its messages are kept as received."""
    answer = post(sandbox.customerio, [message("m1"), message("m2")], strict=True)
    assert (answer.status, answer.json) == (200, {})
    assert sandbox.customerio.message_ids() == ["m1", "m2"]
    assert sandbox.customerio.accepted[0] == message("m1")
    assert sandbox.customerio.lost == {}


@pytest.mark.parametrize("call", ["identify", "track", "page", "screen", "group", "alias"])
def test_each_call_has_its_own_path(sandbox, post, call):
    """A single call takes its type from the path."""
    body = {"userId": "u1", "event": "Invite Sent", "groupId": "g1", "previousId": "a1", "messageId": "m1"}
    assert post(sandbox.customerio, call=call, body=body, strict=True).status == 200
    assert sandbox.customerio.accepted == [{**body, "type": call}]


@pytest.mark.parametrize(("fields", "reason"), BAD_ITEMS)
def test_permissive_mode_answers_200_and_drops_the_bad_message(sandbox, post, message, fields, reason):
    """Without strict mode the sender never learns that a message is gone (FACTS C3)."""
    answer = post(sandbox.customerio, [message("good"), message("bad", **fields)])
    assert answer.status == 200
    assert sandbox.customerio.message_ids() == ["good"]
    assert sandbox.customerio.lost == {reason: 1}


@pytest.mark.parametrize(("fields", "reason"), BAD_ITEMS)
def test_strict_mode_refuses_the_whole_batch_for_one_bad_message(sandbox, post, message, fields, reason):
    """A strict 400 names the message that is wrong, keeps none and loses none in silence (FACTS C4, C5)."""
    answer = post(sandbox.customerio, [message("good"), message("bad", **fields)], strict=True)
    assert answer.status == 400
    assert answer.json["meta"]["errors"][0].startswith("batch[1]: ")
    assert sandbox.customerio.accepted == []
    assert sandbox.customerio.lost == {}, reason


def test_strict_mode_can_refuse_the_bad_message_only(sandbox, post, message):
    """The other reading of FACTS C5: the rest of the batch is kept although the answer is a 400."""
    sandbox.customerio.strict_bad_item = "item"
    assert post(sandbox.customerio, [message("good"), message("bad", userId=None)], strict=True).status == 400
    assert sandbox.customerio.message_ids() == ["good"]


def test_strict_mode_can_name_the_bad_message_and_keep_the_rest(sandbox, post, message):
    """The third reading of FACTS C5: a 207 with the place of each bad message in the batch."""
    sandbox.customerio.strict_bad_item = "207"
    batch = [message("good"), message("bad", userId=None), "no object", message("last")]
    answer = post(sandbox.customerio, batch, strict=True)
    assert answer.status == 207
    assert [(error["batch_index"], error["field"], error["reason"]) for error in answer.json["errors"]] == [
        (1, "userId", "required"),
        (2, "", "invalid"),
    ]
    assert all(error["message"] for error in answer.json["errors"])
    assert sandbox.customerio.message_ids() == ["good", "last"]
    assert sandbox.customerio.lost == {}
    assert post(sandbox.customerio, [message("good")], strict=True).status == 200
    assert post(sandbox.customerio, call="track", body={"userId": "u1"}, strict=True).status == 400


@pytest.mark.parametrize(
    ("body", "key", "reason", "strict_status"),
    [
        (json.dumps({"batch": [{}], "context": nested(300)}).encode(), "key", "malformed", 400),
        (b'{"batch": [', "key", "malformed", 400),
        (b'{"batch": [{"total": NaN}]}', "key", "malformed", 400),
        (b'{"batch": 3}', "key", "malformed", 400),
        (b'{"batch": [{"note": "' + b"x" * 500_000 + b'"}]}', "key", "body_too_large", 400),
        (b'{"batch": [{}]}', "wrong", "wrong_key", 401),
        (b'{"batch": [{}]}', None, "no_key", 401),
    ],
)
def test_a_bad_request_is_lost_in_permissive_mode_and_refused_in_strict_mode(
    sandbox, post, body, key, reason, strict_status
):
    """The one header decides whether a bad request is told (FACTS C3, C6)."""
    sandbox.customerio.allow_keys("key")
    assert post(sandbox.customerio, body=body, key=key).status == 200
    assert sandbox.customerio.lost == {reason: 1}
    answer = post(sandbox.customerio, body=body, key=key, strict=True)
    assert answer.status == strict_status
    assert answer.json["meta"]["errors"]
    assert sandbox.customerio.accepted == []
    assert sandbox.customerio.lost == {reason: 1}


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("key", ["pk_eu_1", "sk_eu_1", "declared-for-eu"])
def test_a_key_of_the_other_region_is_answered_200_and_loses_everything(sandbox, post, message, key, strict):
    """Not even strict mode tells that a key belongs to the other host (FACTS C8)."""
    sandbox.customerio_eu.allow_keys("declared-for-eu", "pk_eu_1", "sk_eu_1")
    assert post(sandbox.customerio, [message("m1"), message("m2")], key=key, strict=strict).status == 200
    assert sandbox.customerio.accepted == []
    assert sandbox.customerio.lost == {"other_region": 2}
    assert post(sandbox.customerio_eu, [message("m1")], key=key, strict=True).status == 200
    assert sandbox.customerio_eu.message_ids() == ["m1"]


def test_bearer_and_basic_both_carry_the_key(sandbox, post, message):
    """Keys that name their region come as Bearer, older ones as Basic (FACTS C2)."""
    sandbox.customerio.allow_keys("pk_us_1", "plain")
    post(sandbox.customerio, [message("m1")], key=None, headers={"Authorization": "Bearer pk_us_1"}, strict=True)
    post(sandbox.customerio, [message("m2")], key="plain", strict=True)
    assert sandbox.customerio.message_ids() == ["m1", "m2"]


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "group", "userId": None, "groupId": "g1"},
        {"userId": None, "groupId": "g1"},
        {"type": "identify", "userId": "", "traits": {"email": "ann@example.com"}},
        {"userId": None, "anonymousId": "a1"},
        {"userId": None, "event": "Report Delivery Event"},
        {"userId": None, "event": "Report Content Event"},
        {"userId": 0},
    ],
)
def test_messages_without_a_user_that_are_right_all_the_same(sandbox, post, message, fields):
    """A group, a track with a groupId, an identify by e-mail and a report need no userId (FACTS C10, C12)."""
    assert post(sandbox.customerio, [message("m1", **fields)], strict=True).status == 200
    assert sandbox.customerio.message_ids() == ["m1"]


def test_reserved_names_are_kept_and_listed_as_commands(sandbox, post, message):
    """`User Deleted` is accepted like any event, and does something (FACTS C12)."""
    post(sandbox.customerio, [message("m1", event="User Deleted"), message("m2")])
    assert [command["messageId"] for command in sandbox.customerio.commands] == ["m1"]
    assert sandbox.customerio.message_ids() == ["m1", "m2"]
    post(sandbox.segment, [message("m1", event="User Deleted")])
    assert sandbox.segment.commands == []


def test_context_of_the_batch_goes_under_that_of_each_message(sandbox, post, message):
    """What stands at the top of a batch holds for every message that does not say otherwise (FACTS C9)."""
    body = {
        "batch": [message("m1", context={"app": {"name": "shop"}}), message("m2")],
        "context": {"app": {"name": "top", "build": 7}, "ip": "127.0.0.1"},
        "integrations": {"All": False},
    }
    post(sandbox.customerio, body=body)
    first, second = (call.stored[0] for call in sandbox.customerio.calls)
    assert first["context"] == {"app": {"name": "shop", "build": 7}, "ip": "127.0.0.1"}
    assert second["context"] == body["context"]
    assert first["integrations"] == {"All": False}
    assert sandbox.customerio.accepted == body["batch"]


def test_a_repeated_id_is_kept_twice(sandbox, post, message):
    """Customer.io documents no deduplication (FACTS C14)."""
    post(sandbox.customerio, [message("m1")])
    post(sandbox.customerio, [message("m1")])
    assert sandbox.customerio.message_ids() == ["m1", "m1"]


@pytest.mark.parametrize("name", ["customerio", "segment"])
def test_a_compressed_body_is_read(sandbox, post, message, name):
    """Both APIs take gzip; a body that is not gzip is not JSON either."""
    api = getattr(sandbox, name)
    assert post(api, [message("m1")], zipped=True, strict=True).status == 200
    assert api.message_ids() == ["m1"]
    assert post(api, body=b"no gzip", headers={"Content-Encoding": "gzip"}, strict=True).status == 400


@pytest.mark.parametrize("name", ["customerio", "segment"])
@pytest.mark.parametrize("cut", [1, 4, 9, 20])
def test_a_compressed_body_that_lost_its_end_is_not_read(sandbox, post, message, name, cut):
    """Without its checksum nothing says that the rest is right."""
    api = getattr(sandbox, name)
    raw = gzip.compress(json.dumps({"batch": [message("m1")]}).encode())[:-cut]
    assert post(api, body=raw, headers={"Content-Encoding": "gzip"}, strict=True).status == 400
    assert api.accepted == []


def test_a_long_message_id_is_kept(sandbox, post, message):
    """Customer.io documents no limit of it (FACTS C14)."""
    assert post(sandbox.customerio, [message("m" * 150)], strict=True).status == 200
    assert sandbox.customerio.message_ids() == ["m" * 150]


def test_the_browser_client_has_short_paths_and_its_key_in_the_body(sandbox, post, message):
    """`/v1/t`, `/v1/b` and the others, and `/v1/m` for what the client tells about itself (FACTS C1)."""
    sandbox.customerio.allow_keys("key")
    for call in "itpsga":
        body = {"userId": "u1", "event": "E", "groupId": "g1", "previousId": "a1", "writeKey": "key"}
        assert post(sandbox.customerio, call=call, body=body, key=None).status == 200
    post(sandbox.customerio, call="b", body={"batch": [message("m1")], "writeKey": "key"}, key=None)
    post(sandbox.customerio, call="m", body={"series": [], "writeKey": "key"}, key=None)
    types = ["identify", "track", "page", "screen", "group", "alias", "track"]
    assert [sent["type"] for sent in sandbox.customerio.accepted] == types
    assert sandbox.customerio.lost == {}
    post(sandbox.customerio, body={"batch": [message("m2")], "writeKey": "key"}, key=None)
    assert sandbox.customerio.lost == {"no_key": 1}
