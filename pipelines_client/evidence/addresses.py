"""What an e-mail address looks like (FACTS C17, R5). Pure."""

from __future__ import annotations

import re
from typing import Final

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_EMAIL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}", re.IGNORECASE | re.ASCII)


def is_email(text: str) -> bool:
    """Return whether a text has the form of an e-mail address: dotted atoms, an @ and a domain with a dot."""
    return _EMAIL.fullmatch(text) is not None
