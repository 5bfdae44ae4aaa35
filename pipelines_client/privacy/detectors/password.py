"""Passwords and secrets, by the keys that name them."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from pipelines_client.privacy.detectors.base import Detector, KeyAndValue, Scalar
from pipelines_client.privacy.names import KeyMeaning, KeyWords, Phrases

_PASSWORDS: Final = Phrases(
    *("password", "passwords", "passwd", "pwd", "pswd", "passphrase", "pass phrase", "passcode", "pass code", "secret"),
    *("kennwort", "passwort", "mot de passe", "motdepasse", "contrasena", "senha", "wachtwoord", "haslo", "losenord"),
    *("otp", "one time password", "one time code", "totp", "recovery code", "backup code", "mfa code", "2fa code"),
)
_SECRETS: Final = Phrases(
    *("api key", "secret key", "private key", "access key", "master key", "signing key", "encryption key", "ssh key"),
    *("write key", "service key", "webhook secret", "client secret", "auth header", "authorization", "set cookie"),
    *("token", "tokens", "credential", "credentials", "session key", "cookie", "connection string"),
)
_OTHERS: Final = Phrases(
    *(
        "device",
        "push",
        "fcm",
        "apns",
        "card",
        "payment",
        "stripe",
        "page",
        "next",
        "continuation",
        "public",
        "idempotency",
    ),
    *("publishable", "sync", "count", "cancel"),
)
_TAILS: Final = frozenset(
    {
        *("again", "confirm", "confirmation", "current", "hash", "hashed", "new", "old", "plain", "plaintext"),
        *("raw", "text", "value", "1", "2"),
    }
)
_SAYS_NOTHING: Final = re.compile(
    r"[\W_xX]*|[\[<(](?:redacted|filtered|removed|hidden|masked|secret|protected)\b.*|https?://\S*|/[\w./~-]*"
    r"|redacted|filtered|removed|hidden|masked|protected|changed|created|deleted|email|expired|forgot|forgotten|incorrect|invalid|magic.?link|mandatory|medium|missing|n/?a|new|no|none|null|off|ok|on"
    r"|optional|reset|required|saml|set|sms|sso|strong|true|false|unset|updated|valid|verified|weak|wrong|yes",
    re.IGNORECASE | re.DOTALL,
)
_LOOKS_SECRET: Final = re.compile(
    r"(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])[!-~]{12,}|(?:bearer|basic|token)\s+\S{8,}", re.IGNORECASE
)
_LONGEST: Final = 4096


class Password(Detector):
    """The value of a key that is named like a password or a secret."""

    code = "password"
    title = "Passwords, tokens and secrets, by the key that names them"
    found: ClassVar[tuple[KeyAndValue, ...]] = (
        ("password", "hunter2"),
        ("newPassword", 123456),
        ("password_hash", "$2b$12$abcdefghijklmnopqrstuv"),
        ("api_key", "9f86d081884c7d65"),
        ("client_secret", "correct horse"),
        ("link", "https://example.com/login?access_token=a1b2c3d4e5f6a7b8"),
        ("log", '{"user": "ada", "password": "hunter2"}'),
    )
    passed: ClassVar[tuple[KeyAndValue, ...]] = (
        ("password_reset", True),
        ("password_strength", "weak"),
        ("password", "[FILTERED]"),
        ("tokens_used", 1432),
        ("device_token", "a1b2c3d4e5f6a7b8c9d0"),
        ("message", "Wrong password: try again"),
    )

    def speaks(self, words: KeyWords) -> bool:
        """Return whether a key ends as one of a password or a secret does."""
        while len(words) > 1 and words[-1] in _TAILS:
            words = words[:-1]
        return (_PASSWORDS.end(words) or _SECRETS.end(words)) and not _OTHERS.are_in(words)

    def holds(self, value: Scalar, key: KeyMeaning) -> bool:
        """Return whether a value may be a password, or looks like a secret where a key may mean something else."""
        if isinstance(value, (bool, float)):
            return False
        text = str(value)[:_LONGEST]
        if _SAYS_NOTHING.fullmatch(text.strip()):
            return False
        words = key.words
        while len(words) > 1 and words[-1] in _TAILS:
            words = words[:-1]
        return _PASSWORDS.end(words) or bool(_LOOKS_SECRET.fullmatch(text))
