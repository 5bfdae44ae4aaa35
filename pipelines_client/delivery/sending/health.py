"""A leg's health: last success, last error, paused, unhealthy or refusing. Each change is logged once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipelines_client.clock import iso_utc, monotonic_s, utc_now
from pipelines_client.delivery.sending.fates import Fate
from pipelines_client.delivery.sending.refusals import Refusals
from pipelines_client.destinations.base import NO_ANSWER, ApiAnswer, Decision
from pipelines_client.log import logger
from pipelines_client.state.ledger import Outcome
from pipelines_client.state.runfile import LegReport

_REACHED = frozenset({"", "reset"})  # a connection that was kept open and closed by the other end is a daily event
_CURES = {
    "dns": "check the host's name and the DNS",
    "refused": "check the host and its port",
    "certificate": "check the certificate of the host, or set ca_bundle to those that you trust",
    "tls": "check that the host speaks TLS",
    "timeout": "check the network and the firewall",
    "proxy": "check the proxy",
}
_KEY_CURE = "check the write key"
_PAUSE_CURES = {401: _KEY_CURE, 403: _KEY_CURE, 407: "check the proxy's user and password"}
_MAX_SAID = 120


@dataclass(slots=True)
class Health:
    """One leg's health. Instants are aware, UTC; how long it has failed is measured with the monotonic clock."""

    leg: str
    host: str
    unhealthy_after_s: float
    failures: int = 0
    last_success_at: datetime | None = None
    last_error_at: datetime | None = None
    last_error: str | None = None
    failing_since: datetime | None = None
    failing_since_s: float = 0.0
    is_paused: bool = False
    is_unhealthy: bool = False
    is_unreached: bool = False
    refusals: Refusals = field(default_factory=Refusals)

    @property
    def state(self) -> str:
        """`ok`, `paused` (a key or a host is wrong), `unhealthy` (no success for long) or `refusing`."""
        if self.is_paused or self.is_unhealthy:
            return "paused" if self.is_paused else "unhealthy"
        return "refusing" if self.refusals.is_refusing else "ok"

    @property
    def failing_for_s(self) -> float:
        """Seconds since the first failure after the last success; 0 while it works."""
        return monotonic_s() - self.failing_since_s if self.failing_since is not None else 0.0

    def settled(self, fates: Mapping[Fate, int], *, is_batch_done: bool) -> None:
        """Note an answer that settles messages, accepted or refused; say why some were refused, if it is due."""
        before, now_s = self.state, monotonic_s()
        accepted = sum(count for fate, count in fates.items() if fate.outcome is Outcome.ACCEPTED)
        refused = {fate: count for fate, count in fates.items() if fate.outcome is Outcome.REJECTED}
        self.failures = 0
        self.failing_since = None
        self.is_paused = self.is_unhealthy = self.is_unreached = False
        if accepted:
            self.last_success_at = utc_now()
        for fate, count in refused.items():
            self.last_error_at, self.last_error = utc_now(), _spelt(fate.code, fate.reason)
            self.refusals.add(fate.code, fate.reason, count, now_s=now_s)
        self.refusals.note(accepted=accepted, rejected=sum(refused.values()), now_s=now_s)
        if before != "ok" and self.state == "ok":
            logger().warning("leg_recovered", leg=self.leg)
        self._say_refusals(is_batch_done=is_batch_done)

    def _say_refusals(self, *, is_batch_done: bool) -> None:
        """Log each reason once, with the number of messages and the API's first words."""
        for refusal in self.refusals.due(is_batch_done=is_batch_done, now_s=monotonic_s()):
            logger().error(
                "messages_refused",
                leg=self.leg,
                reason=refusal.code,
                count=refusal.count,
                host=self.host,
                words=refusal.words[:_MAX_SAID],
                cure="pipelines-client dead-letters list",
            )

    def failed(self, answer: ApiAnswer, *, pending: int) -> None:
        """Note an answer that settles nothing."""
        self.failures += 1
        self.last_error_at, self.last_error = utc_now(), _spelt(answer.reason, answer.words)
        if self.failing_since is None:
            self.failing_since, self.failing_since_s = self.last_error_at, monotonic_s()
        reason, words = answer.reason, answer.words[:_MAX_SAID]
        if answer.decision is Decision.PAUSE and not self.is_paused:
            self.is_paused = True
            cure = _PAUSE_CURES.get(answer.status or 0, "check the host")
            logger().error(
                "leg_paused", leg=self.leg, reason=reason, host=self.host, words=words, kept=pending, cure=cure
            )
        elif (
            answer.reason == NO_ANSWER and not self.is_unreached and (answer.kind not in _REACHED or self.failures > 1)
        ):
            self.is_unreached = True
            cure = _CURES.get(answer.kind, "check the host")
            logger().warning(
                "host_unreached", leg=self.leg, host=self.host, kind=answer.kind, words=words, kept=pending, cure=cure
            )
        else:
            logger().info("batch_failed", leg=self.leg, reason=reason, host=self.host, attempt=self.failures)

    def check(self, *, pending: int) -> None:
        """Log once that there was no success for too long."""
        if self.failing_since is None or self.is_unhealthy:
            return
        if self.failing_for_s >= self.unhealthy_after_s:
            self.is_unhealthy = True
            logger().error(
                "leg_unhealthy", leg=self.leg, host=self.host, failing_s=round(self.failing_for_s), pending=pending
            )

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


def _spelt(code: str, words: str) -> str:
    return f"{code} {words}".strip() if words != code else code
