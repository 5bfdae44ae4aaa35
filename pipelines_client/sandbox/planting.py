"""Decides which requests fail and which messages change; the same seed gives the same faults. No I/O."""

from __future__ import annotations

from hashlib import blake2b
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pipelines_client.sandbox.model import Answer, Body, Planted

if TYPE_CHECKING:
    from pipelines_client.sandbox.faults import MessageFault
    from pipelines_client.sandbox.scenario import ApiScenario, Outage


def lot(*names: object) -> float:
    """Return a number from 0 up to 1 that depends on the names only."""
    text = "\x1f".join(str(name) for name in names)
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big") / 2**64


class RequestFaults:
    """Decides whether a request fails and how long its answer takes, by its number and age."""

    def __init__(self, api: str, scenario: ApiScenario, seed: int) -> None:
        self._api = api
        self._scenario = scenario
        self._seed = seed

    def answer(self, number: int, elapsed_s: float) -> Answer | None:
        """Return the planned answer to request `number` (from 0), `elapsed_s` after the first; None if it has none."""
        scenario = self._scenario
        if scenario.outage is not None and _is_out(scenario.outage, number, elapsed_s):
            return self._answer(scenario.outage.answer)
        drawn = lot(self._seed, self._api, "request", number)
        for name, share in scenario.shares.items():
            if drawn < share:
                return self._answer(int(name) if name.isdigit() else name)
            drawn -= share
        return None

    def delay_s(self, number: int) -> float:
        """Return the delay of the answer to request `number`."""
        jitter = self._scenario.jitter_ms * lot(self._seed, self._api, "jitter", number)
        return (self._scenario.latency_ms + jitter) / 1000

    def _answer(self, status: Any) -> Answer:
        headers = {}
        if status == HTTPStatus.TOO_MANY_REQUESTS and self._scenario.retry_after_s is not None:
            headers = {"Retry-After": str(self._scenario.retry_after_s)}
        return Answer(status, headers=headers, accept=self._scenario.accepts_failed)


class StorageFaults:
    """Decides what an API stores of an accepted message, and records the faults it plants.

    A repeated message gets the same fault as the first time, so that a retry does not undo it; another message with
    its id gets the fault if it fits. Not thread-safe.
    """

    def __init__(self, api: str, scenario: ApiScenario, seed: int) -> None:
        self.planted: list[Planted] = []
        self._api = api
        self._seed = seed
        self._faults: list[MessageFault] = scenario.on_messages
        self._matches = [0] * len(self._faults)
        self._hits = [0] * len(self._faults)
        self._decided: dict[str, int | None] = {}

    def apply(self, message_id: str, message: Body) -> tuple[Body, ...]:
        """Return what is stored of a message: nothing, the message once or twice, or a changed one."""
        if not self._faults:
            return (message,)
        is_new = message_id not in self._decided
        if is_new:
            self._decided[message_id] = self._choose(message_id, message)
        chosen = self._decided[message_id]
        if chosen is None or not self._faults[chosen].fits(message_id, message):
            return (message,)
        stored, detail = self._faults[chosen].plant(message)
        if is_new:
            self.planted.append(Planted(self._api, self._faults[chosen].name, message_id, detail))
        return stored

    def _choose(self, message_id: str, message: Body) -> int | None:
        for index, fault in enumerate(self._faults):
            if not fault.fits(message_id, message):
                continue
            if fault.limit is not None and self._hits[index] >= fault.limit:
                continue
            self._matches[index] += 1
            if fault.every is not None and self._matches[index] % fault.every:
                continue
            if fault.share is not None and lot(self._seed, self._api, index, message_id) >= fault.share:
                continue
            self._hits[index] += 1
            return index
        return None


def _is_out(outage: Outage, number: int, elapsed_s: float) -> bool:
    if outage.after_s is not None and outage.for_s is not None:
        return outage.after_s <= elapsed_s < outage.after_s + outage.for_s
    start, length = outage.after_requests or 0, outage.for_requests or 0
    return start <= number < start + length
