"""Telephone numbers; only if the setting names them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from pipelines_client.privacy.detectors.base import Detector, KeyAndValue, Scalar, TextSpan
from pipelines_client.privacy.glance import Hint
from pipelines_client.privacy.names import KeyMeaning, KeyWords, Phrases

_NAMES: Final = Phrases(
    *(
        "phone",
        "phone number",
        "mobile",
        "mobile number",
        "cell",
        "cell number",
        "telephone",
        "tel",
        "handy",
        "whatsapp",
    ),
    *("telefon", "telefono", "telefone", "phone no", "fax"),
)
_SHAPE: Final = re.compile(r"(?<![\w+])\+\d(?:[ ().\u00a0-]{0,2}\d){7,14}(?![\w])", re.ASCII)
_NUMBER: Final = re.compile(r"\s*(?:\+|00)?\(?\d(?:[ ()./\u00a0-]{0,2}\d){6,14}\s*", re.ASCII)


class Phone(Detector):
    """A telephone number: with its country's code in any text, in any form under a key that names one."""

    code = "phone"
    title = "Telephone numbers"
    hints = (Hint(("+",), pattern=r"\+\d"),)
    is_default = False
    found: ClassVar[tuple[KeyAndValue, ...]] = (
        ("note", "call +49 170 1234567 after six"),
        ("phone", "(415) 555-0132"),
        ("mobile", 491701234567),
    )
    passed: ClassVar[tuple[KeyAndValue, ...]] = (
        ("phone", "iPhone 15"),
        ("delta", "+12"),
        ("at", "2026-11-02T09:30+02:00"),
    )

    def speaks(self, words: KeyWords) -> bool:
        """Return whether a key's last words name a telephone."""
        return _NAMES.end(words)

    def holds(self, value: Scalar, key: KeyMeaning) -> bool:  # noqa: ARG002 - the contract's
        """Return whether a value has the form of a telephone number."""
        return not isinstance(value, (bool, float)) and bool(_NUMBER.fullmatch(str(value)[:64]))

    def find(self, text: str, key: KeyMeaning) -> Iterator[TextSpan]:  # noqa: ARG002 - the contract's
        """Yield where numbers with a country's code stand in a text."""
        for match in _SHAPE.finditer(text):
            yield match.span()
