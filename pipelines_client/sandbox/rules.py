"""The rules of each API: the status it answers, the messages it keeps, the messages it silently loses. Pure.

`judge_customerio` and `judge_segment` apply a vendor's rules to a request; the rest is shared. Messages lost behind a
200 are counted by reason, because the sender does not learn of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from pipelines_client.sandbox.auth import KeyStanding
from pipelines_client.sandbox.model import CALL_TYPES, Body, RequestLimits

BadItem = Literal["batch", "item"]

RESERVED_EVENTS = frozenset(
    {
        "User Deleted",
        "User Suppressed",
        "User Unsuppressed",
        "Device Created or Updated",
        "Device Deleted",
        "Relationship Deleted",
        "Object Deleted",
        "Report Delivery Event",
        "Report Content Event",
        "Delete Person",
    },
)
"""Event names that Customer.io takes as commands (FACTS C12)."""

_WORDS = {
    "no_key": "missing write key",
    "wrong_key": "invalid write key",
    "malformed": "malformed JSON",
    "body_too_large": "request body too large",
    "too_large": "message too large",
    "not_an_object": "message must be an object",
    "unknown_type": "type must be one of identify, track, page, screen, group, alias",
    "no_id": "userId or anonymousId is required",
    "no_event": "event is required",
    "no_group_id": "groupId is required",
    "no_previous_id": "previousId and userId are required",
}


@dataclass(frozen=True, slots=True)
class Submission:
    """One request as the rules see it.

    Attributes:
        call: `batch` or a call type.
        body: The parsed body; None if it is not JSON.
        body_bytes: The size of the body without compression.
        key: The judgement of its key.
        is_strict: Whether it has the header `X-Strict-Mode: 1`.
    """

    call: str
    body: Any
    body_bytes: int
    key: KeyStanding
    is_strict: bool = False

    @property
    def items(self) -> list[Any] | None:
        """The messages of the request; None if its body cannot hold any."""
        if not isinstance(self.body, dict):
            return None
        if self.call != "batch":
            return [{**self.body, "type": self.call}]
        batch = self.body.get("batch")
        return batch if isinstance(batch, list) else None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an API does with a request.

    Attributes:
        status: The status of the answer.
        kept: The messages it keeps, as received.
        lost: The messages it loses behind a 200, by reason. An unreadable body counts once.
        errors: The error messages of an answer other than 200.
    """

    status: int = 200
    kept: list[Body] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


def judge_customerio(submission: Submission, limits: RequestLimits, bad_item: BadItem = "batch") -> Ruling:
    """Apply Customer.io's rules. Permissive: 200, and bad messages are dropped. Strict: 400 or 401 (FACTS C3).

    Args:
        submission: The request.
        limits: The largest request that the API accepts.
        bad_item: What strict mode refuses for one bad message of a batch (FACTS C5, not documented): the whole
            `batch`, or only that `item`, and keeps the rest although it answers 400.
    """
    items = submission.items
    count = 1 if items is None else len(items)
    if submission.key is KeyStanding.OTHER_REGION:
        return Ruling(lost=Counter({submission.key.value: count}))  # 200 in strict mode too (FACTS C8)
    if submission.key is not KeyStanding.RIGHT:
        return _refuse(submission, 401, submission.key.value, count)
    if submission.body_bytes > limits.body_bytes:
        return _refuse(submission, 400, "body_too_large", count)
    if items is None:
        return _refuse(submission, 400, "malformed", count)
    return _judge_items(submission, items, limits, bad_item)


def judge_segment(submission: Submission, limits: RequestLimits, _bad_item: BadItem = "batch") -> Ruling:
    """Apply Segment's rules: 400 only for size and invalid JSON; other faults are lost behind a 200 (FACTS S1, S3)."""
    items = submission.items
    refusal = _segment_refusal(submission, limits)
    if refusal is not None:
        return Ruling(400, errors=[_WORDS[refusal]])
    count = 1 if items is None else len(items)
    if submission.key is not KeyStanding.RIGHT:
        return Ruling(lost=Counter({submission.key.value: count}))
    if items is None:
        return Ruling(lost=Counter({"malformed": count}))
    if limits.items is not None and count > limits.items:
        return Ruling(lost=Counter({"too_many_items": count}))
    return _sift_for_segment(items)


def merge_defaults(message: Body, top: Body) -> Body:
    """Return the message with the batch's `context` and `integrations` as defaults (FACTS C9, S5)."""
    merged = message
    for name in ("context", "integrations"):
        defaults = top.get(name)
        if isinstance(defaults, dict) and defaults:
            own = message.get(name)
            merged = {**merged, name: _merge(defaults, own) if isinstance(own, dict) else defaults}
    return merged


def _judge_items(submission: Submission, items: list[Any], limits: RequestLimits, bad_item: BadItem) -> Ruling:
    ruling = Ruling()
    is_measured = submission.body_bytes > limits.call_bytes
    for index, item in enumerate(items):
        reason = "too_large" if is_measured and _size(item) > limits.call_bytes else _customerio_fault(item)
        if reason is None:
            ruling.kept.append(item)
        elif submission.is_strict:
            place = f"batch[{index}]: " if submission.call == "batch" else ""
            ruling.errors.append(place + _WORDS[reason])
        else:
            ruling.lost[reason] += 1
    if not ruling.errors:
        return ruling
    return Ruling(400, ruling.kept if bad_item == "item" else [], Counter(), ruling.errors)


def _refuse(submission: Submission, status: int, reason: str, count: int) -> Ruling:
    if submission.is_strict:
        return Ruling(status, errors=[_WORDS[reason]])
    return Ruling(lost=Counter({reason: count}))


def _customerio_fault(item: Any) -> str | None:
    """Return the fault of a message, or None (FACTS C10)."""
    if not isinstance(item, dict):
        return "not_an_object"
    kind = item.get("type")
    if kind not in CALL_TYPES:
        return "unknown_type"
    if kind == "group":
        return None if _has(item, "groupId") else "no_group_id"
    if kind == "alias":
        return None if _has(item, "previousId") and _has(item, "userId") else "no_previous_id"
    if kind == "track" and not (isinstance(item.get("event"), str) and item["event"].strip()):
        return "no_event"
    return None if _has_person(item, kind) else "no_id"


def _has_person(item: Body, kind: str) -> bool:
    """Return whether a message names a person, or what its type allows instead."""
    if _has(item, "userId") or _has(item, "anonymousId"):
        return True
    if kind == "track":
        return _has(item, "groupId")
    traits = item.get("traits")
    return kind == "identify" and isinstance(traits, dict) and bool(traits.get("email"))


def _segment_refusal(submission: Submission, limits: RequestLimits) -> str | None:
    if submission.body is None:
        return "malformed"
    if submission.body_bytes > limits.body_bytes:
        return "body_too_large"
    is_measured = submission.body_bytes > limits.call_bytes
    if is_measured and any(_size(item) > limits.call_bytes for item in submission.items or ()):
        return "too_large"
    return None


def _sift_for_segment(items: list[Any]) -> Ruling:
    ruling = Ruling()
    for item in items:
        reason = _segment_fault(item)
        if reason is None:
            ruling.kept.append(item)
        else:
            ruling.lost[reason] += 1
    return ruling


def _segment_fault(item: Any) -> str | None:
    if not isinstance(item, dict):
        return "not_an_object"
    if item.get("type") not in CALL_TYPES:
        return "unknown_type"
    return None if _has(item, "userId") or _has(item, "anonymousId") else "no_user_anon_id"


def _has(item: Body, name: str) -> bool:
    value = item.get(name)
    return value is not None and value != "" and not isinstance(value, (dict, list, bool))


def _size(item: Any) -> int:
    return len(orjson.dumps(item))


def _merge(under: Body, over: Body) -> Body:
    merged = {**under, **over}
    for name, value in over.items():
        below = under.get(name)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[name] = _merge(below, value)
    return merged
