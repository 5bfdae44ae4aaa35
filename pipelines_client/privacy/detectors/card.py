"""Numbers of payment cards: issuer's prefix, length and check digit, and a key or a text that speaks of a card.

The check digit alone accepts one number in ten, so also one in ten order numbers of 16 digits and of times in
milliseconds. A bare number is therefore a card only under a key that speaks of one, or that people write into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from stdnum import luhn

from pipelines_client.privacy.detectors.base import Detector, KeyAndValue, Scalar, TextSpan
from pipelines_client.privacy.glance import Hint
from pipelines_client.privacy.names import KeyMeaning, KeyWords, Phrases

_NAMES: Final = Phrases(
    *("card", "cards", "credit card", "debit card", "card number", "card no", "card num", "cc", "ccn", "cc num"),
    *("cc no", "cc number", "pan", "primary account number", "visa", "mastercard", "amex", "carte bancaire"),
    *("kreditkarte", "kartennummer", "kreditkartennummer", "tarjeta", "cartao", "payment card", "bank card"),
)
_OTHER_CARDS: Final = Phrases(
    *(
        "gift card",
        "loyalty card",
        "member card",
        "membership card",
        "library card",
        "sim card",
        "score card",
        "id card",
    ),
    *("business card", "post card", "report card", "flash card", "green card", "reward card", "rewards card"),
    *(
        "store card",
        "club card",
        "customer card",
        "travel card",
        "punch card",
        "trading card",
        "health card",
        "sd card",
    ),
)
_PREFIXES: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"  # Discover
    r"|3(?:0[0-5]|095|[689]\d)\d{11}|36\d{12}"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|(?:62|81)\d{14,17}"  # UnionPay
    r"|220[0-4]\d{12,15}"  # Mir
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}",  # Maestro
    re.ASCII,
)
_SEPARATOR: Final = "[ .\u00a0-]"
_GROUPED: Final = re.compile(
    rf"(?<![\w/#+-])(?<!\d\.)\d{{4}}({_SEPARATOR})(?:\d{{4}}\1\d{{4}}\1\d{{4}}(?P<tail>\1\d{{3}})?|\d{{6}}\1\d{{4,5}})"
    r"(?![\w/-])(?!\.\d)",
    re.ASCII,
)
_TOGETHER: Final = re.compile(r"(?<![\w/#+=&?-])(?<!\d\.)\d{15,16}(?![\w/-])(?![.,]\d{1,9}(?!\d))", re.ASCII)
_ANY: Final = re.compile(r"(?<!\w)\d{12,19}(?!\w)", re.ASCII)
_BARE: Final = re.compile(rf"\s*\d(?:{_SEPARATOR}?\d)*\s*", re.ASCII)
_CARD_WORD: Final = re.compile(r"\b(?:card|cards|visa|mastercard|amex|cc|pan|kreditkarte)\b", re.IGNORECASE)
_OTHER_WORD: Final = re.compile(
    r"\b(?:order|orders|invoice|tracking|track|ref|reference|id|ids|ticket|case|shipment|parcel|serial|sku|imei|account"
    r"|session|transaction|coupon|voucher|gift|member|number|no|nr)\b\W*(?:\w{1,8}\W{1,3}){0,2}$",
    re.IGNORECASE,
)
_LOOK_BACK: Final = 40
_TOO_LARGE: Final = 1e19


class Card(Detector):
    """A payment card's number."""

    code = "card"
    title = "Numbers of payment cards"
    hints = (Hint(skeleton=b"0" * 10, pattern=rf"[2-68]\d{{3}}{_SEPARATOR}?\d{{4}}{_SEPARATOR}?\d\d"),)
    found: ClassVar[tuple[KeyAndValue, ...]] = (
        ("card_number", "4111111111111111"),
        ("cardNumber", 5555555555554444),
        ("cc", "3782-822463-10005"),
        ("note", "paid with 4111 1111 1111 1111, thanks"),
        ("comment", "6011111111111117"),
        ("comment", "4111 1111 1111 1111 123"),
        ("note", "4111111111111111,5555555555554440"),
    )
    passed: ClassVar[tuple[KeyAndValue, ...]] = (
        ("order_number", "4111111111111111"),
        ("sent_at_ms", 1762000000006),
        ("message", "order no. 4111111111111111 has shipped"),
        ("gift_card_number", "4111111111111111"),
        ("card_last4", "1111"),
        ("card_brand", "visa"),
        ("link", "https://shop.example.com/orders/4111111111111111"),
    )

    def speaks(self, words: KeyWords) -> bool:
        """Return whether a key speaks of a payment card."""
        return _NAMES.are_in(words) and not _OTHER_CARDS.are_in(words)

    def holds(self, value: Scalar, key: KeyMeaning) -> bool:  # noqa: ARG002 - the contract's
        """Return whether a value is a card's number, however it is grouped."""
        return _is_card(_digits_of(value))

    def find(self, text: str, key: KeyMeaning) -> Iterator[TextSpan]:
        """Yield where numbers of cards stand in a text."""
        if self.code in key.speaks_of:
            patterns = [_GROUPED, _ANY]
        elif not _BARE.fullmatch(text) or key.is_prose:
            patterns = [_GROUPED, _TOGETHER]
        else:
            patterns = [] if key.is_identifier else [_GROUPED]
        for pattern in patterns:
            for match in pattern.finditer(text):
                end = _end_of(match)
                if end and not (pattern is _TOGETHER and _is_other(text, match.start())):
                    yield match.start(), end


def _end_of(match: re.Match[str]) -> int:
    """Return where a card's number ends; 0 if it is none. Three more digits may be its own, or its security code."""
    if _is_card(_digits_of(match[0])):
        return match.end()
    tail = match.groupdict().get("tail") or ""
    is_before = bool(tail) and _is_card(_digits_of(match[0].removesuffix(tail)))
    return match.end() - len(tail) if is_before else 0


def _is_other(text: str, start: int) -> bool:
    """Return whether the words before a number say that it is one of something else."""
    return bool(_OTHER_WORD.search(text[max(0, start - _LOOK_BACK) : start])) and not _CARD_WORD.search(text)


def _digits_of(value: Scalar) -> str:
    """Return the digits of a number, or of a text of digits in groups; empty if it is something else."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and 0 < value < _TOO_LARGE else ""
    text = str(value)
    return re.sub(r"\D", "", text) if _BARE.fullmatch(text) else ""


def _is_card(digits: str) -> bool:
    return bool(_PREFIXES.fullmatch(digits)) and bool(luhn.is_valid(digits)) and len(set(digits)) > 1
