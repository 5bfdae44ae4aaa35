"""Decides which requests fail and which messages change; the same seed gives the same faults. No I/O."""

from __future__ import annotations

import copy
from hashlib import blake2b
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pipelines_client.sandbox.model import Answer, Body, Planted, size_of
from pipelines_client.sandbox.scenario import (
    ApiScenario,
    ChangeFault,
    ChangeKind,
    DoubleFault,
    IdentityFault,
    Outage,
    RenameFault,
    Selector,
    SwallowFault,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


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

    A repeated message gets the same fault as the first time, so that a retry does not undo it. Not thread-safe.
    """

    def __init__(self, api: str, scenario: ApiScenario, seed: int) -> None:
        self.planted: list[Planted] = []
        self._api = api
        self._seed = seed
        self._faults: list[Selector] = list(_in_order(scenario))
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
        if chosen is None:
            return (message,)
        kind, stored, detail = _spoil(self._faults[chosen], message)
        if is_new:
            self.planted.append(Planted(self._api, kind, message_id, detail))
        return stored

    def _choose(self, message_id: str, message: Body) -> int | None:
        for index, fault in enumerate(self._faults):
            if not _fits(fault, message_id, message):
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


def change_value(old: Any, kind: ChangeKind, given: Any = None) -> Any:
    """Return a value other than `old`: `given`, a value near it, or the same meaning in another JSON type."""
    if kind == "null":
        return None
    if kind == "type":
        return _other_type(old)
    return given if given is not None and given != old else _near(old)


def _near(old: Any) -> Any:
    if isinstance(old, bool):
        return not old
    if isinstance(old, (int, float)):
        return old + 1
    if isinstance(old, str):
        return f"{old}~"
    return "changed"


def _other_type(old: Any) -> Any:
    if isinstance(old, bool):
        return "true" if old else "false"
    if isinstance(old, (int, float)):
        return str(old)
    if isinstance(old, str):
        try:
            return int(old)
        except ValueError:
            return [old]
    return "" if old is None else str(old)


def _in_order(scenario: ApiScenario) -> Iterator[Selector]:
    for faults in (scenario.swallow, scenario.double, scenario.change, scenario.rename, scenario.identity):
        yield from faults


def _is_out(outage: Outage, number: int, elapsed_s: float) -> bool:
    if outage.after_s is not None and outage.for_s is not None:
        return outage.after_s <= elapsed_s < outage.after_s + outage.for_s
    start, length = outage.after_requests or 0, outage.for_requests or 0
    return start <= number < start + length


def _fits(fault: Selector, message_id: str, message: Body) -> bool:
    if fault.event is not None and message.get("event") != fault.event:
        return False
    if fault.type is not None and message.get("type") != fault.type:
        return False
    if fault.message_ids is not None and message_id not in fault.message_ids:
        return False
    if isinstance(fault, ChangeFault):
        holder, name = _find(message, fault.path)
        if holder is None or name not in holder or (fault.kind == "null" and holder[name] is None):
            return False
        return size_of(_changed(fault, message)) is not None
    if isinstance(fault, IdentityFault):
        return _identity_field(message) is not None
    return True


def _spoil(fault: Selector, message: Body) -> tuple[str, tuple[Body, ...], dict[str, Any]]:
    """Return the kind of a fault, what is stored, and details for `planted.json`."""
    name_of_event = {"event": message["event"]} if isinstance(message.get("event"), str) else {}
    if isinstance(fault, SwallowFault):
        return "swallowed", (), name_of_event
    if isinstance(fault, DoubleFault):
        return "doubled", (message, message), name_of_event
    if isinstance(fault, ChangeFault):
        return "changed", (_changed(fault, message),), {"path": fault.path, "kind": fault.kind, **name_of_event}
    if isinstance(fault, RenameFault):
        return "renamed", ({**message, "event": fault.to},), {"from": fault.event, "to": fault.to}
    if isinstance(fault, IdentityFault):
        field = _identity_field(message) or "userId"
        other = fault.to if fault.to is not None else f"{message[field]}-other"
        return "identity", ({**message, field: other},), {"field": field, **name_of_event}
    raise TypeError(f"unknown fault: {type(fault).__name__}")


def _changed(fault: ChangeFault, message: Body) -> Body:
    changed = copy.deepcopy(message)
    holder, name = _find(changed, fault.path)
    if holder is not None and fault.kind == "missing_key":
        del holder[name]
    elif holder is not None:
        holder[name] = change_value(holder[name], fault.kind, fault.value)
    return changed


def _find(message: Body, path: str) -> tuple[Body | None, str]:
    *parents, name = path.split(".")
    holder: Any = message
    for parent in parents:
        holder = holder.get(parent) if isinstance(holder, dict) else None
    return (holder if isinstance(holder, dict) else None), name


def _identity_field(message: Body) -> str | None:
    return next((field for field in ("userId", "anonymousId", "groupId") if message.get(field)), None)
