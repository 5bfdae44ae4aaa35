"""Numbers of bank accounts: IBANs whose country, length and check digits are right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from stdnum import iban

from pipelines_client.privacy.detectors.base import Detector, KeyAndValue, Scalar, TextSpan
from pipelines_client.privacy.glance import Hint
from pipelines_client.privacy.names import KeyMeaning, KeyWords, Phrases

_NAMES: Final = Phrases(
    "iban", "bank account", "kontonummer", "kontonr", "account number", "account no", "bankverbindung"
)
_LONGEST: Final = 64
_SHAPE: Final = re.compile(
    r"(?<![\w/.-])[A-Z]{2}\d\d(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?![\w/-])", re.ASCII
)


class Iban(Detector):
    """An IBAN, in capitals in any text, or in any letters under a key that names one."""

    code = "iban"
    title = "Numbers of bank accounts (IBAN)"
    hints = (Hint(skeleton=b"AA00", pattern=r"[A-Z]{2}\d\d ?[A-Z0-9]{4}"),)
    found: ClassVar[tuple[KeyAndValue, ...]] = (
        ("iban", "DE89370400440532013000"),
        ("bankAccount", "gb29 nwbk 6016 1331 9268 19"),
        ("note", "please refund to FR14 2004 1010 0505 0001 3M02 606 today"),
    )
    passed: ClassVar[tuple[KeyAndValue, ...]] = (
        ("iban", "DE89370400440532013001"),
        ("sku", "AB12CDEF3456GH789012"),
        ("account_number", "12345678"),
    )

    def __init__(self) -> None:
        iban.is_valid("DE89370400440532013000")  # reads the table of countries now, and not within a call

    def speaks(self, words: KeyWords) -> bool:
        """Return whether a key speaks of a bank account."""
        return _NAMES.are_in(words)

    def holds(self, value: Scalar, key: KeyMeaning) -> bool:  # noqa: ARG002 - the contract's
        """Return whether a value is an IBAN, in capitals or not, in groups or not."""
        return isinstance(value, str) and len(value) <= _LONGEST and bool(iban.is_valid(value))

    def find(self, text: str, key: KeyMeaning) -> Iterator[TextSpan]:  # noqa: ARG002 - the contract's
        """Yield where IBANs stand in a text; words in capitals behind one in groups are left out."""
        for match in _SHAPE.finditer(text):
            groups = match[0].split(" ")
            for count in range(len(groups), 0, -1):
                candidate = " ".join(groups[:count])
                if iban.is_valid(candidate):
                    yield match.start(), match.start() + len(candidate)
                    break
