"""What all lanes of a pipeline and their senders share: how to send, and whom to call meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipelines_client.delivery.sending.fates import Delivery
from pipelines_client.delivery.sending.http import Http
from pipelines_client.delivery.sending.pace import Pace
from pipelines_client.delivery.sending.tokens import TokenSource
from pipelines_client.delivery.spool.entry import ShowIdentity
from pipelines_client.destinations.base import Destination
from pipelines_client.routing.watch import StageWatch
from pipelines_client.state.layout import StateDir


@dataclass(frozen=True, slots=True)
class Hooks:
    """What senders call. The default does nothing.

    Attributes:
        on_delivery: Called when the ledger has the fate of some messages, before the cursor moves past them.
        on_progress: Called after a cursor has moved.
        on_tick: Called about once a second while there is something to do, and every ten seconds otherwise.
        wants_records: Whether `on_delivery` reads records. They are then kept even without a ledger.
    """

    on_delivery: Callable[[Delivery], object] = lambda _: None
    on_progress: Callable[[], object] = lambda: None
    on_tick: Callable[[], object] = lambda: None
    wants_records: bool = False


@dataclass(frozen=True, slots=True)
class LaneContext:
    """What a lane and its senders work with.

    Attributes:
        state: Where ledger, dead letters and run file are; None: everything is in memory.
        stages: Which legs are on, and which one counts.
        pace: How eager a sender is.
        show: Turns an identity into what the ledger shows.
        make_http: Opens the connection to a destination.
        oauth: Where the tokens of a destination that takes them come from.
        hooks: What to call.
    """

    state: StateDir | None
    stages: StageWatch
    pace: Pace
    show: ShowIdentity
    make_http: Callable[[Destination], Http]
    oauth: TokenSource | None
    hooks: Hooks
