"""Put dead letters back into a spool. Any process then delivers them as it does all messages."""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines_client.clock import iso_utc, utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.opening import make_folders
from pipelines_client.delivery.spool.entry import MessageFacts
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.destinations.base import Destination
from pipelines_client.state.dead_letters import DeadLetter, mark_requeued
from pipelines_client.state.layout import StateDir

STAGE = "requeued"
"""What the ledger shows as stage of a message that was sent again."""


@dataclass(slots=True)
class Requeued:
    """Letters by what was done with them.

    Attributes:
        put: Put back into a spool.
        moved: Those among them that were taken for another destination, by leg and its fingerprint.
        elsewhere: Left, because they were taken for another destination, by leg and its fingerprint.
        without_key: Left, because their leg has no key here.
    """

    put: int = 0
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    elsewhere: Counter[tuple[str, str]] = field(default_factory=Counter)
    without_key: int = 0


def requeue(settings: Settings, letters: Sequence[DeadLetter], *, to_current: bool = False) -> Requeued:
    """Append the letters to new spools, one for each leg, with the same messageIds.

    A kill in between may put a letter back twice, never lose it: it is marked after its spool has it.

    Args:
        settings: The state directory, and the key of each leg.
        letters: What to put back; letters of a leg without a key, or taken for another host or key, are left out.
        to_current: Put back also what was taken for another host or key: it goes to those of `settings`.

    Raises:
        OSError: The state directory cannot be written.
    """
    state, done = StateDir(settings.state_dir), Requeued()
    make_folders(state)
    destinations = {destination.name: destination for destination in settings.destinations()}
    by_leg: dict[str, list[DeadLetter]] = defaultdict(list)
    for letter in letters:
        ours = destinations.get(letter.leg)
        if ours is None:
            done.without_key += 1
            continue
        is_ours = letter.destination == ours.fingerprint
        if not is_ours:
            (done.moved if to_current else done.elsewhere)[letter.leg, letter.destination] += 1
        if is_ours or to_current:
            by_leg[letter.leg].append(letter)
    for leg, mine in by_leg.items():
        _put_back(state, destinations[leg], mine)
        done.put += len(mine)
    return done


def _put_back(state: StateDir, destination: Destination, letters: Sequence[DeadLetter]) -> None:
    now = utc_now()
    writer = f"{STAGE}-{destination.name}-{secrets.token_hex(6)}"
    spool = Spool(state.spool / f"{writer}.db", legs={destination.name: destination.fingerprint}, writer=writer)
    for letter in letters:
        body = letter.body.encode()
        spool.append(_stamp(letter, body_bytes=len(body), appended_at=iso_utc(now)), body, {})
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
    ).as_stamp()
