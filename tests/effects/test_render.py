"""A report as text, JSON and Markdown."""

from __future__ import annotations

import json
from dataclasses import replace

from effect_cases import AT, group, identify, page, screen, track

from pipelines_client.effects import Dates, EffectsReport, examine
from pipelines_client.effects.findings import EffectsFinding, EffectsFindingRow
from pipelines_client.effects.render import ENDINGS, RENDERINGS
from pipelines_client.evidence.calls import FoundCall


def report(dates: Dates = Dates.UNCHANGED) -> EffectsReport:
    calls = [
        identify({"trial_ends_at": AT}, messageId="m1"),
        page({"url": "https://e.co/"}, messageId="m2"),
        track("Evil\x1b[31m|`E`\n", {"ref": 2**60 + 1}, messageId="m3"),
    ]
    found = [FoundCall(f"calls.json:{line}", call) for line, call in enumerate(calls, 1)]
    return examine([*found, FoundCall("calls.json:9", fault="not JSON"), FoundCall("", message_id="m9")], dates=dates)


def test_the_text_has_the_verdict_first_and_each_change_with_its_cure() -> None:
    """Grave ones come first, and what was not looked at is said before them."""
    text = RENDERINGS["text"](report())
    lines = text.splitlines()
    assert lines[0] == "breaks: conditions in segments and campaigns stop matching"
    assert lines[1] == "3 calls of 1 person"
    assert "not looked at: 1 line that cannot be read: not JSON" in lines
    assert "not looked at: 1 message of the ledger and of no other source; add their archive" in lines
    order = [
        lines.index(heading) for heading in ("Stops matching:", "Not known:", "Changes without breaking a condition:")
    ]
    assert order == sorted(order)
    assert any(line.startswith('    cure: Set customerio_dates="unix" in the client') for line in lines)


def test_names_from_outside_obey_no_terminal_and_break_no_table() -> None:
    """Control characters are replaced; a bar in a cell is escaped."""
    for name in ("text", "markdown"):
        assert "\x1b" not in RENDERINGS[name](report())
    rows = [line for line in RENDERINGS["markdown"](report()).splitlines() if line.startswith("| Property")]
    assert len(rows) == 1
    assert rows[0].replace("\\|", "").count("|") == 6


def test_the_json_has_everything() -> None:
    """Its keys are those that docs/effects.md explains."""
    found = json.loads(RENDERINGS["json"](report(Dates.UNKNOWN)))
    assert (found["format"], found["verdict"], found["exit_code"], found["dates"]) == (1, "unknown", 3, "unknown")
    assert found["unseen"] == {"unreadable": {"not JSON": 1}, "without_payload": 0, "not_found": 1}
    assert [row["code"] for row in found["changes"]] == ["view_without_name", "date", "rounded"]
    assert found["changes"][1]["samples"] == [
        {"message_id": "m1", "place": "calls.json:1", "today": "number", "then": "unknown"}
    ]


def test_findings_stand_below_the_changes_and_have_no_part_in_the_verdict() -> None:
    """In every rendering, with their rows and their cure; those without a row are not shown."""
    row = EffectsFindingRow("track", "Evil\x1b|", 3, "properties.at: Unix milliseconds; such as 13 digits")
    rows = (row, EffectsFindingRow("identify", "identify", 1_000, "traits.at: ISO-8601 text"))
    found = EffectsFinding("date_attributes", "Date attributes", "values", 1_003, "They differ.", "Send seconds.", rows)
    empty = EffectsFinding("loose_ids", "Ids of no known person", "ids", 0, "None.", "None.", ())
    made = replace(report(), findings=(found, empty))
    text, page = RENDERINGS["text"](made), RENDERINGS["markdown"](made)
    assert made.verdict is report().verdict
    lines = text.splitlines()
    start = lines.index("Wrong in the calls themselves:")
    assert lines[start : start + 5] == [
        "Wrong in the calls themselves:",
        "  Date attributes, 1,003 values: They differ.",
        "    3: Evil\N{REPLACEMENT CHARACTER}|: properties.at: Unix milliseconds; such as 13 digits",
        "    1,000: traits.at: ISO-8601 text",
        "    cure: Send seconds.",
    ]
    assert "| 1,000 | traits.at: ISO-8601 text |" in page.splitlines()
    assert "### Wrong in the calls themselves: Date attributes, 1,003 values" in page
    assert "Ids of no known person" not in text + page
    assert json.loads(RENDERINGS["json"](made))["findings"][0]["rows"][1]["count"] == 1_000


def test_each_place_and_type_has_its_words() -> None:
    """Traits, properties and attributes; the parts of a call; singular and plural."""
    calls = [
        identify({"email": "k@localhost", "objectTypeId": "2"}, userId=None, timestamp="2026-11-20T09:30:00.5Z"),
        track("E", {"a.b": 2**60 + 1}),
        group({"objectAttributes": {"plan": "pro"}, "objectTypeId": "2"}),
        *[screen()] * 2,
        *[page(name="A")] * 2,
    ]
    said = [change.says for change in examine([FoundCall("", call) for call in calls]).changes]
    starts = (
        *("The person on 1 identify ", "The relationship on 1 identify ", "The time on 1 identify "),
        *("Trait `objectTypeId` on 1 identify ", 'Property `"a.b"` of `E` on 1 track call ', "2 screen calls: "),
        *("Attribute `plan` on 1 group call ", "`object.object_type_id` on 1 group call ", "2 page calls: "),
    )
    assert [start for start in starts if not any(text.startswith(start) for text in said)] == []


def test_no_call_is_said_in_words() -> None:
    """An empty source proves nothing."""
    text = RENDERINGS["text"](examine([]))
    assert text.startswith("unknown: whether every condition")
    assert "not looked at: any call: the sources hold none" in text


def test_every_ending_names_a_rendering() -> None:
    """And each rendering has one."""
    assert sorted(ENDINGS.values()) == sorted(RENDERINGS)
