"""One line of evidence: decoded, or rejected with a reason that quotes nothing of it. Pure."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import orjson

from pipelines_client.canonical import payload_hash
from pipelines_client.evidence.fact import CALL_TYPES, NO_PAYLOAD
from pipelines_client.evidence.files.base import ZEROS
from pipelines_client.evidence.payloads import payload_in

if TYPE_CHECKING:
    from collections.abc import Callable


_LONG_LINE_BYTES = 64 << 10  # a call is at most 32 kB (FACTS C6, S3): in a line twice as long there may be several
_HALF_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD]...)\\u[dD][c-fC-F]")
_NEXT_OBJECT = re.compile(rb"\}[\s,]*\{")
_LIST_OF_OBJECTS = re.compile(rb"\[\s*\{")
_WRAPPED = "the rows are wrapped in an object; write them as lines or an array"
_values = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NOT_FINITE = re.compile(rb"[:,\[]\s*-?(?:NaN|Infinity|inf|nan)\b")

_SIGNS: dict[str, Callable[[bytes], object]] = {
    "a ZIP archive; unpack it first": lambda data: data.startswith(b"PK\3\4"),
    "packed by Zstandard; unpack it first": lambda data: data.startswith(b"\x28\xb5\x2f\xfd"),
}
_SIGNS_IN_TEXT: dict[str, Callable[[bytes], object]] = {
    "an escape is half of a surrogate pair": _HALF_PAIR.search,
    "NaN or Infinity stands where a value should": _NOT_FINITE.search,
    ZEROS: lambda data: b"\0" in data,
    "a byte order mark stands before it, as where files are joined; write them without": (
        lambda data: data.startswith(codecs.BOM_UTF8)
    ),
    "the line is cut": lambda data: data.strip()[:1] == b"{" and data.strip()[-1:] != b"}",
}


T = TypeVar("T")


class LineRejectedError(ValueError):
    """A line is no fact; the text says why, without quoting it.

    `hides_more` says that it may be more than one line, of which an unknown number is lost with it.
    """

    def __init__(self, why: str, *, hides_more: bool = False) -> None:
        super().__init__(why)
        self.hides_more = hides_more


class Library(msgspec.Struct):
    """`context.library`: who made a call."""

    name: Any = None
    version: Any = None


class Context(msgspec.Struct):
    """The part of a call's context that facts need."""

    library: Library | None = None


def text_of(value: Any) -> str | None:
    """Return an id or name as text; numbers are spelled as JSON does, all else that is no text is None."""
    if type(value) is str:
        return value or None
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(int(value)) if value == int(value) else str(value)
    return None


def name_of(value: Any) -> str | None:
    """Return an event's name without the spaces around it, which Customer.io trims (FACTS C13)."""
    if type(value) is str:
        return value.strip() or None
    return text_of(value)


def type_of(value: Any) -> str | None:
    """Return the type of a call, or None for what is none."""
    return value if type(value) is str and value in CALL_TYPES else None


def library_of(context: Any) -> str | None:
    """Return name/version of the library that made a call; None unless the context is a `Context` that names it."""
    if type(context) is not Context or context.library is None:
        return None
    name, version = text_of(context.library.name), text_of(context.library.version)
    return f"{name}/{version}" if name and version else name


def decode_line(data: bytes, decode: Callable[[bytes], T], decode_odd: Callable[[bytes], T]) -> T:
    """Decode a line with a strict decoder, or where the types are odd with one that takes any.

    Raises:
        LineRejectedError: It is no JSON object.
    """
    try:
        return decode(data)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_json(error, data) from None
    try:
        return decode_odd(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if "out of range" in str(error):
            raise LineRejectedError("JSON, but with a number that no reader can hold") from None
        if isinstance(error, msgspec.ValidationError):
            raise LineRejectedError("JSON, but no object", hides_more=_holds_several(data)) from None
        raise _no_json(error, data) from None


def payload_and_hash(value: Any) -> tuple[Any, str, int]:
    """Return the payload that a column holds, its hash as the client made it, and how much the fact is reduced.

    Of text that is no JSON only the text can be hashed: the message arrived, and nothing is claimed about its payload.

    Raises:
        LineRejectedError: It has no canonical form, or may be several rows.
    """
    try:
        payload = payload_in(value)
        return payload, payload_hash(payload), 0
    except orjson.JSONDecodeError as error:
        if "\n" in value:  # rows between two stray quotes of a CSV file
            raise LineRejectedError(f"its payload is no JSON ({error.msg})", hides_more=True) from None
        return None, payload_hash(value), NO_PAYLOAD
    except RecursionError:
        raise LineRejectedError("its payload is nested too deep to compare") from None
    except (ValueError, TypeError) as error:
        raise LineRejectedError(f"its payload has no canonical form ({type(error).__name__})") from None


def wrapped(error: LineRejectedError, data: bytes) -> LineRejectedError:
    """Return why a line is no message, where it may be an object that holds many: a gap, and the cure if sure."""
    if error.hides_more:
        return error
    try:
        values = _values.decode(data).values()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return error
    if any(_LIST_OF_OBJECTS.match(value) for value in values):
        return LineRejectedError(_WRAPPED, hides_more=True)
    return LineRejectedError(str(error), hides_more=True) if len(data) > _LONG_LINE_BYTES else error


def _no_json(error: Exception, data: bytes) -> LineRejectedError:
    is_several = _holds_several(data)
    is_packed = any(shows(data) for shows in _SIGNS.values())
    is_lost = is_packed or len(data) > _LONG_LINE_BYTES or b"\0\0" in data  # a block of a disk holds many lines
    return LineRejectedError(_why_no_json(error, data, is_several=is_several), hides_more=is_several or is_lost)


def _holds_several(data: bytes) -> bool:
    """Say whether several objects stand on a line that is none, as where line ends are lost or a line is torn."""
    text = data.decode("utf-8", "replace").strip().lstrip("\ufeff")
    if not text.startswith("{"):
        return _NEXT_OBJECT.search(data) is not None
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        start = data[: data.find(b":") + 1].lstrip()  # with its first key, as each line of a file begins
        last = data.rfind(start, 1) if start else 0
        return last > 0 and _is_json(data[last:])
    return text[end:].lstrip(" ,\t\r").startswith("{")


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _why_no_json(error: Exception, data: bytes, *, is_several: bool) -> str:
    """Say what is wrong with a line that is no JSON, where that can be told; never with a word of it."""
    if isinstance(error, RecursionError):
        return "no JSON that can be read: nested too deep"
    signs: dict[str, Callable[[bytes], object]] = {
        **_SIGNS,
        "text that is no UTF-8": lambda _: isinstance(error, UnicodeDecodeError),
        "several objects on one line": lambda _: is_several,
        **_SIGNS_IN_TEXT,
    }
    return next((f"no JSON: {why}" for why, shows in signs.items() if shows(data)), "no JSON")
