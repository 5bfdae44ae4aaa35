"""Whether Segment may forward to Customer.io what a command sends to Segment again (docs/adr/0021).

A client decides that once, when it takes a message, and its spool keeps it. A replay and a requeue have no such note:
they ask the ledger whether Customer.io's leg took the message, and the message what its person has agreed to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from pipelines_client.destinations.base import FORWARDING, Destination
from pipelines_client.errors import StageFileError
from pipelines_client.routing.consent import lacks_consent
from pipelines_client.routing.plan import CONSENT, HANDOVER
from pipelines_client.routing.stagefile import read_stage_file
from pipelines_client.routing.watch import LAST_GOOD_FILE
from pipelines_client.sides import CUSTOMERIO
from pipelines_client.signals import let_through
from pipelines_client.state.book import Book

if TYPE_CHECKING:
    from pipelines_client.config import Settings

_SENT_AGAIN = "sent_again"


def is_handed_over(settings: Settings) -> bool:
    """Return whether a hand-over is in force, by the stage file or by the copy in the state directory."""
    if settings.stage_file is not None:
        return settings.stage_watch().plan().handover_at is not None
    try:
        return read_stage_file(settings.state_dir / LAST_GOOD_FILE).handover is not None
    except StageFileError as error:
        let_through(error)
        return False


class PastForwarding:
    """Says of each message that a command sends again what it skips.

    Args:
        settings: The application's.
        destination: Where the messages go; it matters if that can forward them.
        book: What was sent where.
        is_asked: Whether a message is one of those to send, by its id; asked of each that was left to Segment.
    """

    def __init__(
        self, settings: Settings, destination: Destination, book: Book, is_asked: Callable[[str], bool]
    ) -> None:
        self._consent = settings.customerio_consent if destination.keeping else frozenset[str]()
        self._is_handed_over = bool(destination.keeping) and is_handed_over(settings)
        records = book.records(CUSTOMERIO) if self._is_handed_over else ()
        self._left = frozenset(_left_to_segment(records, is_asked))

    def skips(self, message_id: str, body: bytes) -> Mapping[str, str]:
        """Return why Segment may not forward a message, under the key `FORWARDING`; nothing if it may."""
        if self._consent and lacks_consent(orjson.loads(body), self._consent):
            return {FORWARDING: CONSENT}
        return {FORWARDING: _SENT_AGAIN} if self._is_handed_over and message_id not in self._left else {}


def _left_to_segment(records: Iterable[Mapping[str, Any]], is_asked: Callable[[str], bool]) -> Iterable[str]:
    """Yield the ids of messages that were left to Segment's destination, which has not had them yet."""
    for record in records:
        if record.get("reason") == HANDOVER and is_asked(record["message_id"]):
            yield record["message_id"]
