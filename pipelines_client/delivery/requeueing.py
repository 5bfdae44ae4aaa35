"""Put dead letters back into a spool, from where any process delivers them as it does all others."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence

from pipelines_client.clock import iso_utc, utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.opening import fingerprint
from pipelines_client.delivery.spool.birth_lock import births_held
from pipelines_client.delivery.spool.entry import facts_of
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.state.dead_letters import DeadLetter, mark_requeued
from pipelines_client.state.layout import StateDir

STAGE = "requeued"
"""What the ledger shows as stage of a message that was sent again."""


def requeue(settings: Settings, letters: Sequence[DeadLetter]) -> int:
    """Append the letters to spools of their own, one for each leg, with the same messageIds.

    A kill in between may put a letter back twice, never lose it: it is marked once its spool has it.

    Args:
        settings: Where, and the keys that say where each leg goes.
        letters: What to put back; letters of a leg without a key are left.

    Returns:
        How many were put back.

    Raises:
        OSError, sqlite3.Error: The state directory cannot be written.
    """
    state = StateDir(settings.state_dir)
    state.make()
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
        with births_held(state.spool, timeout_s=5.0):
            spool = Spool(state.spool / f"{writer}.db", legs=legs, writer=writer)
        for letter in mine:
            body = letter.body.encode()
            spool.append(_facts(letter, body_bytes=len(body), appended_at=iso_utc(now)), body, {})
        # Marked while nobody else can open the spool, so that what is in it is no longer listed.
        mark_requeued(state.dead_letters, mine, writer=writer, now=now, at=iso_utc(utc_now()))
        spool.close()
        put += len(mine)
    return put


def _facts(letter: DeadLetter, *, body_bytes: int, appended_at: str) -> bytes:
    return facts_of(
        letter.message_id,
        letter.type,
        letter.event,
        letter.identity,
        letter.occurred_at,
        appended_at,
        letter.payload_hash,
        body_bytes,
        STAGE,
    )
