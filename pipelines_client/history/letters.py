"""The dead letters of one leg, as a run sees them: what it may send, what waits already, and what it has sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines_client.clock import iso_utc, utc_now
from pipelines_client.delivery.spool.waiting import waiting_for
from pipelines_client.state.dead_letters import DeadLetter, mark_requeued, read_letters
from pipelines_client.state.layout import StateDir


@dataclass(slots=True)
class RunLetters:
    """The letters of a leg.

    Attributes:
        state: The state directory that holds them.
        leg: The leg.
        destination: The fingerprint of the host and key that the run sends to.
        all: Those that are listed, and those that were put back and wait in a spool still.
    """

    state: StateDir
    leg: str
    destination: str
    all: list[DeadLetter] = field(default_factory=list)
    _put_back: frozenset[str] = frozenset()
    _ids: frozenset[str] = frozenset()
    _sent: set[str] = field(default_factory=set)

    def read(self) -> None:
        """Read them."""
        found = read_letters(self.state.dead_letters)
        listed = [letter for letter in found.listed if letter.leg == self.leg]
        put_back = {letter.message_id: letter for letter in found.put_back if letter.leg == self.leg}
        if put_back:
            self._put_back = frozenset(put_back).intersection(self.waiting())
        self.all = listed + [put_back[message_id] for message_id in sorted(self._put_back)]
        self._ids = frozenset(letter.message_id for letter in self.all)

    def waiting(self) -> Iterator[str]:
        """Yield the ids of what waits for the leg in spools; what cannot be read is said by `leave_out`."""
        found = waiting_for(self.state.spool, self.leg, unreadable=_pass_over)
        return (message.message_id for message in found)

    def own(self, *, also_others: bool) -> list[DeadLetter]:
        """Return those that were taken for this destination, or wait; all if `also_others`."""
        return [each for each in self.all if also_others or self._is_ours(each) or each.message_id in self._put_back]

    def note_sent(self, message_ids: Iterable[str]) -> None:
        """Note what the destination has accepted. Called by the sender's thread, too."""
        if self._ids:
            self._sent.update(self._ids.intersection(message_ids))

    def mark_sent(self) -> None:
        """Record which were sent again, so that they are no longer listed.

        Those that were taken for another destination stay listed: this may be a rehearsal.

        Raises:
            OSError: It cannot be written.
        """
        sent = [each for each in self.all if each.message_id in self._sent and self._is_ours(each)]
        if sent:
            now = utc_now()
            mark_requeued(self.state.dead_letters, sent, writer=f"replay-{self.leg}", now=now, at=iso_utc(now))

    def _is_ours(self, letter: DeadLetter) -> bool:
        return letter.destination == self.destination


def _pass_over(_: Path) -> None:
    """Leave a spool that cannot be read to those who ask whether a message may go."""
