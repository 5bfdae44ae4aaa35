"""Read an API's answer: its error text, the messages that it names as failed, the wait that it asks for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

MAX_WORDS = 300
"""Characters of an API's error text that are kept."""
_MAX_READ_WORDS = 2_000  # people and keys are hidden before it is cut
_MAX_WORDS_DEPTH = 16  # the APIs' error objects have four levels
MAX_RETRY_AFTER_S = 3_600.0  # then we ask again anyway: the server's clock may be wrong by centuries
_MAX_DIGITS = 8
_SECONDS = {  # a moment in Unix time, which other APIs have in the second one, is not a wait
    "retry-after": r"[0-9]+(\.[0-9]+)?",
    "x-ratelimit-reset": r"[0-9]{1,9}(\.[0-9]+)?",
}
_CODE = re.compile(r"[\w.-]{1,60}")
_BLANK = b" \t\r\n\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Failures:
    """What a success says against the messages of its request.

    Attributes:
        by_place: Words about each message that was not taken, by its place in the request.
        is_total: It says that nothing was taken, and names no message.
        words: All its words.
    """

    by_place: Mapping[int, str] = field(default_factory=dict)
    is_total: bool = False
    words: str = ""


def read_words(body: bytes) -> str:
    """Return an API's error text from any of the forms it is known to use (FACTS C4), not yet cut to `MAX_WORDS`."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = body.decode("utf-8", "replace")
    return _joined(_words(answer))


def read_code(body: bytes) -> str:
    """Return the code that an API's error has beside its text; empty if it has none."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    code = answer.get("code") if isinstance(answer, dict) else None
    return str(code) if isinstance(code, (str, int)) and _CODE.fullmatch(str(code)) else ""


def read_failures(body: bytes, *, count: int) -> Failures:
    """Return which messages a success names as failed (FACTS C5): `errors[].batch_index`, or `"success": false`.

    A body that cannot be read says nothing: the status came, so the messages were taken.

    Args:
        body: The answer's body.
        count: The messages of the request. An error that names no place is about the only one, if there is one.
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Failures()
    if not isinstance(answer, dict):
        return Failures()
    said: dict[int, list[str]] = {}
    unplaced: list[str] = []
    for error in _errors(answer):
        place = _place(error, count)
        (unplaced if place is None else said.setdefault(place, [])).extend(_words(error) or ["not taken"])
    has_failed = answer.get("success") is False
    if count == 1 and not said and (unplaced or has_failed):
        said[0] = unplaced or _words(answer) or ["success: false"]
    placed = [word for each in said.values() for word in each]
    words = _joined([*dict.fromkeys([*placed, *unplaced])]) or _joined(_words(answer))
    return Failures({place: _joined(each) for place, each in said.items()}, has_failed and not said, words)


def is_web_page(headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether an answer is a page for people, from a gateway or a login, and not the API's."""
    content = body.strip(_BLANK)
    if not content or content.startswith((b"{", b"[")):
        return False
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return content.startswith(b"<") or "html" in kind.lower()


def _errors(answer: dict[str, Any]) -> Iterator[Any]:
    meta = answer.get("meta")
    for holder in (answer, meta if isinstance(meta, dict) else {}):
        for name in ("errors", "error"):
            errors = holder.get(name)
            yield from errors if isinstance(errors, list) else [errors] if errors else []


def _place(error: Any, count: int) -> int | None:
    """Return the place of the message that an error is about; None if it names none that was sent."""
    if not isinstance(error, dict):
        return None
    for name in ("batch_index", "batchIndex", "index"):
        place = error.get(name)
        if isinstance(place, str) and place.isascii() and place.isdigit() and len(place) <= _MAX_DIGITS:
            place = int(place)
        if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < count:
            return place
    return None


def _joined(words: list[str]) -> str:
    return "".join(c if c.isprintable() else " " for c in "; ".join(words)[:_MAX_READ_WORDS]).strip()


def _words(answer: Any, depth: int = 0) -> list[str]:
    if isinstance(answer, str):
        return [answer]
    if depth > _MAX_WORDS_DEPTH:
        return []
    if isinstance(answer, list):
        return [word for item in answer for word in _words(item, depth + 1)]
    if not isinstance(answer, dict):
        return []
    for name in ("meta", "errors", "error", "detail", "message", "reason"):
        if answer.get(name):
            return _words(answer[name], depth + 1)
    return []


def read_retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds that an answer asks to wait, at most an hour; None if it does not ask.

    `Retry-After` comes first, as seconds or as a date; then `X-RateLimit-Reset` (FACTS S4).
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    for name, seconds in _SECONDS.items():
        text = lowered.get(name, "").strip()
        if re.fullmatch(seconds, text):
            return min(float(text), MAX_RETRY_AFTER_S)
        if text and name == "retry-after":
            try:
                at = parsedate_to_datetime(text)
            except (ValueError, TypeError, LookupError, OverflowError):  # the parser raises any of these
                continue
            aware = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
            return min(max(0.0, (aware - now).total_seconds()), MAX_RETRY_AFTER_S)
    return None
