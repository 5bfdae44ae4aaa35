"""What two sides exported of the same messages, made up: some are missing, some differ and some are doubled."""

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
from typing import BinaryIO, cast

from isal import igzip

START = datetime(2026, 11, 2, tzinfo=timezone.utc)
DAY_MS = 1_793_577_600_000
EVENTS = ("Feature Used", "Order Completed", "Cart Updated", "Email Verified", "Invite Sent", "Subscription Started")
FILES = 8
ONE_IN = 1000
"""Of so many messages, one is missing at each side, one differs, and one is doubled at Customer.io."""


@dataclass(frozen=True)
class Exports:
    """Two exports on disk, and how many of their messages have what fault."""

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
    """Write the two exports of `count` messages of 1.2 kB; the same count gives the same lines."""
    day = folder / "segment-logs" / "9sBxKq2mVd" / str(DAY_MS)
    (folder / "customerio").mkdir(parents=True)
    day.mkdir(parents=True)
    segment = [day / f"{number}.a.gz" for number in range(FILES)]
    customerio = [folder / "customerio" / f"2184.13699.{number + 1}.track.json.gz" for number in range(FILES)]
    size, lines, planted = 0, 0, dict.fromkeys(("missing_segment", "missing_customerio", "drift", "duplicates"), 0)
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        for bytes_written, lines_written, found in pool.map(
            partial(_make_part, count), range(FILES), segment, customerio
        ):
            size += bytes_written
            lines += lines_written
            planted = {fault: number + found[fault] for fault, number in planted.items()}
    return Exports(segment, customerio, size, planted, lines)


def _make_part(count: int, part: int, segment: Path, customerio: Path) -> tuple[int, int, Counter[str]]:
    """Write a file of each side; return their bytes, unpacked, their lines, and what is planted in them."""
    source = random.Random(7)  # noqa: S311 - planted data, not a secret
    fill = ["".join(source.choices("abcdefghijklmnopqrstuvwxyz     ", k=400)) for _ in range(997)]
    planted: Counter[str] = Counter()
    size = lines = 0
    with _packed(segment) as left, _packed(customerio) as right:
        for index in range(part * count // FILES, (part + 1) * count // FILES):
            for file, text in zip((left, right), _pair(index, fill, planted), strict=True):
                file.write(text)
                size += len(text)
                lines += text.count(b"\n")
    return size, lines, planted


def _packed(path: Path) -> BinaryIO:
    """Open a gzip file for writing."""
    return cast("BinaryIO", igzip.open(path, "wb", 2))  # type: ignore[no-untyped-call]


def _pair(index: int, fill: list[str], planted: Counter[str]) -> tuple[bytes, bytes]:
    """Return what each side has of one message, and note what is planted in it."""
    at = START + timedelta(milliseconds=80 * index % 86_000_000)
    sent, received = (_spell(at + timedelta(milliseconds=lag)) for lag in (80, 120))
    message_id = f"01K{index:023d}"
    user, event = f"user-{index * 7919 % 100_003}", EVENTS[index % len(EVENTS)]
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
    call = {
        "type": "track", "messageId": message_id, "userId": user, "anonymousId": None, "event": event,
        "properties": properties, "context": context, "integrations": {}, "channel": "server",
        "originalTimestamp": _spell(at), "timestamp": _spell(at), "sentAt": sent, "receivedAt": received,
    }  # fmt: skip
    left = json.dumps(call).encode() + b"\n"
    if index % ONE_IN == ONE_IN // 2:
        properties["total"] = str(properties["total"])
        planted["drift"] += 1
    row = {
        "id": message_id, "user_id": user, "anonymous_id": None, "sent_at": sent, "received_at": received,
        "event": event.lower().replace(" ", "_"), "event_text": event, "properties": properties, "context": context,
    }  # fmt: skip
    right = json.dumps(row).encode() + b"\n"
    if index % ONE_IN == 1:
        planted["duplicates"] += 1
        return left, right * 2
    if index % ONE_IN == 2:  # noqa: PLR2004 - one of the thousand
        planted["missing_segment"] += 1
        return b"", right
    if index % ONE_IN == 3:  # noqa: PLR2004 - one of the thousand
        planted["missing_customerio"] += 1
        return left, b""
    return left, right


def _spell(at: datetime) -> str:
    """Spell an instant as both vendors do."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
