"""Files of evidence with lines as both vendors write them, of which some are changed at random; seeded."""

from __future__ import annotations

import json
import random
import re
from datetime import datetime, timedelta, timezone
from typing import Any

_START = datetime(2026, 11, 2, 23, 50, tzinfo=timezone.utc)
_VALUE = re.compile(rb'(?<=":)\s?("(?:[^"\\]|\\.)*"|-?[\d.]+|true|false|null|\{\}|\[\])')
_KEY = re.compile(rb'"(\w+)":')
_VALUES = (
    r"""
"\u00e9" "\ud83d\ude00" "\ud83d" "é☕" "😀" "\/\b\f\n\u0001\u007f" "" "null" "a\u0000b" "\u2028" "x\"y"
1.0 -0 -0.0 0.1 1e5 1E-7 0.00001 0.0001 0.00011 0.000100 5e-324 1e400 123456789012345678 0.30000000000000004 1.10
100.00 9007199254740993 12345678901234.5 0.1234567890123456 1000000.50 -12.340 99999999999999.9 0.99999999999999999
01 1. .5 NaN -1 42 7.5 true false null [] {} [1,"a",null] [{"a":1},{"b":2},{"a":3}] [[1],[2],["x"]]
{"b":1,"a":2} {"a":1,"a":2} {"é":1,"e":2,"\uff5a":3,"😀":4} {"😀":1,"a":2} {"ü":1,"u":2} [[[[[[[[1]]]]]]]]
{"a":{"b":{"c":{"d":{"e":{"f":{"g":1}}}}}}} {"a":{"b":{"c":{"d":{"e":{"f":"2026-11-02"}}}}}}
"2026-11-02T00:00:00Z" "2026-11-02T00:00:00.123456Z" "2026-11-02" "2026-11-03T05:00:00.000Z" "2026-13-01"
"2026-02-30T00:00:00.000Z" "0000-01-01T00:00:00.000Z" "2026-11-02T24:00:00" "2026-11-02T09:30:00+01:00"
"02.11.2026" "2026/11/02T10:00" "20261102" "1.2.2026" "2026-00-10" "1999-12-31T23:59:59" "9999-12-31T23:59:59.999Z"
1793577600 1793577600.5 1793577600000 1793577600000000 4102444800 946684799 946684800 1793577600000000000
"2026\/11\/02" "2026\u002d11-02" "\u0032026-11-02" "2\u002f1\u002f2026" 4102444799.9999999999 946684799.99999999999
"1793577600" "1793577600000" "00001793577600" "0000000000001793577600" "4917612345678"
"203.0.113.7" "10.0.0.113" "12:30PM"
"kim@example.com" "Kim@Example.COM" "kim@exämple.de" "KİM@x.de" "kim@example" "@x.y" "a..b@x.yz" "k@x-.de" "k+1@x.y.de"
{"library":{"name":"web","version":"2"}} {"library":null}
{"traits":{"email":"a@b.cd"}} {"traits":null} {"library":{"name":7}} {"library":{}} "{}"
""".encode().split()
    + [
        b'" x "',
        b'"x "',
        b'" kim@example.com"',
        b'"2026-11-02 00:00:00.123+00:00"',
        b'"\t"',
        '"\u2028"'.encode(),
        b'"\xff"',
    ]
    + [b'"%s"' % text for text in (b"ab" * 16, b"Ab" * 20, b"0f" * 32, b"x" * 400, b"y" * 4100)]
    + [b"[" * levels + b"]" * levels for levels in (40, 300, 900)]
)
_KEYS = rb"""
a total \u0061 id userId user_id properties traits context library messageId email Email EMAIL event event_text
name type group_id groupId previousId anonymous_id receivedAt received_at a.b writeKey objectTypeId timestamp
""".split()
TYPES = ("track", "track", "track", "page", "screen", "identify", "identify", "group", "alias")


def lines_of(chance: random.Random, layout: str, type_: str | None, count: int) -> bytes:
    """Return a file of `count` lines of a layout, of one type or of all; chance decides how many are changed."""
    share = chance.choice((0.0, 0.02, 0.2, 0.7))
    spaces = chance.choice(((",", ":"), (", ", ": ")))
    lines = []
    for index in range(count):
        call = _call(chance, type_ or chance.choice(TYPES), index)
        row = call if layout == "segment" else _row(call)
        line = json.dumps(row, separators=spaces, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
        lines.append(_changed(chance, line) if index and chance.random() < share else line)
    return chance.choice((b"\n", b"\n", b"\r\n")).join(lines) + chance.choice((b"\n", b"", b"\n\n"))


def _call(chance: random.Random, type_: str, index: int) -> dict[str, Any]:
    """Return a call as Segment archives it."""
    at = _START + timedelta(milliseconds=index * 1700 + chance.randrange(900))
    payload: dict[str, Any] = {"total": chance.choice((9.5, 10, 0, 12.25, -3)), "currency": "EUR"}
    payload["note"] = chance.choice(("Zoë", 'a"b', "☕ c", ""))
    payload["items"] = [{"sku": f"s{index % 3}", "quantity": 1}][: index % 2]
    payload["at"] = chance.choice((None, _spell(at), 1793577600))
    if type_ in ("identify", "group"):
        payload["email"] = f"kim{index % 5}@example.com"
        payload["plan"] = chance.choice(("pro", None, 3, True, {"a": [1, 2]}))
    user = chance.choice((f"user-{index % 7}", f"u{index % 3}@example.com", None))
    call = {
        "type": type_, "messageId": f"m{index:05}", "userId": user, "anonymousId": chance.choice((None, "anon-1")),
        "originalTimestamp": _spell(at), "timestamp": _spell(at), "sentAt": _spell(at), "integrations": {},
        "receivedAt": _spell(at + timedelta(milliseconds=120)), "writeKey": "wk_12345678",
        "context": {"ip": "203.0.113.7", "library": {"name": "analytics-python", "version": "2.4.0"}},
    }  # fmt: skip
    if type_ == "alias":
        return {**call, "previousId": f"anon-{index % 4}"}
    call["traits" if type_ in ("identify", "group") else "properties"] = payload
    if type_ == "group" or chance.random() < 0.1:
        call["groupId"] = chance.choice((f"g{index % 3}", None))
    if type_ != "identify":
        call["event" if type_ == "track" else "name"] = chance.choice(("Order Completed", "Cart", "Übersicht"))
    return call


def _row(call: dict[str, Any]) -> dict[str, Any]:
    """Return the row that Customer.io exports of a call."""
    names = {"messageId": "id", "userId": "user_id", "anonymousId": "anonymous_id", "sentAt": "sent_at"}
    names |= {"receivedAt": "received_at", "groupId": "group_id", "previousId": "previous_id", "context": "context"}
    row = {names[key]: call[key] for key in names if key in call}
    if "event" in call:
        row |= {"event": call["event"].lower().replace(" ", "_"), "event_text": call["event"]}
    return row | {key: call[key] for key in ("name", "properties", "traits") if key in call}


def _spell(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _changed(chance: random.Random, line: bytes) -> bytes:
    """Return a line with one to three changes."""
    for _ in range(chance.randrange(1, 4)):
        what, place = chance.random(), chance.randrange(len(line) or 1)
        values, keys = list(_VALUE.finditer(line)), list(_KEY.finditer(line))
        if what < 0.55 and values:
            found = chance.choice(values)
            line = line[: found.start(1)] + chance.choice(_VALUES) + line[found.end(1) :]
        elif what < 0.62:
            line = line[:place] + bytes([chance.randrange(256)]) + line[place + 1 :]
        elif what < 0.66:
            line = line[:place]
        elif what < 0.72:
            line = line[:place] + line[place + 1 :]
        elif what < 0.9 and keys:
            found = chance.choice(keys)
            line = line[: found.start(1)] + chance.choice(_KEYS) + line[found.end(1) :]
        elif what < 0.95:
            line = line[:place] + chance.choice((b" ", b"\t", b"\x0b", b"\0")) + line[place:]
        else:
            line = line[: place // 2] + line[place:]  # a block is lost
    return line
