"""One data set with a row for each trap on which SQL dialects disagree, and many more at random; seeded."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from pipelines_client.evidence.fact import (
    CountRow,
    DateRow,
    EditRow,
    Fact,
    FormRow,
    LinkRow,
    PersonRow,
    PropertyRow,
    TraitRow,
)
from pipelines_client.parity.facts.writer import Tables
from pipelines_client.parity.questions.coverage_rows import GapRow
from pipelines_client.parity.questions.engine import EngineSettings

if TYPE_CHECKING:
    from pathlib import Path

AT = 1_793_577_600_000  # 2026-11-02T00:00Z
MINUTE = 60_000
WIDE = 2**62  # three of them are more than 64 bits hold
GAP = GapRow("customerio", "group", 1_793_576_820_000, 1_793_577_500_000)
"""A gap that holds two of the planted messages."""

SETTINGS = EngineSettings(
    has_ledger=1,
    has_segment=1,
    has_customerio=1,
    knows_identity=1,
    since_ms=AT - 90 * MINUTE,
    until_ms=AT + 90 * MINUTE,
    closes_ms=AT + 80 * MINUTE,
    patience_ms=20 * MINUTE,
    received_from_ms=AT - 80 * MINUTE,
    segment_watermark_ms=AT + 60 * MINUTE,
    customerio_watermark_ms=AT,
    settle_ms=MINUTE,
    segment_allowance_ms=2 * MINUTE,
    customerio_allowance_ms=100,
    slow_ms=120,
    skew_ms=1000,
)

TEXTS = [
    "Zebra", "apple", "Apple", "APPLE", "a b", "a_b", "a-b", "ab", "ab ", " ab", "A b", "aB",  # case, spaces, marks
    "Äpfel", "äpfel", "Apfel", "z", "é", "e\u0301", "ß", "ss", "İ", "ı", "日本", "\ufffd", "😀",  # noqa: RUF001 - the bytes are meant
    "it's", 'say "x"', "a\\b", "a\\\\b", "\\N", "\\.", "100%", "a_c", "a,b", "a\nb", "a\r\nb", "a\tb",  # escapes
    "\x00", "\x00a", "\x01", "\x01\x01", "\x02", "null", "NULL", "true", "1", "1.0", "01", "-",  # odd, not special
]  # fmt: skip
"""Names and ids that some engine orders, folds, trims or escapes in its own way."""


def plant(folder: Path) -> list[Path]:
    """Write packs of all three sources below a folder and return them."""
    chance = random.Random(5)
    rows = [*_hand_made(), *_random(chance)]
    packs = []
    for number, source in enumerate(("ledger", "segment", "customerio", "segment")):
        mine = [row for row in rows if row.source == source]
        half = mine[::2] if number == 1 else mine[1::2] if number == 3 else mine
        more = {"dates": _dates(source), "people": _people(source), "links": _links(source), "edits": _edits(source)}
        more["forms"] = _FORMS
        pack = folder / f"pack {number} [a]*"
        packs.append(write_pack(pack, half, _properties(source), _traits(chance, source), _counts(), **more))
    return packs


def write_pack(
    folder: Path,
    facts: list[Fact],
    properties: list[PropertyRow] | None = None,
    traits: list[TraitRow] | None = None,
    counts: list[CountRow] | None = None,
    **more: list[Any],
) -> Path:
    """Write one pack; `more` are rows of the other tables."""
    folder.mkdir(parents=True)
    with Tables(folder) as tables:
        tables.add("facts", facts)
        tables.add("properties", properties or [])
        tables.add("traits", traits or [])
        tables.add("counts", counts or [])
        for name, rows in more.items():
            tables.add(name, rows)
    return folder


def fact(source: str, message_id: str, **more: Any) -> Fact:
    """Return a fact of which only what matters is said."""
    row: dict[str, Any] = {
        "type": "track", "event": "Zebra", "identity": "i1", "identity_kind": "user", "occurred_at_ms": AT,
        "received_at_ms": AT, "day": "2026-11-02", "payload_hash": "h1", "file": f"{source}.gz", "line": 1,
        "byte_offset": 0, "byte_count": 10, "sent_at_ms": AT, "library": "x/1",
    }  # fmt: skip
    if source == "ledger":
        row |= {"leg": "segment", "outcome": "accepted", "appended_at_ms": AT, "finished_at_ms": AT + 5}
    return Fact(source=source, message_id=message_id, **{**row, **more})


EDITS = (
    ("e1", "i7", 120 * MINUTE, 0), ("e2", "i7", MINUTE, 2 * MINUTE), ("e3", "i8", 10 * MINUTE, 10 * MINUTE),
    ("e4", "i8", 0, 20 * MINUTE), ("e5", "i8", 0, 20 * MINUTE), ("e6", "i8", 60_000_000 * MINUTE, 30 * MINUTE),
)  # fmt: skip
"""Edits: id, person, and how long after `AT` they happened and came; the last one is more than a century ahead."""


def _edits(source: str) -> list[EditRow]:
    writer = {"ledger": "Zoë-1", "segment": "x", "customerio": None}[source]
    is_timed = source != "customerio"
    return [
        *(
            EditRow(source, name, person, writer, len(name), AT + at_ms if is_timed else None, AT + order_ms)
            for name, person, at_ms, order_ms in EDITS
        ),
        EditRow(source, "nulls", "i7", None, 3, None, None),
    ]


def _people(source: str) -> list[PersonRow]:
    place = ("m", "é.gz", 1, 2**40, 10)
    rows = [PersonRow(source, f"p{n}", "user", "", None, f"a{n}", f"b{n}", f"c{n}", 1, 2, *place) for n in range(30)]
    rows += [
        PersonRow(source, "address", "user", "email", "@1", None, None, None, 0, 1, *place),
        PersonRow(source, "hash", "user", "digest", "b7", None, None, None, 0, 1, *place),
        PersonRow(source, "other hash", "user", "digest", "z9", None, None, None, 0, WIDE, *place),
        PersonRow(source, "visitor", "anonymous", "", None, None, None, None, 0, 3, *place),
        PersonRow(source, "signed up", "anonymous", "", None, None, None, None, 0, 3, *place),
    ]
    return rows if source != "ledger" else [PersonRow(*row[:2], "", "", *[None] * 4, *row[8:]) for row in rows]


def _links(source: str) -> list[LinkRow]:
    return [
        LinkRow(source, "email", "p1", "@1", "d1", "d2", "d3"),
        LinkRow(source, "email", "p2", "@2", None, None, None),
        LinkRow(source, "email", "p3", "@2", "z9", "d4", "d5"),
        LinkRow(source, "email", "p4", "@4", "d6", "d7", "d8"),
        LinkRow(source, "merge", "signed up", "p4", None, None, None),
    ]


def _dates(source: str) -> list[DateRow]:
    return [
        DateRow(source, "track", event, day, path, spelling, form, count, f"d{count}", "a.gz", 1, 0)
        for event in (*TEXTS[:8], None, "")
        for day in ("2026-11-01", "2026-11-02", None)
        for path, spelling, form, count in (
            ("properties.total", "seconds", "10 digits", 5),
            ("properties.total", "iso", "9999-99-99", 2 if source == "segment" else 3),
            ("properties.wide", "milliseconds", "13 digits", WIDE),
            ("properties.Total", "seconds", "10 digits", 1),
        )
    ]


def _counts() -> list[CountRow]:
    return [CountRow("mixpanel", text, "track", day, 2**40) for text in TEXTS for day in ("", "2026-11-02")]


def _hand_made() -> list[Fact]:
    rows = []
    for number, text in enumerate(TEXTS):  # each as an id, and as the name of an event that one side lacks
        rows += [fact("segment", text, event=text, line=number), fact("customerio", text, event=text, line=number)]
        rows.append(fact("segment", f"only {number}", event=text, file=f"{text}.gz"))
    rows += [
        # a null joins nothing and differs from a value; an empty text is not null
        *(fact(source, "nulls", event=None, identity=None, payload_hash=None) for source in ("segment", "customerio")),
        fact("segment", "null and value", identity=None, payload_hash=None, event=None),
        fact("customerio", "null and value"),
        fact("segment", "empty and null", event="", identity="", payload_hash=""),
        fact("customerio", "empty and null", event=None, identity=None, payload_hash=None),
        fact("segment", ""), fact("customerio", ""),
        # copies that tie in all but their place
        *(fact("segment", "tie", line=1, byte_offset=offset, payload_hash=f"h{offset}") for offset in (30, 10, 20)),
        *(fact("segment", "twin", received_at_ms=None) for _ in range(2)),
        *(fact("ledger", "again", outcome=word, line=line) for line, word in enumerate(("rejected", "accepted"))),
        *(fact("ledger", "again", leg="customerio", outcome=word, finished_at_ms=None, line=7, file=name)
          for name, word in (("a.gz", "dropped"), ("B.gz", "skipped"), ("é.gz", "rejected"))),
        # days and instants: either side of midnight, before 1970, beyond 32 bits of places
        fact("segment", "before midnight", received_at_ms=AT - 1, day="2026-11-01"),
        fact("customerio", "before midnight", received_at_ms=AT, day="2026-11-02"),
        fact("segment", "old", received_at_ms=-1, occurred_at_ms=-1001, day="1969-12-31"),
        fact("customerio", "far", byte_offset=2**40, byte_count=2**33, line=2**35),
        *(fact(source, "cart", event="apple", identity="a9", occurred_at_ms=AT - MINUTE)
          for source in ("segment", "customerio")),
        # tables that do not show whose a message is, or what it is called: beside each of the others, both, and alone
        *(fact("segment", f"unowned {bits} {number}", event=None, identity=None, identity_kind=None, is_reduced=bits)
          for bits in (0, 1, 3, 4, 5, 7) for number in range(4)),
        *(fact(source, f"unowned {bits} {number}", event="A b", payload_hash=None)
          for source, numbers in (("ledger", (0, 1)), ("customerio", (0, 2)))
          for number in numbers for bits in (0, 1, 3, 4, 5, 7)),
        fact("segment", "unowned there"), fact("customerio", "unowned there", identity=None, is_reduced=4),
        # a warehouse that has not kept the name: beside the others, beside each, and alone
        *(fact("segment", f"slug {number}", event="a_b", is_reduced=3) for number in range(4)),
        *(fact(source, f"slug {number}", event="A b", payload_hash=None)
          for source, numbers in (("ledger", (0, 1)), ("customerio", (0, 2))) for number in numbers),
        # edits, two of them from the future and out of order
        *(fact(source, name, type="identify", event=None, identity=person)
          for source in ("segment", "customerio") for name, person, _, _ in EDITS),
        # no time at all
        fact("customerio", "timeless", occurred_at_ms=None, received_at_ms=None, day=None, sent_at_ms=None),
    ]  # fmt: skip
    return rows


def _random(chance: random.Random) -> list[Fact]:
    """Six hundred rows over few values, so that all of them meet: nulls, ties and copies in every column."""
    some = [*TEXTS[:6], None, ""]
    rows = []
    for _ in range(600):
        source = chance.choice(("ledger", "segment", "customerio"))
        at = AT + chance.randrange(-100, 100) * MINUTE
        rows.append(
            fact(
                source,
                f"r{chance.randrange(180)}",
                type=chance.choice(("track", "track", "identify", "alias", "group", "page")),
                event=chance.choice(some),
                identity=chance.choice(("i1", "i1", "i1", "i2", None)),
                identity_kind=chance.choice(("user", "anonymous", "group", None)),
                occurred_at_ms=chance.choice((at, at, None)),
                received_at_ms=chance.choice((at, at + 150, None)),
                day=chance.choice(("2026-11-01", "2026-11-02", None)),
                payload_hash=chance.choice(("h1", "h1", "h1", "h2", None)),
                file=chance.choice(("b.gz", "B.gz", "á.gz")),
                line=chance.randrange(4),
                byte_offset=chance.randrange(10_000_000),
                sent_at_ms=chance.choice((at - 90, at + 10_000, None)),
                library=chance.choice(("x/1", "X/1", "y", None)),
                write_key_suffix=chance.choice(("ab12", "AB12", None)),
                is_reduced=chance.choice((0, 0, 0, 1)),
                **(_of_ledger(chance, at) if source == "ledger" else {}),
            )
        )
    return rows


def _of_ledger(chance: random.Random, at: int) -> dict[str, Any]:
    return {
        "leg": chance.choice(("segment", "customerio")),
        "outcome": chance.choice(("accepted", "accepted", "rejected", "dropped", "skipped")),
        "reason": chance.choice(("400", "spool_full", "Zoë", "zoe", None, "")),
        "appended_at_ms": at,
        "finished_at_ms": chance.choice((at, at + 150, None)),
    }


def _properties(source: str) -> list[PropertyRow]:
    return [
        PropertyRow(source, "track", event, day, form, count, f"p{count}", "a.gz", 1, 0)
        for event in (*TEXTS[:8], None, "")
        for day in ("2026-11-01", "2026-11-02", None)
        for form, count in (
            ("number", 7),
            ("string" if source == "segment" else "number", 2),
            ("null", 1),
            ("wide", WIDE),
        )
    ]


_FORMS = [
    FormRow("number", "properties.total", "number"),
    FormRow("string", "properties.total", "string"),
    FormRow("string", "properties.known", "boolean"),
    FormRow("null", "properties.Total", "null"),
    FormRow("wide", "properties.wide", "number"),
]
"""What the payloads of `_properties` look like; each pack has them all."""


def _traits(chance: random.Random, source: str) -> list[TraitRow]:
    fight = (("r1", "v1", "x"), ("r2", "v2", "y"), ("r3", "v1", "x"), ("r4", "v2", "y"))
    return [
        *(
            TraitRow(source, name, "i9", "role", value, library, AT + number)
            for number, (name, value, library) in enumerate(fight)
        ),
        *(
            TraitRow(source, name, person, path, "v1", None, None)
            for name, person, *_ in EDITS
            for path in ("é", "plan")
        ),
        *_random_traits(chance, source),
        TraitRow(source, "r1", "a9", "email", "v77", None, None),
        *(_suppressed() if source == "ledger" else ()),
    ]


def _suppressed() -> list[TraitRow]:
    """Return a list of suppressed people: by id, by address, and one without messages."""
    listed = (("a9", "id", "v1"), ("not here", "email", "v77"), ("nor here", "id", "v2"))
    return [
        TraitRow("suppressed", f"list:{line}", identity, f"suppressed.{column}", value, None, None)
        for line, (identity, column, value) in enumerate(listed, 2)
    ]


def _random_traits(chance: random.Random, source: str) -> list[TraitRow]:
    return [
        TraitRow(
            source,
            f"r{chance.randrange(180)}",
            chance.choice(("i1", "i2", None)),
            chance.choice(("email", "Email", "plan", "é")),
            f"v{chance.randrange(4)}",
            chance.choice(("x/1", "y/2", None)),
            chance.choice((AT + chance.randrange(5), None)),
        )
        for _ in range(120)
    ]
