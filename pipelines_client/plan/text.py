"""The bytes of a plan file to plain values, each with the line where it stands. YAML 1.2 and JSON, read with care.

Only what JSON can hold comes out: `on`, `no` and `2026-12-07` are text, and a key is text as it is written. Refused,
with the line: two equal keys, tags (`!!python/…`), merge keys (`<<`), an alias within its anchor, and a file that is
larger, deeper or, once its aliases are followed, longer than any plan.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from pipelines_client.errors import PlanError
from pipelines_client.signals import let_through

MOST_BYTES: Final = 16 << 20
MOST_VALUES: Final = 1_000_000
MOST_DEEP: Final = 64
_MOST_SHOWN: Final = 80
_MOST_PARTS: Final = 12
_EXTRA: Final = "install pipelines-client[plan] to read plans in YAML"
_CONSTANTS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9]\d*)", re.ASCII)
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\Z", re.ASCII)
_LEADING_ZERO = re.compile(r"[-+]?0\d")


@dataclass(frozen=True)
class Parsed:
    """A file's value, and where its parts stand.

    Args:
        name: How errors call the file.
        value: What the file says: what JSON can hold.
        lines: The line of each key and item by its path, counted from 1; empty if lines are not known.
    """

    name: str
    value: Any
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)

    def error(self, path: tuple[str | int, ...], fault: str, cure: str) -> PlanError:
        """Return an error that names the file, the line and the key: what is wrong there, and what to do."""
        known = next((path[:end] for end in range(len(path), -1, -1) if path[:end] in self.lines), None)
        line = None if known is None else self.lines[known]
        return error_at(self.name, line, _place_of(path), fault, cure)


def error_at(name: str, line: int | None, place: str, fault: str, cure: str) -> PlanError:
    """Return an error in a plan file, with the line and the key if they are known."""
    where = f"{name}, line {line}" if line else name
    return PlanError(f"{where}: {f'{place}: ' if place else ''}{fault}; {cure}")


def _place_of(path: Sequence[str | int]) -> str:
    shown = [_shown(part) for part in path]
    return " > ".join(shown if len(shown) <= _MOST_PARTS else [*shown[: _MOST_PARTS - 2], "…", shown[-1]])


def _shown(part: str | int) -> str:
    text = f"item {part + 1}" if isinstance(part, int) else part
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def decoded(content: bytes, name: str) -> str:
    """Return the text of a file.

    Raises:
        PlanError: It is too large, or not UTF-8.
    """
    if len(content) > MOST_BYTES:
        raise error_at(name, None, "", f"it has more than {MOST_BYTES >> 20} MiB", "pass the plan itself, or split it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise error_at(name, line, "", "it is not UTF-8 text", "save it with the encoding UTF-8") from None


def parse(content: bytes, name: str) -> Parsed:
    """Parse a file that holds one value, as JSON or YAML.

    Raises:
        PlanError: It is neither; the text names the file, the line and the cure.
    """
    return only(parse_all(content, name), name)


def only(documents: Sequence[Parsed], name: str) -> Parsed:
    """Return the one document of a file.

    Raises:
        PlanError: It has none or several; the text names the cure.
    """
    if len(documents) != 1:
        fault = "it has several documents (`---`)" if documents else "it is empty"
        raise error_at(name, None, "", fault, "write one plan in one document")
    return documents[0]


def parse_all(content: bytes, name: str) -> list[Parsed]:
    """Parse a file of JSON, or of YAML with any number of documents.

    Raises:
        PlanError: It is neither; the text names the file, the line and the cure.
    """
    text = decoded(content, name)
    parsed = _parse_json(text, name) if text.lstrip()[:1] in ("{", "[") else None
    return list(parse_yaml(text, name)) if parsed is None else [parsed]


def _parse_json(text: str, name: str) -> Parsed | None:
    """Parse JSON; None if YAML should be asked, which knows the line of what is wrong."""
    try:
        value = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        if name.endswith(".json"):
            cure = "correct the JSON there"
            raise error_at(name, error.lineno, "", f"it is not valid JSON ({error.msg})", cure) from None
        return None
    except (ValueError, RecursionError) as error:
        let_through(error)
        return None
    _refuse_other_values(value, name)
    return Parsed(name, value)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("two equal keys")
    return found


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)


def _refuse_other_values(value: Any, name: str) -> None:
    """Refuse what JSON's parser lets through and the rest of the world does not: depth, infinity, half characters."""
    waiting = [(value, 1)]
    while waiting:
        each, depth = waiting.pop()
        if depth > MOST_DEEP:
            raise error_at(name, None, "", f"it is nested more than {MOST_DEEP} deep", "flatten it")
        if isinstance(each, dict):
            waiting += [(inner, depth + 1) for inner in each.values()]
            waiting += [(key, depth) for key in each]
        elif isinstance(each, list):
            waiting += [(inner, depth + 1) for inner in each]
        elif isinstance(each, float) and not math.isfinite(each):
            raise error_at(name, None, "", "a number is too large", "write it as text")
        elif isinstance(each, str) and not _is_whole(each):
            raise error_at(name, None, "", "a text has half of a character (\\ud800 to \\udfff)", "write it whole")


def _is_whole(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def parse_yaml(text: str, name: str) -> Iterator[Parsed]:
    """Parse each document of a YAML text.

    Raises:
        PlanError: It is not YAML, or has what plans may not have; the text names the line and the cure.
    """
    try:
        import yaml
    except ImportError:
        raise PlanError(f"{name}: {_EXTRA}") from None
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            line = 0 if event.start_mark is None else event.start_mark.line + 1
            match event:
                case yaml.DocumentStartEvent():
                    builder.start()
                case yaml.DocumentEndEvent():
                    _refuse_other_values(builder.value, name)
                    yield Parsed(name, builder.value, builder.lines)
                case yaml.AliasEvent():
                    builder.alias(event.anchor or "", line)
                case yaml.ScalarEvent():
                    builder.scalar(event, line)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    builder.begin({} if isinstance(event, yaml.MappingStartEvent) else [], event, line)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    builder.end(line)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "characters that YAML does not allow"
        line_of = None if mark is None else mark.line + 1
        raise error_at(name, line_of, "", f"it is not valid YAML ({problem})", "correct the text there") from None


@dataclass
class _Container:
    """A mapping or a list that is being read."""

    value: Any
    anchor: str | None
    count_before: int
    key: str | None = None


class _Builder:
    """Values from the parser's events, without recursion: nesting in a file cannot exhaust the stack."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.start()

    def start(self) -> None:
        """Begin a document."""
        self.value: Any = None
        self.lines: dict[tuple[str | int, ...], int] = {}
        self._open: list[_Container] = []
        self._path: list[str | int] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0

    def scalar(self, event: Any, line: int) -> None:
        """Take a key, as it is written, or a value."""
        above = self._open[-1] if self._open else None
        if above is not None and isinstance(above.value, dict) and above.key is None:
            self._take_key(above, event, line)
            return
        if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            self._refuse(line, "a tag (!) is not read", "remove it")
        is_text = not event.implicit[0]  # quoted, in a block, or `!!str`
        value = event.value if is_text else self._plain(event.value, line)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._add(value, 1, line)

    def _take_key(self, above: _Container, event: Any, line: int) -> None:
        key = event.value
        if key == "<<" and event.implicit[0]:
            self._refuse(line, "merge keys (<<) are not read", "write the keys out, or in `common`")
        if key in above.value:
            self._refuse(line, f"the key {_shown(key)} stands there twice", "remove one or rename it")
        if event.anchor is not None:
            self._anchors[event.anchor] = (key, 1)
        above.key = key
        self._path.append(key)
        self.lines[tuple(self._path)] = line

    def _plain(self, text: str, line: int) -> Any:
        """Return what a text without quotes means in YAML's core schema."""
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        try:
            if _INTEGER.fullmatch(text):
                return int(text)
            if NUMBER.match(text) and not _LEADING_ZERO.match(text) and math.isfinite(number := float(text)):
                return number
        except ValueError:  # more digits than Python reads
            self._refuse(line, "a number is too large", "put it in quotes")
        return text

    def begin(self, value: Any, event: Any, line: int) -> None:
        """Begin a mapping or a list."""
        above = self._open[-1] if self._open else None
        if above is not None and isinstance(above.value, dict) and above.key is None:
            self._refuse(line, "a key is not a text", "write a name there")
        if event.tag not in (None, "!"):
            self._refuse(line, "a tag (!) is not read", "remove it")
        if len(self._open) >= MOST_DEEP:
            self._refuse(line, f"it is nested more than {MOST_DEEP} deep", "flatten it")
        if above is not None and isinstance(above.value, list):
            self._path.append(len(above.value))
            self.lines[tuple(self._path)] = line
        elif not self._path:
            self.lines[()] = line
        self._open.append(_Container(value, event.anchor, self._count))

    def end(self, line: int) -> None:
        """End a mapping or a list."""
        done = self._open.pop()
        count = self._count - done.count_before + 1
        if done.anchor is not None:
            self._anchors[done.anchor] = (done.value, count)
        if self._open and isinstance(self._open[-1].value, list):
            self._path.pop()
        self._add(done.value, 1, line)

    def alias(self, anchor: str, line: int) -> None:
        """Take again what an anchor named; what aliases bring in counts as if it were written there."""
        if anchor not in self._anchors:
            self._refuse(line, f"the alias *{_shown(anchor)} has no anchor before it", f"define &{_shown(anchor)}")
        above = self._open[-1] if self._open else None
        if above is not None and isinstance(above.value, dict) and above.key is None:
            self._refuse(line, "a key is an alias", "write the name there")
        self._add(*self._anchors[anchor], line)

    def _add(self, value: Any, count: int, line: int) -> None:
        self._count += count
        if self._count > MOST_VALUES:
            self._refuse(line, f"it has more than {MOST_VALUES:,} values", "split it, and use fewer aliases")
        if not self._open:
            self.value = value
            return
        above = self._open[-1]
        if isinstance(above.value, list):
            self.lines.setdefault((*self._path, len(above.value)), line)
            above.value.append(value)
        else:
            above.value[above.key] = value
            above.key = None
            self._path.pop()

    def _refuse(self, line: int, fault: str, cure: str) -> NoReturn:
        raise error_at(self._name, line, _place_of(self._path), fault, cure)
