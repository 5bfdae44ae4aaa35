"""Writes evidence in the other forms that vendors and warehouses export it in."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from evidence import Evidence, Sent

from pipelines_client.clock import iso_utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Rows = list[dict[str, Any]]
TABLES = {"track": "tracks", "identify": "identifies", "page": "pages", "group": "groups", "alias": "aliases"}


def flat(rows: Rows) -> Rows:
    """Return rows with nested values as JSON text, as CSV and Parquet have them (FACTS C19)."""
    return [
        {name: json.dumps(value) if isinstance(value, (dict, list)) else value for name, value in row.items()}
        for row in rows
    ]


def as_csv(rows: Rows, *, delimiter: str = ",") -> bytes:
    """Return a CSV file."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(flat(rows))
    return text.getvalue().encode()


def as_parquet(rows: Rows) -> bytes:
    """Return a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(flat(rows)), buffer)
    return buffer.getvalue()


def as_lines(rows: Rows) -> bytes:
    """Return JSON lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


FORMS = {"csv": as_csv, "parquet": as_parquet, "json": as_lines}


def rewrite(folder: Path, form: str) -> None:
    """Turn the storage files of JSON lines in a folder into another form."""
    for path in folder.glob("*.json"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        path.unlink()
        path.with_suffix(f".{form}").write_bytes(FORMS[form](rows))


def write_warehouse(evidence: Evidence, folder: Path, form: str, *, events_too: bool = True) -> Path:
    """Write Segment's side as warehouse tables: flattened, cut, and with a table of each event as well."""
    folder.mkdir(parents=True, exist_ok=True)
    by_table: dict[str, Rows] = {}
    for sent in evidence.messages:
        row = warehouse_row(sent)
        if row is None:
            continue
        by_table.setdefault(TABLES[sent.call["type"]], []).append(row)
        if events_too and "event" in row:
            by_table.setdefault(str(row["event"]), []).append(row)
    for name, rows in by_table.items():
        (folder / f"{name}.{form}").write_bytes(FORMS[form](rows))
    return folder


def warehouse_row(sent: Sent) -> dict[str, Any] | None:
    """Return one row of a warehouse table (FACTS S10); None where Segment lost the message."""
    call = sent.sides["segment"]
    if call is None:
        return None
    row: dict[str, Any] = {
        "id": call["messageId"],
        "user_id": call.get("userId"),
        "anonymous_id": call.get("anonymousId"),
        "original_timestamp": iso_utc(sent.at),
        "sent_at": iso_utc(sent.at + timedelta(milliseconds=90)),
        "received_at": iso_utc(sent.at + timedelta(milliseconds=101)),
        "timestamp": iso_utc(sent.at + timedelta(milliseconds=11)),
        "context_library_name": "x",
        "uuid_ts": iso_utc(sent.at + timedelta(hours=1)),
    }
    if call["type"] == "track":
        row |= {"event": re.sub(r"\W+", "_", call["event"].lower()).strip("_"), "event_text": call["event"]}
        row |= {name: str(value)[:512] for name, value in call["properties"].items()}
    return row


def spread(evidence: Evidence, *, days: int) -> None:
    """Move the messages apart, so that they fill so many days evenly."""
    step = timedelta(days=days) / len(evidence.messages)
    for index, sent in enumerate(evidence.messages):
        sent.at += index * (step - timedelta(seconds=1))


def mixpanel_lines(messages: Iterable[Sent]) -> bytes:
    """Return Mixpanel's raw export of the tracks."""
    return as_lines(
        [
            {
                "event": sent.call["event"],
                "properties": {"time": int(sent.at.timestamp()), "distinct_id": sent.call["userId"]},
            }
            for sent in messages
        ]
    )
