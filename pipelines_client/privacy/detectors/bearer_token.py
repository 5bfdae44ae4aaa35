"""What follows `Bearer` or `Basic` in an `Authorization` header, and passwords within addresses."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import ClassVar, Final

from pipelines_client.privacy.detectors.base import Detector, KeyAndValue, TextSpan
from pipelines_client.privacy.glance import Hint
from pipelines_client.privacy.names import KeyMeaning

_BEARER: Final = re.compile(r"\b[Bb]earer +(?=\S*\d)[A-Za-z0-9._~+/-]{16,}={0,2}", re.ASCII)
_BASIC: Final = re.compile(r"\b[Bb]asic +(?=[A-Za-z]*[0-9+/=])([A-Za-z0-9+/]{8,}={0,2})(?![\w+/=])", re.ASCII)
_IN_ADDRESS: Final = re.compile(r"(?<=://)[^\s/?#@:\"']{0,80}:[^\s/?#@\"']{1,200}(?=@[\w\[])")
_SAMPLE: Final = base64.b64encode(b"ada:lovelace-1815").decode()


class BearerToken(Detector):
    """Credentials as HTTP sends them."""

    code = "bearer-token"
    title = "Credentials of HTTP: `Bearer`, `Basic`, and a password in an address"
    hints = (Hint(("earer ", "asic ")), Hint(("://",), pattern=r"://[^\s/@]*@"))
    found: ClassVar[tuple[KeyAndValue, ...]] = (
        ("header", "Authorization: Bearer 4f3c2b1a0d9e8f7a6b5c"),
        ("header", f"Basic {_SAMPLE}"),
        ("url", "postgres://app:s3cr3t@db.example.com/shop"),
    )
    passed: ClassVar[tuple[KeyAndValue, ...]] = (
        ("note", "the bearer of this letter"),
        ("plan", "Basic subscription"),
        ("url", "https://ada@example.com/inbox"),
    )

    def find(self, text: str, key: KeyMeaning) -> Iterator[TextSpan]:  # noqa: ARG002 - the contract's
        """Yield where credentials stand in a text."""
        for match in _BEARER.finditer(text):
            yield match.span()
        for match in _BASIC.finditer(text):
            if _is_pair(match[1]):
                yield match.span()
        for match in _IN_ADDRESS.finditer(text):
            yield match.span()


def _is_pair(encoded: str) -> bool:
    """Return whether a text is `user:password` in base64."""
    try:
        plain = base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode("utf-8")
    except (binascii.Error, ValueError):
        return False
    return ":" in plain and plain.isprintable()
