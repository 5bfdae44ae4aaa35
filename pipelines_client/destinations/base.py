"""The two APIs: where they are, how to speak to them, how to read their answers. Pure.

Every number a vendor sets is a default in `Limits`, overridable by `Settings`; nothing further down knows one.
"""

from __future__ import annotations

import base64
import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from pipelines_client.errors import ConfigError
from pipelines_client.sides import CUSTOMERIO, SEGMENT

HOSTS = {
    CUSTOMERIO: {"us": "https://cdp.customer.io", "eu": "https://cdp-eu.customer.io"},  # FACTS C1
    SEGMENT: {"us": "https://api.segment.io", "eu": "https://events.eu1.segmentapis.com"},  # FACTS S1
}
VENDOR_NAMES = {CUSTOMERIO: "Customer.io", SEGMENT: "Segment"}
USER_AGENT = "pipelines-client/0.1.0"
_REGION_KEY = re.compile(r"^(?:pk|sk)_(us|eu)_")  # FACTS C2
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_MAX_WORDS = 300
_MAX_RETRY_AFTER_S = 86_400.0  # a server whose clock is wrong by centuries must not end a leg
_MAX_WORDS_DEPTH = 16  # the API's own shapes have four; what is nested deeper is not meant to be read


class Decision(str, enum.Enum):
    """What an answer means for the messages that were sent."""

    ACCEPT = "accept"
    WAIT = "wait"  # the same batch again, later; nothing else of the leg moves
    SPLIT = "split"  # find the culprit; alone, it is rejected
    PAUSE = "pause"  # a key or a host is wrong: keep everything


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a destination's answer reads. `words` are the API's own, shortened; `retry_after_s` is a minimum."""

    decision: Decision
    reason: str
    status: int | None = None
    words: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a destination takes at most; bytes are of the body before compression."""

    max_body_bytes: int = 475_000  # FACTS C6, S3: 500 KB, less what the envelope and the unit may cost
    max_batch_count: int = 2_500  # FACTS S3; Customer.io documents none
    max_requests_per_s: float = 100.0  # FACTS C7, S4: about 1,000, for all processes of an account together


@dataclass(frozen=True, slots=True)
class Destination:
    """One leg's far end. `write_key` never shows in a `repr`."""

    name: str
    url: str
    write_key: str = field(repr=False)
    limits: Limits = field(default_factory=Limits)
    integrations: Mapping[str, Any] = field(default_factory=dict)

    def headers(self, *, token: str | None = None) -> dict[str, str]:
        """Return the request's headers; `token` is an OAuth token that takes the key's place (Segment only)."""
        headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
        if token is not None or (self.name == CUSTOMERIO and _REGION_KEY.match(self.write_key)):
            headers["Authorization"] = f"Bearer {token or self.write_key}"
        else:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{self.write_key}:".encode()).decode("ascii")
        if self.name == CUSTOMERIO:
            headers["X-Strict-Mode"] = "1"  # FACTS C3: without it a refusal looks like a success
        return headers

    def envelope(self, *, sent_at: datetime) -> tuple[bytes, bytes]:
        """Return what stands before and after the messages, which are joined by commas."""
        top: dict[str, Any] = {"sentAt": sent_at.isoformat()}
        if self.name == SEGMENT:
            top["writeKey"] = self.write_key  # FACTS S2
        if self.integrations:
            top["integrations"] = dict(self.integrations)  # FACTS S5, C9: merged with each message's
        return b'{"batch":[', b"]," + orjson.dumps(top)[1:]

    def read(self, status: int, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Verdict:
        """Say what an answer means for the batch.

        Args:
            status: HTTP status.
            headers: The answer's headers, in any case.
            body: The answer's body, cut at some kilobytes.
            now: Aware; what an HTTP-date in `Retry-After` is measured against.
        """
        reason = f"http_{status}"
        words = read_words(body)
        if 200 <= status < 300:
            return Verdict(Decision.ACCEPT, reason, status)
        if status in (408, 425, 429, 460) or (500 <= status < 600 and status not in (501, 505)):
            return Verdict(Decision.WAIT, reason, status, words, read_retry_after(headers, now=now))
        if status in (401, 403) or 300 <= status < 400:
            return Verdict(Decision.PAUSE, reason, status, words)
        return Verdict(Decision.SPLIT, reason, status, words)


def customerio(
    write_key: str, *, host: str | None = None, region: str | None = None, limits: Limits | None = None
) -> Destination:
    """Describe Customer.io Data Pipelines; the key's own prefix names its region (FACTS C2), else `region`, else US.

    Raises:
        ConfigError: Key, region and host contradict each other (FACTS C8: such data may be lost behind a 200).
    """
    key = clean_key(write_key, "write_key")
    match = _REGION_KEY.match(key)
    key_region = match.group(1) if match else None
    if key_region and region and region != key_region:
        raise ConfigError(
            f'write_key is of region "{key_region}", but region is "{region}": drop region, or use the other key'
        )
    url = _batch_url(CUSTOMERIO, host, region=key_region or region, region_from="write_key" if key_region else "region")
    return Destination(CUSTOMERIO, url, key, limits or Limits())


def segment(
    write_key: str,
    *,
    host: str | None = None,
    region: str | None = None,
    limits: Limits | None = None,
    integrations: Mapping[str, Any] | None = None,
) -> Destination:
    """Describe the legacy Segment source; `integrations` goes at the top of each batch (FACTS S5, S12).

    Raises:
        ConfigError: Region and host contradict each other (FACTS S1).
    """
    key = clean_key(write_key, "segment_write_key")
    url = _batch_url(SEGMENT, host, region=region, region_from="segment_region")
    return Destination(SEGMENT, url, key, limits or Limits(), integrations or {})


def clean_key(key: str, setting: str) -> str:
    """Strip what secret files leave at the ends (FACTS C2) and refuse what could split a header.

    Raises:
        ConfigError: The key is empty or has white space or control characters inside.
    """
    key = key.strip()
    if not key or _CONTROL.search(key) or not key.isascii():
        raise ConfigError(f"{setting} is empty or holds white space, control or non-ASCII characters: copy it again")
    return key


def normalise_host(host: str) -> str:
    """Return a base without a trailing `/`, `/v1` or `/v1/batch`; https unless the host says otherwise.

    Raises:
        ConfigError: It is no http(s) address.
    """
    base = host.strip()
    if "://" not in base:
        base = f"https://{base}"
    base = re.sub(r"(/v1(/batch)?)?/*$", "", base.rstrip("/"), flags=re.IGNORECASE)
    try:
        parts = urlsplit(base)
        is_right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise ConfigError("host is no address: it must look like https://cdp.customer.io") from None
    if not is_right or _CONTROL.search(base) or parts.username or parts.query or parts.fragment:
        raise ConfigError("host must look like https://cdp.customer.io, without user, query or fragment")
    return parts._replace(netloc=parts.netloc.lower()).geturl()


def read_words(body: bytes) -> str:
    """Return the API's own words of refusal, in any of the shapes it is known to use (FACTS C4), shortened."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = body.decode("utf-8", "replace")
    words = "; ".join(_words(answer))
    return "".join(c if c.isprintable() else " " for c in words).strip()[:_MAX_WORDS]


def _words(answer: Any, depth: int = 0) -> list[str]:
    if isinstance(answer, str):
        return [answer]
    if depth > _MAX_WORDS_DEPTH:
        return []
    if isinstance(answer, list):
        return [word for item in answer for word in _words(item, depth + 1)]
    if not isinstance(answer, dict):
        return []
    for name in ("meta", "errors", "error", "detail", "message"):
        if answer.get(name):
            return _words(answer[name], depth + 1)
    return []


def read_retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds an answer asks to wait: `Retry-After` in either form, else `X-RateLimit-Reset` (FACTS S4).

    A day at most.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    for name in ("retry-after", "x-ratelimit-reset"):
        text = lowered.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
            return min(float(text), _MAX_RETRY_AFTER_S)
        if text and name == "retry-after":
            try:
                at = parsedate_to_datetime(text)
            except (ValueError, TypeError, LookupError, OverflowError):  # whatever it makes of what is no date
                continue
            aware = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
            return min(max(0.0, (aware - now).total_seconds()), _MAX_RETRY_AFTER_S)
    return None


def _batch_url(vendor: str, host: str | None, *, region: str | None, region_from: str) -> str:
    known = HOSTS[vendor]
    if host is None:
        return known[region or "us"] + "/v1/batch"
    base = normalise_host(host)
    hostname = urlsplit(base).hostname
    setting = "host" if vendor == CUSTOMERIO else "segment_host"
    for other, hosts in HOSTS.items():
        for host_region, its_base in hosts.items():
            if hostname != urlsplit(its_base).hostname:
                continue
            if other != vendor:
                right = "segment_host" if vendor == CUSTOMERIO else "host"
                raise ConfigError(
                    f"{setting} {base} belongs to {VENDOR_NAMES[other]}, and {setting} is {VENDOR_NAMES[vendor]}'s: "
                    f"set {right} for it, or leave {setting} out"
                )
            if region and region != host_region:
                raise ConfigError(
                    f'{region_from} is of region "{region}", but {setting} {base} is region "{host_region}": '
                    f"leave {setting} out, or use the key of that region"
                )
    return base + "/v1/batch"
