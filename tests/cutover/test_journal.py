"""The journal of stage changes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from stage_files import change

from pipelines_client.cutover.change import change_stage_file
from pipelines_client.cutover.journal import Journal, StageChange, journal_path, read_journal
from pipelines_client.errors import StageFileError
from pipelines_client.routing.plan import Stage


def at(day: str) -> str:
    return f"2026-12-{day}T09:00:00.000Z"


def test_a_torn_line_of_the_journal_is_counted_and_spoils_none(tmp_path: Path) -> None:
    """What a kill left is passed over, and the next line is not glued to it."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "dual"\n')
    journal_path(path).write_text('{"at": "2026')
    change_stage_file(path, {("stage",): "live"}, change("advance", "dual", "live", "2026-12-01T09:00:00.000Z"))
    found = read_journal(journal_path(path))
    assert ([line.action for line in found.changes], found.unreadable) == (["advance"], (1,))


def test_a_change_in_words_is_what_was_set_or_the_way_it_went() -> None:
    """The first has no stage before it."""
    began, went = change("start", None, "segment", at("01")), change("advance", "segment", "shadow", at("02"))
    share = change("share", "shadow", "shadow", at("03")).model_copy(update={"detail": "customerio.share = 0.25"})
    assert [line.what for line in (began, went, share)] == ["segment", "segment → shadow", "customerio.share = 0.25"]
    assert Journal((began, went, share)).began(Stage.SHADOW) == went
    assert Journal((began, went)).began(Stage.SEGMENT) is None
    assert Journal().began(Stage.SEGMENT) is None


GOOD = {"at": "2026-12-01T09:00:00.000Z", "by": "kim", "action": "start", "before": None, "after": "dual"}


@pytest.mark.parametrize(
    "line",
    [
        {**GOOD, "at": "yesterday"},
        {**GOOD, "at": ""},
        {**GOOD, "at": None},
        {**GOOD, "at": 1_764_579_600},
        {**GOOD, "at": "2026-12-01T09:00:00"},
        {**GOOD, "at": "2026-13-01T09:00:00Z"},
        {**GOOD, "at": "9999-12-31T23:59:59-05:00"},
        {**GOOD, "at": "0001-01-01T00:00:00+05:00"},
        {**GOOD, "after": "canary"},
        {name: value for name, value in GOOD.items() if name != "by"},
        [GOOD],
        "start",
        None,
    ],
)
def test_a_line_that_cannot_be_right_costs_that_line(tmp_path: Path, line: Any) -> None:
    """It is named by its number; those before and after it count."""
    path = tmp_path / "stage-log.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in (GOOD, line, GOOD)) + "\n\n")
    found = read_journal(path)
    assert ([change.at for change in found.changes], found.unreadable) == ([GOOD["at"]] * 2, (2,))


def test_bytes_that_are_no_text_cost_their_line(tmp_path: Path) -> None:
    """As does JSON that is nested without end."""
    path = tmp_path / "stage-log.jsonl"
    path.write_bytes(b"\xff\xfe\n" + b"[" * 50_000 + b"\n" + json.dumps(GOOD).encode())
    assert (len(read_journal(path).changes), read_journal(path).unreadable) == (1, (1, 2))


@pytest.mark.parametrize("text", ["2026-12-01T09:00:00Z", "2026-12-01T10:00:00+01:00", "2026-12-01 09:00:00.000+00:00"])
def test_an_instant_in_another_spelling_is_the_same_instant(tmp_path: Path, text: str) -> None:
    """And what a later version adds to a line is passed over."""
    path = tmp_path / "stage-log.jsonl"
    path.write_text(json.dumps({**GOOD, "at": text, "ticket": 7}))
    assert [change.at for change in read_journal(path).changes] == [GOOD["at"]]


def test_a_stage_began_with_the_first_line_that_has_it() -> None:
    """If the line that led into it cannot be read, the first one after it says the latest time at which it began."""
    lines = (
        change("advance", "shadow", "dual", at("01")),
        change("rollback", "live", "dual", at("03")),
        change("share", "dual", "dual", at("04")),
    )
    assert Journal(lines).began(Stage.DUAL) == lines[1]
    assert Journal(lines[:1] + lines[2:]).began(Stage.DUAL) == lines[0]
    assert Journal(lines[2:]).began(Stage.DUAL) == lines[2]


def test_the_stage_at_an_instant_is_that_before_the_first_later_change() -> None:
    """A line that is dated after now says nothing, nor does one that changed no stage."""
    journal = Journal(
        (
            change("advance", "shadow", "dual", at("01")),
            change("share", "dual", "dual", at("02")),
            change("advance", "dual", "live", at("03")),
            change("advance", "live", "complete", at("20")),
        )
    )
    found = [journal.stage_at(at(day), Stage.LIVE, now=at("10")).value for day in ("01", "02", "03", "04")]
    assert found == ["dual", "dual", "live", "live"]
    started = Journal((change("start", None, "dual", at("05")),))
    assert started.stage_at(at("01"), Stage.DUAL, now=at("10")) is Stage.DUAL


@pytest.mark.parametrize(
    ("lines", "first", "earliest"),
    [
        ((change("start", None, "dual", at("01")), change("advance", "dual", "live", at("05"))), at("05"), at("05")),
        ((change("start", None, "live", at("02")),), at("02"), at("02")),
        ((change("by hand", None, "live", at("02")),), at("02"), ""),
        ((change("start", None, "dual", at("01")), change("by hand", "dual", "live", at("09"))), at("09"), at("01")),
        ((change("advance", "live", "complete", at("07")),), at("07"), ""),
        ((change("rollback", "live", "dual", at("07")),), None, ""),
        ((change("start", None, "dual", at("01")), change("share", "live", "live", at("06"))), at("06"), at("01")),
        ((change("start", None, "dual", at("01")), change("advance", "shadow", "dual", at("06"))), None, None),
        ((), None, None),
    ],
)
def test_since_when_a_stage_may_have_been_and_was_is_what_the_lines_allow(
    lines: tuple[StageChange, ...], first: str | None, earliest: str | None
) -> None:
    """By hand, it began at any time since the line before; where a line is missing, too; with none before, ever."""
    beyond = (Stage.LIVE, Stage.COMPLETE)
    assert (Journal(lines).first(beyond), Journal(lines).earliest(beyond)) == (first, earliest)


def test_the_journal_is_beside_the_name_of_the_file_unless_there_is_one_beside_the_file(tmp_path: Path) -> None:
    """A link into a folder that is switched as a whole is not followed; two names of one file have one journal."""
    real, link = tmp_path / "data" / "stage.toml", tmp_path / "stage.toml"
    real.parent.mkdir()
    real.write_text('stage = "dual"\n')
    link.symlink_to("data/stage.toml")
    assert journal_path(link) == tmp_path / "stage-log.jsonl"
    journal_path(real).touch()
    assert journal_path(link) == journal_path(real) == tmp_path / "data" / "stage-log.jsonl"
    (tmp_path / "stage-log.jsonl").touch()
    assert journal_path(link) == tmp_path / "stage-log.jsonl"


def test_a_journal_that_is_no_file_is_said_at_once(tmp_path: Path) -> None:
    """It would be waited for."""
    path = tmp_path / "stage-log.jsonl"
    os.mkfifo(path)
    with pytest.raises(StageFileError, match="it is a pipe, not a file"):
        read_journal(path)
