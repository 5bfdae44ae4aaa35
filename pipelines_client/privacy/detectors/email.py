"""E-mail addresses; only if the setting names them: a person's address belongs into an identify."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from pipelines_client.privacy.detectors.base import Detector, KeyAndValue, TextSpan
from pipelines_client.privacy.glance import Hint
from pipelines_client.privacy.names import KeyMeaning

_SHAPE: Final = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[^\W_](?:[\w-]{0,62}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-])"
)


class Email(Detector):
    """An e-mail address."""

    code = "email"
    title = "E-mail addresses"
    hints = (Hint(("@",)),)
    is_default = False
    found: ClassVar[tuple[KeyAndValue, ...]] = (
        ("note", "write to ada@example.com, please"),
        ("referrer", "mailto:ada.lovelace+shop@mail.example.co.uk"),
    )
    passed: ClassVar[tuple[KeyAndValue, ...]] = (("handle", "@ada"), ("asset", "logo@2x.png"), ("note", "5 @ 3.50"))

    def find(self, text: str, key: KeyMeaning) -> Iterator[TextSpan]:  # noqa: ARG002 - the contract's
        """Yield where addresses stand in a text."""
        for match in _SHAPE.finditer(text):
            if not match[0].endswith((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")):
                yield match.span()
