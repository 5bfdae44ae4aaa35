"""When two calls are the same event: a messageId from what identifies it, and the mark of an event that is sent once.

Both are keyed hashes: of the key of the application's workspace, the event's planned name, and the property's value as
text. So they are the same in each process and at each retry, stay the same when the plan changes, and differ from those
of other workspaces: Segment drops a repeated id across all of them (FACTS S6). No value can be read from them.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import orjson

from pipelines_client.plan.model import Mode

REPEATED: Final = "repeated-event"
"""The code of what is found where an event that is sent once was sent already: `modes` may name it."""
REPEATED_MODE: Final[Mode] = "reject"
"""What happens then, unless the plan names it."""
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME: Final = "0" * 10
_TAIL_BYTES: Final = 10


def key_text(payload: Mapping[str, Any], name: str) -> str | None:
    """Return the value of a property that identifies an event, as text: 42 and "42" are the same order.

    None if it is missing or identifies nothing: an empty text, true, a number with a fraction, an object.
    """
    value = payload.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def idempotent_id(namespace: bytes, event: str, key: str) -> str:
    """Return the messageId of an event that a key identifies: 26 characters, always the same.

    It has the form of a ULID, by which Customer.io recognises a repeat (FACTS C14); its time is zero.

    Args:
        namespace: What the application's workspace has and others do not, such as its write key.
        event: The planned name.
        key: What identifies the event: `key_text`.

    Example:
        ```python
        assert idempotent_id(b"key", "Order Completed", "o-1") == idempotent_id(b"key", "Order Completed", "o-1")
        ```
    """
    number = int.from_bytes(_digest(namespace, "messageId", event, key)[:_TAIL_BYTES], "big")
    return _TIME + "".join(_ALPHABET[number >> shift & 31] for shift in range(75, -1, -5))


def once_mark(namespace: bytes, event: str, key: str) -> str:
    """Return the mark by which processes know that an event was sent for a key: 32 hexadecimal digits."""
    return _digest(namespace, "once", event, key).hex()[:32]


def _digest(namespace: bytes, *parts: str) -> bytes:
    return hmac.new(namespace, orjson.dumps(parts), sha256).digest()
