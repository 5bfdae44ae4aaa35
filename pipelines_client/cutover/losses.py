"""Messages that no leg got: which of them block the way back, and which a person has accepted as lost.

A message that was lost while Segment counted is lost whether the stage goes back or not, so it blocks nothing. Accepted
are single messages, by a mark of their id, and never a number of them: what is lost later is not among them. Calls that
were lost without a record have no id; of these a writer's count is accepted, which only grows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from pipelines_client.cutover.journal import Journal
from pipelines_client.routing.plan import Stage

BEYOND_SEGMENT = (Stage.LIVE, Stage.COMPLETE)
"""The stages at which Segment does not get everything."""
LOST = "lost"
"""The kind of the obstacle that lost messages are."""
_MARK_BYTES = 9


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Calls that one writer has lost without a record: how many, and when it was last heard (empty: not known)."""

    writer: str
    count: int
    heard_at: str = ""


@dataclass(frozen=True, slots=True)
class Losses:
    """Lost messages.

    Attributes:
        late: Taken since Segment no longer counts.
        before: Taken while Segment counted.
        accepted: Accepted as lost.
        marks: Of the messages that are not accepted, as the journal names them.
        counts: Of each writer whose calls without a record are not all accepted, how many there are.
    """

    late: int = 0
    before: int = 0
    accepted: int = 0
    marks: tuple[str, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()


def mark_of_lost(message_id: str) -> str:
    """Return the mark by which the journal knows a message that was accepted as lost."""
    return blake2b(message_id.encode(errors="surrogatepass"), digest_size=_MARK_BYTES).hexdigest()


def find_losses(recorded: Mapping[str, bool], unrecorded: Iterable[Unrecorded], journal: Journal) -> Losses:
    """Sort what is lost.

    Args:
        recorded: Messages that no leg got by their mark, and whether they were taken since Segment no longer counts.
        unrecorded: Calls that were lost without a record.
        journal: What was accepted, and since when Segment may no longer have got everything.
    """
    known, counts, began = journal.accepted, journal.accepted_counts, journal.earliest(BEYOND_SEGMENT)
    open_ = {mark: is_late for mark, is_late in recorded.items() if mark not in known}
    late, accepted, open_counts = sum(open_.values()), len(recorded) - len(open_), []
    before = len(open_) - late
    for each in unrecorded:
        rest = max(0, each.count - counts.get(each.writer, 0))
        accepted += each.count - rest
        if rest:
            open_counts.append((each.writer, each.count))
        if began and each.heard_at and each.heard_at < began:
            before += rest
        else:
            late += rest
    return Losses(late, before, accepted, tuple(sorted(open_)), tuple(open_counts))
