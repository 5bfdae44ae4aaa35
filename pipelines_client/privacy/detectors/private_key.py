"""Private keys in their text form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from pipelines_client.privacy.detectors.base import Detector, KeyAndValue, TextSpan
from pipelines_client.privacy.glance import Hint
from pipelines_client.privacy.names import KeyMeaning

_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_DASHES: Final = "-----"


class PrivateKey(Detector):
    """A private key, from its first line to its last, or to the end of the text."""

    code = "private-key"
    title = "Private keys"
    hints = (Hint(("-----BEGIN",)),)
    found: ClassVar[tuple[KeyAndValue, ...]] = (
        ("value", f"{_DASHES}BEGIN RSA PRIVATE KEY{_DASHES}\nMIIB\n{_DASHES}END RSA PRIVATE KEY{_DASHES}"),
        ("log", f"read {_DASHES}BEGIN PRIVATE KEY{_DASHES} MIIB"),
    )
    passed: ClassVar[tuple[KeyAndValue, ...]] = (
        ("value", f"{_DASHES}BEGIN PUBLIC KEY{_DASHES}\nMIIB\n{_DASHES}END PUBLIC KEY{_DASHES}"),
        ("title", "How to keep a private key"),
    )

    def find(self, text: str, key: KeyMeaning) -> Iterator[TextSpan]:  # noqa: ARG002 - the contract's
        """Yield where private keys stand in a text."""
        place = 0
        while begin := _BEGIN.search(text, place):
            end = _END.search(text, begin.end())
            place = end.end() if end else len(text)
            yield begin.start(), place
