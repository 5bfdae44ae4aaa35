"""Every example runs; what is in `examples/` is listed in its README."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

import pytest

from pipelines_client.sandbox import Sandbox

EXAMPLES = Path(__file__).parents[2] / "examples"
LIFECYCLE = {
    "Account Created", "Email Verified", "Trial Started", "Onboarding Completed", "First Project Created",
    "Feature Used", "Invite Sent", "Upgrade Started", "Subscription Started", "Payment Failed",
    "Subscription Cancelled",
}  # fmt: skip
SHOP = {
    "Product Viewed", "Cart Updated", "Checkout Started", "Order Completed", "Payment Failed", "Subscription Created",
    "Subscription Skipped", "Subscription Canceled",
}  # fmt: skip


def run(name: str, *options: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run an example as its README says."""
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, options)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def app(sandbox: Sandbox, state_dir: Path) -> list[dict[str, int]]:
    """What `app.py` prints while it sends the journeys of 100 people to both sides of the sandbox."""
    done = run(
        "app.py",
        "--people",
        100,
        PIPELINES_HOST=sandbox.customerio.url,
        PIPELINES_WRITE_KEY="cio-key",
        PIPELINES_SEGMENT_HOST=sandbox.segment.url,
        PIPELINES_SEGMENT_WRITE_KEY="segment-key",
        PIPELINES_STATE_DIR=str(state_dir),
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_application_sends_every_event_to_both_sides(app: list[dict[str, int]], sandbox: Sandbox) -> None:
    """100 people are enough for each event of both lifecycles, and both APIs have the same messages."""
    assert app[-1] == {"people": 100, "left": 0}
    assert [said["people"] for said in app[:5]] == [20, 40, 60, 80, 100]
    names = {message["event"] for message in sandbox.customerio.accepted if message["type"] == "track"}
    assert names == LIFECYCLE | SHOP
    assert sorted(sandbox.segment.message_ids()) == sorted(sandbox.customerio.message_ids())


def test_the_journeys_keep_their_own_rules(app: list[dict[str, int]], sandbox: Sandbox) -> None:
    """People are identified before they are tracked, ids are unique, times are set, pages and screens are few."""
    assert app
    messages = sandbox.customerio.accepted
    identified: set[str] = set()
    for message in messages:
        if message["type"] == "identify":
            identified.add(message["userId"])
        elif message.get("userId"):
            assert message["userId"] in identified
    assert not any("@" in (message.get("userId") or "") for message in messages)
    assert len({message["timestamp"] for message in messages}) > len(messages) / 2
    assert max(Counter(sandbox.customerio.message_ids()).values()) == 1
    kinds = Counter(message["type"] for message in messages)
    assert 0 < kinds["page"] + kinds["screen"] < len(messages) / 10


def test_the_id_of_an_order_is_the_same_in_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order's messageId is a ULID that only depends on the order, in every process."""
    monkeypatch.syspath_prepend(EXAMPLES)
    from journeys import stable_id

    at = datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)
    assert stable_id("order:O1", at) == "01M6DSG7E0AQ3JF5JRC6H6S5JP"
    assert stable_id("order:O2", at) != stable_id("order:O1", at)


def test_parity_over_vendor_clients_passes_and_then_finds_the_loss(tmp_path: Path) -> None:
    """The example prints what it expects and what the command says."""
    done = run("parity_over_vendor_clients.py", tmp_path / "out", "--people", 20)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 lost: 0 missing, exit code 0" in done.stdout
    assert "5 lost: 5 missing, exit code 1" in done.stdout


def test_the_purchases_of_1997_show_the_horizon_and_count_once(tmp_path: Path) -> None:
    """The original is too old; moved in time, the last 13 months are sent; with a higher horizon, all are sent once."""
    done = run("backfill_purchases.py", "--people", 300, "--out", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    said = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    counts = {
        title: [int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d", words)]
        for title, words in (line.split(": ") for line in said[:4])
    }
    total = counts["original"][0]
    assert total > 500
    assert counts["original"] == [total, 0, 0]
    assert 0 < counts["moved in time"][2] < total
    assert counts["horizon raised"] == [total, 0, total]
    assert counts["once more"] == [total, total, 0]
    assert f"{total + counts['moved in time'][2]:,} purchases and 0 duplicates" in said[4]


def test_the_readme_names_every_example() -> None:
    """A reader finds each file by it."""
    listed = set(re.findall(r"(\w+\.(?:py|toml))", (EXAMPLES / "README.md").read_text("utf-8")))
    assert listed == {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".toml")}
