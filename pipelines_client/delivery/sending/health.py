"""A leg's health: last success, last error, paused or unhealthy. Each change is logged once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from pipelines_client.clock import iso_utc, monotonic_s, utc_now
from pipelines_client.destinations.base import ApiAnswer, Decision
from pipelines_client.log import logger
from pipelines_client.state.runfile import LegReport


@dataclass(slots=True)
class Health:
    """One leg's health. Instants are aware, UTC; how long it has failed is measured with the monotonic clock."""

    leg: str
    unhealthy_after_s: float
    failures: int = 0
    last_success_at: datetime | None = None
    last_error_at: datetime | None = None
    last_error: str | None = None
    failing_since: datetime | None = None
    failing_since_s: float = 0.0
    is_paused: bool = False
    is_unhealthy: bool = False

    @property
    def state(self) -> str:
        """`ok`, `paused` (a key or a host is wrong) or `unhealthy` (no success for long)."""
        return "paused" if self.is_paused else "unhealthy" if self.is_unhealthy else "ok"

    @property
    def failing_for_s(self) -> float:
        """Seconds since the first failure after the last success; 0 while it works."""
        return monotonic_s() - self.failing_since_s if self.failing_since is not None else 0.0

    def succeeded(self) -> None:
        """Note an answer that settles messages."""
        if self.state != "ok":
            logger().warning("leg_recovered", leg=self.leg)
        self.failures = 0
        self.last_success_at = utc_now()
        self.failing_since = None
        self.is_paused = self.is_unhealthy = False

    def failed(self, answer: ApiAnswer, *, pending: int) -> None:
        """Note an answer that settles nothing."""
        self.failures += 1
        self.last_error_at, self.last_error = utc_now(), f"{answer.reason} {answer.words}".strip()
        if self.failing_since is None:
            self.failing_since, self.failing_since_s = self.last_error_at, monotonic_s()
        if answer.decision is Decision.PAUSE and not self.is_paused:
            self.is_paused = True
            cure = "check the write key" if answer.status in (401, 403) else "check the host"
            logger().error("leg_paused", leg=self.leg, reason=answer.reason, kept=pending, cure=cure)
        else:
            logger().info("batch_failed", leg=self.leg, reason=answer.reason, attempt=self.failures)

    def check(self, *, pending: int) -> None:
        """Log once that there was no success for too long."""
        if self.failing_since is None or self.is_unhealthy:
            return
        if self.failing_for_s >= self.unhealthy_after_s:
            self.is_unhealthy = True
            logger().error("leg_unhealthy", leg=self.leg, failing_s=round(self.failing_for_s), pending=pending)

    def report(self, counts: LegReport, *, state: str | None) -> LegReport:
        """Return counts with this health; `state` replaces our own."""

        def spell(at: datetime | None) -> str | None:
            return iso_utc(at) if at else None

        return replace(
            counts,
            last_success_at=spell(self.last_success_at),
            last_error_at=spell(self.last_error_at),
            last_error=self.last_error,
            failing_since=spell(self.failing_since),
            state=state or self.state,
        )
