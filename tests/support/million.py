"""A million messages over three weeks, written as text: what `Evidence` plants faults beside."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from evidence import DAY_MS, KEY, SIDES, START

from pipelines_client.canonical import payload_hash
from pipelines_client.clock import iso_utc
from pipelines_client.identity import hash_identity, primary_identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAYS = 20
LACKING_DAY, BUSY_DAY = 10, 13
BUSY = 5  # times as many carts as usual
HOLE = "2184.13699.9.track.json"

_CARTS_SHARE = 50
_PAYLOADS = [{"feature": "export", "index": n, "price": n / 2, "tags": ["a", "b"]} for n in range(500)]
_HASHES = [payload_hash(payload) for payload in _PAYLOADS]
_TEXTS = [json.dumps(payload) for payload in _PAYLOADS]
_PEOPLE = [f"person of the crowd {n}" for n in range(5000)]
_IDENTITIES = [hash_identity(KEY, primary_identity(person, None, None)) for person in _PEOPLE]


def write_crowd(folder: Path, count: int) -> tuple[int, int]:
    """Add about `count` messages to the evidence in a folder: a fifth of a million's worth of a day lacks at Segment.

    Returns:
        How many there are, and how many of them Segment lacks.
    """
    a_day = count // DAYS
    written = lacking = 0
    for day in range(DAYS):
        lines: dict[str, list[str]] = {"ledger": [], "segment": [], "customerio": []}
        for index, event in enumerate(_events(day, a_day)):
            _add(lines, f"c{day:02}-{index:06}", event, day, index, a_day)
            written += 1
        if day == LACKING_DAY:
            lacking = len(lines["segment"])
            lines["segment"] = []
        _write(folder, day, lines)
    return written, lacking


def _events(day: int, a_day: int) -> Iterator[str]:
    for index in range(a_day):
        yield "Cart Updated" if index % _CARTS_SHARE == 0 else "Feature Used"
    if day == BUSY_DAY:
        for _ in range((BUSY - 1) * a_day // _CARTS_SHARE):
            yield "Cart Updated"


def _add(lines: dict[str, list[str]], message_id: str, event: str, day: int, index: int, a_day: int) -> None:
    at = START + timedelta(days=day, milliseconds=30_000_000 * (index % a_day) // a_day)
    payload, person = index % len(_PAYLOADS), index % len(_PEOPLE)
    text, user = _TEXTS[payload], _PEOPLE[person]
    sent, received, finished = (iso_utc(at + timedelta(milliseconds=lag)) for lag in (90, 101, 150))
    common: dict[str, Any] = {
        "message_id": message_id,
        "type": "track",
        "event": event,
        "identity": _IDENTITIES[person],
        "occurred_at": iso_utc(at),
        "appended_at": iso_utc(at),
        "finished_at": finished,
        "outcome": "accepted",
        "reason": None,
        "payload_hash": _HASHES[payload],
        "stage": "dual",
    }
    lines["ledger"] += [json.dumps({**common, "leg": side}) for side in SIDES]
    lines["segment"].append(
        f'{{"type":"track","messageId":"{message_id}","userId":"{user}","event":"{event}","properties":{text},'
        f'"originalTimestamp":"{iso_utc(at)}","sentAt":"{sent}","receivedAt":"{received}"}}'
    )
    lines["customerio"].append(
        f'{{"id":"{message_id}","user_id":"{user}","event_text":"{event}","properties":{text},"sent_at":"{sent}",'
        f'"received_at":"{received}"}}'
    )


def _write(folder: Path, day: int, lines: dict[str, list[str]]) -> None:
    data = {source: "".join(f"{line}\n" for line in texts).encode() for source, texts in lines.items()}
    (folder / "state" / "ledger" / "2026-11-02" / f"crowd-{day:02}.jsonl").write_bytes(data["ledger"])
    archive = folder / "bucket" / "prefix" / "segment-logs" / "9sBxKq2mVd" / str(DAY_MS + day * 86_400_000)
    archive.mkdir(parents=True, exist_ok=True)
    (archive / "crowd.gz").write_bytes(gzip.compress(data["segment"], 1))
    position = day + 3 if day + 3 < int(HOLE.split(".")[2]) else day + 4
    (folder / "customerio" / f"2184.13699.{position}.track.json").write_bytes(data["customerio"])
