"""Put dead letters back into a spool. Any process then delivers them as it does all messages.

Only what no other way brings is put back: what waits in a spool already, what a replay has in hand, and what the ledger
says was accepted since it was refused stays away (docs/adr/0016).
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from pipelines_client.clock import iso_utc, utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.claims import choosing, claimed
from pipelines_client.delivery.forwarding import PastForwarding
from pipelines_client.delivery.opening import make_folders
from pipelines_client.delivery.spool.entry import MessageFacts
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.delivery.spool.waiting import waiting_for
from pipelines_client.destinations.base import Destination
from pipelines_client.errors import LedgerError
from pipelines_client.message.build import shown_integrations
from pipelines_client.state.book import Book, is_here
from pipelines_client.state.dead_letters import DeadLetter, mark_requeued, read_dead_letters
from pipelines_client.state.layout import StateDir
from pipelines_client.state.ledger import Outcome
from pipelines_client.wording import plural

STAGE = "requeued"
"""What the ledger shows as stage of a message that was sent again."""

_DAY_CHARS = len("2026-11-02")


@dataclass(slots=True)
class Requeued:
    """Letters by what was done with them.

    Attributes:
        put: Put back into a spool.
        moved: Those among them that were taken for another destination, by leg and its fingerprint.
        elsewhere: Left, because they were taken for another destination, by leg and its fingerprint.
        without_key: Left, because their leg has no key here.
        claimed: Left, because a replay or a backfill that runs has them.
        waiting: In a spool already, for which a requeue before was killed: no longer listed now.
        accepted: Accepted since they were refused, as the ledger says: no longer listed now.
        gone: Put back or sent by another command since the caller has read them.
    """

    put: int = 0
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    elsewhere: Counter[tuple[str, str]] = field(default_factory=Counter)
    without_key: int = 0
    claimed: int = 0
    waiting: int = 0
    accepted: int = 0
    gone: int = 0


def requeue(
    settings: Settings, letters: Sequence[DeadLetter], *, to_current: bool = False, resend_unknown: bool = False
) -> Requeued:
    """Append the letters to new spools, one for each leg, with the same messageIds.

    A kill in between neither loses a letter nor puts it back twice: the next requeue finds those that wait.

    Args:
        settings: The state directory, and the key of each leg.
        letters: What to put back; letters of a leg without a key, or taken for another host or key, are left out.
        to_current: Put back also what was taken for another host or key: it goes to those of `settings`.
        resend_unknown: Go on although the ledger cannot be read whole since the first of them was refused.

    Raises:
        LedgerError: It cannot be read whole, so that some of them may have been accepted since.
        SpoolError: Another process chooses messages for that leg.
        OSError: The state directory cannot be written.
    """
    state, done = StateDir(settings.state_dir), Requeued()
    make_folders(state)
    destinations = {destination.name: destination for destination in settings.destinations()}
    by_leg: dict[str, list[DeadLetter]] = defaultdict(list)
    for letter in letters:
        if letter.leg in destinations:
            by_leg[letter.leg].append(letter)
        else:
            done.without_key += 1
    with ExitStack() as choices:
        for leg in sorted(by_leg):
            choices.enter_context(choosing(state.replays, leg))
        chosen = [
            _Choice(state, settings, destinations[leg], done, to_current, resend_unknown, asked)
            for leg, asked in by_leg.items()
        ]
        for choice in chosen:  # all are decided before the first is put back: an error means that none was
            choice.decide()
        for choice in chosen:
            choice.put_back()
    return done


@dataclass(slots=True)
class _Choice:
    """What to put back on one leg, decided and done while no other process chooses for it."""

    state: StateDir
    settings: Settings
    destination: Destination
    done: Requeued
    to_current: bool
    resend_unknown: bool
    asked: Sequence[DeadLetter]
    left: list[DeadLetter] = field(default_factory=list)
    settled: list[DeadLetter] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)

    def decide(self) -> None:
        """Find out what no other way brings; raises as `requeue`."""
        mine = self._still_listed()
        if not mine:
            return
        waiting, has, accepted = self._waiting(), self._claimed(), self._accepted_since(mine)
        for letter in mine:
            if letter.message_id in has:
                self.done.claimed += 1
            elif letter.message_id in waiting:
                self.done.waiting += 1
                self.settled.append(letter)
            elif accepted.get(letter.message_id, "") >= letter.rejected_at:
                self.done.accepted += 1
                self.settled.append(letter)
            elif self._goes_there(letter):
                self.left.append(letter)

    def put_back(self) -> None:
        """Do what was decided."""
        writer = f"{STAGE}-{self.destination.name}-{secrets.token_hex(6)}"
        if self.settled:
            now = utc_now()
            mark_requeued(self.state.dead_letters, self.settled, writer=f"{writer}-settled", now=now, at=iso_utc(now))
        if self.left:
            ids, book = {letter.message_id for letter in self.left}, Book([self.state.ledger])
            forwarding = PastForwarding(self.settings, self.destination, book, ids.__contains__)
            _append(self.state, self.destination, self.left, writer, forwarding)
            self.done.put += len(self.left)

    def _still_listed(self) -> list[DeadLetter]:
        """Return the letters as they are listed now, without those that were answered since they were read."""
        wanted = {letter.message_id for letter in self.asked}
        leg = self.destination.name
        listed = [
            letter
            for letter in read_dead_letters(self.state.dead_letters)
            if letter.leg == leg and letter.message_id in wanted
        ]
        self.done.gone += len(wanted) - len(listed)
        return listed

    def _goes_there(self, letter: DeadLetter) -> bool:
        is_ours = letter.destination == self.destination.fingerprint
        if not is_ours:
            (self.done.moved if self.to_current else self.done.elsewhere)[letter.leg, letter.destination] += 1
        return is_ours or self.to_current

    def _waiting(self) -> frozenset[str]:
        found = waiting_for(self.state.spool, self.destination.name, unreadable=self.unreadable.append)
        return frozenset(message.message_id for message in found)

    def _claimed(self) -> frozenset[str]:
        return claimed(self.state.replays, self.destination.name)

    def _accepted_since(self, letters: Sequence[DeadLetter]) -> Mapping[str, str]:
        """Return when the destination last accepted messages, by their ids, since the first of the letters."""
        ids = {letter.message_id for letter in letters}
        first_day = min(letter.rejected_at for letter in letters)[:_DAY_CHARS]
        book, accepted = Book([self.state.ledger]), dict[str, str]()
        for record in book.records(self.destination.name, since=first_day):
            message_id, at = record["message_id"], str(record.get("finished_at"))
            is_accepted = record.get("outcome") == Outcome.ACCEPTED.value
            if is_accepted and message_id in ids and is_here(record, self.destination.fingerprint):
                accepted[message_id] = max(at, accepted.get(message_id, ""))
        unreadable = book.unreadable
        unreadable.files += self.unreadable
        in_doubt = len(ids - accepted.keys()) if unreadable.hides_any else len(unreadable.message_ids & ids)
        if in_doubt and not self.resend_unknown:
            raise LedgerError(
                f"the ledger cannot be read whole: {unreadable}. {in_doubt:,} of {plural(len(ids), 'letter')} may have"
                " been accepted since, and would arrive twice; restore the ledger from a copy, or accept that with"
                " --resend-unknown"
            )
        return accepted


def _append(
    state: StateDir,
    destination: Destination,
    letters: Sequence[DeadLetter],
    writer: str,
    forwarding: PastForwarding,
) -> None:
    now = utc_now()
    spool = Spool(state.spool / f"{writer}.db", legs={destination.name: destination.fingerprint}, writer=writer)
    for letter in letters:
        body = letter.body.encode()
        stamp = _stamp(letter, body_bytes=len(body), appended_at=iso_utc(now))
        spool.append(stamp, body, forwarding.skips(letter.message_id, body))
    # Marked while the spool is still ours: no process can deliver a letter that is still listed.
    mark_requeued(state.dead_letters, letters, writer=writer, now=now, at=iso_utc(utc_now()))
    spool.close()


def _stamp(letter: DeadLetter, *, body_bytes: int, appended_at: str) -> bytes:
    return MessageFacts(
        message_id=letter.message_id,
        type=letter.type,
        event=letter.event,
        identity=letter.identity,
        occurred_at=letter.occurred_at,
        payload_hash=letter.payload_hash,
        body_bytes=body_bytes,
        stage=STAGE,
        appended_at=appended_at,
        integrations=shown_integrations(letter.body.encode()),
    ).as_stamp()
