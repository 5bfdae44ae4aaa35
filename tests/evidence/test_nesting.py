"""How deep evidence may be nested is a number of ours, whatever the format, the library and the Python."""

from __future__ import annotations

import json
from typing import Any

import pytest
from evidence import Evidence
from exports import FORMS, rewrite
from hypothesis import given
from hypothesis import strategies as st
from nesting import nested
from reading import read_once

from pipelines_client.canonical import MAX_LEVELS
from pipelines_client.evidence.kinds.customerio_storage import CustomerioFiles
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.kinds.table import Table
from pipelines_client.evidence.lines import LineRejectedError
from pipelines_client.evidence.nesting import MAX_LEVELS as LINE_LEVELS
from pipelines_client.evidence.nesting import end_of_value, is_deeper
from pipelines_client.parity.render import RENDERINGS

KEY = bytes(32)
COLUMNS = {"message_id": "id", "event": "name", "time": "at", "properties": "props"}


def stored(value):
    return {"id": "1", "event": "e", "properties": value}


def archived(value):
    return {"messageId": "1", "type": "track", "event": "e", "properties": value}


def mapped(value):
    return {"id": "1", "name": "e", "at": "2026-11-02T10:00:00Z", "props": value}


READERS = {
    "t.json": (CustomerioFiles(KEY), stored),
    "t.csv": (CustomerioFiles(KEY), lambda value: stored(json.dumps(value))),
    "t.parquet": (CustomerioFiles(KEY), lambda value: stored(json.dumps(value))),
    "a.gz": (SegmentArchive(KEY), archived),
    "table.json": (Table(KEY, "segment", COLUMNS), mapped),
    "table.csv": (Table(KEY, "segment", COLUMNS), lambda value: mapped(json.dumps(value))),
}


def lists(levels):
    return {"a": json.loads("[" * (levels - 1) + "]" * (levels - 1))}


@pytest.mark.parametrize("shape", [nested, lists])
@pytest.mark.parametrize("file", READERS)
def test_the_deepest_payload_is_as_deep_in_every_format(file, shape):
    """As an object in a line and as text in a cell: 250 levels are read, and one more is refused by the same words."""
    kind, row = READERS[file]
    assert kind.read(json.dumps(row(shape(MAX_LEVELS))).encode(), file, 1, 0)[0].message_id == "1"
    for levels in (MAX_LEVELS + 1, 600):
        with pytest.raises(LineRejectedError, match=f"nested deeper than {MAX_LEVELS} levels") as refused:
            kind.read(json.dumps(row(shape(levels))).encode(), file, 1, 0)
        assert not refused.value.hides_more


@pytest.mark.parametrize("field", ["context", "integrations"])
@pytest.mark.parametrize("file", [file for file in READERS if file.endswith((".json", ".gz"))])
def test_what_is_not_compared_may_be_deeper(file, field):
    """Up to another limit, at which every Python reads the line."""
    kind, row = READERS[file]

    def read(levels: int) -> str:
        deep = b'{"%s":' % field.encode() + b'{"x":' * (levels - 1) + b"1" + b"}" * (levels - 1) + b","
        return kind.read(deep + json.dumps(row({"a": 1})).encode()[1:], file, 1, 0)[0].message_id

    assert read(LINE_LEVELS) == "1"
    for levels in (LINE_LEVELS + 1, 5_000):
        with pytest.raises(LineRejectedError, match=f"^nested deeper than {LINE_LEVELS} levels"):
            read(levels)


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)), st.booleans())
def test_levels_are_counted_outside_of_texts(value, is_ascii):
    """Whatever the keys and texts hold: brackets, quotes, escapes."""

    def levels(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if inner is None else 1 + max(map(levels, inner), default=0)

    text = json.dumps(value, ensure_ascii=is_ascii)
    depth = levels(value)
    for one in (text, text.encode()):
        assert not is_deeper(one, depth)
        assert depth == 0 or is_deeper(one, depth - 1)
    assert depth == 0 or end_of_value(f" {text}[", 1) == 1 + len(text)


def test_a_value_that_does_not_end_has_no_end():
    """Cut in a list, an object or a text."""
    assert [end_of_value(text, 0) for text in ("[[]", '{"a": [1]', '["]')] == [None] * 3


@pytest.mark.parametrize("levels", [300, 5_000])
@pytest.mark.parametrize("form", ["{}\n{}\n{}", "[{},{},{}]"])
def test_a_line_that_is_too_deep_takes_only_itself(tmp_path, levels, form):
    """In lines and in an array, at depths that the libraries of some Pythons read."""
    deep = '{"id":"deep","p":' + "[" * levels + "]" * levels + "}"
    found = read_once(tmp_path / "t.json", form.format('{"id":"1"}', deep, '{"id":"2"}').encode())
    assert [row for *_, row in found.rows] == [b'{"id":"1"}', deep.encode(), b'{"id":"2"}']
    assert not found.rejected


@pytest.mark.parametrize("form", FORMS)
def test_the_deepest_payload_is_compared_and_shown(tmp_path, compare, form):
    """A difference in it is drift, and its values fit into the report."""
    evidence = Evidence(tmp_path, count=20)
    for side, deepest in (("segment", {"x": 1}), ("customerio", [1])):
        text = json.dumps(nested(MAX_LEVELS - 2)).replace("1", json.dumps(deepest))
        evidence.messages[5].sides[side]["properties"] = {"a": json.loads(text)}
    paths = evidence.paths()
    rewrite(paths["customerio"], form)
    report = compare(paths, show_values=True)
    assert (report.totals.drift, report.totals.customerio.rejected_lines) == (1, 0)
    for rendering in RENDERINGS:
        assert rendering.render(report, details=True)
