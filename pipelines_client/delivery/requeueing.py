"""Put dead letters back into a spool. Any process then delivers them as it does all messages."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence

from pipelines_client.clock import iso_utc, utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.opening import fingerprint, make_folders
from pipelines_client.delivery.spool.creation_lock import creation_lock
from pipelines_client.delivery.spool.entry import MessageFacts
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.state.dead_letters import DeadLetter, mark_requeued
from pipelines_client.state.layout import StateDir

STAGE = "requeued"
"""What the ledger shows as stage of a message that was sent again."""


def requeue(settings: Settings, letters: Sequence[DeadLetter]) -> int:
    """Append the letters to new spools, one for each leg, with the same messageIds.

    A kill in between may put a letter back twice, never lose it: it is marked after its spool has it.

    Args:
        settings: The state directory, and the key of each leg.
        letters: What to put back; letters of a leg without a key are left out.

    Returns:
        How many were put back.

    Raises:
        OSError, sqlite3.Error: The state directory cannot be written.
    """
    state = StateDir(settings.state_dir)
    make_folders(state)
    by_leg: dict[str, list[DeadLetter]] = defaultdict(list)
    for letter in letters:
        by_leg[letter.leg].append(letter)
    put = 0
    for destination in settings.destinations():
        mine = by_leg[destination.name]
        if not mine:
            continue
        now = utc_now()
        writer = f"{STAGE}-{destination.name}-{secrets.token_hex(6)}"
        legs = {destination.name: fingerprint(destination)}
        with creation_lock(state.spool):
            spool = Spool(state.spool / f"{writer}.db", legs=legs, writer=writer)
        for letter in mine:
            body = letter.body.encode()
            spool.append(_stamp(letter, body_bytes=len(body), appended_at=iso_utc(now)), body, {})
        # Marked while the spool is still ours: no process can deliver a letter that is still listed.
        mark_requeued(state.dead_letters, mine, writer=writer, now=now, at=iso_utc(utc_now()))
        spool.close()
        put += len(mine)
    return put


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
