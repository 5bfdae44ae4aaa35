"""The spreadsheet of a tracking plan that marketers download, edit and upload: one row an event, one a property.

Segment documents few of its columns, so each is found by the words that such files use for it; columns that are not
known are kept. What the columns cannot say of an event stands as JSON in the last column, and goes before the others.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from pipelines_client.plan.formats.base import PlanFile, PlanFormat, notes_of, plan_of, with_notes
from pipelines_client.plan.model import PlannedCall, PlannedKind, Schema, TrackingPlan
from pipelines_client.plan.schemas import PLAIN_REST, TYPES, is_same, types_of
from pipelines_client.plan.text import error_at
from pipelines_client.signals import let_through

_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": ("Type", "Event Type", "Rule Type", "Call Type"),
    "name": ("Event Name", "Event", "Name", "Key", "Rule Key"),
    "version": ("Version", "Event Version"),
    "description": ("Event Description", "Description"),
    "property": ("Property Name", "Property", "Property / Trait Name", "Trait Name"),
    "meaning": ("Property Description", "Trait Description"),
    "types": ("Property Type", "Data Type", "Property Data Type", "Trait Type"),
    "status": ("Property Status", "Status", "Required", "Required?", "Property Required"),
    "pattern": ("Allowed Property Values", "Permitted Values", "Allowed Values", "Regex", "Pattern"),
    "enum": ("Enum Values", "Enum"),
    "more": ("More",),
}
"""What a row says, and the columns that say it; the first is the one that an export writes."""
_HEADER: Final = tuple(names[0] for names in _COLUMNS.values())
_PLACE_OF: Final = {name.lower(): place for place, names in _COLUMNS.items() for name in names}
_KINDS: Final[Mapping[str, PlannedKind]] = {
    "track": "track", "event": "track", "": "track", "identify": "identify", "group": "group",
    "page": "page", "screen": "screen", "common": "common",
}  # fmt: skip
_DATE_TYPES: Final = frozenset(("date time", "datetime", "date-time", "date"))
_WORDS: Final = ("kind", "version", "types", "status")
"""What a row says in a few fixed words; other cells are kept letter by letter."""
_YES: Final = frozenset(("required", "yes", "true", "y", "1", "x"))
_ALONE: Final = ("identify", "group", "common")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_MOST_DIGITS: Final = 9
_SEPARATORS = re.compile(r"\s*[,|;\n]\s*")
_EventKey: TypeAlias = tuple[PlannedKind, str, int | str]


class SegmentCsvFormat(PlanFormat):
    """A table of events and properties; the property `items[].sku` is that of the objects in an array."""

    name = "segment-csv"
    title = "CSV of a Segment tracking plan"
    is_written = True

    def recognises(self, files: Sequence[PlanFile]) -> bool:
        """Return whether all are CSV files."""
        return bool(files) and all(file.name.lower().endswith(".csv") for file in files)

    def read(self, files: Sequence[PlanFile]) -> TrackingPlan:
        """Return the plan of all rows; an event may be named in its first row only."""
        found: dict[_EventKey, list[dict[str, str]]] = {}
        for file in files:
            above: _EventKey | None = None
            for line, row in _rows(file):
                above = _key(row, above)
                if above is None:
                    raise error_at(file.name, line, "", "the row names no event", "write one in the column Event Name")
                found.setdefault(above, []).append(row)
        return plan_of(_call(*key, rows) for key, rows in found.items())

    def write(self, plan: TrackingPlan) -> str:
        """Return the table of a plan. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(_HEADER)
        for call in plan.calls():
            for row in _rows_of(call):
                writer.writerow([_escaped(row.get(place, "")) for place in _COLUMNS])
        return out.getvalue()


def _rows(file: PlanFile) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line and the cells of each row, by what they say."""
    text = file.text
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        header = [_PLACE_OF.get(cell.strip().lower(), f"+{cell.strip()}") for cell in next(reader, [])]
        if "name" not in header:
            cure = "write a header with Event Name, Property Name, Property Type"
            raise error_at(file.name, 1, "", "no column names the events", cure)
        for cells in reader:
            pairs = ((place, cell) for place, cell in zip(header, cells, strict=False) if cell.strip())
            row = {place: _unescaped(cell.strip() if place in _WORDS else cell) for place, cell in pairs}
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise error_at(file.name, reader.line_num, "", f"it is not valid CSV ({error})", "correct it there") from None


def _key(row: Mapping[str, str], above: _EventKey | None) -> _EventKey | None:
    """Return the event of a row: its own, or that of the row above."""
    kind = _KINDS.get(row.get("kind", "").lower(), "track")
    version = row.get("version", "1")
    number = int(version) if version.isascii() and version.isdigit() and len(version) < _MOST_DIGITS else version
    if kind in _ALONE:
        return kind, "", number
    if "name" in row:
        return kind, row["name"], number
    return above


def _call(kind: PlannedKind, name: str, version: int | str, rows: list[dict[str, str]]) -> PlannedCall:
    description = next((row["description"] for row in rows if "description" in row), None)
    more = next((value for row in rows if isinstance(value := _json(row.get("more")), dict)), {})
    others = [{key[1:]: cell for key, cell in row.items() if key.startswith("+")} for row in rows]
    schema, envelope = more.get("schema"), more.get("envelope")
    call = PlannedCall(
        kind,
        name,
        version,
        schema if isinstance(schema, dict) else _schema(rows),
        envelope if isinstance(envelope, dict) else {},
        description=description,
        extras={SegmentCsvFormat.name: {"columns": others}} if any(others) else {},
    )
    return with_notes(call, more)


def _json(cell: str | None) -> Any:
    try:
        return None if cell is None else json.loads(cell)
    except (ValueError, RecursionError) as error:
        let_through(error)
        return None


def _schema(rows: Iterable[Mapping[str, str]]) -> Schema:
    """Return the schema that the columns describe."""
    schema: Schema = dict(PLAIN_REST)
    for row in rows:
        *above, name = row.get("property", "").split(".")
        if not name:
            continue
        holder = schema
        for part in above:
            holder = holder.setdefault("properties", {}).setdefault(part.removesuffix("[]"), {})
            holder = holder.setdefault("items", {}) if part.endswith("[]") else holder
        holder.setdefault("properties", {}).setdefault(name, {}).update(_property(row))
        if row.get("status", "").lower() in _YES:
            required = holder.setdefault("required", [])
            required += [name] if name not in required else []
    return schema


def _property(row: Mapping[str, str]) -> Schema:
    found: Schema = {"description": row["meaning"]} if "meaning" in row else {}
    words = [word for word in _SEPARATORS.split(row.get("types", "").lower()) if word]
    types = ["string" if word in _DATE_TYPES or word == "enum" else word for word in words]
    known = [each for each in types if each in TYPES]
    if known:
        found["type"] = known[0] if len(known) == 1 else known
    if any(word in _DATE_TYPES for word in words):
        found["format"] = "date-time"
    if "pattern" in row:
        found["pattern"] = row["pattern"]
    if "enum" in row:
        listed = _json(row["enum"])
        found["enum"] = listed if isinstance(listed, list) else _SEPARATORS.split(row["enum"])
    return found


def _rows_of(call: PlannedCall) -> list[dict[str, str]]:
    """Return the rows of a call: its own, then one for each property."""
    first = {"kind": call.kind, "name": call.name, "version": str(call.version), "description": call.description or ""}
    rows = [{**first, "description": "", **row} for row in _properties(call.schema, "")]
    more = notes_of(call)
    if not is_same(_schema([{key: cell for key, cell in row.items() if cell} for row in rows]), call.schema):
        more["schema"] = call.schema
    if call.envelope:
        more["envelope"] = call.envelope
    if more:
        first["more"] = json.dumps(more, ensure_ascii=False)
    return [first, *rows]


def _properties(schema: Any, above: str) -> Iterator[dict[str, str]]:
    """Yield a row for each property, those of objects and arrays after it."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    required = schema.get("required") if isinstance(schema, dict) else None
    for name, each in properties.items() if isinstance(properties, dict) else ():
        row = {"property": f"{above}{name}"}
        if isinstance(required, list) and name in required:
            row["status"] = "required"
        inner = each if isinstance(each, dict) else {}
        is_date = inner.get("format") == "date-time"
        row["types"] = "date time" if is_date else ", ".join(types_of(inner))
        row["meaning"] = inner["description"] if isinstance(inner.get("description"), str) else ""
        row["pattern"] = inner["pattern"] if isinstance(inner.get("pattern"), str) else ""
        if isinstance(inner.get("enum"), list):
            row["enum"] = json.dumps(inner["enum"], ensure_ascii=False)
        yield row
        yield from _properties(inner, f"{above}{name}.")
        yield from _properties(inner.get("items"), f"{above}{name}[].")


def _escaped(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unescaped(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
