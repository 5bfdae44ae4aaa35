"""Makes the labelled set of values that privacy is measured with: `python tests/support/labelled.py` writes it.

The generator knows the formats from what their owners publish, and nothing of our detectors. Each line has a key, a
value and what a careful person would call it: a detector's code, or null. `tests/privacy/hard.jsonl` has what was
written by hand, and is not made here.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parents[1] / "privacy"
GENERATED, HARD = HERE / "labelled.jsonl.gz", HERE / "hard.jsonl"
SEED = 21
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_URL_SAFE = _ALNUM + "-_"


class Labelled(NamedTuple):
    """A key, a value, and what it is; None: nothing that is looked for."""

    key: str
    value: Any
    label: str | None


def read() -> list[Labelled]:
    """Return the labelled set: what was generated, then what was written by hand."""
    lines = gzip.decompress(GENERATED.read_bytes()).decode().splitlines() + HARD.read_text("utf-8").splitlines()
    return [Labelled(**json.loads(line)) for line in lines]


def generated() -> list[Labelled]:
    """Return what the generator makes, the same each time."""
    rng = random.Random(SEED)
    return [made for count, make in _KINDS for _ in range(count) for made in [make(rng)]]


# Formats, as their owners publish them


def _text(rng: random.Random, letters: str, length: int) -> str:
    return "".join(rng.choice(letters) for _ in range(length))


def luhn_digit(digits: str) -> str:
    """Return the check digit that makes a number valid."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def card(rng: random.Random) -> str:
    """Return a card's number of one of the common issuers."""
    prefix, length = rng.choice(
        [
            *[("4", 16)] * 6,
            *[(str(rng.randint(51, 55)), 16)] * 4,
            (str(rng.randint(2221, 2720)), 16),
            *[(rng.choice(["34", "37"]), 15)] * 2,
            ("6011", 16),
            (f"65{rng.randint(0, 99):02}", 16),
            (str(rng.randint(3528, 3589)), 16),
            ("36", 14),
            ("62", 16),
        ]
    )
    digits = prefix + _text(rng, string.digits, length - len(prefix) - 1)
    return digits + luhn_digit(digits)


def grouped(digits: str, sign: str) -> str:
    """Return a card's number as it is printed on the card."""
    ends = {14: (4, 10, 14), 15: (4, 10, 15)}.get(len(digits), (4, 8, 12, 16))
    return sign.join(digits[start:end] for start, end in zip((0, *ends), ends, strict=False))


def iban(rng: random.Random) -> str:
    """Return an IBAN of a country that has no further check digits within."""
    country, form = rng.choice(
        [("DE", "9" * 18), ("GB", "AAAA" + "9" * 14), ("AT", "9" * 16), ("CH", "9" * 17)] * 2
        + [("NL", "AAAA" + "9" * 10), ("IE", "AAAA" + "9" * 14), ("DK", "9" * 14)]
    )
    inner = "".join(rng.choice(string.digits if each == "9" else string.ascii_uppercase) for each in form)
    number = int("".join(str(int(each, 36)) for each in f"{inner}{country}00"))
    return f"{country}{98 - number % 97:02}{inner}"


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def jwt(rng: random.Random) -> str:
    """Return a signed token, with the fields in one order or the other."""
    header = rng.choice([{"alg": "HS256", "typ": "JWT"}, {"typ": "JWT", "alg": "RS256"}, {"kid": "7", "alg": "ES256"}])
    claims = {"sub": _text(rng, _ALNUM, 12), "iat": rng.randint(1_600_000_000, 1_900_000_000), "admin": True}
    return f"{_encoded(header)}.{_encoded(claims)}.{_text(rng, _URL_SAFE, 43)}"


def vendor_key(rng: random.Random) -> str:
    """Return a secret key as one of the well-known services makes them."""
    return rng.choice(
        [
            lambda: "AKIA" + _text(rng, string.ascii_uppercase + "234567", 16),
            lambda: "sk_" + "live_" + _text(rng, _ALNUM, rng.choice([24, 99])),
            lambda: "rk_" + "test_" + _text(rng, _ALNUM, 24),
            lambda: "whsec_" + _text(rng, _ALNUM, 32),
            lambda: "gh" + rng.choice("pousr") + "_" + _text(rng, _ALNUM, 36),
            lambda: "github_" + "pat_" + _text(rng, _ALNUM, 22) + "_" + _text(rng, _ALNUM, 59),
            lambda: "glpat" + "-" + _text(rng, _URL_SAFE, 20),
            lambda: "xox" + rng.choice("bp") + "-" + _text(rng, string.digits, 12) + "-" + _text(rng, _ALNUM, 24),
            lambda: "AI" + "za" + _text(rng, _URL_SAFE, 35),
            lambda: "SG" + "." + _text(rng, _URL_SAFE, 22) + "." + _text(rng, _URL_SAFE, 43),
            lambda: "npm" + "_" + _text(rng, _ALNUM, 36),
            lambda: "sk-" + "ant-api03-" + _text(rng, _URL_SAFE, 93),
            lambda: "shpat" + "_" + _text(rng, _HEX, 32),
            lambda: "key" + "-" + _text(rng, _HEX, 32),
            lambda: "hf" + "_" + _text(rng, string.ascii_letters, 34),
        ]
    )()


def ulid(rng: random.Random) -> str:
    """Return a ULID of these years."""
    ms = rng.randint(1_500_000_000_000, 1_900_000_000_000)
    return "".join(_CROCKFORD[ms >> 5 * place & 31] for place in range(9, -1, -1)) + _text(rng, _CROCKFORD, 16)


def order_number(rng: random.Random) -> str:
    """Return an order's number as shops make them; many of 16 digits, one in ten of those with a right check digit."""
    return rng.choice(
        [
            lambda: _text(rng, string.digits, 16),
            lambda: rng.choice("23456") + _text(rng, string.digits, 15),
            lambda: "ORD-" + _text(rng, string.digits, 16),
            lambda: "-".join(
                (_text(rng, string.digits, 3), _text(rng, string.digits, 7), _text(rng, string.digits, 7))
            ),
            lambda: "#" + _text(rng, string.digits, 15),
            lambda: f"{rng.randint(2015, 2030)}-{_text(rng, string.digits, 8)}",
        ]
    )()


# Lines of the set

_Make = Callable[[random.Random], Labelled]
_CARD_KEYS = ("card_number", "cardNumber", "Card Number", "cc", "ccnum", "credit_card", "creditCardNo", "pan", "cardNo")
_NOTES = ("note", "comment", "message", "description", "feedback")
_CARD_TEXTS = (
    "paid with {}, thanks",
    "my card is {} please charge it",
    "Card: {} exp 12/28",
    "{} declined at checkout",
    "customer wrote: {}.",
)


def _card(rng: random.Random) -> Labelled:
    digits, form = card(rng), rng.random()
    if form < 0.35:
        return Labelled(rng.choice(_CARD_KEYS), digits, "card")
    if form < 0.45:
        return Labelled(rng.choice(_CARD_KEYS), int(digits), "card")
    if form < 0.65:
        return Labelled(rng.choice(_CARD_KEYS), grouped(digits, rng.choice(" -")), "card")
    if form < 0.72:
        return Labelled("payment", {"card": {"number": digits, "brand": "visa"}}, "card")
    if form < 0.77:
        return Labelled("cards", [{"id": 1}, {"card_number": grouped(digits, " ")}], "card")
    is_short = len(digits) == 14
    text = rng.choice(_CARD_TEXTS).format(
        grouped(digits, rng.choice(" -")) if is_short or rng.random() < 0.6 else digits
    )
    return Labelled(rng.choice((*_NOTES, "error", "properties_json")), text, "card")


def _iban(rng: random.Random) -> Labelled:
    plain = iban(rng)
    spaced = " ".join(plain[place : place + 4] for place in range(0, len(plain), 4))
    form = rng.choice([plain, spaced, plain.lower()])
    if form != plain.lower() and rng.random() < 0.4:
        return Labelled(rng.choice(_NOTES), rng.choice(("refund to {}", "IBAN {}, today", "{}")).format(form), "iban")
    return Labelled(rng.choice(("iban", "IBAN", "bank_account", "accountNumber", "payout_iban")), form, "iban")


def _jwt(rng: random.Random) -> Labelled:
    token = jwt(rng)
    key, text = rng.choice(
        [("value", "{}"), ("url", "https://example.com/login?t={}"), ("log", "got {} from the client"), ("data", "{}")]
    )
    return Labelled(key, text.format(token), "jwt")


def _vendor_key(rng: random.Random) -> Labelled:
    key, text = rng.choice([("value", "{}"), ("log", "using {} for the call"), ("config", "[{}]"), ("output", "k={}")])
    return Labelled(key, text.format(vendor_key(rng)), "vendor-key")


def _bearer(rng: random.Random) -> Labelled:
    pair = base64.b64encode(f"{_text(rng, _ALNUM, 6)}:{_text(rng, _ALNUM, 12)}".encode()).decode()
    secret = _text(rng, _HEX, 31) + rng.choice(string.digits)
    text = rng.choice([f"Bearer {secret}", f"curl -H 'Authorization: Bearer {secret}'", f"Basic {pair}"])
    return Labelled(rng.choice(("header", "command", "value")), text, "bearer-token")


def _private_key(rng: random.Random) -> Labelled:
    kind, dashes = rng.choice(("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ")), "-" * 5
    body = "\n".join(_text(rng, _ALNUM + "+/", 64) for _ in range(3))
    text = f"{dashes}BEGIN {kind}PRIVATE KEY{dashes}\n{body}\n{dashes}END {kind}PRIVATE KEY{dashes}"
    return Labelled(rng.choice(("value", "file", "note")), text, "private-key")


def _password(rng: random.Random) -> Labelled:
    secret = _text(rng, _ALNUM + "!$%#", rng.randint(8, 16))
    key, value = rng.choice(
        [
            (rng.choice(("password", "passwd", "pwd", "newPassword", "user_password", "passphrase")), secret),
            (rng.choice(("client_secret", "secret", "app.secret")), _text(rng, _ALNUM, 24)),
            (
                rng.choice(("api_key", "apiKey", "access_token", "refreshToken", "auth-token")),
                _text(rng, _HEX, 31) + "7",
            ),
            ("url", f"https://example.com/cb?access_token={_text(rng, _HEX, 31)}7&state=1"),
            ("body", json.dumps({"user": "ada", "password": _text(rng, _ALNUM, 10)})),
            ("form", {"login": "ada", "password": secret}),
        ]
    )
    return Labelled(key, value, "password")


def _not_a_number(rng: random.Random) -> Labelled:
    """An order number, a time, an id: under the keys and in the texts in which they come."""
    order = order_number(rng)
    if rng.random() < 0.2:
        return Labelled(
            rng.choice(_NOTES), rng.choice(("order {} shipped", "where is order {}?", "ref {}")).format(order), None
        )
    return Labelled(
        *rng.choice(
            [
                (
                    rng.choice(("order_id", "orderNumber", "number", "reference", "invoice", "id", "tracking_number")),
                    order,
                ),
                ("order_id", int(_text(rng, string.digits, 15) + "4")),
                (rng.choice(("sent_at_ms", "timestamp", "value")), rng.randint(1_500_000_000_000, 1_900_000_000_000)),
                (rng.choice(("ts", "created", "time")), str(rng.randint(1_500_000_000_000, 1_900_000_000_000))),
                (rng.choice(("id", "cart_id", "session", "value")), ulid(rng)),
                (rng.choice(("id", "request_id", "value")), str(uuid.UUID(int=rng.getrandbits(128), version=4))),
                (rng.choice(("etag", "sha", "checksum")), _text(rng, _HEX, rng.choice([32, 40, 64]))),
                ("imei", "35" + _text(rng, string.digits, 13)),
                (rng.choice(("ean", "barcode", "gtin")), "4" + _text(rng, string.digits, 12)),
                ("gift_card_number", card(rng)),
                (rng.choice(("phone_number", "mobile")), "+49" + _text(rng, string.digits, 10)),
                ("latitude", rng.uniform(-90, 90)),
                ("url", f"https://shop.example.com/orders/{_text(rng, string.digits, 16)}?utm_source=mail"),
            ]
        ),
        None,
    )


def _not_a_secret(rng: random.Random) -> Labelled:
    """What is named or written like a secret, an account or a token, and is none."""
    wrong = iban(rng)
    wrong = wrong[:2] + f"{(int(wrong[2:4]) + 1) % 100:02}" + wrong[4:]
    return Labelled(
        *rng.choice(
            [
                (rng.choice(("iban", "note", "sku")), wrong),
                ("account_number", _text(rng, string.digits, 10)),
                ("publishable_key", "pk_" + "live_" + _text(rng, _ALNUM, 24)),
                ("value", _encoded({"a": _text(rng, _ALNUM, 8)})),
                ("cursor", _encoded({"page": 2}) + "." + _text(rng, _URL_SAFE, 10)),
                (rng.choice(("password_reset", "has_password", "password_changed")), rng.choice([True, False])),
                ("password_changed_at", "2026-11-20T09:30:00Z"),
                ("password_strength", rng.choice(("weak", "medium", "strong"))),
                ("message", rng.choice(("Wrong password: try again", "Password: required", "Your token has expired"))),
                (rng.choice(("tokens_used", "token_count")), rng.randint(1, 100_000)),
                ("device_token", _text(rng, _HEX, 64)),
                ("plan", rng.choice(("Basic subscription", "Basic", "Bearer bonds and shares"))),
                (
                    "slug",
                    rng.choice(("how-to-choose-a-risk-manager", "key-results-of-the-third-quarter", "ask-anything")),
                ),
                ("account_health", rng.choice(("good", "poor"))),
                ("sku", f"SK-{_text(rng, string.digits, 8)}-{_text(rng, string.ascii_uppercase, 6)}"),
                (
                    "utm",
                    f"utm_source=a&utm_campaign={_text(rng, string.ascii_lowercase, 12)}&gcl={_text(rng, _ALNUM, 40)}",
                ),
                ("user_agent", "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"),
            ]
        ),
        None,
    )


_KINDS: tuple[tuple[int, _Make], ...] = (
    (1_000, _card),
    (500, _iban),
    (400, _jwt),
    (500, _vendor_key),
    (150, _bearer),
    (100, _private_key),
    (400, _password),
    (1_700, _not_a_number),
    (1_200, _not_a_secret),
)


def lines() -> Iterator[str]:
    """Yield the lines of the file."""
    for each in generated():
        yield json.dumps(each._asdict(), separators=(",", ":"))


if __name__ == "__main__":
    GENERATED.write_bytes(gzip.compress("\n".join(lines()).encode(), mtime=0))
