"""Changes texts in a plan file and leaves every other byte as it is: comments, order, quotes, blank lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines_client.plan.lint.base import DocumentPath, PlanEdit
from pipelines_client.plan.text import parse

if TYPE_CHECKING:
    from yaml import Event


@dataclass
class _Open:
    """A mapping or a list that is being read."""

    is_list: bool
    is_flow: bool
    path: DocumentPath
    key: str | None = None
    count: int = 0
    spans: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class _Scalar:
    """A text in the file: from where to where it stands, how it is quoted, and the list that it is an item of."""

    start: int
    end: int
    style: str | None
    within: _Open


def apply_edits(text: str, edits: Iterable[PlanEdit]) -> tuple[str, int]:
    """Return a plan file with edits made, and how many could be made.

    An edit whose text cannot be found is left out: it stands behind an alias, or the plan says it in another form. A
    second run finds nothing to do.

    Args:
        text: The file, which `parse` reads.
        edits: The edits; of two for one place the first is made.
    """
    places = _scalars(text)
    changes: dict[tuple[int, int], str] = {}
    made = 0
    for edit in edits:
        scalar = places.get(edit.path)
        if scalar is None or (scalar.start, scalar.end) in changes:
            continue
        change = _replaced(scalar, edit.text) if edit.text is not None else _removed(text, scalar)
        if change is None or any(change[0] < end and start < change[1] for start, end in changes):
            continue
        changes[change[0], change[1]] = change[2]
        made += 1
    for (start, end), new in sorted(changes.items(), reverse=True):
        text = text[:start] + new + text[end:]
    return text, made


def _replaced(scalar: _Scalar, new: str) -> tuple[int, int, str]:
    """Return the span of a scalar and what to write there: quoted as it was, or if YAML would not take it as text."""
    if not scalar.style and _is_plain(new):
        return scalar.start, scalar.end, new
    if scalar.style == "'" and new.isprintable():
        escaped = new.replace("'", "''")
        return scalar.start, scalar.end, f"'{escaped}'"
    return scalar.start, scalar.end, json.dumps(new, ensure_ascii=False)


def _is_plain(new: str) -> bool:
    return all(part.isalnum() for part in new.replace("_", " ").replace("-", " ").split(" ")) and _means(new) == new


def _means(text: str) -> Any:
    return parse(f"- {text}".encode(), "text").value[0]


def _removed(text: str, scalar: _Scalar) -> tuple[int, int, str] | None:
    """Return the span of an item of a list with its comma or its line; None if it is the only one, or no item."""
    spans = scalar.within.spans
    if not scalar.within.is_list or (scalar.start, scalar.end) not in spans or len(spans) == 1:
        return None
    at = spans.index((scalar.start, scalar.end))
    if scalar.within.is_flow:
        return (spans[at - 1][1], scalar.end, "") if at else (scalar.start, spans[1][0], "")
    start, end = text.rfind("\n", 0, scalar.start) + 1, text.find("\n", scalar.end)
    is_alone = text[start : scalar.start].strip() == "-"
    return (start, len(text) if end < 0 else end + 1, "") if is_alone else None


def _scalars(text: str) -> dict[DocumentPath, _Scalar]:
    """Return where each text of a file stands, by the keys that lead to it."""
    import yaml

    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: dict[DocumentPath, _Scalar] = {}
    waiting: list[_Open] = []
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        match event:
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                is_list = isinstance(event, yaml.SequenceStartEvent)
                path = _next_path(waiting[-1]) if waiting else ()
                waiting.append(_Open(is_list, bool(event.flow_style), path))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                waiting.pop()
            case yaml.AliasEvent() if waiting:
                _next_path(waiting[-1])
            case yaml.ScalarEvent() if waiting:
                _note(event, waiting[-1], found, starts)
            case _:
                pass
    return found


def _next_path(above: _Open) -> DocumentPath:
    """Return the path of the value that begins now, and be ready for the next one."""
    if above.is_list:
        above.count += 1
        return (*above.path, above.count - 1)
    key, above.key = above.key, None
    return above.path if key is None else (*above.path, key)


def _note(event: Event, above: _Open, found: dict[DocumentPath, _Scalar], starts: list[int]) -> None:
    if not above.is_list and above.key is None:
        above.key = event.value  # type: ignore[attr-defined]  # of a scalar
        return
    start, end = (starts[mark.line] + mark.column for mark in (event.start_mark, event.end_mark) if mark is not None)
    above.spans.append((start, end))
    path = _next_path(above)
    if event.anchor is None:  # type: ignore[attr-defined]  # else the text stands for more than this place
        found[path] = _Scalar(start, end, event.style, above)  # type: ignore[attr-defined]
