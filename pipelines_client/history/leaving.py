"""What a run leaves out: what waits in a spool, and what its destination has accepted already (docs/adr/0016)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines_client.delivery.spool.waiting import waiting_for
from pipelines_client.errors import LedgerError
from pipelines_client.history.options import RunOptions
from pipelines_client.history.selection import Selection, Sent
from pipelines_client.history.summary import SAMPLES_EACH, Refusal, Summary
from pipelines_client.routing.plan import CONSENT, HANDOVER
from pipelines_client.state.book import Book
from pipelines_client.state.layout import StateDir
from pipelines_client.state.ledger import Outcome
from pipelines_client.state.tears import Record
from pipelines_client.wording import plural

_NOT_AGAIN = (CONSENT, HANDOVER)


def leave_out(
    selection: Selection, summary: Summary, state: StateDir, book: Book, destination: str, options: RunOptions
) -> list[str]:
    """Leave out what goes or went without this run; count it, and return the ids of what was accepted.

    The spools come first: what leaves them meanwhile is in the ledger.

    Raises:
        LedgerError: The book cannot be read whole, and the options do not accept that messages may arrive twice.
    """
    unreadable: list[Path] = []
    waiting = waiting_for(state.spool, summary.to, unreadable=unreadable.append)
    summary.waiting += selection.leave(message.message_id for message in waiting)
    refused: list[Refusal] = []
    selection.note(_watched(book.records(summary.to), selection, refused), destination)
    _leave_refused(selection, summary, refused, options)
    book.unreadable.files += unreadable
    sent = Sent([], 0, [])
    if not options.again:
        sent = selection.leave_sent()
        summary.already_sent, summary.unplaced = len(sent.ids), sent.unplaced
        summary.corrected, summary.corrected_places = len(sent.corrected), sent.corrected[:SAMPLES_EACH]
        moved = selection.sent_at_other_times()
        summary.retimed, summary.retimed_places = len(moved), moved[:SAMPLES_EACH]
    _leave_stale(selection, summary, options)
    _check_whole(selection, summary, book, accepts_repeats=options.resend_unknown or options.again)
    return sent.ids


def _watched(records: Iterable[Record], selection: Selection, refused: list[Refusal]) -> Iterator[Record]:
    """Yield records, and note the chosen messages that their side must not get again, wherever the run found them."""
    for record in records:
        reason, message_id = record.get("reason"), record["message_id"]
        is_refused = reason in _NOT_AGAIN and record.get("outcome") == Outcome.SKIPPED.value
        if is_refused and selection.count([message_id]):
            refused.append(Refusal("ledger", str(reason), message_id))
        yield record


def _leave_refused(selection: Selection, summary: Summary, refused: Iterable[Refusal], options: RunOptions) -> None:
    for refusal in refused:
        if selection.leave([str(refusal.message_id)]):  # a record may be there twice
            summary.refuse(refusal)
            options.on_refused(refusal)


def _leave_stale(selection: Selection, summary: Summary, options: RunOptions) -> None:
    """Count and name the identify calls that are older than what their person has, and leave them out if asked."""
    stale = list(selection.stale())
    if options.skip_stale:
        summary.skipped_stale = selection.leave(call.message_id for call in stale)
        for call in stale:
            options.on_refused(Refusal(call.place, "stale", call.message_id))
    else:
        summary.stale = len(stale)
    summary.stale_traits = sum(call.traits for call in stale)
    summary.stale_places = [call.place for call in stale[:SAMPLES_EACH]]


def _check_whole(selection: Selection, summary: Summary, book: Book, *, accepts_repeats: bool) -> None:
    """Count what may arrive twice because the book cannot be read whole."""
    unreadable, chosen = book.unreadable, selection.count()
    summary.unknown = chosen if unreadable.hides_any else selection.count(unreadable.message_ids)
    refuses = bool(summary.unknown) and not accepts_repeats
    if not unreadable.hides_any:
        summary.unknown += selection.count(unreadable.unfinished - unreadable.message_ids)
    if refuses:
        raise LedgerError(
            f"the ledger cannot be read whole: {unreadable}. Of {plural(chosen, 'message')} to send,"
            f" {summary.unknown:,} may have been accepted before and would arrive twice; nothing was sent. Restore it"
            " from a copy, or accept it with --resend-unknown"
        )
