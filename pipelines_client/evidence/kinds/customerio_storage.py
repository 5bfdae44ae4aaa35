"""Customer.io's storage exports (FACTS C18, C19): one set of files per call type, as JSON, CSV or Parquet."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.evidence.fact import (
    NO_ANONYMOUS_ID,
    NO_CONTEXT,
    NO_GROUP_ID,
    NO_NAME,
    NO_OBJECT_TYPE,
    NO_TIME,
    NO_TYPE,
    OUGHT,
    Fact,
)
from pipelines_client.evidence.files.names import is_table, without_copy_mark
from pipelines_client.evidence.instants import day_of, unix_ms
from pipelines_client.evidence.kinds.base import ABSENT, Kind
from pipelines_client.evidence.lines import (
    Context,
    LineRejectedError,
    decode_line,
    library_of,
    name_of,
    payload_of,
    text_of,
)
from pipelines_client.evidence.nesting import is_deeper
from pipelines_client.evidence.payloads import payload_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet

_SUFFIX = r"\.(?:(?:json|jsonl|ndjson|csv)(?:\.gz)?|parquet)"
_TYPE = r"(?P<type>identif(?:y|ies)|tracks?|pages?|screens?|groups?|alias(?:es)?)"
_NEW_NAME = re.compile(rf"(?P<series>\d+\.\d+)\.(?P<position>\d+)\.{_TYPE}{_SUFFIX}", re.IGNORECASE)
_OLD_NAME = re.compile(rf"(?P<series>.+)_{_TYPE}_(?P<position>\d+){_SUFFIX}", re.IGNORECASE)
_ANY_NAME = re.compile(rf".*{_SUFFIX}", re.IGNORECASE)
_SINGULAR = {"identifies": "identify", "aliases": "alias"}
_CALL_COLUMNS = {
    "messageId": "id",
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "groupId": "group_id",
    "previousId": "previous_id",
}
_MAX_HOLES = 20
_DAY_DIGITS = 8


class _OddRow(msgspec.Struct, gc=False):
    """The columns that facts need; CSV and Parquet hold nested ones as text."""

    id: Any = None
    type: Any = None
    event: Any = None
    event_text: Any = ABSENT
    name: Any = ABSENT
    user_id: Any = ABSENT
    anonymous_id: Any = ABSENT
    group_id: Any = ABSENT
    previous_id: Any = ABSENT
    objectTypeId: Any = ABSENT  # noqa: N815 - the column's name
    sent_at: Any = None
    received_at: Any = None
    properties: Any = None
    traits: Any = None
    context: Any = None


class _Row(_OddRow, gc=False):
    context: Context | None = None


_decode = msgspec.json.Decoder(_Row).decode
_decode_odd = msgspec.json.Decoder(_OddRow).decode
_decode_context = msgspec.json.Decoder(Context).decode


class CustomerioFiles(Kind):
    """Reads `<integration>.<action>.<position>.<type>.json` and the older `<workspace>_tracks_<position>.json`."""

    name: ClassVar[str] = "customerio"
    sources: ClassVar[tuple[str, ...]] = ("customerio",)
    title: ClassVar[str] = "a Customer.io storage export"
    cure: ClassVar[str] = "pass the folder with files such as 2184.13699.1.track.json"

    @classmethod
    def recognises(cls, line: Mapping[str, Any], keys: AbstractSet[str], *, is_asked: bool = False) -> bool:
        """Return whether a line has the columns of a storage file."""
        del line, is_asked
        return "id" in keys and bool(keys & {"received_at", "sent_at"})

    @classmethod
    def recognises_name(cls, name: str) -> bool:
        """Return whether a file is named as storage files are, in the new or the old way."""
        return _match(name) is not None

    @classmethod
    def wants(cls, name: str) -> bool:
        """Take JSON, CSV and Parquet of any name; the type is read from the name, else from the columns."""
        return _ANY_NAME.fullmatch(name) is not None

    @classmethod
    def holes(cls, names: Iterable[str]) -> list[str]:
        """Return the files missing between the first and last position of each type: missing syncs (FACTS C18).

        Eight digits are a day, as in `acme_tracks_20261124.json`, and more are an instant: these are not positions.
        """
        series: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        for name in names:
            match = _match(name)
            if match is not None and len(match["position"]) < _DAY_DIGITS:
                series[match["series"], _type_of(name) or ""][int(match["position"])] = PurePosixPath(name).name
        missing_names = []
        for (_, _), positions in sorted(series.items()):
            first, last = min(positions), max(positions)
            if last - first + 1 == len(positions):
                continue
            missing = (position for position in range(first, last) if position not in positions)
            for position, _ in zip(missing, range(_MAX_HOLES), strict=False):
                match = _match(positions[first])
                if match is not None:
                    start, end = match.span("position")
                    missing_names.append(f"{match.string[:start]}{position}{match.string[end:]}")
        return missing_names

    @classmethod
    def type_of(cls, name: str) -> str | None:
        """Return the type in the name of a file."""
        return _type_of(name)

    @classmethod
    def to_fetch(cls, names: Iterable[str], types: Collection[str], from_ms: int, until_ms: int) -> list[str]:
        """Return how the files of these types are named, and which positions of them are here."""
        del from_ms, until_ms
        here: dict[tuple[str, str], list[int]] = defaultdict(list)
        series: set[str] = set()
        for match in filter(None, map(_NEW_NAME.fullmatch, (PurePosixPath(name).name for name in names))):
            series.add(match["series"])
            here[match["series"], _type_of(match.string) or ""].append(int(match["position"]))
        wanted = sorted(types) or sorted({type_ for _, type_ in here})
        files = []
        for of in sorted(series):
            for type_ in wanted:
                found = here.get((of, type_))
                known = f"here are {min(found)} to {max(found)}" if found else "none is here"
                files.append(f"{of}.*.{type_} ({known})")
        return files

    def call_of(self, row: dict[str, Any], file: str) -> dict[str, Any] | None:
        """Return the call, with the time at which it was sent (FACTS C19)."""
        shown = msgspec.convert(row, _OddRow)
        type_ = _type_of(file) or _type_of_columns(shown)
        if type_ is None:
            raise LineRejectedError("a row of unknown type; keep the original file name, which names the type")
        if type_ == "page" and _type_of(file) is None and shown.type is None:
            return None  # it may be of a screen
        call: dict[str, Any] = {name: row.get(column) for name, column in _CALL_COLUMNS.items()}
        call["event" if type_ == "track" else "name"] = _name(shown, type_)
        payload = PAYLOAD_FIELD.get(type_)
        if payload is not None:
            call[payload] = _parsed(row.get(payload))
        traits = call.get("traits")
        is_typed = _has(shown.objectTypeId) and text_of(shown.objectTypeId) != "1"  # what is left out (FACTS C11)
        if is_typed and type_ == "group" and type(traits) is dict:
            call["traits"] = {"object_type_id": shown.objectTypeId, **traits}
        timestamp = row.get("sent_at") if row.get("sent_at") is not None else row.get("received_at")
        named = {"type": type_, **call, "timestamp": timestamp, "context": _parsed(row.get("context"))}
        return {name: value for name, value in named.items() if value is not None}

    def read(self, data: bytes, file: str, line: int, offset: int) -> tuple[Fact, Any]:
        """Turn one row into a fact; there is no column for when it happened, so `sent_at` stands for it (FACTS C19)."""
        row = decode_line(data, _decode, _decode_odd)
        message_id = text_of(row.id)
        if message_id is None:
            raise LineRejectedError("a row without id")
        type_ = _type_of(file) or _type_of_columns(row)
        if type_ is None:
            raise LineRejectedError("a row of unknown type; keep the original file name, which names the type")
        received_at_ms, sent_at_ms = unix_ms(row.received_at), unix_ms(row.sent_at)
        occurred_at_ms = received_at_ms if sent_at_ms is None else sent_at_ms
        payload, payload_hash, is_reduced = payload_of(row, type_, file)
        identity, identity_kind, unowned = self._identity(row, type_, file)
        context, event = _context_in(row.context), _name(row, type_)
        other_ids, context_hash, uncontexted = self._others(row, type_, data)
        is_reduced |= _not_shown(row, type_, file) | uncontexted | unowned
        day, byte_offset, byte_count = day_of(occurred_at_ms), offset, len(data)
        library, ids = library_of(context), (row.user_id, _shown(row.anonymous_id), _shown(row.previous_id))
        fact = Fact(
            self.source,
            message_id,
            type_,
            event,
            identity,
            identity_kind,
            occurred_at_ms,
            received_at_ms,
            day,
            payload_hash,
            file,
            line,
            byte_offset,
            byte_count,
            sent_at_ms,
            library,
            is_reduced=is_reduced,
            other_ids=other_ids,
            context_hash=context_hash,
            ids=self.ids_of(*ids, type_, payload, context),
        )
        return fact, payload

    def _identity(self, row: _OddRow, type_: str, file: str) -> tuple[str | None, str | None, int]:
        """Return whose a row is, and the bits of an identity that its table lacks."""
        ids = row.user_id, row.anonymous_id, row.group_id
        if not is_table(file):
            found, kind = self.identity_of(*ids)
            return found, kind, 0
        identity, kind, unowned = self.identity_shown(type_, *ids)
        return identity, kind, unowned | unowned * OUGHT

    def _others(self, row: _OddRow, type_: str, data: bytes) -> tuple[int, str | None, int]:
        """Return the hashes of the other ids and of the context, and what a missing context is."""
        context_hash, uncontexted = self.context_shown(data) if self.context_paths else (None, 0)
        if type_ in ("group", "alias"):  # they have no such column
            uncontexted &= NO_CONTEXT
        object_type = row.objectTypeId if type_ == "group" else None
        if type_ == "group" and (object_type is None or object_type == ""):
            object_type = "1"  # what is left out (FACTS C11)
        other_id = row.previous_id if type_ == "alias" else row.group_id
        return self.other_ids_of(row.anonymous_id, other_id, object_type), context_hash, uncontexted


def _name(row: _OddRow, type_: str) -> str | None:
    if type_ == "track":
        return name_of(row.event_text) or name_of(row.event)
    return name_of(row.name) if type_ in ("page", "screen") else None


def _not_shown(row: _OddRow, type_: str, file: str) -> int:
    """Return the bits of what a row does not show (FACTS C19).

    A column that belongs there and is not in a table is lacking. In JSON, a key that is not there is a null.
    """
    bits, lacking = NO_TIME, 0
    if type_ == "track":
        if row.group_id is ABSENT and row.event_text is not ABSENT and not is_table(file):
            return NO_TIME | NO_GROUP_ID  # nearly all rows
        lacking |= NO_NAME if row.event_text is ABSENT else 0
    elif type_ in ("page", "screen"):
        bits |= NO_NAME if row.name is ABSENT else 0
        bits |= NO_TYPE if _type_of(file) is None and row.type is None else 0  # which of the two is a guess
    if type_ not in ("group", "alias"):
        bits |= NO_GROUP_ID if row.group_id is ABSENT else 0
    if type_ == "alias":
        bits |= NO_ANONYMOUS_ID if row.anonymous_id is ABSENT else 0
    if type_ == "group" and row.objectTypeId is ABSENT:
        lacking |= NO_OBJECT_TYPE
    if is_table(file):
        lacking |= NO_ANONYMOUS_ID if type_ != "alias" and row.anonymous_id is ABSENT else 0
        lacking |= NO_GROUP_ID if type_ == "group" and row.group_id is ABSENT else 0
        lacking |= NO_GROUP_ID if type_ == "alias" and row.previous_id is ABSENT else 0
    return bits | lacking | lacking * OUGHT


def _context_in(value: Any) -> Any:
    """Return a context; where it is text, as in CSV and Parquet, what that holds."""
    if type(value) is not str:
        return value
    if is_deeper(value):
        return None
    try:
        return _decode_context(value)
    except msgspec.DecodeError:
        return None


def _match(name: str) -> re.Match[str] | None:
    base = without_copy_mark(PurePosixPath(name).name)
    return _NEW_NAME.fullmatch(base) or _OLD_NAME.fullmatch(base)


@lru_cache(maxsize=1024)
def _type_of(name: str) -> str | None:
    match = _match(name)
    if match is None:
        return None
    kind = match["type"].lower()
    return _SINGULAR.get(kind, kind if kind in ("identify", "alias") else kind.rstrip("s"))


def _type_of_columns(row: _OddRow) -> str | None:
    """Return the type of a row whose file was renamed."""
    if type(row.type) is str and (row.type in PAYLOAD_FIELD or row.type == "alias"):
        return row.type
    if row.event is not None or _has(row.event_text):
        return "track"
    if _has(row.previous_id):
        return "alias"
    if row.traits is not None:
        return "group" if _has(row.group_id) else "identify"
    return "page" if row.properties is not None else None


def _parsed(value: Any) -> Any:
    """Return a nested column as JSON.

    Raises:
        LineRejectedError: It is text that is not JSON.
    """
    try:
        return payload_in(value)
    except ValueError:
        raise LineRejectedError("its payload is not JSON") from None


def _shown(value: Any) -> Any:
    return None if value is ABSENT else value


def _has(value: Any) -> bool:
    return value is not ABSENT and value is not None
