"""Every kind of fault: how it is planted, and what a report must say of it.

One entry each in `FAULTS`. The expectation is what a user needs to be told, not how the report comes to it: the class
and its count, the verdict, which gates may not pass, what the first two sentences name, and what a replay would send.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from planted_world import FORMS, HOUR, OTHER_SOURCE, PAYLOAD, SECOND, SOURCE, Arrival, World, as_csv, make_world

from pipelines_client.state.ledger import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TITLES = {"segment": "Segment", "customerio": "Customer.io"}
ALL = ("ledger", "segment", "customerio")
BOTH = ("segment", "customerio")
ANY_SOURCES = (ALL, ALL, BOTH, ("ledger", "customerio"), ("ledger", "segment"))


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a report must say.

    Attributes:
        verdict: One of these words.
        classes: Classes of findings with their counts.
        also: Classes that may be found besides; all others must find nothing.
        gates: Gates that may not pass; all others must pass, but for those in `may`.
        may: Beginnings of names of gates that may not pass either.
        missing: Messages that count as lost, by side.
        drift: Payloads that differ.
        says: Patterns, each of which the headline or the advice must match.
        replay: How many messages a replay would send; None leaves it open.
        shows: Patterns, each of which the text of the report must match.
        notes: A pattern that a note of a source must match.
        differs: Dimensions with the number of messages that differ in them.
    """

    verdict: tuple[str, ...]
    classes: dict[str, int] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    missing: dict[str, int] | None = None
    drift: int | None = None
    says: tuple[str, ...] = ()
    replay: int | None = None
    shows: tuple[str, ...] = ()
    notes: str = ""
    differs: dict[str, int] = field(default_factory=dict)


MARGIN_OF_GAP = 6 * HOUR
FAIL, PASS, INCONCLUSIVE = ("fail",), ("pass",), ("inconclusive",)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: What is wrong.
        plant: Plants it into a world, at a side, and returns what is expected.
        sources: The sets of sources of which one is chosen.
        sides: The sides where it may be planted.
        forms: Layouts in which that side may be; None for all.
        same: Layouts of the other side; None for all.
    """

    name: str
    plant: Callable[[World, str], Expected]
    sources: tuple[tuple[str, ...], ...] = ANY_SOURCES
    sides: tuple[str, ...] = ("segment", "customerio")
    forms: dict[str, tuple[str, ...]] | None = None
    same: dict[str, tuple[str, ...]] | None = None


WITH_PAYLOAD = {"segment": ("archive", "unpacked", "jsonl"), "customerio": FORMS["customerio"]}
JSON = {"segment": ("archive", "unpacked", "jsonl"), "customerio": ("json", "array", "old", "jsonl")}
TEXT = {"segment": (), "customerio": ("csv", "csv.gz", "parquet")}
NAMED = {"segment": ("archive", "unpacked", "jsonl"), "customerio": ("jsonl",)}
STORAGE = {"segment": (), "customerio": ("json", "array", "old", "csv", "csv.gz", "parquet", "struct")}
SEVERAL_FILES = {"segment": ("archive", "unpacked"), "customerio": STORAGE["customerio"]}
LARGE = {"segment": ("jsonl",), "customerio": ("json", "old", "jsonl")}
LINES = {"segment": ("archive", "unpacked", "jsonl"), "customerio": ("json", "old", "jsonl")}


# --- nothing ---------------------------------------------------------------------------------------------------------


def nothing(world: World, side: str) -> Expected:
    """Leave everything as it is."""
    del side
    says = rf"\b{len(world.calls):,} of {len(world.calls):,} messages\b.*\barrived the same"
    return _no_loss(world, says=(says,))


# --- lost ------------------------------------------------------------------------------------------------------------


def _lost(world: World, side: str, count: int) -> Expected:
    others = {other: 0 for other in world.sides if other != side}
    return Expected(
        verdict=FAIL,
        classes={"missing": count},
        gates=(f"missing_{side}",),
        missing={side: count, **others},
        says=(rf"\b{count}\b", TITLES[side]),
        replay=count,
    )


def missing(world: World, side: str) -> Expected:
    """Lose a few of any kind."""
    lost = world.some(most=0.04)
    world.lose(side, lost)
    return _lost(world, side, len(lost))


def missing_per_event(world: World, side: str) -> Expected:
    """Lose every second one of an event, or all of it."""
    event = world.chance.choice(sorted({call["event"] for call in world.of("track")}))
    lost = [call for call in world.of("track") if call["event"] == event][:: world.chance.choice([1, 2])]
    world.lose(side, lost)
    return replace(_lost(world, side, len(lost)), shows=(rf"\b{len(lost)} {event}\b",))


def rejected(world: World, side: str) -> Expected:
    """Let an API refuse some, as the ledger says."""
    lost = world.some()
    world.lose(side, lost)
    world.fate(side, lost, Outcome.REJECTED, "400")
    return replace(_lost(world, side, len(lost)), says=(rf"\b{len(lost)}\b", TITLES[side], "refused|rejected"))


def dropped(world: World, side: str) -> Expected:
    """Let the client give some up."""
    lost = world.some()
    world.lose(side, lost)
    world.fate(side, lost, Outcome.DROPPED, "spool_full")
    return replace(_lost(world, side, len(lost)), says=(rf"\b{len(lost)}\b", TITLES[side], "gave|dropped|given up"))


def in_spool(world: World, side: str) -> Expected:
    """Leave some in a leg's spool."""
    lost = world.some()
    world.lose(side, lost)
    world.fate(side, lost, None, None)
    return replace(_lost(world, side, len(lost)), says=(rf"\b{len(lost)}\b", "spool"), replay=0)


def _no_loss(world: World, **more: Any) -> Expected:
    return Expected(verdict=PASS, missing=dict.fromkeys(world.sides, 0), drift=0, replay=0, **more)


def skipped(world: World, side: str) -> Expected:
    """Mean some for the other side only."""
    lost = world.some(most=0.3)
    world.lose(side, lost)
    world.fate(side, lost, Outcome.SKIPPED, "stage")
    return _no_loss(world)


def shadow(world: World, side: str) -> Expected:
    """Mean a handful for one side: too few to judge it."""
    meant = {call["messageId"] for call in world.chance.sample(world.calls, world.chance.randint(5, 60))}
    lost = [call for call in world.calls if call["messageId"] not in meant]
    world.lose(side, lost)
    world.fate(side, lost, Outcome.SKIPPED, "stage")
    says = (rf"\b{len(meant)}\b", TITLES[side])
    return Expected(verdict=INCONCLUSIVE, gates=("min_events",), may=("min_events", "drift"), says=says, replay=0)


# --- twice -----------------------------------------------------------------------------------------------------------


def duplicates(world: World, side: str) -> Expected:
    """Let some arrive again, a while later."""
    twice = world.at(side, world.some())
    world.got[side] += [replace(arrival, at=arrival.at + 3 * SECOND) for arrival in twice]
    says = (rf"\b{len(twice)}\b", TITLES[side])
    classes = {"duplicates": len(twice)}
    return Expected(verdict=FAIL, classes=classes, gates=(f"duplicates_{side}",), says=says, replay=0, drift=0)


def shared_ids(world: World, side: str) -> Expected:
    """Give one id to two calls: Segment drops the second (FACTS S6), Customer.io has both."""
    del side
    pairs = zip(world.some("identify", most=0.3), world.of("track")[-60:], strict=False)
    ids = {second["messageId"]: first["messageId"] for first, second in pairs}
    world.lose("segment", [call for call in world.calls if call["messageId"] in ids])
    for arrival in world.got["customerio"]:
        arrival.call["messageId"] = ids.get(arrival.call["messageId"], arrival.call["messageId"])
    world.records = [
        replace(record, message_id=ids.get(record.message_id, record.message_id)) for record in world.records
    ]
    return Expected(
        verdict=("fail", "inconclusive"),
        classes={"shared_ids": len(ids)},
        also=("call_type", "duplicates", "conflicting_duplicates", "drift", "identity", "renamed", "reordered"),
        may=("",),
        says=(r"\bids?\b",),
        replay=0,
    )


# --- another payload -------------------------------------------------------------------------------------------------


def _drift(
    world: World, side: str, change: Callable[[dict[str, Any], str], object], path: str, **more: Any
) -> Expected:
    key = world.chance.choice(["total", "order_id", "note"])
    changed = world.at(side, world.some("track"))
    for arrival in changed:
        change(arrival.call["properties"], key)
    says = (
        (rf"\b{len(changed)}\b", path.format(key=key)) if len(world.sides) == len(BOTH) else (rf"\b{len(changed)}\b",)
    )
    given = {"also": ("type_conflicts",), "classes": {"drift": len(changed)}, **more}
    return Expected(verdict=FAIL, gates=("drift",), drift=len(changed), says=says, replay=0, **given)


def payload_changed(world: World, side: str) -> Expected:
    """Put another value in place of one."""
    other = {"total": -1.5, "order_id": "other", "note": "other"}
    return _drift(world, side, lambda payload, key: payload.update({key: other[key]}), "properties.{key}", also=())


def payload_null(world: World, side: str) -> Expected:
    """Empty a key."""
    return _drift(world, side, lambda payload, key: payload.update({key: None}), "properties.{key}")


def payload_cut(world: World, side: str) -> Expected:
    """Lose a key."""
    return _drift(world, side, lambda payload, key: payload.pop(key), "properties.{key}")


def payload_of_another_type(world: World, side: str) -> Expected:
    """Put a text where a number was, or a number where a text was."""

    def change(payload: dict[str, Any], key: str) -> None:
        payload[key] = str(payload[key]) if key == "total" else 7

    return _drift(world, side, change, "properties.{key}")


def _whole(world: World, side: str, spell: Callable[[Any], Any]) -> int:
    changed = world.at(side, world.some())
    for arrival in changed:
        arrival.call[PAYLOAD[arrival.call["type"]]] = spell(arrival.payload)
    return len(changed)


def payload_is_text(world: World, side: str) -> Expected:
    """Put a text where the object belongs."""
    count = _whole(world, side, lambda _: "[object Object]")
    return Expected(
        verdict=FAIL,
        classes={"drift": count},
        also=("type_conflicts",),
        gates=("drift",),
        drift=count,
        says=(rf"\b{count}\b",),
        replay=0,
    )


def payload_twice_encoded(world: World, side: str) -> Expected:
    """Encode the object as text, in JSON as in CSV."""
    count = _whole(world, side, lambda payload: json.dumps(json.dumps(payload) if world.is_text(side) else payload))
    return Expected(
        verdict=FAIL,
        classes={"drift": count},
        also=("type_conflicts",),
        gates=("drift",),
        drift=count,
        says=(rf"\b{count}\b",),
        replay=0,
    )


def python_text(world: World, side: str) -> Expected:
    """Let a column hold what Python prints."""
    count = _whole(world, side, repr)
    return Expected(
        verdict=INCONCLUSIVE,
        gates=("drift",),
        may=(f"evidence_{side}",),
        drift=0,
        says=(rf"\b{count}\b", "read"),
        replay=0,
        notes="Python",
    )


# --- another message -------------------------------------------------------------------------------------------------


def renamed(world: World, side: str) -> Expected:
    """Give an event another name."""
    changed = world.at(side, world.some("track"))
    for arrival in changed:
        arrival.call["event"] = "Zebra Crossed"
    count = len(changed)
    return Expected(
        verdict=FAIL,
        classes={"renamed": count},
        gates=("renamed",),
        also=("name_variants",),
        says=(rf"\b{count}\b", "name"),
        drift=0,
        replay=0,
    )


def page_renamed(world: World, side: str) -> Expected:
    """Give a page or screen another name."""
    changed = world.at(side, world.some("page", "screen", most=0.3))
    for arrival in changed:
        arrival.call["name"] = "Zebra"
    count = len(changed)
    return Expected(
        verdict=FAIL,
        classes={"renamed": count},
        gates=("renamed",),
        also=("name_variants",),
        says=(rf"\b{count}\b", "name"),
        drift=0,
        replay=0,
    )


def type_changed(world: World, side: str) -> Expected:
    """Turn screens into pages."""
    changed = world.at(side, world.some("screen", most=0.6))
    for arrival in changed:
        arrival.call["type"] = "page"
    count = len(changed)
    return Expected(
        verdict=FAIL,
        classes={"call_type": count},
        gates=("call_type",),
        differs={"call_type": count},
        says=(rf"\b{count}\b", "type|kind|page|screen"),
        drift=0,
        replay=0,
    )


def _another_id(world: World, side: str, kinds: tuple[str, ...], key: str, value: Any, dimension: str) -> Expected:
    able = [call for call in world.some(*kinds, most=0.3) if call.get(key) is not None]
    changed = world.at(side, able or [call for call in world.of(*kinds) if call.get(key)][:2])
    for arrival in changed:
        arrival.call[key] = value
    count = len(changed)
    return Expected(
        verdict=FAIL,
        classes={"identity": count},
        gates=("identity",),
        differs={dimension: count},
        says=(rf"\b{count}\b", "identity"),
        drift=0,
        replay=0,
    )


def user_changed(world: World, side: str) -> Expected:
    """Name another user."""
    return _another_id(world, side, ("track", "identify"), "userId", "somebody else", "user_id")


def anonymous_changed(world: World, side: str) -> Expected:
    """Name another anonymous id, beside the same user."""
    return _another_id(world, side, ("track", "page"), "anonymousId", "somebody else", "anonymous_id")


def anonymous_lost(world: World, side: str) -> Expected:
    """Lose the anonymous id, beside the same user."""
    return _another_id(world, side, ("track", "page"), "anonymousId", None, "anonymous_id")


def group_changed(world: World, side: str) -> Expected:
    """Name another group."""
    return _another_id(world, side, ("group",), "groupId", "other group", "group_id")


def previous_changed(world: World, side: str) -> Expected:
    """Let aliases name another previous id."""
    for index, call in enumerate(world.calls[20:-60:7]):
        alias = {"messageId": f"alias{index}", "type": "alias", "userId": call["userId"], "anonymousId": None}
        alias |= {"previousId": f"old {index}", "context": deepcopy(call["context"]), "at": call["at"] + SECOND}
        world.calls.append(alias)
        for each in world.sides:
            plain = {name: value for name, value in alias.items() if name != "at"}
            world.got[each].append(Arrival(plain, alias["at"], alias["at"] + 300, alias["at"] + 200))
    world.calls.sort(key=lambda call: call["at"])
    return _another_id(world, side, ("alias",), "previousId", "somebody else", "previous_id")


def time_moved(world: World, side: str) -> Expected:
    """Move the time of some by hours."""
    changed = world.at(side, world.some())
    for arrival in changed:
        arrival.made -= world.chance.randint(1, 5) * HOUR
    count = len(changed)
    return Expected(
        verdict=FAIL,
        also=("time", "other_differences"),
        may=("time",),
        says=(rf"\b{count}\b", "time"),
        drift=0,
        replay=0,
    )


# --- evidence that is not there --------------------------------------------------------------------------------------


def _gap(side: str, *says: str, **more: Any) -> Expected:
    return Expected(
        verdict=INCONCLUSIVE,
        also=("missing", "holes", "empty_days", "foreign_writers"),
        may=("evidence", "missing", "too_young", "coverage"),
        says=(TITLES[side], *says),
        replay=0,
        **more,
    )


def missing_hours(world: World, side: str) -> Expected:
    """Leave a few hours out."""
    hours = world.chance.randint(4, 7)
    first = world.chance.randint(world.calls[0]["at"] // HOUR + 3, (world.end - MARGIN_OF_GAP) // HOUR - hours)
    world.got[side] = [arrival for arrival in world.got[side] if not first <= arrival.at // HOUR < first + hours]
    return _gap(side)


def missing_type(world: World, side: str) -> Expected:
    """Leave a whole type out, of which the ledger says that the API accepted it."""
    kind = world.chance.choice(["identify", "page", "screen", "group"])
    world.got[side] = [arrival for arrival in world.got[side] if arrival.call["type"] != kind]
    return _gap(side, kind.removesuffix("y"))


def _position(places: dict[str, Path], choose: Callable[[list[Path]], list[Path]]) -> None:
    tracks = [path for path in places["customerio"].iterdir() if "track" in path.name]

    def number(path: Path) -> int:
        return int(next(part for part in reversed(path.name.replace("_", ".").split(".")) if part.isdigit()))

    for path in choose(sorted(tracks, key=number)):
        path.unlink()


def missing_head(world: World, side: str) -> Expected:
    """Leave out the first files of a type, as positions count."""
    world.harm.append(lambda places: _position(places, lambda files: files[: world.chance.randint(2, 4)]))
    return _gap(side)


def missing_middle(world: World, side: str) -> Expected:
    """Leave out a file between two others."""
    world.harm.append(lambda places: _position(places, lambda files: files[3:4]))
    return replace(_gap(side), classes={"holes": 1})


def missing_tail(world: World, side: str) -> Expected:
    """Leave out the last files of a type."""
    world.harm.append(lambda places: _position(places, lambda files: files[-world.chance.randint(2, 4) :]))
    return _gap(side)


def _pick(world: World, places: dict[str, Path], side: str) -> Path:
    return _pick_of(world, [path for path in places[side].rglob("*") if path.is_file()])


def _pick_of(world: World, files: list[Path]) -> Path:
    """Choose one of the larger files."""
    return world.chance.choice(sorted(files, key=lambda path: (-path.stat().st_size, path))[: max(1, len(files) // 3)])


def _harm_file(world: World, side: str, harm: Callable[[bytes], bytes]) -> None:
    def apply(places: dict[str, Path]) -> None:
        path = _pick(world, places, side)
        data = path.read_bytes()
        if path.suffix == ".gz":
            path.write_bytes(gzip.compress(harm(gzip.decompress(data))))
        else:
            path.write_bytes(harm(data))

    world.harm.append(apply)


def file_cut(world: World, side: str) -> Expected:
    """Stop the copy of a file in the middle."""

    def apply(places: dict[str, Path]) -> None:
        path = _pick(world, places, side)
        data = path.read_bytes()
        path.write_bytes(data[: len(data) * world.chance.randint(20, 80) // 100])

    world.harm.append(apply)
    expected = _gap(side)
    return replace(expected, may=(*expected.may, "min_events"))  # where few messages are left


def csv_cut_in_cell(world: World, side: str) -> Expected:
    """Cut a CSV file inside a row's last cell, which holds plain text: the row looks whole."""

    def apply(places: dict[str, Path]) -> None:
        path = _pick_of(world, [path for path in places[side].iterdir() if ".track." in path.name])
        rows = list(csv.DictReader(io.StringIO(path.read_text(), newline="")))
        rows = [{**row, "event_text": row.pop("event_text")} for row in rows[: len(rows) // 2]]
        path.write_bytes(as_csv(rows).removesuffix(b"\r\n")[:-3])

    world.harm.append(apply)
    return _gap(side)


def block_lost(world: World, side: str) -> Expected:
    """Lose a block in the middle of a file of lines: whole rows, the end of one and the beginning of another."""
    world.rows_of_a_file = (90, 200)

    def harm(data: bytes) -> bytes:
        start, size = len(data) * world.chance.randint(35, 50) // 100, len(data) * world.chance.randint(15, 30) // 100
        return data[:start] + data[start + size :]

    _harm_file(world, side, harm)
    return _gap(side)


def empty_export(world: World, side: str) -> Expected:
    """Give an export without a row."""
    world.got[side] = []
    if world.forms[side] == "jsonl":
        return replace(_gap(side), may=("",))
    name = "2184.13699.1.track.json" if side == "customerio" else "segment-logs/a/1794000000000/1.a.gz"
    world.forms[side] = "json" if side == "customerio" else "archive"

    def apply(places: dict[str, Path]) -> None:
        (places[side] / name).parent.mkdir(parents=True, exist_ok=True)
        (places[side] / name).write_bytes(b"" if side == "customerio" else gzip.compress(b""))

    world.harm.append(apply)
    return replace(_gap(side), may=("",))


def empty_window(world: World, side: str) -> Expected:
    """Look at days without a message."""
    del side
    until = datetime.fromtimestamp(world.calls[0]["at"] / 1000, timezone.utc) - timedelta(days=3)
    world.options |= {"since": until - timedelta(days=2), "until": until}
    return Expected(verdict=INCONCLUSIVE, may=("",), replay=0)


# --- files -----------------------------------------------------------------------------------------------------------


def same_file_twice(world: World, side: str) -> Expected:
    """Save a file a second time under another name."""

    def apply(places: dict[str, Path]) -> None:
        path = _pick(world, places, side)
        path.with_name(f"{path.stem} (1){path.suffix}").write_bytes(path.read_bytes())

    world.harm.append(apply)
    return _no_loss(world, notes=r"\(1\)")


def unknown_ending(world: World, side: str) -> Expected:
    """Give a file an ending that no export has: it is read, or named as a gap, and never a loss."""

    def apply(places: dict[str, Path]) -> None:
        path = _pick(world, places, side)
        path.rename(path.with_name(f"{path.name}{world.chance.choice(['.bak', '.1', '.download', '.part'])}"))

    world.harm.append(apply)
    return replace(_gap(side), verdict=("pass", "inconclusive"), says=())


# --- sources that do not belong together -----------------------------------------------------------------------------


def _unrelated(**more: Any) -> Expected:
    also = ("missing", "foreign_writers", "holes", "empty_days", "volume_shifts", "name_variants")
    return Expected(verdict=INCONCLUSIVE, also=also, may=("",), replay=0, **more)


def unrelated_ids(world: World, side: str) -> Expected:
    """Give each message another id at one side."""
    for arrival in world.got[side]:
        arrival.call["messageId"] = f"x{arrival.call['messageId'][::-1]}"
    return _unrelated(says=("common|share",))


def other_workspace(world: World, side: str) -> Expected:
    """Give another application's export."""
    world.got[side] = make_world(world.chance, world.sources, world.forms).got[side]
    start, other = world.calls[0]["at"], min(arrival.at for arrival in world.got[side])
    for arrival in world.got[side]:
        arrival.at, arrival.sent, arrival.made = (at + start - other for at in (arrival.at, arrival.sent, arrival.made))
        arrival.call["messageId"] = f"w{arrival.call['messageId']}"
    return _unrelated(says=("common|share",))


def _strangers(world: World, library: str, source: str, many: int) -> list[Arrival]:
    first, span = world.calls[0]["at"], world.end - world.calls[0]["at"]
    made = []
    for index in range(many):
        at = first + span * index // many
        call = {
            "messageId": f"{library}-{index}",
            "type": "track",
            "event": "App Opened",
            "userId": f"user-{index % 30}",
        }
        call |= {
            "anonymousId": None,
            "properties": {"n": index},
            "context": {"library": {"name": library, "version": "5.1"}},
        }
        made.append(Arrival(call, at, at + 300, at + 200, source))
    return made


def second_source(world: World, side: str) -> Expected:
    """Let the archive hold another Segment source too."""
    world.got[side] += _strangers(world, "analytics-ios", OTHER_SOURCE, world.chance.randint(300, 700))
    return replace(_unrelated(says=(OTHER_SOURCE,)), verdict=("inconclusive",))


def browser_stream(world: World, side: str) -> Expected:
    """Let a browser's snippet send to one side only."""
    world.got[side] += _strangers(world, "analytics.js", SOURCE, world.chance.randint(300, 700))
    return replace(_unrelated(says=("analytics.js",)), verdict=("inconclusive",))


def foreign_writer(world: World, side: str) -> Expected:
    """Let another writer send a few to both sides."""
    del side
    strangers = _strangers(world, "nodejs", SOURCE, world.chance.randint(2, 9))
    strangers = [arrival for arrival in strangers if arrival.made < world.end - MARGIN_OF_GAP]
    for each in world.sides:
        world.got[each] += deepcopy(strangers)
    return _no_loss(world, classes={"foreign_writers": len(strangers)})


# --- ledger ----------------------------------------------------------------------------------------------------------


def wrong_key(world: World, side: str) -> Expected:
    """Lay another installation's identity key beside the ledger."""
    del side
    world.harm.append(lambda places: (places["ledger"] / "identity.key").write_text(bytes(range(1, 33)).hex()))
    return Expected(
        verdict=INCONCLUSIVE, gates=("identity",), may=("identity", "ids"), says=("key",), replay=0, drift=0
    )


def ledger_lines_lost(world: World, side: str) -> Expected:
    """Lose whole lines of the ledger: what is at both sides, and the same, is no loss."""
    del side
    lost = {call["messageId"] for call in world.some()} - {world.calls[0]["messageId"]}  # it begins the window
    world.records = [record for record in world.records if record.message_id not in lost]
    return replace(_no_loss(world), verdict=("pass", "inconclusive"), classes={"foreign_writers": len(lost)}, may=("",))


def ledger_block_lost(world: World, side: str) -> Expected:
    """Lose a block of the ledger, which may join two lines to one that looks whole: that proves no difference."""
    del side

    def apply(places: dict[str, Path]) -> None:
        path = max(places["ledger"].rglob("*.jsonl"), key=lambda path: path.stat().st_size)
        data = path.read_bytes()
        start, size = world.chance.randrange(len(data) // 3), world.chance.randrange(9_000, len(data) // 2)
        path.write_bytes(data[:start] + data[start + size :])

    world.harm.append(apply)
    also = ("foreign_writers", "missing")
    return replace(_no_loss(world), verdict=("pass", "inconclusive"), also=also, missing=None, may=("",))


# --- time ------------------------------------------------------------------------------------------------------------


def clock_skew(world: World, side: str) -> Expected:
    """Let a clock be wrong: received before it was sent."""
    skewed = world.at(side, world.some())
    for arrival in skewed:
        arrival.sent = arrival.at + 20 * SECOND
    return _no_loss(
        world,
        classes={"clock_skew": len(skewed)},
    )


def late(world: World, side: str) -> Expected:
    """Let some arrive hours late."""
    held = world.at(side, world.some())
    for arrival in held:
        arrival.at += 3 * HOUR
    also = ("reordered", "slow")
    return _no_loss(
        world,
        classes={"late": len(held)},
        also=also,
    )


_WITHOUT_SEGMENT = (ALL, BOTH, ("ledger", "customerio"))
_WITHOUT_CUSTOMERIO = (ALL, BOTH, ("ledger", "segment"))
_WITH_LEDGER = (ALL, ("ledger", "customerio"), ("ledger", "segment"))

FAULTS = (
    Fault(name="nothing", plant=nothing),
    Fault(name="missing", plant=missing),
    Fault(name="missing per event", plant=missing_per_event),
    Fault(name="rejected", plant=rejected, sources=_WITH_LEDGER),
    Fault(name="dropped", plant=dropped, sources=_WITH_LEDGER),
    Fault(name="in spool", plant=in_spool, sources=_WITH_LEDGER),
    Fault(name="skipped", plant=skipped, sources=(ALL,)),
    Fault(name="shadow of a small share", plant=shadow, sources=(ALL,), sides=("customerio",)),
    Fault(name="duplicates", plant=duplicates),
    Fault(name="one id of two calls", plant=shared_ids, sources=(ALL, BOTH), sides=("customerio",)),
    Fault(name="payload changed", plant=payload_changed, forms=WITH_PAYLOAD, same=WITH_PAYLOAD),
    Fault(name="payload null", plant=payload_null, forms=JSON, same=JSON),
    Fault(name="payload cut", plant=payload_cut, forms=WITH_PAYLOAD, same=WITH_PAYLOAD),
    Fault(name="payload of another type", plant=payload_of_another_type, forms=JSON, same=JSON),
    Fault(name="payload is text", plant=payload_is_text, forms=JSON, same=JSON),
    Fault(
        name="payload encoded twice",
        plant=payload_twice_encoded,
        forms={**JSON, "customerio": (*JSON["customerio"], *TEXT["customerio"])},
        same=WITH_PAYLOAD,
    ),
    Fault(
        name="Python text",
        plant=python_text,
        forms=TEXT,
        same=WITH_PAYLOAD,
        sides=("customerio",),
        sources=_WITHOUT_SEGMENT,
    ),
    Fault(name="event renamed", plant=renamed),
    Fault(name="page renamed", plant=page_renamed, forms=NAMED, same=NAMED),
    Fault(name="call type changed", plant=type_changed),
    Fault(name="user changed", plant=user_changed),
    Fault(name="anonymous id changed", plant=anonymous_changed, sources=(ALL, BOTH)),
    Fault(name="anonymous id lost", plant=anonymous_lost, sources=(ALL, BOTH)),
    Fault(name="group changed", plant=group_changed, sources=(ALL, BOTH)),
    Fault(name="previous id changed", plant=previous_changed, sources=(BOTH,)),
    Fault(name="time moved", plant=time_moved, sources=(ALL, ("ledger", "segment")), sides=("segment",)),
    Fault(name="hours not there", plant=missing_hours, sources=(ALL, BOTH)),
    Fault(name="type not there", plant=missing_type, sources=_WITH_LEDGER),
    Fault(
        name="first files not there", plant=missing_head, forms=STORAGE, sides=("customerio",), sources=_WITHOUT_SEGMENT
    ),
    Fault(
        name="a file not there", plant=missing_middle, forms=STORAGE, sides=("customerio",), sources=_WITHOUT_SEGMENT
    ),
    Fault(
        name="last files not there", plant=missing_tail, forms=STORAGE, sides=("customerio",), sources=_WITHOUT_SEGMENT
    ),
    Fault(name="file cut", plant=file_cut),
    Fault(
        name="CSV cut in a cell",
        plant=csv_cut_in_cell,
        forms={"customerio": ("csv",)},
        sides=("customerio",),
        sources=_WITHOUT_SEGMENT,
    ),
    Fault(name="block lost", plant=block_lost, forms=LARGE),
    Fault(name="export without rows", plant=empty_export, sources=(ALL, BOTH), forms=LINES),
    Fault(name="window without messages", plant=empty_window),
    Fault(name="same file twice", plant=same_file_twice),
    Fault(name="unknown ending", plant=unknown_ending, forms=SEVERAL_FILES),
    Fault(name="unrelated ids", plant=unrelated_ids),
    Fault(name="another workspace", plant=other_workspace),
    Fault(
        name="second Segment source",
        plant=second_source,
        sources=(BOTH,),
        sides=("segment",),
        forms={"segment": ("archive", "unpacked")},
    ),
    Fault(name="browser stream", plant=browser_stream, sources=(BOTH,)),
    Fault(name="foreign writer", plant=foreign_writer, sources=(ALL,)),
    Fault(name="wrong ledger key", plant=wrong_key, sources=(ALL,)),
    Fault(name="ledger lines lost", plant=ledger_lines_lost, sources=(ALL,)),
    Fault(name="ledger block lost", plant=ledger_block_lost, sources=(ALL,)),
    Fault(name="clock skew", plant=clock_skew),
    Fault(name="late", plant=late),
)
"""One entry each. A wrong column map is an error before any report, and is tested beside them."""
