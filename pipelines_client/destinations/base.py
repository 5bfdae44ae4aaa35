"""What all destinations share: the request's form, the limits, and what an answer means. Pure.

Each limit that a vendor sets is a default in `ApiLimits`, which `Settings` can override; no other room holds one.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import orjson

from pipelines_client.destinations.answers import read_retry_after, read_words

USER_AGENT = "pipelines-client/0.1.0"


class Decision(str, enum.Enum):
    """What an answer means for the messages that were sent."""

    ACCEPT = "accept"
    WAIT = "wait"  # send the same batch again later; the leg waits
    SPLIT = "split"  # find the message that was refused; alone, it is rejected
    PAUSE = "pause"  # a key or a host is wrong: keep everything


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """A destination's answer. `words` is the API's error text, shortened; `retry_after_s` is the wait it asks for."""

    decision: Decision
    reason: str
    status: int | None = None
    words: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """The most that a destination takes; bytes are of the body before compression."""

    max_body_bytes: int = 475_000  # FACTS C6, S3: 500 KB, less a reserve for the envelope and the meaning of "KB"
    max_batch_count: int = 2_500  # FACTS S3; Customer.io documents no limit
    max_requests_per_s: float = 100.0  # FACTS C7, S4: about 1,000, for all processes of an account together


@dataclass(frozen=True, slots=True)
class Destination:
    """One leg's far end. A vendor is a subclass: it sets the class variables and overrides what it does differently.

    `write_key` never shows in a `repr`. `integrations` goes at the top of each batch (FACTS S5, C9).
    """

    name: ClassVar[str]
    """The leg, as in `sides`."""
    title: ClassVar[str]
    """The vendor's name in texts."""
    hosts: ClassVar[Mapping[str, str]]
    """Base address by region; the first is the default."""
    setting_prefix: ClassVar[str]
    """What its settings begin with: `segment_` for `segment_write_key`."""
    takes_oauth: ClassVar[bool] = False
    """Whether an OAuth token may replace the key."""

    url: str
    write_key: str = field(repr=False)
    limits: ApiLimits = field(default_factory=ApiLimits)
    integrations: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def region_of_key(cls, _write_key: str) -> str | None:
        """Return the region that a key names, or None."""
        return None

    def headers(self, *, token: str | None = None) -> dict[str, str]:
        """Return the request's headers; `token` is a bearer token that replaces the key."""
        basic = base64.b64encode(f"{self.write_key}:".encode()).decode("ascii")
        return {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Authorization": f"Basic {basic}" if token is None else f"Bearer {token}",
        }

    def batch_fields(self) -> dict[str, Any]:
        """Return the fields that stand beside the messages of each batch."""
        return {"integrations": dict(self.integrations)} if self.integrations else {}

    def envelope(self, *, sent_at: datetime) -> tuple[bytes, bytes]:
        """Return the bytes before and after the messages of a batch, which are joined by commas."""
        return b'{"batch":[', b"]," + orjson.dumps({"sentAt": sent_at.isoformat(), **self.batch_fields()})[1:]

    def read(self, status: int, headers: Mapping[str, str], body: bytes, *, now: datetime) -> ApiAnswer:
        """Return what an answer means for the batch; a date in `Retry-After` is measured against `now`."""
        reason = f"http_{status}"
        words = read_words(body)
        if 200 <= status < 300:
            return ApiAnswer(Decision.ACCEPT, reason, status)
        if status in (408, 425, 429, 460) or (500 <= status < 600 and status not in (501, 505)):
            return ApiAnswer(Decision.WAIT, reason, status, words, read_retry_after(headers, now=now))
        if status in (401, 403) or 300 <= status < 400:
            return ApiAnswer(Decision.PAUSE, reason, status, words)
        return ApiAnswer(Decision.SPLIT, reason, status, words)
