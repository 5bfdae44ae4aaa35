"""A client with a cure: Customer.io gets what the workspace has today, all else has what was recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from effect_cases import AT, AT_S
from raw_api import Asked, http, raw_api

from pipelines_client import Client, Outcome
from pipelines_client.canonical import payload_hash
from pipelines_client.delivery.draining import drain
from pipelines_client.delivery.requeueing import requeue
from pipelines_client.history import backfill, replay
from pipelines_client.state.dead_letters import read_dead_letters

MakeClient = Callable[..., Client]
TRAITS = {"zip": "01234", "trial_ends_at": AT, "in": {"on": "2026-12-01"}, "list": ["2026-12-01"], "n": 1.5}
CURED = {**TRAITS, "trial_ends_at": AT_S, "in": {"on": 1796083200}}


def traits_of(side: Any) -> list[Any]:
    return [call.get("traits") for call in side.accepted]


def test_customerio_gets_seconds_and_segment_gets_dates(make_client: MakeClient, sandbox: Any, ledger: Any) -> None:
    """The ledger has the hash of what was recorded, and on Customer.io's leg that of what was sent."""
    client = make_client(customerio_dates="unix")
    client.identify("u1", {**TRAITS, "in": {"on": date(2026, 12, 1)}}, message_id="m1")
    client.identify("u1", {"plan": "pro"}, message_id="m2")
    client.alias("u0", "u1", message_id="m3")
    client.group("u1", "acme", {"since": AT}, message_id="m4")
    assert client.flush(10)
    assert traits_of(sandbox.segment)[:2] == [TRAITS, {"plan": "pro"}]
    found = {call["messageId"]: call for call in sandbox.customerio.accepted}
    assert found["m1"]["traits"] == CURED
    assert found["m4"]["traits"] == {"since": AT_S}
    hashes = {(record.message_id, record.leg): (record.payload_hash, record.sent_hash) for record in ledger.records()}
    assert hashes["m1", "customerio"] == (payload_hash(TRAITS), payload_hash(CURED))
    assert hashes["m1", "segment"] == (payload_hash(TRAITS), None)
    assert hashes["m2", "customerio"] == (payload_hash({"plan": "pro"}), None)


def test_without_a_cure_both_sides_get_the_same_bytes(make_client: MakeClient, sandbox: Any, state_dir: Path) -> None:
    """Nothing is computed, written down or sent otherwise."""
    client = make_client()
    client.identify("u1", TRAITS, message_id="m1")
    assert client.flush(10)
    assert traits_of(sandbox.customerio) == traits_of(sandbox.segment) == [TRAITS]
    assert not (state_dir / "customerio-cures.json").exists()
    assert b"sent_hash" not in b"".join(path.read_bytes() for path in (state_dir / "ledger").rglob("*.jsonl"))


def test_retries_and_parts_of_a_batch_send_the_same_bytes(make_client: MakeClient, ledger: Any) -> None:
    """Each message as it was sent first, with any answer of the API."""

    def answer(asked: Asked) -> int | bytes:
        if len(api.asked) <= 2:
            return 503
        return http(400, b'{"meta":{"errors":["no"]}}') if b'"bad":true' in asked.body else 200

    with raw_api(answer) as api:
        client = make_client(host=api.url, segment_write_key=None, upload_interval=0.2, customerio_dates="unix")
        for number in range(7):
            client.track("u1", "E", {"at": AT, "bad": number == 3}, message_id=f"m{number}")
        assert client.flush(10)
        sent: dict[str, set[bytes]] = {}
        for asked in api.asked:
            for message in asked.messages:
                assert message["properties"]["at"] == AT_S
                sent.setdefault(message["messageId"], set()).add(orjson.dumps(message))
        assert len(api.asked) > 4
        assert {len(texts) for texts in sent.values()} == {1}
        assert all(text in asked.body for asked in api.asked[:1] for (text,) in sent.values())
        outcomes = {each: ledger.outcomes(each)["customerio"] for each in sent}
    assert [each for each, outcome in outcomes.items() if outcome is Outcome.REJECTED] == ["m3"]


def test_limits_are_those_of_what_is_sent(make_client: MakeClient) -> None:
    """A cure that makes messages longer lets fewer into a request."""
    url = "https://shop.example/" + "a" * 400
    with raw_api(lambda _: 200) as api:
        client = make_client(
            host=api.url,
            segment_write_key=None,
            customerio_page_names="url",
            max_body_bytes=2_000,
            upload_interval=0.2,
        )
        for number in range(8):
            client.page("u1", "Shop", "P", {"url": url}, message_id=f"m{number}")
        assert client.flush(10)
        assert [message["name"] for asked in api.asked for message in asked.messages] == [url] * 8
        assert max(len(asked.body) for asked in api.asked) <= 2_000


def test_a_dead_letter_is_as_recorded_and_is_cured_again(
    make_client: MakeClient, sandbox: Any, state_dir: Path, ledger: Any
) -> None:
    """A command in another shell lacks the setting, and takes what the application has written down."""
    client = make_client(segment_write_key=None, customerio_dates="unix")
    sandbox.customerio.answer(400)
    client.identify("u1", TRAITS, message_id="m1")
    assert client.flush(10)
    (letter,) = read_dead_letters(state_dir / "dead-letters")
    assert json.loads(letter.body)["traits"] == TRAITS
    assert letter.payload_hash == payload_hash(TRAITS)
    sandbox.customerio.normal()
    client._pipeline.close(0)
    elsewhere = make_client(segment_write_key=None, send=False).settings.with_kept()
    assert elsewhere.cures == {"dates": "unix"}
    assert requeue(elsewhere, [letter]).put == 1
    drain(elsewhere, timeout_s=10)
    assert traits_of(sandbox.customerio)[-1:] == [CURED]
    assert ledger.outcomes("m1")["customerio"] is Outcome.ACCEPTED


def test_commands_that_send_what_is_past_cure_as_the_application_does(
    make_client: MakeClient, sandbox: Any, tmp_path: Path
) -> None:
    """Replay and backfill; a setting that they are given themselves is heeded, if only to switch it off."""
    client = make_client(customerio_dates="unix", customerio_dates_exclude=["traits.birthday"])
    client.identify("u0", {"at": AT})
    assert client.flush(10)
    bare = {"write_key": "cio-key", "host": sandbox.customerio.url}
    calls = tmp_path / "calls.jsonl"
    call = {"type": "identify", "userId": "u", "timestamp": "2026-11-01T10:00:00Z"}
    traits = {"at": AT, "birthday": "1990-04-01"}
    for number, (own, expected) in enumerate(
        (({}, {**traits, "at": AT_S}), ({"customerio_dates": "off"}, traits), ({"customerio_dates": "unix"}, None))
    ):
        settings = client.settings.load(**bare, **own)  # type: ignore[arg-type]  # by name
        calls.write_text(json.dumps({**call, "messageId": f"m{number}", "traits": traits}) + "\n", "utf-8")
        assert replay("customerio", "jsonl", calls, settings=settings).accepted == 1
        found = sandbox.customerio.accepted[-1]["traits"]
        assert found == (expected or {"at": AT_S, "birthday": 638928000})
    settings = client.settings.load(**bare)  # type: ignore[arg-type]  # by name
    calls.write_text(json.dumps({**call, "messageId": "m9", "traits": traits}) + "\n", "utf-8")
    assert backfill(calls, settings=settings).accepted == 1
    assert sandbox.customerio.accepted[-1]["traits"] == {**traits, "at": AT_S}


def test_a_cure_that_is_switched_off_is_forgotten(make_client: MakeClient, state_dir: Path) -> None:
    """The application's word counts, also that it has stopped; what is damaged is said."""
    make_client(customerio_dates="unix").track("u1", "E")
    kept = state_dir / "customerio-cures.json"
    assert json.loads(kept.read_bytes()) == {"dates": "unix"}
    client = make_client()
    client.track("u1", "E")
    assert json.loads(kept.read_bytes()) == {}
    for content in (b"[", b'{"dates": "iso"}'):
        kept.write_bytes(content)
        with pytest.raises(Exception, match=r"customerio-cures\.json is damaged"):
            client.settings.with_kept()
