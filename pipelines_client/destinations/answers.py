"""Read the error text and the requested wait from an API's answer. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

_MAX_WORDS = 300
_MAX_WORDS_DEPTH = 16  # the APIs' error objects have four levels
_MAX_RETRY_AFTER_S = 86_400.0  # a server whose clock is wrong by centuries must not stop a leg for good


def read_words(body: bytes) -> str:
    """Return an API's error text, shortened, from any of the forms it is known to use (FACTS C4)."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = body.decode("utf-8", "replace")
    words = "; ".join(_words(answer))
    return "".join(c if c.isprintable() else " " for c in words).strip()[:_MAX_WORDS]


def _words(answer: Any, depth: int = 0) -> list[str]:
    if isinstance(answer, str):
        return [answer]
    if depth > _MAX_WORDS_DEPTH:
        return []
    if isinstance(answer, list):
        return [word for item in answer for word in _words(item, depth + 1)]
    if not isinstance(answer, dict):
        return []
    for name in ("meta", "errors", "error", "detail", "message"):
        if answer.get(name):
            return _words(answer[name], depth + 1)
    return []


def read_retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds that an answer asks to wait, at most a day; None if it does not ask.

    `Retry-After` comes first, as seconds or as a date; then `X-RateLimit-Reset` (FACTS S4).
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    for name in ("retry-after", "x-ratelimit-reset"):
        text = lowered.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
            return min(float(text), _MAX_RETRY_AFTER_S)
        if text and name == "retry-after":
            try:
                at = parsedate_to_datetime(text)
            except (ValueError, TypeError, LookupError, OverflowError):  # the parser raises any of these
                continue
            aware = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
            return min(max(0.0, (aware - now).total_seconds()), _MAX_RETRY_AFTER_S)
    return None
