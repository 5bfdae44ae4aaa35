"""How the place of a value within a call is written: keys joined by dots. Pure."""

from __future__ import annotations

import json
import re
from typing import Final

from pipelines_client.evidence.addresses import is_like_email

ANY_KEY: Final = "*"
"""What stands in a path for a key that is an e-mail address, as for any key in the paths of settings."""
_QUOTED: Final = re.compile(r'[."*\[\]\\\x00-\x1f]|^$')
_LAST_KEY: Final = re.compile(r'(?:^|\.)("(?:[^"\\]|\\.)*"|[^."\[]*)(?:\[\])*$', re.DOTALL)


def below(path: str, key: str) -> str:
    """Return the path of a key within an object at `path`; a key with a dot or another mark is quoted.

    So `{"price": {"amount": 1}}` and `{"price.amount": 1}` have two paths: `price.amount` and `"price.amount"`. A
    key that is an e-mail address is a person's, and no name: it is any key.
    """
    if "@" in key and is_like_email(key):
        spelled = ANY_KEY
    else:
        spelled = json.dumps(key, ensure_ascii=False) if _QUOTED.search(key) else key
    return f"{path}.{spelled}" if path else spelled


def last_key(path: str) -> str:
    """Return the key at the end of a path that `below` made, without the quotes and the `[]` of an array."""
    found = _LAST_KEY.search(path)
    text = path if found is None else found[1]
    return str(json.loads(text)) if text.startswith('"') else text
