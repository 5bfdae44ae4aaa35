"""Builds the three sources by hand, message by message, and writes them in the vendors' layouts."""

from __future__ import annotations

import copy
import gzip
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from pipelines_client.canonical import PAYLOAD_FIELD, payload_hash
from pipelines_client.clock import iso_utc
from pipelines_client.identity import hash_identity, primary_identity

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))
START = datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)
DAY_MS = 1_793_577_600_000  # 2026-11-02T00:00Z
SIDES = ("segment", "customerio")


@dataclass
class Sent:
    """One message and what the test makes of it; every fault is planted by changing these."""

    call: dict[str, Any]
    at: datetime
    outcomes: dict[str, tuple[str, str | None] | None]
    sides: dict[str, dict[str, Any] | None]
    copies: dict[str, int] = field(default_factory=lambda: {"segment": 1, "customerio": 1})
    is_recorded: bool = True
    finished_after: timedelta = timedelta(milliseconds=150)
    occurred_at: datetime | None = None
    received_after: dict[str, timedelta] = field(
        default_factory=lambda: {"segment": timedelta(milliseconds=101), "customerio": timedelta(milliseconds=113)}
    )
    sent_after: dict[str, timedelta] = field(
        default_factory=lambda: {"segment": timedelta(milliseconds=90), "customerio": timedelta(milliseconds=80)}
    )
    library: dict[str, str] | None = None
    write_key: str | None = None
    writer: str = "w1"
    sent_to: dict[str, str] = field(default_factory=dict)
    other_copies: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"segment": [], "customerio": []})

    @property
    def id(self) -> str:
        """Return its messageId."""
        return self.call["messageId"]

    def lose(self, side: str) -> None:
        """Let it vanish at a side that accepted it."""
        self.sides[side] = None

    def not_sent(self, side: str, outcome: str, reason: str) -> None:
        """Let a leg end otherwise than accepted."""
        self.outcomes[side] = (outcome, reason)
        self.sides[side] = None

    def unsettled(self, side: str) -> None:
        """Leave it in the spool of a leg."""
        self.outcomes[side] = None
        self.sides[side] = None

    def payload(self, side: str) -> dict[str, Any]:
        """Return its properties or traits as a side has them, to be changed."""
        call = self.sides[side]
        assert call is not None
        return call[PAYLOAD_FIELD[call["type"]]]

    def copy_changed(self, side: str, **properties: Any) -> None:
        """Let one more copy arrive at a side, with other properties or traits."""
        call = copy.deepcopy(self.sides[side])
        assert call is not None
        call[PAYLOAD_FIELD[call["type"]]].update(properties)
        self.other_copies[side].append(call)


class Evidence:
    """A ledger, a Segment archive and Customer.io files over the same messages."""

    def __init__(self, folder: Path, *, count: int = 0, event: str = "Feature Used") -> None:
        self.folder = folder
        self.messages: list[Sent] = []
        self.raw: dict[str, list[bytes]] = {"ledger": [], "segment": [], "customerio": []}
        for index in range(count):
            self.track(f"u{index % 7}", event, {"feature": "export", "index": index, "price": 9.5, "tags": ["a", "b"]})

    def track(self, user: str, event: str, properties: dict[str, Any], **more: Any) -> Sent:
        """Add a track a second after the last message."""
        return self.add({"type": "track", "userId": user, "event": event, "properties": properties, **more})

    def fill_days(self, days: int, *, a_day: int = 60) -> None:
        """Send the same number of messages on each day."""
        for day in range(days):
            for index in range(a_day):
                self.track("u1", "Cart Updated", {}).at = START + timedelta(days=day, minutes=index)

    def add(self, call: dict[str, Any], *, after: timedelta | None = None) -> Sent:
        """Add a call, accepted and received by both sides."""
        index = len(self.messages)
        at = START + (after if after is not None else timedelta(seconds=index))
        call = {"messageId": f"m{index:05}", **call}
        sent = Sent(
            call,
            at,
            {"segment": ("accepted", None), "customerio": ("accepted", None)},
            {side: copy.deepcopy(call) for side in SIDES},
        )
        self.messages.append(sent)
        return sent

    def paths(self) -> dict[str, Path]:
        """Write all three and return where they are."""
        return {"ledger": self.write_ledger(), "segment": self.write_segment(), "customerio": self.write_customerio()}

    def write_ledger(self, *, key: bytes | None = KEY, is_sealed: bool = False) -> Path:
        """Write a state directory with its ledger."""
        state = self.folder / "state"
        day = state / "ledger" / "2026-11-02"
        day.mkdir(parents=True, exist_ok=True)
        if key is not None:
            (state / "identity.key").write_text(KEY.hex())
        lines = [json.dumps(record).encode() for sent in self.messages if sent.is_recorded for record in _records(sent)]
        lines += self.raw["ledger"]
        text = b"\n".join(lines) + b"\n"
        if is_sealed:
            half = len(lines) // 2
            members = (b"\n".join(lines[:half]) + b"\n", b"\n".join(lines[half:]) + b"\n")
            (day / "w1.jsonl.gz").write_bytes(b"".join(gzip.compress(member) for member in members))
        else:
            (day / "w1.jsonl").write_bytes(text)
        return state

    def write_segment(self, *, is_packed: bool = True) -> Path:
        """Write a bucket with an archive below a prefix."""
        logs = self.folder / "bucket" / "prefix" / "segment-logs"
        day = logs / "9sBxKq2mVd" / str(DAY_MS)
        day.mkdir(parents=True, exist_ok=True)
        (logs / "dummy-object.txt").write_text("dummy")
        lines = [json.dumps(line).encode() for sent in self.messages for line in _archived(sent)] + self.raw["segment"]
        half = len(lines) // 2
        for name, part in (("1.a.gz", lines[:half]), ("2.b.gz", lines[half:])):
            text = b"".join(line + b"\n" for line in part)
            (day / name).write_bytes(gzip.compress(text) if is_packed else text)
        return self.folder / "bucket"

    def write_customerio(self, *, is_old: bool = False, as_array: bool = False, unix: bool = False) -> Path:
        """Write storage files, two of each type."""
        folder = self.folder / "customerio"
        folder.mkdir(parents=True, exist_ok=True)
        by_type: dict[str, list[bytes]] = {}
        for sent in self.messages:
            for row in _stored(sent, unix=unix):
                by_type.setdefault(sent.call["type"], []).append(json.dumps(row).encode())
        if self.raw["customerio"]:
            by_type.setdefault("track", []).extend(self.raw["customerio"])
        for kind, rows in by_type.items():
            half = len(rows) // 2
            for position, part in ((1, rows[:half]), (2, rows[half:])):
                name = f"acme_{kind}s_{position}.json" if is_old else f"2184.13699.{position}.{kind}.json"
                text = b"[\n" + b",\n".join(part) + b"\n]" if as_array else b"".join(row + b"\n" for row in part)
                (folder / name).write_bytes(text)
        return folder


def _records(sent: Sent) -> list[dict[str, Any]]:
    call = sent.call
    field_name = PAYLOAD_FIELD.get(call["type"], "")
    identity = primary_identity(call.get("userId"), call.get("anonymousId"), call.get("groupId"))
    records = []
    for leg, fate in sent.outcomes.items():
        if fate is None:
            continue
        records.append(
            {
                "message_id": sent.id,
                "type": call["type"],
                "event": call.get("event", call.get("name")),
                "identity": hash_identity(KEY, identity),
                "occurred_at": iso_utc(sent.occurred_at or sent.at),
                "appended_at": iso_utc(sent.at),
                "finished_at": iso_utc(sent.at + sent.finished_after),
                "leg": leg,
                "outcome": fate[0],
                "reason": fate[1],
                "http_status": 200 if fate[0] == "accepted" else None,
                "attempts": 1,
                "body_bytes": 300,
                "payload_hash": payload_hash(call.get(field_name) or {}),
                "stage": "dual",
                "writer": sent.writer,
                **({"destination": sent.sent_to[leg]} if leg in sent.sent_to else {}),
            }
        )
    return records


def _archived(sent: Sent) -> list[dict[str, Any]]:
    call = sent.sides["segment"]
    if call is None:
        return []
    line = {
        "anonymousId": None,
        "userId": None,
        **call,
        "channel": "server",
        "context": {**call.get("context", {}), "library": sent.library or {"name": "x"}},
        "integrations": {},
        "originalTimestamp": call.get("originalTimestamp", sent.at.isoformat()),
        "sentAt": iso_utc(sent.at + sent.sent_after["segment"]),
        "receivedAt": iso_utc(sent.at + sent.received_after["segment"]),
        "timestamp": iso_utc(sent.at + timedelta(milliseconds=11)),
    }
    if sent.write_key is not None:
        line["writeKey"] = sent.write_key
    return [*[line] * sent.copies["segment"], *({**line, **other} for other in sent.other_copies["segment"])]


def _stored(sent: Sent, *, unix: bool) -> list[dict[str, Any]]:
    call = sent.sides["customerio"]
    if call is None:
        return []
    row = _stored_row(sent, call, unix=unix)
    others = sent.other_copies["customerio"]
    return [*[row] * sent.copies["customerio"], *(_stored_row(sent, other, unix=unix) for other in others)]


def _stored_row(sent: Sent, call: dict[str, Any], *, unix: bool) -> dict[str, Any]:
    sent_at, received_at = sent.at + sent.sent_after["customerio"], sent.at + sent.received_after["customerio"]
    row: dict[str, Any] = {
        "id": call["messageId"],
        "sent_at": int(sent_at.timestamp()) if unix else iso_utc(sent_at),
        "received_at": int(received_at.timestamp()) if unix else iso_utc(received_at),
        "anonymous_id": call.get("anonymousId"),
        "user_id": call.get("userId"),
    }
    kind = call["type"]
    if kind == "track":
        name = call["event"].strip()
        row |= {"event": name.lower().replace(" ", "_"), "event_text": name}
    if kind == "group":
        row |= {"group_id": call["groupId"], "objectTypeId": "1"}
    if kind == "alias":
        row["previous_id"] = call["previousId"]
    if kind in PAYLOAD_FIELD:
        row[PAYLOAD_FIELD[kind]] = call.get(PAYLOAD_FIELD[kind]) or {}
    if sent.library is not None or "context" in call:
        row["context"] = {**call.get("context", {}), "library": sent.library}
    return row
