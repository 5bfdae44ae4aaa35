"""The options of a replay or a backfill. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines_client.errors import SourceError
from pipelines_client.history.messages import HORIZON_DAYS
from pipelines_client.history.summary import Refusal


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options of both commands.

    Attributes:
        rate: Most messages a second; None for as many as the API accepts.
        where: Conditions that all must hold, such as `event=Order Completed` (`parse_where`).
        since: Aware; send only what happened at this time or later.
        until: Aware; send only what happened before this time.
        horizon_days: How many days ago a message may have happened at most (FACTS C16).
        allow_commands: Reserved names that may reach Customer.io, added to those of the settings (FACTS C12).
        is_dry_run: Choose and count, and send nothing.
        again: Also send what was accepted according to the ledger.
        skip_stale: Leave out identify calls that are older than one of the same person that was accepted.
        to_current: Of dead letters and a ledger, also send what was taken for another host or key.
        resend_unknown: Send although the ledger cannot be read whole, so that messages may arrive twice.
        may_widen: Also send to Segment what is in no ledger, out of Customer.io's files, which lack `integrations`.
        patience_s: Seconds without success after which the run stops.
        on_refused: Called with each message that is not sent.
        on_progress: Called with the phase (`read` in bytes, then `send` in messages), the count, and the
            total if it is known.
    """

    rate: float | None = None
    where: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    horizon_days: float = HORIZON_DAYS
    allow_commands: Collection[str] = frozenset()
    is_dry_run: bool = False
    again: bool = False
    skip_stale: bool = False
    to_current: bool = False
    resend_unknown: bool = False
    may_widen: bool = False
    patience_s: float = 600.0
    on_refused: Callable[[Refusal], object] = lambda _: None
    on_progress: Callable[[str, int, int | None], object] = lambda *_: None

    def __post_init__(self) -> None:
        """Refuse what is not a number: no comparison with it holds.

        Raises:
            SourceError: A number is not one, or is negative.
        """
        for name in ("rate", "horizon_days", "patience_s"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise SourceError(f"{name} must be a number, 0 or more")
