"""before_send, context managers, asyncio, and numbers for OpenTelemetry and Prometheus."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from pipelines_client import Client
from pipelines_client.state.ledger import Outcome

MakeClient = Callable[..., Client]


def test_before_send_may_change_a_message(make_client: MakeClient, sandbox: Any) -> None:
    """What it returns is sent, checked and serialised anew, with the same id and time."""

    def hook(call: dict[str, Any]) -> dict[str, Any]:
        call["properties"]["email"] = "redacted"
        return call

    client = make_client(before_send=hook)
    given = {"email": "ada@example.com"}
    ok, sent = client.track("u1", "E", given, message_id="m1")
    assert ok
    assert client.flush(timeout=5)
    assert given == {"email": "ada@example.com"}
    assert sandbox.customerio.accepted[0]["properties"] == {"email": "redacted"}
    assert (sent["messageId"], sent["timestamp"]) == ("m1", sandbox.segment.accepted[0]["timestamp"])


def test_before_send_may_drop_a_message(make_client: MakeClient, sandbox: Any, ledger: Any) -> None:
    """It is not taken, and the ledger says by whom."""
    client = make_client(before_send=lambda call: None if call["event"] == "Noise" else call)
    ok, sent = client.track("u1", "Noise")
    assert not ok
    assert client.track("u1", "Signal")[0]
    assert client.flush(timeout=5)
    assert [m["event"] for m in sandbox.customerio.accepted] == ["Signal"]
    assert ledger.reasons(sent["messageId"]) == {"customerio": "before_send", "segment": "before_send"}
    assert ledger.outcomes(sent["messageId"])["segment"] is Outcome.SKIPPED


@pytest.mark.parametrize("bad", [lambda _: 1 / 0, lambda _: "nonsense", lambda _: {}], ids=["raises", "text", "empty"])
def test_a_hook_that_fails_changes_nothing_and_is_counted(make_client: MakeClient, sandbox: Any, bad: Any) -> None:
    """The message goes as it was."""
    client = make_client(before_send=bad)
    assert client.track("u1", "E", {"n": 1})[0]
    assert client.flush(timeout=5)
    assert sandbox.customerio.accepted[0]["properties"] == {"n": 1}
    assert client.replaced == {"before_send_failed": 1}


def test_a_client_is_a_context_manager(make_client: MakeClient, sandbox: Any) -> None:
    """Leaving it flushes and stops."""
    with make_client(upload_interval=30) as client:
        client.track("u1", "E")
    assert sandbox.customerio.count == 1
    assert not client._pipeline.is_running


def test_under_asyncio_waiting_does_not_block_the_loop(make_client: MakeClient, sandbox: Any) -> None:
    """The loop goes on while `aflush` waits; twice at once is fine."""
    sandbox.segment.delay_s = 0.3

    async def main() -> int:
        turns = 0
        async with make_client() as client:
            client.track("u1", "E")
            waiting = asyncio.gather(client.aflush(5), client.aflush(5))
            while not waiting.done():
                turns += 1
                await asyncio.sleep(0.01)
            assert all(waiting.result())
        return turns

    assert asyncio.run(main()) > 5
    assert sandbox.segment.count == 1


def test_numbers_reach_opentelemetry_by_their_agreed_names(make_client: MakeClient, sandbox: Any) -> None:
    """With an SDK of the application, in a separate process because a provider can be set only once."""
    script = f"""
import json
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))
from pipelines_client import Client
client = Client("k", host={sandbox.customerio.url!r}, segment_write_key="s", segment_host={sandbox.segment.url!r})
for event in ("A", "B", "User Deleted"):
    client.track("u1", event)
assert client.flush(5)
found = {{}}
for scope in reader.get_metrics_data().resource_metrics[0].scope_metrics:
    for metric in scope.metrics:
        points = metric.data.data_points
        found[metric.name] = {{"/".join(map(str, sorted(p.attributes.values()))): p.value for p in points}}
print(json.dumps(found))
"""
    assert make_client
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["messaging.client.sent.messages"] == {"customerio": 2, "segment": 3}
    assert found["pipelines_client.messages.recorded"] == {"customerio": 3, "segment": 3}
    assert found["pipelines_client.messages.skipped"] == {"customerio/reserved_name": 1}
    assert found["pipelines_client.messages.pending"] == {"customerio": 0, "segment": 0}
    assert found["pipelines_client.leg.healthy"] == {"customerio": 1, "segment": 1}


def test_status_speaks_openmetrics(make_client: MakeClient, sandbox: Any, state_dir: Path) -> None:
    """Read back by Prometheus' own parser."""
    client = make_client()
    client.track("u1", "E")
    client.track("u1", "User Deleted")
    assert client.flush(timeout=5)
    client._pipeline.close(0)
    script = "from pipelines_client.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "status", "--format", "openmetrics"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sandbox.segment.count == 2
    assert str(state_dir) not in done.stdout
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(done.stdout)
        for sample in family.samples
    }
    assert found["pipelines_client_recorded_total", ("leg", "customerio")] == 2
    assert found["pipelines_client_settled_total", ("leg", "segment"), ("outcome", "accepted"), ("reason", "")] == 2
    skipped = (("leg", "customerio"), ("outcome", "skipped"), ("reason", "reserved_name"))
    assert found[("pipelines_client_settled_total", *skipped)] == 1
    assert found["pipelines_client_balanced", ("leg", "segment")] == 1


def test_it_works_under_gevent(sandbox: Any, state_dir: Path) -> None:
    """Monkey-patched before the import, as gunicorn's gevent worker does."""
    script = f"""
from gevent import monkey
monkey.patch_all()
import gevent
from pipelines_client import Client
client = Client("k", host={sandbox.customerio.url!r}, upload_interval=0.05)
jobs = [gevent.spawn(lambda n=n: [client.track(f"u{{n}}", "E") for _ in range(20)]) for n in range(10)]
gevent.joinall(jobs)
assert client.flush(10), "left"
client.shutdown()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert sandbox.customerio.count == 200
    assert list((state_dir / "spool").glob("*.db")) == []
