"""Messages that no leg got: which block the way back, and which were accepted."""

from __future__ import annotations

from stage_files import change

from pipelines_client.cutover.journal import Journal
from pipelines_client.cutover.losses import Losses, Unrecorded, find_losses, mark_of_lost

AT = "2026-12-05T09:00:00.000Z"
LIVE = Journal((change("start", None, "dual", "2026-12-01T09:00:00.000Z"), change("advance", "dual", "live", AT)))


def accepting(journal: Journal, losses: Losses) -> Journal:
    line = change("accept", "live", "live", AT).model_copy(
        update={"accepted": losses.marks, "accepted_counts": losses.counts}
    )
    return journal.with_line(line)


def test_what_was_lost_before_segment_stopped_to_count_is_counted_apart() -> None:
    """By the stage at which a message was taken; without a record, by when its writer was last heard."""
    calls = [Unrecorded("a", 3, "2026-12-04T09:00:00.000Z"), Unrecorded("b", 5, AT), Unrecorded("c", 7)]
    found = find_losses({"m": True, "n": False}, calls, LIVE)
    assert (found.late, found.before, found.accepted) == (1 + 5 + 7, 1 + 3, 0)
    nothing_known = Journal((change("by hand", None, "live", AT),))
    assert find_losses({}, calls, nothing_known).before == 0


def test_only_what_was_accepted_is_and_nothing_that_is_lost_later() -> None:
    """Also if some were sent again in between: messages are accepted, not a number of them."""
    calls = [Unrecorded("a", 3)]
    journal = accepting(LIVE, find_losses({"m": True, "n": True}, calls, LIVE))
    assert find_losses({"m": True, "n": True}, calls, journal) == Losses(accepted=5)
    later = find_losses({"n": True, "o": True}, [Unrecorded("a", 4), Unrecorded("b", 1)], journal)
    assert later == Losses(late=3, accepted=4, marks=("o",), counts=(("a", 4), ("b", 1)))
    assert find_losses({"o": True}, [Unrecorded("a", 4), Unrecorded("b", 1)], accepting(journal, later)).late == 0


def test_a_mark_is_the_same_in_every_process_and_no_id() -> None:
    """With any text as an id."""
    assert mark_of_lost("order-1") == mark_of_lost("order-1") != mark_of_lost("order-2")
    assert "order" not in mark_of_lost("order-1")
    assert mark_of_lost("\ud800")
