"""Open lanes: our own, or one that a dead process left.

What a dead process left goes only where it was meant to: a spool keeps a fingerprint of each leg's address and key.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pipelines_client._scan import load as load_native
from pipelines_client.clock import utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.lane import Lane
from pipelines_client.delivery.sending.context import Hooks, LaneContext
from pipelines_client.delivery.sending.http import Http
from pipelines_client.delivery.sending.pace import Backoff, Pace
from pipelines_client.delivery.sending.tokens import TokenSource
from pipelines_client.delivery.spool.cursors import Cursor, Standing, read_standing
from pipelines_client.delivery.spool.entry import stamp_of
from pipelines_client.delivery.spool.leftovers import open_dead, spools_in, sweep
from pipelines_client.delivery.spool.mounts import network_type
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.destinations.base import Destination
from pipelines_client.errors import LedgerError, PipelinesError, SpoolBusyError, SpoolError
from pipelines_client.files import make_folder
from pipelines_client.identity import ShownIdentity, parse_identity_key
from pipelines_client.log import logger
from pipelines_client.message.build import Message
from pipelines_client.routing.plan import Switch
from pipelines_client.routing.watch import StageWatch
from pipelines_client.signals import let_through, suppressing
from pipelines_client.state.identity_key import ensure_identity_key
from pipelines_client.state.kept import CONSENT, CURES, INTEGRATIONS
from pipelines_client.state.layout import StateDir

MAX_ADOPTED = 8
"""Spools of dead processes that are drained at a time: each takes threads, files and connections."""
_KEY_BYTES = 32
_CREATION_ATTEMPTS = 3
_LEDGER_CURE = "restore identity.key, or remove it and lose the join by identity"


class LaneOpener:
    """Opens lanes as the settings ask. `state` is None while everything is in memory."""

    def __init__(
        self,
        settings: Settings,
        destinations: Sequence[Destination],
        stages: StageWatch,
        *,
        hooks: Hooks | None = None,
        oauth: TokenSource | None = None,
    ) -> None:
        self._settings = settings
        self._destinations = {destination.name: destination for destination in destinations}
        self._stages = stages
        self._hooks = hooks or Hooks()
        self._oauth = oauth
        self._show = ShownIdentity(settings.ledger_identity == "plain")
        self.keeps_facts = True
        """Whether a ledger or a hook needs what is known of a message, its `stamp`."""
        self.state = self._wanted = StateDir(settings.state_dir, is_held=True) if settings.spool == "disk" else None
        self._foreign: set[str] = set()
        self.leased_until = 0.0
        """Unix seconds at which the first spool that `adopt_dead` left for later may be sent; 0: none was left."""
        self._is_old_at = 0.0
        """Unix seconds from which this process sends what two others died with; 0: at once, which is for `drain`."""

    def open_own(self) -> Lane:
        """Open a lane in the state directory; in memory, with an error in the log, if that cannot be written."""
        self._is_old_at = utc_now().timestamp() + self._settings.answer_timeout_s
        self._load_ledger_key()
        if self.state is not None:
            try:
                return self._lane(self._new_spool(self.state), self._destinations)
            except (OSError, PipelinesError) as error:
                let_through(error)
                self.state = None
                logger().error(
                    "spool_in_memory",
                    error=str(error) if isinstance(error, SpoolError) else _reason(error),
                    cure="set PIPELINES_STATE_DIR to a local folder that this user may write",
                    until_then="a kill loses what waits, and no ledger is kept",
                )
        self._show.key = self._show.key or secrets.token_bytes(_KEY_BYTES)
        self.keeps_facts = self._hooks.wants_records  # no ledger needs them
        return self._lane(Spool(None, legs=self._fingerprints, writer=_writer_name()), self._destinations)

    def open_again(self) -> Lane | None:
        """Open a lane on disk after that was not possible; None if it still is not, or is not wanted."""
        if self._wanted is None:
            return None
        in_memory = self._show.key
        if self._settings.ledger_key is None:
            self._show.key = b""  # one made for memory must not reach the ledger
        try:
            spool = self._new_spool(self._wanted)
        except (OSError, PipelinesError) as error:
            let_through(error)
            self._show.key = in_memory
            return None
        self.state, self.keeps_facts = self._wanted, True
        logger().warning("spool_on_disk_again", state_dir=str(self.state.place))
        return self._lane(spool, self._destinations)

    def _new_spool(self, state: StateDir) -> Spool:
        """Make a spool in the state directory, under another name while another process looks at it."""
        folder = make_spool_folder(state)
        share = network_type(state.place)
        if share is not None:
            raise SpoolError(f"state_dir is on a network share ({share})")
        self._show.key = self._show.key or _usable_key(state)
        self._keep_settings(state)
        for _ in range(_CREATION_ATTEMPTS):
            writer = _writer_name()
            with contextlib.suppress(SpoolBusyError):
                path = folder / f"{writer}.db"
                return Spool(path, legs=self._fingerprints, writer=writer, folder=lambda: make_spool_folder(state))
        raise SpoolBusyError("another process opens every new spool file")

    def _keep_settings(self, state: StateDir) -> None:
        """Write down what commands need to send in our place; that it fails costs only that."""
        with suppressing(OSError):
            if "segment_integrations" in self._settings.model_fields_set:
                INTEGRATIONS.keep(state.path, self._settings.segment_integrations)
            CURES.keep_change(state.path, self._settings.cures)
            CONSENT.keep_change(state.path, self._settings.consent)

    def _load_ledger_key(self) -> None:
        if self._settings.ledger_key is not None:
            self._show.key = parse_identity_key(self._settings.ledger_key.get_secret_value())

    def _load_key(self) -> None:
        """Read the key of the identity hash, also where no spool was opened first: `drain`, `replay`."""
        self._load_ledger_key()
        if self.state is not None:
            self._show.key = self._show.key or _usable_key(self.state)

    def lane_for(self, spool: Spool) -> Lane:
        """Return a lane around an open spool, apart from those that are adopted."""
        self._load_key()
        return self._lane(spool, {leg: self._destinations[leg] for leg in spool.legs if leg in self._destinations})

    def adopt_dead(self, *, held: Iterable[Lane], most: int = sys.maxsize, any_key: bool = False) -> list[Lane]:
        """Take over the spools of dead writers that go where ours goes; each gets its senders, which drain it.

        Args:
            held: Lanes that are open here already.
            most: How many to take; if as many are returned, there may be more.
            any_key: Take also what was meant for another key or host.
        """
        if self.state is None:
            return []
        self._load_key()
        held_names = {lane.spool.path.name for lane in held if lane.spool.path is not None}
        self.leased_until = 0.0
        adopted: list[Lane] = []
        for path in spools_in(self.state.spool):
            if len(adopted) >= most:
                break
            spool = (
                open_dead(path) if path.name not in held_names and self._may_be_ours(path, any_key=any_key) else None
            )
            if spool is None:
                continue
            legs = self._legs_to_serve(spool, any_key=any_key)
            leased = max((self._not_before(spool.standing.cursors[leg]) for leg in legs), default=0.0)
            if leased > utc_now().timestamp():
                self.leased_until = min(self.leased_until or leased, leased)
                spool.close()
            elif spool.is_settled or any(spool.pending(leg) for leg in legs):
                adopted.append(self._lane(spool, legs, lease_s=self._settings.answer_timeout_s))
            else:
                spool.close()
                self._say_foreign(path, spool, any_key=any_key)
        sweep(self.state.spool)
        for lane in adopted:
            lane.start()
            lane.retire()
        return adopted

    def _not_before(self, cursor: Cursor) -> float:
        """Return when a leg's messages may be sent again: after the lease; in doubt, not by a process that is young."""
        return max(cursor.leased_until, self._is_old_at if cursor.is_in_doubt else 0.0)

    def _may_be_ours(self, path: Path, *, any_key: bool) -> bool:
        """Return whether a spool should be opened, from its file of cursors alone: opening it reads its log."""
        try:
            standing = read_standing(path)
        except (OSError, PipelinesError) as error:
            let_through(error)
            return True  # opening it says what is wrong
        if standing.is_settled or self._legs_to_serve(standing, any_key=any_key):
            return True
        self._say_foreign(path, standing, any_key=any_key)
        return False

    def _say_foreign(self, path: Path, spool: Spool | Standing, *, any_key: bool) -> None:
        """Log once that a spool waits for another key."""
        if path.name in self._foreign or self._legs_to_serve(spool, any_key=any_key, also_off=True):
            return  # said, or its legs are switched off, and `status` says so
        self._foreign.add(path.name)
        waiting = max(spool.pending(leg) for leg in spool.legs)
        logger().warning("spool_waits_for_its_key", pending=waiting, cure="pipelines-client drain --to-current")

    def _legs_to_serve(
        self, spool: Spool | Standing, *, any_key: bool, also_off: bool = False
    ) -> dict[str, Destination]:
        """Return the legs of a dead writer's spool that we deliver, unless they are switched off.

        These are the legs that were taken for our host and key; with `any_key`, all that we have a key for.
        """
        ours = self._fingerprints
        same = {leg for leg, mark in spool.legs.items() if leg in ours and (any_key or ours[leg] == mark)}
        plan = self._stages.plan()
        served = (leg for leg in sorted(same) if also_off or plan.switch_of(leg) is not Switch.OFF)
        return {leg: self._destinations[leg] for leg in served}

    def stamp(self, message: Message, stage: str) -> bytes:
        """Return what the log keeps of a message for the ledger; empty if no ledger and no hook needs it."""
        return stamp_of(message, stage=stage) if self.keeps_facts else b""

    def _lane(self, spool: Spool, destinations: Mapping[str, Destination], *, lease_s: float = 0.0) -> Lane:
        if self.keeps_facts:
            load_native()  # here, and not in a sender's thread: a fork may come beside that
        context = LaneContext(
            state=self.state,
            stages=self._stages,
            pace=self._pace,
            show=self._show,
            make_http=self._http,
            oauth=self._oauth,
            hooks=self._hooks,
        )
        return Lane(spool, destinations, context, lease_s=lease_s)

    def _http(self, destination: Destination) -> Http:
        settings = self._settings
        return Http(
            destination.url,
            timeout_s=settings.answer_timeout_s,
            connect_timeout_s=settings.connect_timeout_s,
            gzip=settings.gzip,
            proxies=settings.proxies,
            ca_bundle=str(settings.ca_bundle) if settings.ca_bundle else None,
        )

    @property
    def _pace(self) -> Pace:
        settings = self._settings
        return Pace(
            upload_interval_s=settings.upload_interval,
            max_pending_bytes=settings.spool_max_bytes,
            max_pending_count=settings.max_queue_size,
            pause_s=settings.pause_s,
            unhealthy_after_s=settings.unhealthy_after_s,
            backoff=Backoff(settings.retry_base_s, settings.retry_cap_s),
            drops_oldest=settings.on_full == "drop_oldest",
        )

    @property
    def _fingerprints(self) -> dict[str, str]:
        return {leg: destination.fingerprint for leg, destination in self._destinations.items()}


def make_folders(state: StateDir) -> None:
    """Create the folders of a state directory, for their owner only.

    Raises:
        OSError: They cannot be written.
    """
    for folder in (state.path, state.spool, state.ledger, state.dead_letters, state.run):
        make_folder(folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"{folder} cannot be written")


def make_spool_folder(state: StateDir) -> Path:
    """Return the folder of the spools, made if it is missing: all that a call needs.

    Raises:
        OSError: It cannot be made or written.
    """
    folder = state.made(state.spool)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError("the spool folder cannot be written")
    return folder


def _usable_key(state: StateDir) -> bytes:
    """Return the key of the identity hash; empty if it cannot be read: that costs only the identities in the ledger."""
    try:
        return ensure_identity_key(state.path)
    except (OSError, LedgerError) as error:
        let_through(error)
        logger().error("identity_key_unreadable", error=type(error).__name__, cure=_LEDGER_CURE)
        return b""


def _writer_name() -> str:
    host = socket.gethostname().split(".")[0][:40] or "host"
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"


def _reason(error: Exception) -> str:
    """Return the system's words, which have no path, or what kind of error it is."""
    return getattr(error, "strerror", None) or type(error).__name__
