"""One line of evidence: decoded, or rejected with a reason that quotes nothing of it. Pure."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import orjson

from pipelines_client.canonical import MAX_LEVELS as PAYLOAD_LEVELS
from pipelines_client.canonical import PAYLOAD_FIELD, TooDeepError, payload_hash
from pipelines_client.evidence.fact import BAD_PAYLOAD, CALL_TYPES, NO_PAYLOAD
from pipelines_client.evidence.files.base import ZEROS
from pipelines_client.evidence.files.names import is_table
from pipelines_client.evidence.nesting import MAX_LEVELS, end_of_value, is_deeper
from pipelines_client.evidence.payloads import payload_in

if TYPE_CHECKING:
    from collections.abc import Callable


_LONG_LINE_BYTES = 64 << 10  # a call is at most 32 kB (FACTS C6, S3): in a line twice as long there may be several
_DEEP_LINE_BYTES = 2 * MAX_LEVELS  # each level begins and ends
_HALF_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD]...)\\u[dD][c-fC-F]")
_NEXT_OBJECT = re.compile(rb"\}[\s,]*\{")
_LIST_OF_OBJECTS = re.compile(rb"\[\s*\{")
_WRAPPED = "the rows are wrapped in an object; write them as lines or an array"
_values = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NOT_FINITE = re.compile(rb"[:,\[]\s*-?(?:NaN|Infinity|inf|nan)\b")

_SIGNS: dict[str, Callable[[bytes], object]] = {
    "a ZIP archive; unpack it first": lambda data: data.startswith(b"PK\3\4"),
    "compressed with Zstandard; unpack it first": lambda data: data.startswith(b"\x28\xb5\x2f\xfd"),
}
_SIGNS_IN_TEXT: dict[str, Callable[[bytes], object]] = {
    "an escape sequence is half of a surrogate pair": _HALF_PAIR.search,
    "it contains NaN or Infinity, which JSON does not allow": _NOT_FINITE.search,
    ZEROS: lambda data: b"\0" in data,
    "it begins with a byte order mark, as in joined files; write them without one": (
        lambda data: data.startswith(codecs.BOM_UTF8)
    ),
    "the line is cut off": lambda data: data.strip()[:1] == b"{" and data.strip()[-1:] != b"}",
}


T = TypeVar("T")


class LineRejectedError(ValueError):
    """A line cannot become a fact; the text says why, without quoting the line.

    `hides_more` means that it may be several lines, and that an unknown number of messages is lost.
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
    traits: Any = None


def traits_in(context: Any) -> Any:
    """Return a context with nothing but what it says of the person; None if that is nothing."""
    if type(context) is Context:
        return None if context.traits is None else {"traits": context.traits}
    return context if type(context) is dict and "traits" in context else None


def text_of(value: Any) -> str | None:
    """Return an id or name as text; a number as JSON writes it; None for anything else."""
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
        return value.strip(" ") or None
    return text_of(value)


def type_of(value: Any) -> str | None:
    """Return the type of a call, or None if it is not one."""
    return value if type(value) is str and value in CALL_TYPES else None


def library_of(context: Any) -> str | None:
    """Return name/version of the library that made a call; None unless the context is a `Context` that names it."""
    if type(context) is not Context or context.library is None:
        return None
    name, version = text_of(context.library.name), text_of(context.library.version)
    return f"{name}/{version}" if name and version else name


def decode_line(data: bytes, decode: Callable[[bytes], T], decode_odd: Callable[[bytes], T]) -> T:
    """Decode a line with a strict decoder, or if its types are unusual, with a lenient one.

    Raises:
        LineRejectedError: It is not a JSON object, or nested deeper than evidence may be.
    """
    if len(data) > _DEEP_LINE_BYTES and is_deeper(data):
        is_long = len(data) > _LONG_LINE_BYTES
        raise LineRejectedError(f"nested deeper than {MAX_LEVELS} levels", hides_more=is_long or _holds_several(data))
    try:
        return decode(data)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_json(error, data) from None
    try:
        return decode_odd(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if "out of range" in str(error):
            raise LineRejectedError("JSON, but a number in it is too large to read") from None
        if isinstance(error, msgspec.ValidationError):
            raise LineRejectedError("JSON, but not an object", hides_more=_holds_several(data)) from None
        raise _no_json(error, data) from None


def payload_of(row: Any, type_: str, file: str) -> tuple[Any, str | None, int]:
    """Return `payload_and_hash` of the column that a row of this type has; None, None, 0 for an alias."""
    field = PAYLOAD_FIELD.get(type_)
    return (None, None, 0) if field is None else payload_and_hash(getattr(row, field), file)


def payload_and_hash(value: Any, file: str | None) -> tuple[Any, str, int]:
    """Return the payload in a column, its hash as the client computes it, and how the fact is reduced.

    A column of CSV and Parquet holds a payload as JSON text (FACTS C19). Text that is not JSON is hashed as text: the
    message arrived, but its payload is not compared. In JSON, text stands where an object belongs, and that is the
    payload: it differs from what was sent.

    Args:
        value: The column's value.
        file: The name of the row's file; None if the column may hold JSON text in any format.

    Raises:
        LineRejectedError: It has no canonical form, is nested too deep, or may be several rows.
    """
    payload: Any = {} if value is None else value
    is_text = type(value) is str and (file is None or is_table(file))
    try:
        if is_text:
            payload = payload_in(value)
        return payload, payload_hash(payload), 0
    except orjson.JSONDecodeError as error:
        if type(value) is str and "\n" in value:  # rows between two stray quotes of a CSV file
            raise LineRejectedError(f"its payload is not JSON ({error.msg})", hides_more=True) from None
        return value, payload_hash(value), NO_PAYLOAD | BAD_PAYLOAD
    except TooDeepError:
        raise LineRejectedError(f"its payload is nested deeper than {PAYLOAD_LEVELS} levels") from None
    except (ValueError, TypeError) as error:
        raise LineRejectedError(f"its payload has no canonical form ({type(error).__name__})") from None


def wrapped(error: LineRejectedError, data: bytes) -> LineRejectedError:
    """Return the error again, as one that hides more if the line may be an object with many rows in it."""
    if error.hides_more or is_deeper(data):
        return error
    try:
        values = _values.decode(data).values()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return error
    if any(_LIST_OF_OBJECTS.match(value) for value in values):
        return LineRejectedError(_WRAPPED, hides_more=True)
    return LineRejectedError(str(error), hides_more=True) if len(data) > _LONG_LINE_BYTES else error


def _no_json(error: Exception, data: bytes) -> LineRejectedError:
    is_several = _holds_several(data)
    is_packed = any(shows(data) for shows in _SIGNS.values())
    is_lost = is_packed or len(data) > _LONG_LINE_BYTES or b"\0\0" in data  # a disk block holds many lines
    return LineRejectedError(_why_no_json(error, data, is_several=is_several), hides_more=is_several or is_lost)


def _holds_several(data: bytes) -> bool:
    """Return whether a broken line holds several objects, because line ends are lost or a line is cut off."""
    text = data.decode("utf-8", "replace").strip().lstrip("\ufeff")
    if not text.startswith("{"):
        return _NEXT_OBJECT.search(data) is not None
    try:
        is_deep = is_deeper(text)
        end = end_of_value(text, 0) if is_deep else json.JSONDecoder().raw_decode(text)[1]
    except ValueError:
        end = None
    if end is None:
        start = data[: data.find(b":") + 1].lstrip()  # with its first key, as each line of a file begins
        last = data.rfind(start, 1) if start else 0
        return last > 0 and _is_json(data[last:])
    return text[end:].lstrip(" ,\t\r").startswith("{")


def object_in(data: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a line; None if it is anything else."""
    try:
        row = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return row if isinstance(row, dict) else None


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _why_no_json(error: Exception, data: bytes, *, is_several: bool) -> str:
    """Return what is wrong with a line that is not JSON, without quoting it."""
    signs: dict[str, Callable[[bytes], object]] = {
        **_SIGNS,
        "the text is not UTF-8": lambda _: isinstance(error, UnicodeDecodeError),
        "several objects on one line": lambda _: is_several,
        **_SIGNS_IN_TEXT,
    }
    return next((f"not JSON: {why}" for why, shows in signs.items() if shows(data)), "not JSON")
