"""A small application, what each side received of its calls, and writers of every layout that parity reads.

Nothing here stands on the code under test, but for the model of a ledger's line: layouts are written from FACTS C18,
C19 and S8 to S10, and hashes by RFC 8785 and BLAKE2b.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections import defaultdict
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq
import rfc8785

from pipelines_client.state.ledger import DeliveryRecord, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from random import Random

SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
EVENTS = ("Order Completed", "Cart Updated", "Trial Started", "Feature Used", "Login")
SIDES = ("segment", "customerio")
PLURALS = {"identify": "identifies", "alias": "aliases"}
PAYLOAD = {"identify": "traits", "group": "traits", "track": "properties", "page": "properties", "screen": "properties"}
TABLES_OF_SEGMENT = ("warehouse-csv", "warehouse-parquet")
FORMS = {
    "segment": ("archive", "unpacked", "jsonl", *TABLES_OF_SEGMENT),
    "customerio": ("json", "array", "old", "csv", "csv.gz", "parquet", "struct", "jsonl"),
}
SOURCE, OTHER_SOURCE = "9sBxKq2mVd", "tQ4phoneX7"
LIBRARY = {"name": "analytics-python", "version": "2.4.0"}
MARGIN = 5 * HOUR
"""Nothing is lost in the last hours: what is young is not yet missing."""

Call = dict[str, Any]
Rows = list[dict[str, Any]]


def iso(at: float) -> str:
    """Return an instant as the vendors write it."""
    return datetime.fromtimestamp(at / 1000, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Arrival:
    """A call as a side has it."""

    call: Call
    made: int
    at: int
    sent: int
    source: str = SOURCE

    @property
    def payload(self) -> dict[str, Any]:
        """Return its properties or traits."""
        return self.call[PAYLOAD[self.call["type"]]]


@dataclass
class World:
    """The calls, what arrived, the ledger, and how all of it is written; faults change these."""

    chance: Random
    sources: tuple[str, ...]
    forms: dict[str, str]
    key: bytes = bytes(range(32))
    calls: list[Call] = field(default_factory=list)
    got: dict[str, list[Arrival]] = field(default_factory=lambda: {side: [] for side in SIDES})
    records: list[DeliveryRecord] = field(default_factory=list)
    harm: list[Callable[[dict[str, Path]], object]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    rows_of_a_file: tuple[int, int] = (12, 30)

    @property
    def end(self) -> int:
        """Return when the last call was made."""
        return self.calls[-1]["at"]

    @property
    def sides(self) -> list[str]:
        """Return the sides that are given."""
        return [side for side in SIDES if side in self.sources]

    @property
    def has_ledger(self) -> bool:
        """Whether there is one."""
        return "ledger" in self.sources

    def shows_payload(self, side: str) -> bool:
        """Whether the side's layout has payloads."""
        return self.forms[side] not in TABLES_OF_SEGMENT

    def is_text(self, side: str) -> bool:
        """Whether payloads are texts in columns there."""
        return self.forms[side] in ("csv", "csv.gz", "parquet")

    def of(self, *kinds: str) -> list[Call]:
        """Return the calls of some types that are old enough to be missed."""
        return [call for call in self.calls if call["type"] in kinds and call["at"] < self.end - MARGIN]

    def some(self, *kinds: str, most: float = 0.05) -> list[Call]:
        """Choose a few calls of some types (all types by default)."""
        able = self.of(*(kinds or PAYLOAD))
        return self.chance.sample(able, self.chance.randint(2, max(3, int(len(able) * most))))

    def at(self, side: str, calls: Iterable[Call]) -> list[Arrival]:
        """Return how these calls stand at a side."""
        ids = {call["messageId"] for call in calls}
        return [arrival for arrival in self.got[side] if arrival.call["messageId"] in ids]

    def lose(self, side: str, calls: Iterable[Call]) -> None:
        """Let these vanish at a side."""
        ids = {call["messageId"] for call in calls}
        self.got[side] = [arrival for arrival in self.got[side] if arrival.call["messageId"] not in ids]

    def fate(self, side: str, calls: Iterable[Call], outcome: Outcome | None, reason: str | None) -> None:
        """Change what became of these on a leg; None takes the record away."""
        ids = {call["messageId"] for call in calls}
        kept = []
        for record in self.records:
            if record.leg != side or record.message_id not in ids:
                kept.append(record)
            elif outcome is not None:
                kept.append(DeliveryRecord(**{**asdict(record), "outcome": outcome, "reason": reason}))
        self.records = kept

    def write(self, folder: Path) -> dict[str, str]:
        """Write everything that is given; return the paths as the command takes them."""
        places = {}
        for source in self.sources:
            places[source] = folder / source
            places[source].mkdir()
            if source == "ledger":
                self._write_ledger(places[source])
            elif source == "segment":
                _write_segment(places[source], self.got[source], self.forms[source])
            else:
                _write_storage(
                    places[source], self.got[source], self.forms[source], self.chance.randint(*self.rows_of_a_file)
                )
        for harm in self.harm:
            harm(places)
        kinds = {"warehouse-csv": "warehouse:", "warehouse-parquet": "warehouse:", "jsonl": "jsonl:"}
        given = {source: self.kinds.get(source, kinds.get(self.forms.get(source, ""), "")) for source in places}
        return {source: f"{given[source]}{place}" for source, place in places.items()}

    def _write_ledger(self, state: Path) -> None:
        (state / "identity.key").write_text(self.key.hex())
        days = defaultdict(list)
        for record in self.records:
            days[record.appended_at[:10]].append(_line(record))
        for day, lines in days.items():
            (state / "ledger" / day).mkdir(parents=True)
            (state / "ledger" / day / "web-1.jsonl").write_text("\n".join(lines) + "\n")


def make_world(chance: Random, sources: tuple[str, ...], forms: dict[str, str]) -> World:
    """Make calls of an hour and more than a day, all of which arrived the same wherever they were sent."""
    world = World(chance, sources, forms)
    count, hours = chance.randint(340, 560), chance.randint(26, 40)
    first = 1_794_000_000_000 + chance.randrange(30 * 24) * HOUR
    for index in range(count):
        call = _call(chance, index, first + int(index * hours * HOUR / count) + chance.randrange(20 * SECOND))
        world.calls.append(call)
        plain = {name: value for name, value in call.items() if name != "at"}
        for side in SIDES:
            lag = chance.randint(200, 900)
            world.got[side].append(Arrival(deepcopy(plain), call["at"], call["at"] + lag, call["at"] + lag - 60))
            world.records.append(_record(world, call, side))
    return world


def _call(chance: Random, index: int, at: int) -> Call:
    user = f"user-{chance.randrange(40)}"
    call: Call = {
        "at": at,
        "messageId": f"m{index:05}-{chance.randrange(16**8):08x}",
        "userId": user,
        "anonymousId": f"anon-{user}" if index % 2 else None,
        "context": {"library": dict(LIBRARY)},
    }
    match index % 10:
        case 0:
            return call | {
                "type": "identify",
                "traits": {"email": f"{user}@example.com", "seats": index, "plan": "pro"},
            }
        case 1:
            return call | {
                "type": "page",
                "name": "Home",
                "properties": {"url": f"https://example.com/{index}", "n": 1},
            }
        case 2:
            return call | {"type": "screen", "name": "Main", "properties": {"position": index, "tab": "a"}}
        case 3:
            return call | {"type": "group", "groupId": f"g{index % 7}", "traits": {"name": "Größe", "seats": index}}
    properties = {
        "order_id": f"ord_{index}",
        "total": round(chance.random() * 100 + 1, 2),
        "lines": [{"sku": f"s{line}", "count": line + 1} for line in range(index % 3)],
        "note": 'Grüße, "x"\nand more',
        "is_new": index % 4 == 0,
    }
    return call | {"type": "track", "event": EVENTS[index % 5], "properties": properties}


def _line(record: DeliveryRecord) -> str:
    """Return a line of the ledger, which ends with the CRC-32 of what stands before it."""
    fields = json.dumps(asdict(record), separators=(",", ":"))[:-1]
    return f'{fields},"crc32":{crc32(fields.encode())}}}'


def _record(world: World, call: Call, leg: str) -> DeliveryRecord:
    payload = call.get(PAYLOAD.get(call["type"], ""), {})
    identity = f"user:{call['userId']}" if call["userId"] else f"anonymous:{call['anonymousId']}"
    return DeliveryRecord(
        message_id=call["messageId"],
        type=call["type"],
        event=call.get("event", call.get("name")),
        identity=blake2b(identity.encode(), key=world.key, digest_size=8).hexdigest(),
        occurred_at=iso(call["at"]),
        appended_at=iso(call["at"] + 5),
        finished_at=iso(call["at"] + 150),
        leg=leg,
        outcome=Outcome.ACCEPTED,
        reason=None,
        http_status=200,
        attempts=1,
        body_bytes=400,
        payload_hash=blake2b(rfc8785.dumps(payload), digest_size=8).hexdigest(),
        stage="dual",
        writer="web-1",
    )


def archived(arrival: Arrival) -> dict[str, Any]:
    """Return a line of Segment's archive (FACTS S9)."""
    at = iso(arrival.made)
    times = {"originalTimestamp": at, "timestamp": at, "sentAt": iso(arrival.sent), "receivedAt": iso(arrival.at)}
    return {**arrival.call, **times, "integrations": {}, "channel": "server"}


def stored(arrival: Arrival) -> dict[str, Any]:
    """Return a row of Customer.io's storage files (FACTS C19)."""
    call, kind = arrival.call, arrival.call["type"]
    row = {"id": call["messageId"], "received_at": iso(arrival.at), "sent_at": iso(arrival.sent)}
    row |= {"user_id": call["userId"], "anonymous_id": call["anonymousId"]}
    if kind == "track":
        row |= {"event": slug(call["event"]), "event_text": call["event"]}
    if kind == "group":
        row |= {"group_id": call["groupId"], "objectTypeId": "1"}
    if kind == "alias":
        return {**row, "previous_id": call["previousId"]}
    row[PAYLOAD[kind]] = call[PAYLOAD[kind]]
    return row if kind == "group" else {**row, "context": call["context"]}


def tabled(arrival: Arrival) -> dict[str, Any]:
    """Return a row of Segment's warehouse (FACTS S10)."""
    call, at = arrival.call, iso(arrival.made)
    row = {"id": call["messageId"], "received_at": iso(arrival.at), "sent_at": iso(arrival.sent), "timestamp": at}
    row |= {"original_timestamp": at, "user_id": call["userId"], "anonymous_id": call["anonymousId"]}
    row["context_library_name"] = call["context"]["library"]["name"]
    row |= {"event": slug(call["event"]), "event_text": call["event"]} if call["type"] == "track" else {}
    row |= {column: call[key] for column, key in (("name", "name"), ("group_id", "groupId")) if key in call}
    return row | {"previous_id": call["previousId"]} if "previousId" in call else row


def slug(name: str) -> str:
    """Return a name as a column of events holds it."""
    return re.sub(r"\W+", "_", name.lower()).strip("_")


def as_lines(rows: Rows) -> bytes:
    """Return JSON lines."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def as_csv(rows: Rows) -> bytes:
    """Return CSV with nested values as JSON text."""
    columns, text = list(dict.fromkeys(name for row in rows for name in row)), io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([[_text(row.get(column)) for column in columns] for row in rows])
    return text.getvalue().encode()


def as_parquet(rows: Rows) -> bytes:
    """Return Parquet with nested values as JSON text."""
    return as_struct([{name: _text(value) for name, value in row.items()} for row in rows])


def as_struct(rows: Rows) -> bytes:
    """Return Parquet with nested columns."""
    columns, buffer = list(dict.fromkeys(name for row in rows for name in row)), io.BytesIO()
    pq.write_table(pa.table({column: pa.array([row.get(column) for row in rows]) for column in columns}), buffer)
    return buffer.getvalue()


def _text(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


_WRITERS: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "json": ("json", as_lines),
    "old": ("json", as_lines),
    "array": ("json", lambda rows: json.dumps(rows, indent=1).encode()),
    "csv": ("csv", as_csv),
    "csv.gz": ("csv.gz", lambda rows: gzip.compress(as_csv(rows))),
    "parquet": ("parquet", as_parquet),
    "struct": ("parquet", as_struct),
}


def _write_segment(folder: Path, arrivals: list[Arrival], form: str) -> None:
    if form == "jsonl":
        (folder / "calls.jsonl").write_bytes(as_lines([archived(arrival) for arrival in arrivals]))
    elif form in TABLES_OF_SEGMENT:
        by_table = defaultdict(list)
        for arrival in arrivals:
            by_table[PLURALS.get(arrival.call["type"], arrival.call["type"] + "s")].append(tabled(arrival))
        for name, rows in by_table.items():
            ending, write = _WRITERS[form.removeprefix("warehouse-")]
            (folder / f"{name}.{ending}").write_bytes(write(rows))
    else:
        by_hour = defaultdict(list)
        for arrival in arrivals:
            by_hour[arrival.source, arrival.at // HOUR].append(archived(arrival))
        for (source, hour), rows in by_hour.items():
            day = folder / "segment-logs" / source / str(hour * HOUR // DAY * DAY)
            day.mkdir(parents=True, exist_ok=True)
            name, data = f"{hour * HOUR}.e7829c{hour % 256:02x}", as_lines(rows)
            (day / (f"{name}.gz" if form == "archive" else f"{name}.json")).write_bytes(
                gzip.compress(data) if form == "archive" else data
            )


def _write_storage(folder: Path, arrivals: list[Arrival], form: str, each: int) -> None:
    if form == "jsonl":
        (folder / "calls.jsonl").write_bytes(as_lines([archived(arrival) for arrival in arrivals]))
        return
    by_type = defaultdict(list)
    for arrival in sorted(arrivals, key=lambda arrival: arrival.at):
        by_type[arrival.call["type"]].append(stored(arrival))
    ending, write = _WRITERS[form]
    for kind, rows in by_type.items():
        for position, start in enumerate(range(0, len(rows), each), 1):
            plural = PLURALS.get(kind, kind + "s")
            name = f"acme_{plural}_{position}" if form == "old" else f"2184.13699.{position}.{kind}"
            (folder / f"{name}.{ending}").write_bytes(write(rows[start : start + each]))
