"""How a lane comes to be: our own, or one that a dead process left.

What is left goes only where it was meant to: a spool remembers a fingerprint of each leg's address and key.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from pipelines_client.config import Settings
from pipelines_client.delivery.lane import Lane
from pipelines_client.delivery.sending.fates import Delivery
from pipelines_client.delivery.sending.http import Http
from pipelines_client.delivery.sending.pace import Backoff, Pace
from pipelines_client.delivery.sending.tokens import TokenSource
from pipelines_client.delivery.spool.birth_lock import births_held
from pipelines_client.delivery.spool.cursors import is_damage
from pipelines_client.delivery.spool.entry import stamp_of
from pipelines_client.delivery.spool.mounts import network_type
from pipelines_client.delivery.spool.spool import Spool, recover, spools_in
from pipelines_client.destinations.base import Destination
from pipelines_client.errors import LedgerError, PipelinesError, SpoolBusyError, SpoolEmptyError, SpoolError
from pipelines_client.identity import hash_identity, parse_identity_key
from pipelines_client.log import logger
from pipelines_client.message.build import Message
from pipelines_client.routing.plan import Switch
from pipelines_client.routing.watch import StageWatch
from pipelines_client.state.identity_key import ensure_identity_key
from pipelines_client.state.layout import StateDir
from pipelines_client.state.ledger import LedgerWriter

MAX_ADOPTED = 8
"""Spools of the dead that are drained at a time: each takes threads, files and connections."""
_KEY_BYTES = 32
_BIRTH_TIMEOUT_S = 5.0
_BIRTH_ATTEMPTS = 3
_LEDGER_CURE = "restore identity.key, or remove it and lose the join by identity"


class Opener:
    """Opens lanes as the settings ask. `state` is None while everything is in memory."""

    def __init__(
        self,
        settings: Settings,
        destinations: Sequence[Destination],
        stages: StageWatch,
        *,
        tell: Callable[[Delivery], None],
        tells_records: bool,
        oauth: TokenSource | None,
        on_progress: Callable[[], None],
        on_tick: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._destinations = {destination.name: destination for destination in destinations}
        self._stages = stages
        self._tell = tell
        self._tells_records = tells_records
        self._oauth = oauth
        self._on_progress = on_progress
        self._on_tick = on_tick
        self._identity_key = b""
        self._keeps_facts = True
        self._shows_identity = settings.ledger_identity == "plain"
        self.state = StateDir(settings.state_dir) if settings.spool == "disk" else None

    def open_own(self) -> Lane:
        """Open a lane of our own, in the state directory; in memory if that cannot be written, which is said loudly."""
        if self._settings.ledger_key is not None:
            self._identity_key = parse_identity_key(self._settings.ledger_key.get_secret_value())
        if self.state is not None:
            try:
                self.state.make()
                self.state.forget_ended()
                share = network_type(self.state.path)
                if share is not None:
                    raise SpoolError(f"state_dir is on a network share ({share})")
                self._identity_key = self._identity_key or ensure_identity_key(self.state.path)
                return self._lane(self._new_spool(self.state), self._destinations)
            except (OSError, sqlite3.Error, PipelinesError) as error:
                self.state = None
                logger().error(
                    "spool_in_memory",
                    error=str(error) if isinstance(error, SpoolError) else type(error).__name__,
                    cure=_LEDGER_CURE if isinstance(error, LedgerError) else "make state_dir writable and local",
                    until_then="a kill loses what waits, and no ledger is kept",
                )
        self._identity_key = self._identity_key or secrets.token_bytes(_KEY_BYTES)
        self._keeps_facts = self._tells_records  # there is no ledger to keep them for
        return self._lane(Spool(None, legs=self._fingerprints, writer=_writer_name()), self._destinations)

    def _new_spool(self, state: StateDir) -> Spool:
        """Make a spool in the state directory; under another name if somebody has just looked into it (`births`)."""
        with births_held(state.spool, timeout_s=_BIRTH_TIMEOUT_S):
            for _ in range(_BIRTH_ATTEMPTS):
                writer = _writer_name()
                with contextlib.suppress(SpoolBusyError):
                    return Spool(state.spool / f"{writer}.db", legs=self._fingerprints, writer=writer)
        raise SpoolBusyError("somebody looks into every new spool file")

    def mend(self, lane: Lane) -> None:
        """Give our lane a new file of cursors; see `Spool.renew_cursors`."""
        if self.state is not None:
            with births_held(self.state.spool, timeout_s=_BIRTH_TIMEOUT_S):
                lane.spool.renew_cursors()

    def lane_for(self, spool: Spool) -> Lane:
        """Return a lane around a spool that is open, for whoever keeps one apart from those that are adopted."""
        return self._lane(spool, {leg: self._destinations[leg] for leg in spool.legs if leg in self._destinations})

    def adopt_dead(self, *, held: Iterable[Lane], most: int = sys.maxsize, any_key: bool = False) -> list[Lane]:
        """Take over the spools of dead writers that go where ours goes; each is drained by senders of its own.

        Args:
            held: Lanes that are open here already.
            most: How many to take; as many as that say that there may be more.
            any_key: Take also what was meant for another key or host: whoever asks for that knows whose it is.
        """
        if self.state is None:
            return []
        held_paths = {lane.spool.path for lane in held}
        adopted: list[Lane] = []
        for path in spools_in(self.state.spool):
            if len(adopted) >= most:
                break
            spool = open_dead(path) if path not in held_paths else None
            if spool is None:
                continue
            legs = self._legs_to_serve(spool, any_key=any_key)
            if spool.is_level or any(spool.pending(leg) for leg in legs):
                adopted.append(self._lane(spool, legs))
            else:
                spool.close()
                if self._legs_to_serve(spool, any_key=any_key, also_off=True):
                    continue  # they are switched off, and `status` says so
                waiting = max(spool.pending(leg) for leg in spool.legs)
                logger().warning("spool_waits_for_its_key", pending=waiting, cure="pipelines-client drain")
        for lane in adopted:
            lane.start()
            lane.retire()
        return adopted

    def _legs_to_serve(self, spool: Spool, *, any_key: bool, also_off: bool = False) -> dict[str, Destination]:
        """Return the legs of a dead writer's spool that are ours to deliver, unless they are switched off.

        Those that go where ours go. And those that stood still because of a wrong key or host, which has been set right
        since: if the spool is known to be our application's, by another leg or by a state directory of its own.
        """
        ours = self._fingerprints
        same = {leg for leg, mark in spool.legs.items() if ours.get(leg) == mark}
        if any_key:
            same = spool.legs.keys() & ours.keys()
        elif same or "state_dir" in self._settings.model_fields_set:
            same |= spool.paused & ours.keys()
        plan = self._stages.plan()
        served = (leg for leg in sorted(same) if also_off or plan.switch_of(leg) is not Switch.OFF)
        return {leg: self._destinations[leg] for leg in served}

    def left_behind(self) -> Counter[str]:
        """Return the messages in the spools of dead writers, by leg."""
        left = Counter[str]()
        for path in spools_in(self.state.spool) if self.state is not None else ():
            spool = open_dead(path)
            if spool is not None:
                left.update({leg: spool.pending(leg) for leg in spool.legs})
                spool.close()
        return left

    def stamp(self, message: Message, stage: str) -> bytes:
        """Return what the log keeps of a message for the ledger; nothing if nobody asks."""
        return stamp_of(message, stage=stage) if self._keeps_facts else b""

    def show(self, identity: str | None) -> str | None:
        """Return what the ledger shows of an identity."""
        return identity if self._shows_identity else hash_identity(self._identity_key, identity)

    def _lane(self, spool: Spool, destinations: Mapping[str, Destination]) -> Lane:
        return Lane(
            spool,
            destinations,
            state=self.state,
            ledger=LedgerWriter(self.state.ledger if self.state else None, spool.writer),
            make_http=self._http,
            stages=self._stages,
            pace=self._pace,
            tell=self._tell,
            oauth=self._oauth,
            show=self.show,
            on_progress=self._on_progress,
            on_tick=self._on_tick,
        )

    def _http(self, destination: Destination) -> Http:
        settings = self._settings
        return Http(
            destination.url,
            timeout_s=settings.timeout,
            gzip=settings.gzip,
            proxies=settings.proxies,
            ca_bundle=str(settings.ca_bundle) if settings.ca_bundle else None,
        )

    @property
    def _pace(self) -> Pace:
        settings = self._settings
        return Pace(
            settings.upload_interval,
            settings.spool_max_bytes,
            settings.max_queue_size,
            settings.pause_s,
            settings.unhealthy_after_s,
            Backoff(settings.retry_base_s, settings.retry_cap_s),
            drops_oldest=settings.on_full == "drop_oldest",
        )

    @property
    def _fingerprints(self) -> dict[str, str]:
        return {leg: fingerprint(destination) for leg, destination in self._destinations.items()}


def _writer_name() -> str:
    host = socket.gethostname().split(".")[0][:40] or "host"
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"


def fingerprint(destination: Destination) -> str:
    """Say which address and key a leg is, without saying the key."""
    return blake2b(f"{destination.url}\0{destination.write_key}".encode(), digest_size=16).hexdigest()


def open_dead(path: Path) -> Spool | None:
    """Open a spool whose owner is dead, or return None: it lives or is being born, or the file is no use to us."""
    try:
        with births_held(path.parent, timeout_s=_BIRTH_TIMEOUT_S) as is_ours:
            return _open_or_recover(path) if is_ours else None
    except SpoolBusyError:
        return None
    except (SpoolError, sqlite3.Error, OSError) as error:
        logger().error("spool_unreadable", error=type(error).__name__, cure="keep the file, and report it")
        return None


def _open_or_recover(path: Path) -> Spool | None:
    """Open a spool; one whose file of cursors is gone, empty or damaged begins anew with its log, if there is one."""
    try:
        if path.exists():
            return Spool(path, legs={}, writer="")
    except SpoolEmptyError:
        path.unlink(missing_ok=True)  # its process was killed while it made it; or the file has lost what it held
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
    spool = recover(path)
    if spool is not None:
        waiting = max(spool.pending(leg) for leg in spool.legs)
        logger().error("spool_recovered", pending=waiting, reason="its file of cursors was damaged or gone")
    return spool
