"""What a newcomer might undo in the readers of evidence: each test's name says why it should stay."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path
from typing import Any

import orjson
import pytest

import pipelines_client
from pipelines_client.evidence.count_apis import APIS
from pipelines_client.evidence.fact import Fact
from pipelines_client.evidence.files.rows import FORMATS
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.evidence.kinds.table import Table
from pipelines_client.evidence.naming import COUNTS, SOURCES, help_of
from pipelines_client.state.ledger import DeliveryRecord

PACKAGE = Path(pipelines_client.__file__).parent
CALL = {"messageId": "m1", "type": "identify", "userId": "u1", "traits": {"plan": "pro"}, "sentAt": "2026-11-02"}
ROW = {"id": "m1", "user_id": "u1", "type": "identify", "traits": {"plan": "pro"}, "sent_at": "2026-11-02"}
LINES: dict[str, dict[str, Any]] = {
    "ledger": {
        **dict.fromkeys((field.name for field in fields(DeliveryRecord)), None),
        "message_id": "m1",
        "type": "track",
        "leg": "segment",
        "outcome": "accepted",
        "identity": "user:u1",
    },
    "segment": CALL,
    "jsonl": CALL,
    "warehouse": {"id": "m1", "user_id": "u1", "event": "e", "original_timestamp": "2026-11-02", "sent_at": "x"},
    "customerio": ROW,
    "table": {"e": "Paid", "t": "2026-11-02", "id": "m1", "who": "u1"},
    "mixpanel": {"event": "Paid", "properties": {"time": 1793577600, "distinct_id": "u1"}},
    "amplitude": {"event_type": "Paid", "event_time": "2026-11-02 09:30:00", "user_id": "u1"},
}
OPTIONS = {"table": {"event": "e", "time": "t", "message_id": "id", "user_id": "who"}}


def calls_of_fact() -> list[ast.Call]:
    """Return every call of `Fact` in the package."""
    trees = (ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py"))
    found = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call for call in found if isinstance(call.func, ast.Name) and call.func.id == "Fact"]


def test_a_fact_is_made_of_variables_named_as_its_fields_because_keywords_make_reading_a_sixth_slower():
    """Two positional values in the wrong order would be a wrong report without any error."""
    assert len(calls_of_fact()) >= 5
    for call in calls_of_fact():
        for field, value in zip(Fact._fields, call.args, strict=False):
            is_none = isinstance(value, ast.Constant) and value.value is None
            name = value.id if isinstance(value, ast.Name) else getattr(value, "attr", "")
            assert is_none or name.rstrip("_") == field, f"line {value.lineno}: {name} where {field} belongs"


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_keeps_nothing_of_what_it_read_because_threads_and_processes_share_it(name):
    """Neither an instance, deep within its values, nor its class. The caches hold hashes, and change no fact."""
    data, kind = orjson.dumps(LINES[name]), KINDS[name](bytes(32), options=OPTIONS.get(name))
    before = _state(kind)
    facts = [kind.read(data, "f.json", 1, 0) for _ in range(2)]
    assert _state(kind) == before
    assert facts[0] == facts[1] == KINDS[name](bytes(32), options=OPTIONS.get(name)).read(data, "f.json", 1, 0)


_CACHES = ("_identities", "_forms")


def _state(kind: Any) -> dict[str, str]:
    """Return all that an instance and its classes hold, written out, so that a change within a value shows."""
    held = {f"self.{key}": value for key, value in vars(kind).items() if key not in _CACHES}
    for each in type(kind).__mro__[:-1]:
        held |= {f"{each.__name__}.{key}": value for key, value in vars(each).items() if not key.startswith("__")}
    return {key: _spelt(value) for key, value in held.items()}


def _spelt(value: Any) -> str:
    """Write a value out with what its attributes hold."""
    inner = getattr(value, "__dict__", None)
    return f"{value!r} {dict(inner)!r}" if isinstance(inner, dict) else repr(value)


def test_a_fact_shows_nothing_of_a_person_because_facts_lie_on_disk_and_on_clusters():
    """Neither ids nor values; `tests/test_guards.py` lists the fields of all stored rows."""
    for name in KINDS:
        fact, _ = KINDS[name](bytes(32), options=OPTIONS.get(name)).read(orjson.dumps(LINES[name]), "f.json", 1, 0)
        assert not [value for value in fact if isinstance(value, str) and ("u1" in value or "pro" in value)]


def test_every_file_format_is_one_that_tables_may_have():
    """Names of files are asked before their formats are imported, so the two lists are compared here."""
    for ending in [".json", ".jsonl", ".json.gz", *(ending for form in FORMATS for ending in form.endings)]:
        assert Table.wants(f"export{ending}"), ending


@pytest.mark.parametrize("source", [*SOURCES, COUNTS])
def test_the_help_of_a_source_names_all_that_it_accepts(source):
    """It is made of the kinds and the APIs, so a new one is in it."""
    text = help_of(source)
    for name, kind in KINDS.items():
        if source in kind.sources and name != source:
            assert f"{name}:PATH" in text
    assert all((f"{name}:" in text) == (source == COUNTS) for name in APIS)


def test_each_kind_recognises_its_own_line_first():
    """The kinds are asked in their order; a table has no marks, and calls are recognised as an archive's."""
    for name, line in LINES.items():
        keys = {key.lower() for key in line}
        first = next((kind.name for kind in KINDS.values() if kind.recognises(line, keys)), None)
        assert first == {"jsonl": "segment", "table": None}.get(name, name)
