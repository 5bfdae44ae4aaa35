"""JSON Web Tokens: three parts, or five, of which the first says how it is signed."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import ClassVar, Final

from pipelines_client.privacy.detectors.base import Detector, KeyAndValue, TextSpan
from pipelines_client.privacy.glance import Hint
from pipelines_client.privacy.names import KeyMeaning

_SHAPE: Final = re.compile(r"(?<![\w-])(eyJ[\w-]{8,})(?:\.[\w-]*){2,4}", re.ASCII)
_HEADER: Final = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
_SAYS_HOW: Final = b'"alg"'


class Jwt(Detector):
    """A token, signed or encrypted."""

    code = "jwt"
    title = "JSON Web Tokens"
    hints = (Hint(("eyJ",)),)
    found: ClassVar[tuple[KeyAndValue, ...]] = (
        ("value", f"{_HEADER}.eyJzdWIiOiIxIn0.dGhpcyBpcyBhIHRlc3Q"),
        ("url", f"https://example.com/reset?t={_HEADER}.eyJzdWIiOiIxIn0.dGhpcyBpcyBhIHRlc3Q"),
    )
    passed: ClassVar[tuple[KeyAndValue, ...]] = (
        ("value", "eyJhIjoxfQ"),
        ("value", "eyJhIjoxfQ.eyJiIjoyfQ.c2ln"),
        ("file", "eyJones.portrait.png"),
    )

    def find(self, text: str, key: KeyMeaning) -> Iterator[TextSpan]:  # noqa: ARG002 - the contract's
        """Yield where tokens stand in a text."""
        for match in _SHAPE.finditer(text):
            if _SAYS_HOW in _decoded(match[1]):
                yield match.span()


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        return b""
