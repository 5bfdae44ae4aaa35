"""What a rollback would lack on the Segment side."""

from __future__ import annotations

from pathlib import Path

from stage_files import write_ledger

from pipelines_client.cutover.rollback import count_way_back


def test_the_way_back_counts_what_segment_lacks_and_can_be_had(tmp_path: Path) -> None:
    """Planted: one of each reason; each is counted once, whatever was recorded of it how often."""
    ledger = write_ledger(
        tmp_path,
        ("both", "segment", "accepted", None),
        ("both", "customerio", "accepted", None),
        ("cohort", "segment", "skipped", "cohort"),
        ("cohort", "customerio", "accepted", None),
        ("cohort", "segment", "skipped", "cohort"),
        ("stage", "customerio", "accepted", None),
        ("stage", "segment", "skipped", "stage"),
        ("refused", "segment", "rejected", "too large"),
        ("refused", "customerio", "skipped", "reserved_name"),
        ("replayed", "segment", "skipped", "stage"),
        ("replayed", "customerio", "accepted", None),
        ("replayed", "segment", "accepted", None),
        ("discarded", "segment", "dropped", "discarded"),
        ("discarded", "customerio", "rejected", "no"),
        ("gone", "segment", "dropped", "spool_full"),
        ("gone", "customerio", "dropped", "spool_full"),
        ("meant", "segment", "skipped", "denied"),
        ("meant", "customerio", "accepted", None),
        ("not there", "customerio", "dropped", "discarded"),
        ("not there", "segment", "accepted", None),
    )
    found = count_way_back([ledger], "segment", waiting=3, is_held_up=False)
    assert (found.to_replay, found.waiting, found.lost, found.unread_lines) == (4, 3, 1, 1)
    assert not found.is_safe
    assert count_way_back([ledger], "customerio", waiting=0, is_held_up=False).to_replay == 2


def test_only_while_everything_arrived_is_the_way_back_safe(tmp_path: Path) -> None:
    """One message that is held up is enough to say no; one that has just come is on its way."""
    ledger = write_ledger(tmp_path, ("m", "segment", "accepted", None), ("m", "customerio", "accepted", None))
    safe = {
        (waiting, held): count_way_back([ledger], "segment", waiting=waiting, is_held_up=held).is_safe
        for waiting in (0, 1)
        for held in (False, True)
    }
    assert safe == {(0, False): True, (0, True): True, (1, False): True, (1, True): False}
