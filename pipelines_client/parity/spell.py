"""How counts, durations, shares and paths are written, the same in the report and its renderings. Pure."""

from __future__ import annotations

import json
import re

from pipelines_client.evidence.addresses import ANY_KEY, is_email
from pipelines_client.wording import plural

__all__ = ["below", "duration", "last_key", "percent", "plural"]

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))

_QUOTED = re.compile(r'[."*\[\]\\\x00-\x1f]|^$')
_LAST_KEY = re.compile(r'(?:^|\.)("(?:[^"\\]|\\.)*"|[^."\[]*)(?:\[\])*$', re.DOTALL)


def duration(ms: int) -> str:
    """Return milliseconds in the unit that fits them, to three digits."""
    for unit, size in _UNITS:
        if ms >= size:
            return f"{ms / size:.3g} {unit}"
    return f"{ms} ms"


def percent(part: int, whole: int) -> float:
    """Return a share in percent. Of zero, zero is 0 and anything else is 100."""
    if whole:
        return 100 * part / whole
    return 100.0 if part else 0.0


def below(path: str, key: str) -> str:
    """Return the path of a key within an object at `path`; a key with a dot or another mark is quoted.

    So `{"price": {"amount": 1}}` and `{"price.amount": 1}` have two paths: `price.amount` and `"price.amount"`. A
    key that is an e-mail address is a person's, and no name: it is any key.
    """
    if "@" in key and is_email(key):
        spelled = ANY_KEY
    else:
        spelled = json.dumps(key, ensure_ascii=False) if _QUOTED.search(key) else key
    return f"{path}.{spelled}" if path else spelled


def last_key(path: str) -> str:
    """Return the key at the end of a path that `below` made, without the quotes and the `[]` of an array."""
    found = _LAST_KEY.search(path)
    text = path if found is None else found[1]
    return str(json.loads(text)) if text.startswith('"') else text
