"""The vendors' own Python clients, unmodified, against the sandbox.

They run in separate processes: customerio-cdp-analytics uses what newer Pythons deprecate, and both register exit
handlers.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import pytest

pytest.importorskip("customerio.analytics", reason="customerio-cdp-analytics is in the dev extra")

CALLS = """
import sys
from datetime import datetime, timezone
from {module} import Client

failures = []
client = Client(sys.argv[1], host=sys.argv[2], gzip={zipped}, max_retries=1,
                on_error=lambda *told: failures.append(told))
client.identify("u1", {{"email": "ann@example.com", "plan": "pro"}}, message_id="m-identify")
client.track("u1", "Order Completed", {{"total": 42.5, "items": [{{"sku": "a"}}]}}, message_id="m-track",
             timestamp=datetime(2026, 11, 1, 12, 0, tzinfo=timezone.utc))
client.page("u1", "docs", "Pricing", {{"url": "/pricing"}}, message_id="m-page")
client.screen("u1", "docs", "Cart", {{"items": 2}}, message_id="m-screen")
client.group("u1", "g1", {{"name": "Acme"}}, message_id="m-group")
client.alias("a1", "u1", message_id="m-alias")
client.track(anonymous_id="a1", event="Trial Started")
client.shutdown()
sys.exit(f"failed: {{failures}}" if failures else 0)
"""
IDS = ["m-identify", "m-track", "m-page", "m-screen", "m-group", "m-alias"]

SEGMENT, CUSTOMERIO = "segment.analytics.client", "customerio.analytics.client"
# Segment takes no key that comes as Bearer alone (FACTS S2), so that pair is left out.
PAIRS = [
    pytest.param("customerio", SEGMENT, "plain-key", id="segment-analytics-python to Customer.io"),
    pytest.param("customerio", CUSTOMERIO, "plain-key", id="customerio-cdp-analytics to Customer.io, Basic"),
    pytest.param("customerio", CUSTOMERIO, "pk_us_key", id="customerio-cdp-analytics to Customer.io, Bearer"),
    pytest.param("segment", SEGMENT, "plain-key", id="segment-analytics-python to Segment"),
    pytest.param("segment", CUSTOMERIO, "plain-key", id="customerio-cdp-analytics to Segment"),
]


def run_client(module: str, key: str, host: str, *, zipped: bool = False) -> subprocess.CompletedProcess[str]:
    """Make one call of each kind with a vendor's client and wait until it is through."""
    script = CALLS.format(module=module, zipped=zipped)
    return subprocess.run(
        [sys.executable, "-c", script, key, host], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("name", "module", "key"), PAIRS)
def test_all_calls_of_an_official_client_arrive(sandbox, name, module, key, zipped):
    """Both clients speak to both APIs, and the key they were given is the one that is read."""
    api = getattr(sandbox, name)
    api.allow_keys(key)
    done = run_client(module, key, api.url, zipped=zipped)
    assert done.returncode == 0, done.stderr
    assert api.message_ids()[:6] == IDS
    assert api.count == 7
    assert api.lost == {}
    assert all(request.is_key_right for request in api.requests)


def test_what_both_official_clients_sent_lands_in_both_exports(sandbox, tmp_path):
    """Each vendor's client to its own API: seven calls in the archive, seven rows in the storage files."""
    segment = run_client("segment.analytics.client", "key", sandbox.segment.url)
    customerio = run_client("customerio.analytics.client", "key", sandbox.customerio.url)
    assert (segment.returncode, customerio.returncode) == (0, 0), segment.stderr + customerio.stderr
    sandbox.export(tmp_path)

    (archive,) = (tmp_path / "segment").rglob("*.gz")
    lines = {line["messageId"]: line for line in map(json.loads, gzip.decompress(archive.read_bytes()).splitlines())}
    assert list(lines)[:6] == IDS
    assert [line["type"] for line in lines.values()] == [
        "identify", "track", "page", "screen", "group", "alias", "track"
    ]  # fmt: skip
    track = lines["m-track"]
    assert track["properties"] == {"total": 42.5, "items": [{"sku": "a"}]}
    assert track["originalTimestamp"].startswith("2026-11-01T12:00:00")
    assert track["timestamp"].startswith(("2026-11-01T12:00:0", "2026-11-01T11:59:59"))
    assert (track["userId"], track["context"]["library"]["name"]) == ("u1", "analytics-python")
    assert (lines["m-page"]["name"], lines["m-page"]["category"]) == ("Pricing", "docs")
    assert (lines["m-group"]["groupId"], lines["m-alias"]["previousId"]) == ("g1", "a1")

    files = {path.name.split(".")[3]: path for path in (tmp_path / "customerio").glob("*.json")}
    rows = {kind: [json.loads(row) for row in path.read_text().splitlines()] for kind, path in files.items()}
    assert {kind: len(held) for kind, held in rows.items()} == {
        "identify": 1, "track": 2, "page": 1, "screen": 1, "group": 1, "alias": 1
    }  # fmt: skip
    first = rows["track"][0]
    assert (first["id"], first["event"], first["event_text"]) == ("m-track", "order_completed", "Order Completed")
    assert first["properties"] == {"total": 42.5, "items": [{"sku": "a"}]}
    assert rows["track"][1]["anonymous_id"] == "a1"
    assert rows["identify"][0]["traits"] == {"email": "ann@example.com", "plan": "pro"}


def test_an_official_client_is_not_told_that_its_key_is_wrong(sandbox):
    """Without strict mode, which the vendor's client never sends, everything is lost behind a 200 (FACTS C3)."""
    sandbox.customerio.allow_keys("right")
    done = run_client("customerio.analytics.client", "wrong", sandbox.customerio.url)
    assert done.returncode == 0, done.stderr
    assert sandbox.customerio.accepted == []
    assert sandbox.customerio.lost == {"wrong_key": 7}
