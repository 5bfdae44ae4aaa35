"""JSON text in which some values are changed, and every other byte stays as it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_STRING_OR_BRACKET: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^\s,}\]]+")
_BLANK: Final = re.compile(rb"[ \t\r\n]*")
_QUOTE, _COMMA, _CLOSE = b'",}'
_OPENING, _CLOSING = b"{[", b"}]"


class _Member(NamedTuple):
    """A member of an object in a text: its key, where it begins, and where its value begins and ends."""

    key: str
    at: int
    value: int
    end: int


def spliced(text: bytes, before: Mapping[str, Any], after: Mapping[str, Any]) -> bytes:
    """Return the text of `after`, made of a text of `before`.

    Args:
        text: A JSON object.
        before: What it reads as.
        after: What the result reads as. What is the same object in both is not changed.

    Returns:
        The text with other values only where `after` has other objects. A key that is new comes last in its object.
    """
    at = _skip_blank(text, 0)
    changed, end = _object(text, at, before, after)
    return text[:at] + changed + text[end:]


def _object(text: bytes, at: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[bytes, int]:
    """Return the text of `after` for the object that begins at a place, and where that object ends."""
    members, end = _members(text, at)
    if len(members) != len(before):  # a key that is there twice: only the last one counts
        return orjson.dumps(after), end
    values = {member.key: _value(text, member, before, after) for member in members if member.key in after}
    if before.keys() == after.keys():
        pieces, last = [], at
        for member in members:
            pieces += [text[last : member.value], values[member.key]]
            last = member.end
        return b"".join((*pieces, text[last:end])), end
    kept = [text[member.at : member.value] + values[member.key] for member in members if member.key in after]
    new = [orjson.dumps(key) + b":" + orjson.dumps(value) for key, value in after.items() if key not in before]
    return b"{" + b",".join((*kept, *new)) + b"}", end


def _value(text: bytes, member: _Member, before: Mapping[str, Any], after: Mapping[str, Any]) -> bytes:
    old, new = before[member.key], after[member.key]
    if old is new:
        return text[member.value : member.end]
    if type(old) is type(new) is dict:
        return _object(text, member.value, old, new)[0]
    return orjson.dumps(new)


def _members(text: bytes, at: int) -> tuple[list[_Member], int]:
    """Return the members of the object that begins at a place, and where it ends."""
    found = list(_each_member(text, at))
    end = _skip_blank(text, found[-1].end if found else at + 1)
    return found, end + 1


def _each_member(text: bytes, at: int) -> Iterator[_Member]:
    at = _skip_blank(text, at + 1)
    while text[at] != _CLOSE:
        key_end = _end_of_string(text, at)
        value = _skip_blank(text, _skip_blank(text, key_end) + 1)
        end = _end_of_value(text, value)
        yield _Member(orjson.loads(text[at:key_end]), at, value, end)
        at = _skip_blank(text, end)
        if text[at] == _COMMA:
            at = _skip_blank(text, at + 1)


def _skip_blank(text: bytes, at: int) -> int:
    found = _BLANK.match(text, at)
    return at if found is None else found.end()


def _end_of_string(text: bytes, at: int) -> int:
    found = _STRING.match(text, at)
    if found is None:
        raise ValueError("not JSON")
    return found.end()


def _end_of_value(text: bytes, at: int) -> int:
    """Return where the value that begins at a place ends."""
    if text[at] == _QUOTE:
        return _end_of_string(text, at)
    if text[at] not in _OPENING:
        found = _SCALAR.match(text, at)
        return at if found is None else found.end()
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text, at):
        mark = text[found.start()]
        depth += (mark in _OPENING) - (mark in _CLOSING)
        if not depth:
            return found.end()
    raise ValueError("not JSON")
