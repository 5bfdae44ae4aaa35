"""Makes two exports of the same messages: some are missing, some differ and some are duplicates."""

from __future__ import annotations

import json
import multiprocessing
import random
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from isal import igzip

START = datetime(2026, 11, 2, tzinfo=timezone.utc)
DAY_MS = 1_793_577_600_000
EVENTS = ("Feature Used", "Order Completed", "Cart Updated", "Email Verified", "Invite Sent", "Subscription Started")
FILES = 8
ONE_IN = 1000
"""In this many messages one is missing at each side, one differs, and one is a duplicate at Customer.io."""
_FAULTS = {1: "duplicates", 2: "missing_segment", 3: "missing_customerio", ONE_IN // 2: "drift"}
"""Which of a thousand messages has which fault."""


@dataclass(frozen=True)
class Exports:
    """Two exports on disk, and the number of planted faults of each kind."""

    segment: list[Path]
    customerio: list[Path]
    bytes_raw: int
    planted: dict[str, int]
    lines: int

    @property
    def paths(self) -> list[str]:
        """All files, Segment's first."""
        return [str(path) for path in (*self.segment, *self.customerio)]

    @property
    def bytes_packed(self) -> int:
        """Bytes on disk."""
        return sum(Path(path).stat().st_size for path in self.paths)


def make(folder: Path, count: int) -> Exports:
    """Write two exports of `count` messages of 1.2 kB; the same count gives the same lines."""
    day = folder / "segment-logs" / "9sBxKq2mVd" / str(DAY_MS)
    (folder / "customerio").mkdir(parents=True)
    day.mkdir(parents=True)
    segment = [day / f"{number}.a.gz" for number in range(FILES)]
    customerio = [folder / "customerio" / f"2184.13699.{number + 1}.track.json.gz" for number in range(FILES)]
    size, lines, planted = 0, 0, dict.fromkeys(_FAULTS.values(), 0)
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        for bytes_written, lines_written, faults in pool.map(
            partial(_make_file, count), range(FILES), segment, customerio
        ):
            size += bytes_written
            lines += lines_written
            planted = {fault: number + faults[fault] for fault, number in planted.items()}
    return Exports(segment, customerio, size, planted, lines)


def _make_file(count: int, number: int, segment: Path, customerio: Path) -> tuple[int, int, Counter[str]]:
    """Write a file of each side; return their unpacked bytes, their lines, and the faults planted in them."""
    source = random.Random(7)  # noqa: S311 - planted data, not a secret
    fill = ["".join(source.choices("abcdefghijklmnopqrstuvwxyz     ", k=400)) for _ in range(997)]
    planted: Counter[str] = Counter()
    size = lines = 0
    with _packed(segment) as left, _packed(customerio) as right:
        for index in range(number * count // FILES, (number + 1) * count // FILES):
            for file, text in zip((left, right), _pair(index, fill, planted), strict=True):
                file.write(text)
                size += len(text)
                lines += text.count(b"\n")
    return size, lines, planted


def _packed(path: Path) -> BinaryIO:
    """Open a gzip file for writing."""
    return cast("BinaryIO", igzip.open(path, "wb", 2))  # type: ignore[no-untyped-call]


def _pair(index: int, fill: list[str], planted: Counter[str]) -> tuple[bytes, bytes]:
    """Return the lines that each side has of one message, and count the fault planted in it."""
    fault = _FAULTS.get(index % ONE_IN)
    if fault:
        planted[fault] += 1
    call = _call(index, fill)
    left = json.dumps(call).encode() + b"\n"
    if fault == "drift":
        call["properties"]["total"] = str(call["properties"]["total"])
    right = json.dumps(_row(call)).encode() + b"\n"
    return {
        "duplicates": (left, right * 2),
        "missing_segment": (b"", right),
        "missing_customerio": (left, b""),
    }.get(fault or "", (left, right))


def _call(index: int, fill: list[str]) -> dict[str, Any]:
    """Return a message as Segment archives it."""
    at = START + timedelta(milliseconds=80 * index % 86_000_000)
    properties = {
        "order_id": f"ord_{index}",
        "total": round(index % 9973 / 100, 2),
        "currency": "EUR",
        "items": [{"sku": f"sku-{index % 331}", "quantity": index % 5 + 1, "price": 9.5}],
        "note": fill[index % 997],
        "is_first": index % 2 == 0,
    }
    context = {
        "library": {"name": "analytics-python", "version": "2.4.0"},
        "ip": "203.0.113.7",
        "page": fill[-index % 997],
    }
    return {
        "type": "track", "messageId": f"01K{index:023d}", "userId": f"user-{index * 7919 % 100_003}",
        "anonymousId": None, "event": EVENTS[index % len(EVENTS)], "properties": properties, "context": context,
        "integrations": {}, "channel": "server", "originalTimestamp": _spell(at), "timestamp": _spell(at),
        "sentAt": _spell(at + timedelta(milliseconds=80)), "receivedAt": _spell(at + timedelta(milliseconds=120)),
    }  # fmt: skip


def _row(call: dict[str, Any]) -> dict[str, Any]:
    """Return the row that Customer.io exports of a message."""
    event = call["event"]
    return {
        "id": call["messageId"], "user_id": call["userId"], "anonymous_id": None, "sent_at": call["sentAt"],
        "received_at": call["receivedAt"], "event": event.lower().replace(" ", "_"), "event_text": event,
        "properties": call["properties"], "context": call["context"],
    }  # fmt: skip


def _spell(at: datetime) -> str:
    """Spell an instant as both vendors do."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
