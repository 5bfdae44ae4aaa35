from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from foreign_plans import DIRTY_V2, IGLU, RUDDER, V1
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.errors import PlanError
from pipelines_client.plan.formats import FORMATS, export_plan, format_named, import_plan
from pipelines_client.plan.formats.base import PlanFile, notes_of, plan_of, with_notes
from pipelines_client.plan.model import PlannedCall, TrackingPlan

_SAMPLES = (
    DIRTY_V2,
    V1,
    IGLU,
    *(text.encode() for text in RUDDER.values()),
    b"plan: 1\n",
    b"Event Name\nA\n",
    b"A = 'B'",
)


@pytest.mark.parametrize(
    ("name", "content", "format_name"),
    [
        ("plan.json", DIRTY_V2, "segment"),
        ("plan.json", V1, "segment"),
        ("plan.json", IGLU, "iglu"),
        ("plan.json", b'{"type": "object", "properties": {}}', "json-schema"),
        ("plan.yaml", b"plan: 1\n", "tracking-plan"),
        ("plan.csv", b"Event Name\nA\n", "segment-csv"),
        ("events.py", b"SIGNED_UP = 'Signed Up'\n", "python"),
        ("plan.yaml", RUDDER["plan.yaml"].encode(), "rudderstack"),
    ],
)
def test_a_file_says_itself_which_format_it_has(name: str, content: bytes, format_name: str) -> None:
    """A person need not know."""
    files = [PlanFile(name, content)]
    assert next(each.name for each in FORMATS if each.recognises(files)) == format_name


@given(
    st.sampled_from(_SAMPLES).flatmap(
        lambda content: st.tuples(st.just(content), st.integers(0, len(content)), st.binary(max_size=6))
    ),
    st.sampled_from(["p.json", "p.yaml", "p.csv", "p.py"]),
)
def test_no_damage_to_a_file_gives_anything_but_a_plan_or_an_error_with_words(
    cut: tuple[bytes, int, bytes], name: str
) -> None:
    """Each format is asked with each file, damaged somewhere."""
    content, at, other = cut
    files = [PlanFile(name, content[:at] + other + content[at + len(other) :])]
    for each in FORMATS:
        each.recognises(files)
        with suppress(PlanError):
            assert isinstance(each.read(files), TrackingPlan)


_WORDS = (
    *("rules", "events", "name", "key", "type", "jsonSchema", "properties", "self", "data", "spec", "kind", "version"),
    *("anyOf", "x-plan", "definitions", "labels", "event", "variants", "plan"),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["a", "", "TRACK", "rudder/v1", "tp"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=4),
    max_leaves=16,
)


@given(_JSON)
def test_no_value_gives_anything_but_a_plan_or_an_error_with_words(value: object) -> None:
    """Each format is asked with JSON that has its words in places where it does not expect them."""
    files = [PlanFile("p.json", json.dumps(value).encode())]
    for each in FORMATS:
        with suppress(PlanError):
            plan = each.read(files)
            assert isinstance(plan, TrackingPlan)
            for name in ("segment", "json-schema", "segment-csv", "tracking-plan"):
                export_plan(plan, name)


def test_what_is_said_of_a_call_is_kept_beside_its_schema_and_comes_back() -> None:
    """Words of others there change nothing."""
    call = PlannedCall("track", "A", stage="x", aliases=("b",), timestamp_required=True)
    assert notes_of(call) == {"stage": "x", "aliases": ["b"], "timestamp_required": True}
    assert with_notes(PlannedCall("track", "A"), json.loads(json.dumps(notes_of(call)))) == call
    assert with_notes(call, {"status": "gone"}) == call
    assert with_notes(call, ["stage"]) == call


def test_two_calls_with_one_name_and_version_both_stay() -> None:
    """Nothing of a dirty plan is lost."""
    plan = plan_of([PlannedCall("track", "A"), PlannedCall("track", "A", owner="x")])
    assert [(event.version, event.owner) for event in plan.events] == [(1, None), ("1-2", "x")]


def test_a_format_that_does_not_exist_or_is_only_read_is_named_with_the_cure(tmp_path: Path) -> None:
    """A person sees which there are."""
    with pytest.raises(PlanError, match="did you mean segment"):
        format_named("segmnt")
    with pytest.raises(PlanError, match="only read; write one of"):
        export_plan(TrackingPlan(), "rudderstack")
    path = tmp_path / "x.json"
    path.write_text("[1]", "utf-8")
    with pytest.raises(PlanError, match="no format recognises it; name the format, one of python"):
        import_plan(path)
    path.write_text("{", "utf-8")
    with pytest.raises(PlanError, match=r"x\.json, line 1: it is not valid JSON"):
        import_plan(path)
    with pytest.raises(PlanError, match="has 0 files"):
        import_plan(_empty(tmp_path))


def _empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def test_a_plan_is_written_to_each_format_that_is_written_and_read_again() -> None:
    """A round trip for each of them; a new format is in it without a word."""
    plan = TrackingPlan(
        "P", events=(PlannedCall("track", "A", schema={"type": "object", "properties": {"a": {}}}, owner="x"),)
    )
    for each in FORMATS:
        if each.is_written:
            again = each.read([PlanFile("plan", each.write(plan).encode())])
            assert again.events == plan.events


def test_a_plan_is_parsed_once() -> None:
    """To recognise its format is half of the work of reading it."""
    file = PlanFile("tracking-plan.yaml", b"plan: 1\nname: Shop\n")
    own = format_named("tracking-plan")
    assert own.recognises([file])
    object.__setattr__(file, "content", b"")
    assert own.read([file]).name == "Shop"
