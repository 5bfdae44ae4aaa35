"""Security codes of payment cards: they may not be kept at all."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from pipelines_client.privacy.detectors.base import Detector, KeyAndValue, Scalar
from pipelines_client.privacy.names import KeyMeaning, KeyWords, Phrases

_NAMES: Final = Phrases(
    *("cvv", "cvv2", "cvc", "cvc2", "card verification value", "card verification code", "card security code"),
    *("card pin", "cvn", "card cvv", "card cvc"),
)
_CODE: Final = re.compile(r"\s*\d{3,4}\s*", re.ASCII)


class CardCode(Detector):
    """The security code of a card, under a key that names it."""

    code = "card-code"
    title = "Security codes of payment cards"
    found: ClassVar[tuple[KeyAndValue, ...]] = (("cvv", "123"), ("cardCvc", 1234), ("card_security_code", "012"))
    passed: ClassVar[tuple[KeyAndValue, ...]] = (("cvv_result", "M"), ("cvc_check", "pass"), ("code", "123"))

    def speaks(self, words: KeyWords) -> bool:
        """Return whether a key's last words name a security code."""
        return _NAMES.end(words)

    def holds(self, value: Scalar, key: KeyMeaning) -> bool:  # noqa: ARG002 - the contract's
        """Return whether a value has three or four digits."""
        return not isinstance(value, (bool, float)) and bool(_CODE.fullmatch(str(value)))
