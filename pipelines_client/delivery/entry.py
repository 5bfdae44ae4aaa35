"""A message as the spool keeps it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines_client.ledger import DeliveryRecord, Outcome


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as the spool keeps it. `identity` is as the ledger will show it; `skips` is why, by leg."""

    message_id: str
    type: str
    event: str | None
    identity: str | None
    occurred_at: str
    appended_at: str
    payload_hash: str
    stage: str
    skips: Mapping[str, str]
    body: bytes

    def record(
        self,
        leg: str,
        outcome: Outcome,
        reason: str | None,
        *,
        writer: str,
        finished_at: str,
        http_status: int | None = None,
        attempts: int = 0,
    ) -> DeliveryRecord:
        """Return what the ledger says of this message on one leg."""
        return DeliveryRecord(
            message_id=self.message_id,
            type=self.type,
            event=self.event,
            identity=self.identity,
            occurred_at=self.occurred_at,
            appended_at=self.appended_at,
            finished_at=finished_at,
            leg=leg,
            outcome=outcome,
            reason=reason or None,
            http_status=http_status,
            attempts=attempts,
            body_bytes=len(self.body),
            payload_hash=self.payload_hash,
            stage=self.stage,
            writer=writer,
        )


@dataclass(frozen=True, slots=True)
class SpooledMessage:
    """An entry with its place in the log."""

    seq: int
    entry: Entry
