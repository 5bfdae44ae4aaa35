"""What all destinations share: the request's form, the limits, and what an answer means. Pure.

Each limit that a vendor sets is a default in `ApiLimits`, which `Settings` can override; no other room holds one.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from math import ceil
from typing import Any, ClassVar
from urllib.parse import urlsplit

import orjson

from pipelines_client.destinations.answers import (
    MAX_WORDS,
    is_web_page,
    read_code,
    read_failures,
    read_retry_after,
    read_words,
)

Curing = Callable[[bytes], "tuple[bytes, dict[str, Any] | None] | None"]
"""Returns the message that is sent in the place of the recorded one, and its payload if that is another; or None."""

NO_ANSWER = "no_answer"
"""The reason of an `ApiAnswer` that stands for the lack of one."""
FORWARDING = "forwarding"
"""The way on from one vendor to another: a key beside the legs in what a message skips. A message that skips it goes in
batches whose `integrations` are also `Destination.keeping`, or has them itself."""
_NO_INTEGRATIONS = b'{"integrations":{}'
VERSION = "0.1.0"
USER_AGENT = f"pipelines-client/{VERSION}"
_FORBIDDEN = 403
_WAIT = frozenset({408, 425, 429, 460})
_WAY_IS_WRONG = frozenset({401, 402, 404, 405, 406, 407, 410, 411, 414, 415, 417, 421, 426, 428, 431, 451, 501, 505})
"""What these say is about the key, the address or the way there, never about a message."""


class Decision(str, enum.Enum):
    """What an answer means for the messages that were sent."""

    ACCEPT = "accept"
    WAIT = "wait"  # send the same batch again later; the leg waits
    SPLIT = "split"  # find the message that was refused; alone, it is rejected
    PAUSE = "pause"  # a key or a host is wrong: keep everything
    PROBE = "probe"  # a key or one message is refused: find out which


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """A destination's answer.

    Attributes:
        decision: What it means.
        reason: A short code, one of few.
        status: Its HTTP status; None if there was no answer.
        words: The API's error text, shortened.
        code: The code that the API gives its error; empty if it gives none.
        retry_after_s: The wait it asks for.
        kind: Why there was no answer, in a word.
        failed: With `ACCEPT`: the messages that were not taken all the same, as words by place in the request.
    """

    decision: Decision
    reason: str
    status: int | None = None
    words: str = ""
    retry_after_s: float | None = None
    kind: str = ""
    failed: Mapping[int, str] = field(default_factory=dict)
    code: str = ""

    def without(self, hide: Callable[[str], str]) -> ApiAnswer:
        """Return the answer with its words as `hide` returns them, shortened."""
        if not (self.words or self.failed or self.code):
            return self
        failed = {place: hide(words)[:MAX_WORDS] for place, words in self.failed.items()}
        return replace(self, words=hide(self.words)[:MAX_WORDS], failed=failed, code=hide(self.code))


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """The most that a destination takes; bytes are of the body before compression."""

    max_body_bytes: int = 475_000  # FACTS C6, S3: 500 KB, less a reserve for the envelope and the meaning of "KB"
    max_batch_count: int = 2_500  # FACTS S3; Customer.io documents no limit
    max_requests_per_s: float = 100.0  # FACTS C7, S4: about 1,000, for all processes of an account together
    max_messages_per_s: float | None = None

    def slowed(self, rate: float) -> ApiLimits:
        """Return limits that let at most `rate` messages a second pass, and no more in one request."""
        return replace(self, max_messages_per_s=rate, max_batch_count=min(self.max_batch_count, most_in_a_second(rate)))


@dataclass(frozen=True, slots=True)
class Destination:
    """One leg's far end. A vendor is a subclass: it sets the class variables and overrides what it does differently.

    `write_key` never shows in a `repr`. `integrations` goes at the top of each batch (FACTS S5, C9). `cure` changes
    messages when they are sent.
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
    takes_cures: ClassVar[bool] = False
    """Whether messages may be changed for it (docs/adr/0020)."""
    keeping: ClassVar[Mapping[str, Any]] = {}
    """`integrations` that tell this vendor not to forward messages to another one of ours; empty: it forwards none."""

    url: str
    write_key: str = field(repr=False)
    limits: ApiLimits = field(default_factory=ApiLimits)
    integrations: Mapping[str, Any] = field(default_factory=dict)
    cure: Curing | None = None

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

    @property
    def host(self) -> str:
        """The host that it is at, for people."""
        return urlsplit(self.url).netloc

    @property
    def fingerprint(self) -> str:
        """What says which host and key a message was taken for, without showing the key: `host#hash`."""
        place = f"{self.url}\0{self.write_key}".encode()
        return f"{self.host}#{blake2b(place, digest_size=16).hexdigest()}"

    def batch_fields(self) -> dict[str, Any]:
        """Return the fields that stand beside the messages of each batch."""
        return {"integrations": dict(self.integrations)} if self.integrations else {}

    def envelope(self, *, sent_at: datetime, is_kept: bool = False) -> tuple[bytes, bytes]:
        """Return the bytes before and after the messages of a batch, which are joined by commas.

        `is_kept` says that the vendor may not forward them (`keeping`).
        """
        fields = {"sentAt": sent_at.isoformat(), **self.batch_fields()}
        if is_kept and self.keeping:
            fields["integrations"] = {**self.integrations, **self.keeping}
        return b'{"batch":[', b"]," + orjson.dumps(fields)[1:]

    def kept(self, body: bytes, *, is_said: bool = False) -> bytes:
        """Return a message that itself says that it may not be forwarded.

        `is_said`: its envelope says so. The message then repeats it only if its own `integrations` name what they are
        about, because which of the two would count is not documented.
        """
        if body.startswith(_NO_INTEGRATIONS):  # as nearly all are that a client of ours has built
            return body if is_said else b'{"integrations":' + orjson.dumps(self.keeping) + body[len(_NO_INTEGRATIONS) :]
        call = orjson.loads(body)
        own = call.get("integrations")
        own = own if isinstance(own, dict) else {}
        if is_said and own.keys().isdisjoint(self.keeping):
            return body
        return orjson.dumps({**call, "integrations": {**own, **self.keeping}})

    def count_shared(self, bodies: Sequence[bytes]) -> int:
        """Return how many of the first messages may share a request: all before the first that has its own address."""
        return len(bodies)

    def own_url(self, _body: bytes) -> str | None:
        """Return the address of a message that may not share a request with others; None: it goes in a batch."""
        return None

    def read(self, status: int, headers: Mapping[str, str], body: bytes, *, now: datetime, count: int = 1) -> ApiAnswer:
        """Return what an answer means for the `count` messages of a request.

        A date in `Retry-After` is measured against `now`, which is aware. The body may be cut.
        """
        reason = f"http_{status}"
        if 200 <= status < 300:
            return _read_success(status, headers, body, count)
        words = read_words(body)
        if status in _WAY_IS_WRONG or 300 <= status < 400:
            return ApiAnswer(Decision.PAUSE, reason, status, words)
        if status in _WAIT or not 400 <= status < 500:
            return ApiAnswer(Decision.WAIT, reason, status, words, read_retry_after(headers, now=now))
        decision = Decision.PROBE if status == _FORBIDDEN else Decision.SPLIT
        return ApiAnswer(decision, reason, status, words, code=read_code(body))


def _read_success(status: int, headers: Mapping[str, str], body: bytes, count: int) -> ApiAnswer:
    if is_web_page(headers, body):
        return ApiAnswer(Decision.PAUSE, "web_page", status, "the answer is a web page, so it is not the API's")
    failures = read_failures(body, count=count)
    decision = Decision.SPLIT if failures.is_total else Decision.ACCEPT
    return ApiAnswer(decision, f"http_{status}", status, failures.words, failed=failures.by_place)


def most_in_a_second(rate: float) -> int:
    """Return how many messages fit any one second at a steady rate."""
    return max(1, ceil(rate))


def told(fingerprint: str) -> str:
    """Return which host and key a fingerprint stands for, in words: the key by the beginning of its hash."""
    host, _, key = fingerprint.rpartition("#")
    return f"{host or 'an unknown host'}, key {key[:8] or 'unknown'}"
