"""What goes to Segment again keeps its one way to Customer.io."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines_client import Client
from pipelines_client.delivery.forwarding import is_handed_over
from pipelines_client.delivery.requeueing import requeue
from pipelines_client.history import RunOptions, replay
from pipelines_client.history.summary import lines_of
from pipelines_client.sandbox import Forwarding, Sandbox
from pipelines_client.state.dead_letters import read_dead_letters

AGREED, REFUSED = ({"consent": {"categoryPreferences": {"Marketing": agreed}}} for agreed in (True, False))


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """A sandbox whose Segment forwards."""
    with Sandbox(forwarding=Forwarding()) as box:
        yield box


@pytest.fixture
def make(make_client: Callable[..., Client], box: Sandbox, tmp_path: Path) -> Callable[..., Client]:
    """Make clients that follow a stage file with a hand-over at an instant."""

    def make(at: str, **settings: Any) -> Client:
        (tmp_path / "stage.toml").write_text(f'stage = "dual"\n[handover]\nat = "{at}"\n')
        hosts = {"host": box.customerio.url, "segment_host": box.segment.url}
        return make_client(stage_file=tmp_path / "stage.toml", **hosts, **settings)

    return make


def refuse_all(client: Client, box: Sandbox, *ids: str, **more: Any) -> None:
    """Send messages that Segment refuses."""
    box.segment.answer(400)
    for id_ in ids:
        client.track("u1", "Order Completed", message_id=id_, **more)
    assert client.flush(10)
    box.segment.normal()
    client._pipeline.close(0)


@pytest.mark.parametrize("way", ["requeue", "replay"])
def test_dead_letters_of_both_times_reach_the_workspace_once(
    make: Callable[..., Client], make_client: Callable[..., Client], box: Sandbox, state_dir: Path, way: str
) -> None:
    """The ledger knows which of them was left to the destination; the command's shell may lack the stage file."""
    refuse_all(make("2999-01-01T00:00:00Z"), box, "before")
    refuse_all(client := make("2026-01-01T00:00:00Z"), box, "after")
    settings = client.settings.model_copy(update={"stage_file": None})
    assert is_handed_over(settings)
    if way == "replay":
        assert replay("segment", "dead-letters", settings=settings).accepted == 2
    else:
        assert requeue(settings, read_dead_letters(state_dir / "dead-letters")).put == 2
        assert make("2026-01-01T00:00:00Z").flush(10)
    assert sorted(box.segment.message_ids()) == ["after", "before"]
    assert box.in_workspace() == Counter(["before", "after"])
    del make_client


def test_what_customerio_has_is_marked_when_it_goes_back_to_segment(
    make: Callable[..., Client], box: Sandbox, tmp_path: Path
) -> None:
    """After a rollback, Segment gets what it lacks and forwards none of it."""
    client = make("2026-01-01T00:00:00Z")
    (tmp_path / "stage.toml").write_text('stage = "complete"\n[handover]\nat = "2026-01-01T00:00:00Z"\n')
    client.track("u1", "Order Completed", message_id="m1")
    assert client.flush(10)
    client._pipeline.close(0)
    box.export(tmp_path / "out")
    summary = replay("segment", "ledger+archive", archive=tmp_path / "out" / "customerio", settings=client.settings)
    assert (summary.accepted, box.segment.message_ids()) == (1, ["m1"])
    assert box.in_workspace() == {"m1": 1}


@pytest.mark.parametrize(("context", "count"), [(AGREED, 1), (REFUSED, 0)])
def test_consent_holds_for_the_destination_too_also_when_it_is_sent_again(
    make_client: Callable[..., Client], box: Sandbox, state_dir: Path, context: dict[str, Any], count: int
) -> None:
    """Without a hand-over as well: Segment is told not to forward it."""
    hosts = {"host": box.customerio.url, "segment_host": box.segment.url, "customerio_consent": {"Marketing"}}
    client = make_client(stage="segment", **hosts)
    client.track("u1", "Order Completed", message_id="taken", context=context)
    assert client.flush(10)
    client._pipeline.close(0)
    refuse_all(make_client(stage="segment", **hosts), box, "letter", context=context)
    assert replay("segment", "dead-letters", settings=client.settings).accepted == 1
    assert box.in_workspace() == Counter(["taken", "letter"] * count)
    del state_dir


def test_each_consent_setting_is_kept_until_it_is_said(make_client: Callable[..., Client]) -> None:
    """A command that is told of one leg's categories follows the application's for the other."""
    client = make_client(customerio_consent={"Marketing"}, segment_consent={"Analytics"})
    client.track("u1", "Order Completed")
    told = client.settings.model_dump(exclude_unset=True, exclude={"customerio_consent", "segment_consent"})
    kept = client.settings.load(**told, segment_consent={"Sales"}).with_kept()
    assert (kept.customerio_consent, kept.segment_consent) == ({"Marketing"}, {"Sales"})


def test_what_a_run_to_segment_keeps_from_customerio_is_said(
    make_client: Callable[..., Client], box: Sandbox, tmp_path: Path
) -> None:
    """Under a hand-over; a backfill to Segment alone would never reach the workspace."""
    path, calls = tmp_path / "stage.toml", tmp_path / "calls.jsonl"
    call = {"type": "track", "event": "Ordered", "userId": "u", "timestamp": "2026-11-01T10:00:00Z", "messageId": "m1"}
    calls.write_text(json.dumps(call) + "\n")
    hosts = {"host": box.customerio.url, "segment_host": box.segment.url}
    for more, is_said in (("", False), ('[handover]\nat = "2026-01-01T00:00:00Z"\n', True)):
        path.write_text('stage = "dual"\n' + more)
        settings = make_client(stage_file=path, **hosts).settings
        options = RunOptions(is_dry_run=True)
        for to in ("segment", "customerio"):
            said = "\n".join(lines_of(replay(to, "jsonl", calls, settings=settings, options=options)))
            assert ("Segment is told not to forward these" in said) is (is_said and to == "segment")


def test_nothing_is_handed_over_without_a_stage_file(make_client: Callable[..., Client], state_dir: Path) -> None:
    """Nor with one that is damaged."""
    settings = make_client().settings
    assert not is_handed_over(settings)
    state_dir.mkdir(exist_ok=True)
    (state_dir / "stage-last-good.toml").write_text("stage = ")
    assert not is_handed_over(settings)
