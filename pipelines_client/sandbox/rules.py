"""The rules of each API: the status it answers, the messages it keeps, the messages it silently loses. Pure.

`judge_customerio` and `judge_segment` apply a vendor's rules to a request; the rest is shared. Messages lost behind a
200 are counted by reason, because the sender does not learn of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines_client.sandbox.auth import KeyStanding
from pipelines_client.sandbox.model import CALL_TYPES, Body, RequestLimits, size_of

BadItem = Literal["batch", "item", "207"]

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

_WITHOUT_PERSON = frozenset({"Report Delivery Event", "Report Content Event"})
_NEEDED = {
    "track": ("event", "no_event"),
    "group": ("groupId", "no_group_id"),
    "alias": ("previousId", "no_previous_id"),
}
_IDS = ("messageId", "userId", "anonymousId", "groupId", "previousId")
_MAX_SEGMENT_ID_CHARS = 99  # FACTS S3, S6

_WORDS = {
    "no_key": "missing write key",
    "wrong_key": "invalid write key",
    "malformed": "malformed JSON",
    "body_too_large": "request body too large",
    "too_large": "message too large",
    "too_deep": "message nested too deep",
    "not_an_object": "message must be an object",
    "unknown_type": "type must be one of identify, track, page, screen, group, alias",
    "no_id": "userId or anonymousId is required",
    "no_event": "event is required",
    "no_group_id": "groupId is required",
    "no_previous_id": "previousId and userId are required",
}
_FIELDS = {
    "unknown_type": "type",
    "no_id": "userId",
    "no_event": "event",
    "no_group_id": "groupId",
    "no_previous_id": "previousId",
}


@dataclass(frozen=True, slots=True)
class Submission:
    """One request as the rules see it.

    Attributes:
        call: `batch`, a call type or `metrics`.
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
        if self.call == "metrics":  # what a browser client tells about itself (FACTS C1)
            return []
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
        errors: The error messages of an answer other than 200; for a 207 an object for each message that is not kept.
    """

    status: int = 200
    kept: list[Body] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    errors: list[Any] = field(default_factory=list)


def judge_customerio(submission: Submission, limits: RequestLimits, bad_item: BadItem = "batch") -> Ruling:
    """Apply Customer.io's rules. Permissive: 200, and bad messages are dropped. Strict: 400 or 401 (FACTS C3).

    Args:
        submission: The request.
        limits: The largest request that the API accepts.
        bad_item: What strict mode does about one bad message of a batch (FACTS C5, not documented). It refuses the
            whole `batch`; or only that `item`, and keeps the rest although it answers 400; or it answers `207` with
            `errors[].batch_index`, and keeps the rest.
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
    faults = [_segment_fault(item, limits) for item in items or ()]
    refusals = {
        "malformed": submission.body is None,
        "body_too_large": submission.body_bytes > limits.body_bytes,
        "too_large": "too_large" in faults,
    }
    for reason, is_refused in refusals.items():
        if is_refused:
            return Ruling(400, errors=[_WORDS[reason]])
    count = 1 if items is None else len(items)
    if submission.key is not KeyStanding.RIGHT:
        return Ruling(lost=Counter({submission.key.value: count}))
    if items is None:
        return Ruling(lost=Counter({"malformed": count}))
    if limits.items is not None and count > limits.items:
        return Ruling(lost=Counter({"too_many_items": count}))
    return _sift(items, faults)


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
    faults = [_customerio_fault(item, limits) for item in items]
    ruling = _sift(items, faults)
    if not (ruling.lost and submission.is_strict):
        return ruling
    bad = [(index, reason) for index, reason in enumerate(faults) if reason is not None]
    if submission.call != "batch":
        return Ruling(400, errors=[_WORDS[reason] for _, reason in bad])
    if bad_item == "207":
        return Ruling(207, ruling.kept, errors=[_bad_item(index, reason) for index, reason in bad])
    errors = [f"batch[{index}]: {_WORDS[reason]}" for index, reason in bad]
    return Ruling(400, ruling.kept if bad_item == "item" else [], errors=errors)


def _sift(items: list[Any], faults: list[str | None]) -> Ruling:
    kept = [item for item, reason in zip(items, faults, strict=True) if reason is None]
    return Ruling(kept=kept, lost=Counter(reason for reason in faults if reason is not None))


def _bad_item(index: int, reason: str) -> Body:
    """Return an error as Customer.io's Track API names it (FACTS C4)."""
    kind = "required" if reason.startswith("no_") else "invalid"
    return {"batch_index": index, "reason": kind, "field": _FIELDS.get(reason, ""), "message": _WORDS[reason]}


def _refuse(submission: Submission, status: int, reason: str, count: int) -> Ruling:
    if submission.is_strict:
        return Ruling(status, errors=[_WORDS[reason]])
    return Ruling(lost=Counter({reason: count}))


def _fault(item: Any, limits: RequestLimits) -> str | None:
    """Return what is wrong with a message at both APIs, or None."""
    size = size_of(item)
    if size is None:
        return "too_deep"
    if size > limits.call_bytes:
        return "too_large"
    if not isinstance(item, dict):
        return "not_an_object"
    kind = item.get("type")
    if kind not in CALL_TYPES:
        return "unknown_type"
    name, reason = _NEEDED.get(kind, ("type", ""))
    return None if _has(item, name) else reason


def _customerio_fault(item: Any, limits: RequestLimits) -> str | None:
    fault = _fault(item, limits)
    if fault is not None:
        return fault
    if item["type"] == "track" and not (isinstance(item["event"], str) and item["event"].strip()):
        return "no_event"
    if item["type"] == "alias" and not _has(item, "userId"):
        return "no_previous_id"
    return None if _has_person(item) else "no_id"


def _has_person(item: Body) -> bool:
    """Return whether a message names a person, or what its type allows instead (FACTS C10, C12)."""
    kind, traits = item["type"], item.get("traits")
    if kind == "group" or _has(item, "userId") or _has(item, "anonymousId"):
        return True
    if kind == "track":
        return _has(item, "groupId") or item["event"].strip() in _WITHOUT_PERSON
    return kind == "identify" and isinstance(traits, dict) and bool(traits.get("email"))


def _segment_fault(item: Any, limits: RequestLimits) -> str | None:
    fault = _fault(item, limits)
    if fault is not None:
        return fault
    if not (_has(item, "userId") or _has(item, "anonymousId")):
        return "no_user_anon_id"
    ids = [item[name] for name in _IDS if isinstance(item.get(name), str)]
    return "id_too_long" if any(len(text) > _MAX_SEGMENT_ID_CHARS for text in ids) else None


def _has(item: Body, name: str) -> bool:
    value = item.get(name)
    return value is not None and value != "" and not isinstance(value, (dict, list, bool))


def _merge(under: Body, over: Body) -> Body:
    merged = {**under, **over}
    for name, value in over.items():
        below = under.get(name)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[name] = _merge(below, value)
    return merged
