"""What goes in one request, where it goes, and what its answer means; through a client, on the wire."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from raw_api import Asked, http, raw_api

from pipelines_client import Client

MakeClient = Callable[..., Client]


def send(client: Client, *queries: str) -> list[str]:
    return [
        client.track("u1", "Search", {"query": query}, message_id=f"m{n}")[1]["messageId"]
        for n, query in enumerate(queries)
    ]


def outcomes(ledger: Any, ids: list[str]) -> str:
    """Return the first letter of each outcome: `a` accepted, `r` rejected, `-` none yet."""
    found = [ledger.outcomes(each).get("customerio") for each in ids]
    return "".join(outcome.value[0] if outcome else "-" for outcome in found)


def filtered(asked: Asked) -> int:
    """Answer as a firewall that refuses what looks like script, and takes all else, an empty batch too."""
    return 403 if b"<script>" in asked.body else 200


@pytest.mark.parametrize(
    "queries",
    [
        ["<script>"],
        ["shoes", "<script>"],
        ["<script>", "shoes"],
        ["<script>", "<script>", "<script>", "shoes"],
        ["shoes"] * 10 + ["<script>"] * 3 + ["shoes"] * 10 + ["<script>"],
    ],
)
def test_a_403_about_content_rejects_only_what_has_it(make_client: MakeClient, ledger: Any, queries: list[str]) -> None:
    """One message that a firewall refuses does not stop those behind it."""
    with raw_api(filtered) as api:
        client = make_client(host=api.url, segment_write_key=None, upload_interval=0.2)
        ids = send(client, *queries)
        assert client.flush(10)
        assert outcomes(ledger, ids) == "".join("r" if query == "<script>" else "a" for query in queries)
        accepted = [asked.ids for asked in api.asked if filtered(asked) == 200]
        assert [each for some in accepted for each in some] == [
            each for each, q in zip(ids, queries, strict=True) if q == "shoes"
        ]


def test_a_refused_key_is_tried_on_one_message_and_then_pauses(make_client: MakeClient, ledger: Any) -> None:
    """Nothing is rejected; what was asked in between held no message."""
    with raw_api(lambda _: 403) as api:
        client = make_client(host=api.url, segment_write_key=None, upload_interval=0.2, pause_s=60)
        ids = send(client, *["shoes"] * 10)
        client.flush(5)
        assert [len(asked.messages) for asked in api.asked] == [10, 1, 0]
        assert outcomes(ledger, ids) == "-" * 10


def test_a_key_that_is_revoked_while_a_batch_is_split_rejects_nothing(make_client: MakeClient, ledger: Any) -> None:
    """A message is rejected only if the key was taken just before it was refused for the second time."""

    def answer(asked: Asked) -> int:
        return 403 if len(api.asked) > 4 or b"<script>" in asked.body else 200

    with raw_api(answer) as api:
        client = make_client(host=api.url, segment_write_key=None, upload_interval=0.2, pause_s=60)
        ids = send(client, *["shoes"] * 4, "<script>", *["shoes"] * 11)
        client.flush(5)
        assert "r" not in outcomes(ledger, ids)
        assert outcomes(ledger, ids).endswith("-" * 8)


def test_a_key_that_is_corrected_between_refusal_and_question_rejects_nothing(
    make_client: MakeClient, ledger: Any
) -> None:
    """What was refused is sent once more before it counts as refused for what it holds."""
    with raw_api(lambda _: 403 if len(api.asked) == 1 else 200) as api:
        client = make_client(host=api.url, segment_write_key=None)
        ids = send(client, "shoes")
        assert client.flush(5)
        assert outcomes(ledger, ids) == "a"
        assert [len(asked.messages) for asked in api.asked] == [1, 0, 1]


def test_an_empty_batch_that_is_refused_as_such_proves_a_key_that_was_taken_before(
    make_client: MakeClient, ledger: Any
) -> None:
    """Strict APIs answer 400 to it, which they would not if the key was wrong."""

    def answer(asked: Asked) -> int:
        return filtered(asked) if asked.messages else 400

    with raw_api(answer) as api:
        client = make_client(host=api.url, segment_write_key=None, pause_s=60)
        client.track("u1", "Search", message_id="good")
        assert client.flush(5)
        client.track("u1", "Search", {"query": "<script>"}, message_id="bad")
        assert client.flush(5)
        assert outcomes(ledger, ["good", "bad"]) == "ar"


def test_named_messages_are_rejected_in_the_apis_words_and_kept(
    make_client: MakeClient, ledger: Any, state_dir: Any
) -> None:
    """FACTS C5: a 207 keeps the good items, so nothing is sent a second time."""
    errors = {"errors": [{"batch_index": 2, "message": "no"}, {"batch_index": 0, "reason": "u1 is odd"}]}
    with raw_api(lambda _: http(207, json.dumps(errors).encode())) as api:
        client = make_client(host=api.url, segment_write_key=None, upload_interval=0.2)
        ids = send(client, *["shoes"] * 4)
        assert client.flush(5)
        assert len(api.asked) == 1
        assert outcomes(ledger, ids) == "rara"
        assert ledger.reasons(ids[0])["customerio"] == "*** is odd"
        letters = "".join(path.read_text() for path in (state_dir / "dead-letters").rglob("*.jsonl"))
        assert [each in letters for each in ids] == [True, False, True, False]


def test_a_retry_says_its_number(make_client: MakeClient) -> None:
    """FACTS C7: the header that the vendor's clients send."""
    with raw_api(lambda _: 503 if len(api.asked) < 3 else 200) as api:
        client = make_client(host=api.url, segment_write_key=None)
        send(client, "shoes")
        assert client.flush(5)
        assert [asked.headers.get("x-retry-count") for asked in api.asked] == [None, "1", "2"]


def test_calls_with_endpoints_of_their_own_go_there_in_order(make_client: MakeClient, sandbox: Any) -> None:
    """FACTS C10: `/batch` documents no alias. The bytes of the message are the same on both legs."""
    client = make_client(upload_interval=0.2)
    client.track("a", "One")
    client.alias("a", "b")
    client.alias("b", "c")
    client.group("c", "g")
    client.track("c", "Two")
    client.track("c", "Three")
    assert client.flush(5)
    paths = [request.path.rpartition("/")[2] for request in sandbox.customerio.requests]
    assert paths == ["batch", "alias", "alias", "batch"]
    assert [request.path.rpartition("/")[2] for request in sandbox.segment.requests] == ["batch"]
    assert sandbox.customerio.accepted == sandbox.segment.accepted


def test_debug_says_each_delivery(make_client: MakeClient, caplog: pytest.LogCaptureFixture) -> None:
    """For someone who tries it out: what went where, how large, and what the answer was."""
    client = make_client(debug=True, segment_write_key=None)
    send(client, "shoes")
    assert client.flush(5)
    said = [record for record in caplog.records if "batch_answered" in record.getMessage()]
    assert [record.levelno for record in said] == [logging.DEBUG]
    assert "leg='customerio' messages=1" in said[0].getMessage()
    assert "http_200" in said[0].getMessage()
    client.log.setLevel(logging.NOTSET)


def test_a_gateway_that_repeats_the_request_leaks_neither_key_nor_person(
    make_client: MakeClient, state_dir: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Its words go into ledger, letters, run file, log and `on_error`."""
    told: list[str] = []
    caplog.set_level(logging.DEBUG)

    def page(asked: Asked) -> bytes:
        words = f"Bad: {asked.headers['authorization']} {asked.body.decode()}"
        return http(502 if len(api.asked) == 1 else 400, words.encode())

    with raw_api(page) as api:
        client = make_client(
            write_key="s3cr3t-cio-key",
            host=api.url,
            segment_write_key=None,
            on_error=lambda error, _: told.append(f"{error} {error!r}"),
        )
        client.identify("kim@mail.example", {"plan": "platinum"})
        assert client.flush(5)
        client.shutdown(1)
    written = {path: path.read_bytes() for path in state_dir.rglob("*") if path.is_file()}
    texts = [
        json.loads(line)["reason"]
        for p, data in written.items()
        if "dead-letters" in p.parts
        for line in data.splitlines()
    ]
    texts += [data.decode() for path, data in written.items() if {"ledger", "run"} & set(path.parts)]
    texts += [*told, *(record.getMessage() for record in caplog.records)]
    assert len(texts) > 4
    for secret in ("s3cr3t-cio-key", api.asked[0].headers["authorization"].split()[1], "kim@mail", "platinum"):
        assert not [text for text in texts if secret in text]
