"""Hide keys and people in an API's words: a gateway may answer with the request that it was sent. Pure.

Hidden is: the key in each form that it is sent in, any credentials, e-mail addresses, every value of the messages that
were sent, and any long piece of the request. Names of fields and of events stay, so that the words can be understood.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import orjson

HIDDEN = "***"
_CREDENTIALS = re.compile(r"(?i)\b(basic|bearer|digest|negotiate)(\s+|%20|\+)[^\s\"'<>,;]+")
_E_MAIL = re.compile(r"[^\s\"'<>,;:=()\[\]{}\\/&]+(@|%40|&#64;|\\u0040)[^\s\"'<>,;:=()\[\]{}\\/&]+")
_WORDS = re.compile(r"[^\s\"'<>,;:=()\[\]{}]+")
_PLAIN_FIELDS = frozenset({"type", "event", "messageId", "timestamp", "name", "category"})  # at the top of a message
_PLAIN_WORDS = frozenset(
    {"batch", "bytes", "empty", "error", "event", "events", "exceeded", "field", "format", "found", "invalid", "large"}
    | {"limit", "message", "messages", "missing", "must", "name", "null", "number", "object", "property", "required"}
    | {"string", "track", "traits", "type", "unknown", "user", "valid", "value", "values", "write"}
)
"""Words that an API's errors are made of: as a value of a message they give nothing away."""
_MIN_VALUE_CHARS = 4  # shorter values are hidden where they are ids only: else every "is" would go
_IDS = frozenset({"userId", "anonymousId", "previousId", "groupId"})
_ECHO_CHARS = 12  # a piece of the request of twice this length is found
_MIN_CUT_CHARS = 6
_MIN_GLUED_CHARS = 8  # a shorter key is hidden where it stands alone


def hide(words: str, *, secrets: Iterable[str], bodies: Iterable[bytes]) -> str:
    """Return an API's words without what they repeat of the request.

    Args:
        words: What the API said.
        secrets: Keys and tokens in clear.
        bodies: The messages of the request, as JSON.
    """
    if not words:
        return words
    sent = list(bodies)
    for secret in secrets:
        words = _without(words, _key_forms(secret))
    words = _CREDENTIALS.sub(lambda found: f"{found[1]} {HIDDEN}", words)
    words = _without_echo(words, b",".join(sent).decode("utf-8", "replace"))
    words = _E_MAIL.sub(HIDDEN, words)
    words = _without_values(words, set(_values(sent)))
    return re.sub(rf"{re.escape(HIDDEN)}(\W{{0,4}}{re.escape(HIDDEN)})+", HIDDEN, words)


def _without(words: str, texts: Iterable[str]) -> str:
    for text in sorted(texts, key=len, reverse=True):
        pattern = re.escape(text)
        if len(text) < _MIN_GLUED_CHARS:
            pattern = rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"
        words = re.sub(pattern, HIDDEN, words, flags=re.IGNORECASE)
    return words


def _key_forms(secret: str) -> set[str]:
    """Return a key in each form in which a gateway may repeat it."""
    encoded = {base64.b64encode(text.encode()).decode() for text in (f"{secret}:", secret, f":{secret}")}
    forms = {secret, *encoded, *(text.rstrip("=") for text in encoded)}
    return {form for text in forms if text for form in (text, quote(text, safe=""), html.escape(text))}


def _without_echo(words: str, sent: str) -> str:
    """Hide what words have in common with the request over a long stretch."""
    shown, done = "", 0
    for start in range(0, len(words) - _ECHO_CHARS + 1, _ECHO_CHARS):
        first, end = start, start + _ECHO_CHARS
        if first < done or words[first:end] not in sent:
            continue
        while first > done and words[first - 1 : end] in sent:
            first -= 1
        at = sent.find(words[first:end])
        while end < len(words) and (at := sent.find(words[first : end + 1], at)) >= 0:
            end += 1
        if end - first >= 2 * _ECHO_CHARS or _is_json(words[first:end]):
            shown += words[done:first] + HIDDEN
            done = end
    return shown + words[done:]


def _is_json(piece: str) -> bool:
    return '":' in piece or '","' in piece


def _values(bodies: Iterable[bytes]) -> Iterator[str]:
    for body in bodies:
        try:
            call = orjson.loads(body)
        except orjson.JSONDecodeError:
            continue
        if isinstance(call, dict):
            for name, value in call.items():
                if name not in _PLAIN_FIELDS:
                    yield from _leaves(value, least=1 if name in _IDS else _MIN_VALUE_CHARS)


def _leaves(value: Any, *, least: int = _MIN_VALUE_CHARS) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        text = str(value).strip()
        if len(text) >= least and text.lower() not in _PLAIN_WORDS:
            yield text


def _without_values(words: str, values: set[str]) -> str:
    """Hide the values that stand in the words, and the one that their end cuts."""
    low = words.lower()
    forms = {form for text in values for form in (text, html.escape(text), quote(text, safe=""), quote_plus(text))}
    for form in sorted((form for form in forms if form.lower() in low), key=len, reverse=True):
        words = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", HIDDEN, words, flags=re.IGNORECASE)
    for last in [*_WORDS.finditer(words)][-1:]:
        cut = last[0].lower()
        if len(cut) >= _MIN_CUT_CHARS and any(text.lower().startswith(cut) for text in values):
            words = words[: last.start()] + HIDDEN
    return words
