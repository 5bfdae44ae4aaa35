"""Tell the application's `on_delivery` and `on_error` what became of its messages."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from segment.analytics.request import APIError

from pipelines_client.destinations.base import ApiAnswer, Decision
from pipelines_client.sides import TITLES
from pipelines_client.state.ledger import DeliveryRecord, Outcome

if TYPE_CHECKING:
    from pipelines_client.client.calls import CallDict
    from pipelines_client.delivery.callbacks import Callbacks
    from pipelines_client.delivery.sending.fates import Delivery
    from pipelines_client.routing.watch import StageWatch

BeforeSend = Callable[[dict[str, Any]], dict[str, Any] | None]
"""Receives each message and returns the one to send; None drops it."""
OnError = Callable[[Exception, list[dict[str, Any]]], object]
"""Receives the error and the messages of a batch that a leg did not deliver."""
OnDelivery = Callable[[Sequence[DeliveryRecord]], object]
"""Receives the final fate of messages on both legs."""


class LegError(APIError):  # type: ignore[misc]  # upstream is untyped
    """Upstream's `APIError` with `leg`, the side that it came from; `code` and `message` are the API's."""

    def __init__(self, leg: str, answer: ApiAnswer | None) -> None:
        answer = answer or ApiAnswer(Decision.SPLIT, "dropped", 0, "given up before it was sent")
        super().__init__(answer.status, answer.code or answer.reason, answer.words)
        self.leg = leg

    def __str__(self) -> str:
        return f"[{TITLES.get(self.leg, self.leg)}] {self.code}: {self.message} ({self.status})"


class Teller:
    """The hooks of one client. Holds no reference to the client, so that the client can be deleted."""

    def __init__(self, stages: StageWatch, *, on_error: OnError | None, on_delivery: OnDelivery | None) -> None:
        self.on_error = on_error
        self._on_delivery = on_delivery
        self._stages = stages
        self._failed: dict[str, tuple[ApiAnswer | None, list[CallDict]]] = {}

    @property
    def wants_records(self) -> bool:
        """Whether records are needed beside the ledger."""
        return self._on_delivery is not None

    def tell(self, delivery: Delivery, callbacks: Callbacks) -> None:
        """Run the hooks in their thread: `on_delivery` for each delivery, `on_error` once for each batch."""
        if self._on_delivery is not None and delivery.entries:
            records = [record for record, _ in delivery.records(*Outcome)]
            callbacks.run(functools.partial(self._on_delivery, records))
        if self.on_error is None:
            return
        leg = delivery.leg
        # The other leg gives up its oldest messages by design; a refusal concerns the application on either leg.
        counts = leg == self._stages.plan().authoritative
        outcomes = (Outcome.REJECTED, Outcome.DROPPED) if counts else (Outcome.REJECTED,)
        calls = [orjson.loads(body) for body in delivery.bodies(*outcomes)]
        if calls:
            self._failed.setdefault(leg, (delivery.answer, []))[1].extend(calls)
        if delivery.is_batch_done and leg in self._failed:
            answer, failed = self._failed.pop(leg)
            callbacks.run(functools.partial(self.on_error, LegError(leg, answer), failed))
