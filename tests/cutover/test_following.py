"""Whether running processes follow the stage file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines_client.clock import iso_utc, utc_now
from pipelines_client.cutover.following import Following, mark_of_file, wait_for_processes, why_apart
from pipelines_client.routing.stagefile import mark_of
from pipelines_client.state.runfile import NO_STAGE_FILE, RunFile

LIMIT_S = 5.0


@pytest.fixture
def stage_file(tmp_path: Path) -> Path:
    """A stage file at `dual`."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "dual"\n')
    return path


def test_a_change_is_known_to_be_followed_once_each_process_says_so(
    make_client: Any, state_dir: Path, stage_file: Path
) -> None:
    """Also one of a switch, which changes no stage."""
    client = make_client(stage_file=stage_file, stage_poll_s=0.1, upload_interval=0.05)
    client.track("u", "E")
    client.flush(timeout=5)
    assert wait_for_processes(stage_file, [state_dir], limit_s=LIMIT_S) == Following(1)
    stage_file.write_text('stage = "dual"\n[segment]\nswitch = "off"\n')
    (behind,) = wait_for_processes(stage_file, [state_dir], limit_s=0).behind
    assert "still at stage dual" in behind
    client.track("u", "E")
    assert wait_for_processes(stage_file, [state_dir], limit_s=LIMIT_S) == Following(1)


def test_a_process_that_was_given_no_stage_file_does_not_follow_though_its_stage_is_the_same(
    make_client: Any, state_dir: Path, stage_file: Path
) -> None:
    """It goes on sending where the file says `off`."""
    client = make_client(stage="dual", upload_interval=0.05)
    client.track("u", "E")
    client.flush(timeout=5)
    stage_file.write_text('stage = "dual"\n[segment]\nswitch = "off"\n')
    (behind,) = wait_for_processes(stage_file, [state_dir], limit_s=0).behind
    assert "goes by its own settings (stage dual)" in behind


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"stage": "live"}, "still at stage live, last heard 0 s ago"),
        ({"stage": "dual", "stage_file_mark": "0"}, "still at stage dual"),
        ({"stage": "dual", "stage_file_mark": NO_STAGE_FILE}, "goes by its own settings (stage dual)"),
        ({"stage": "dual", "stage_file_error": "not valid TOML"}, "cannot use the stage file (not valid TOML)"),
        ({"stage": "dual"}, None),
        ({"stage": "live", "stage_file_mark": mark_of(b'stage = "dual"\n')}, None),
        ({"stage": "live", "state": "stopped"}, None),
        ({"stage": "live", "state": "closed"}, None),
    ],
)
def test_a_process_that_does_not_follow_is_named_with_the_reason(
    tmp_path: Path, stage_file: Path, told: dict[str, str], words: str | None
) -> None:
    """One of an earlier version says its stage only; one that was stopped follows with its next call."""
    (tmp_path / "run").mkdir()
    run = RunFile({}, pid=7, updated_at=iso_utc(utc_now()), **told)  # type: ignore[arg-type]  # texts by name
    run.write(tmp_path / "run" / "web-1-7-0a.json")
    found = wait_for_processes(stage_file, [tmp_path], limit_s=0)
    assert [f"web-1-7-0a (pid 7): {words}" in line for line in found.behind] == [True] * (words is not None)
    assert found.is_complete == (words is None)


def test_what_was_found_is_said_in_words(tmp_path: Path, stage_file: Path) -> None:
    """No process, one, some; and that no directory could be read."""
    said = [str(each) for each in (Following(), Following(1), Following(2), Following(1, ("web-1",)))]
    assert said == [
        "no process runs",
        "the running process follows",
        "2 of 2 running processes follow",
        "1 of 2 running processes follow",
    ]
    unknown = wait_for_processes(stage_file, [tmp_path / "nowhere"], limit_s=0)
    assert (unknown.is_complete, "not known" in str(unknown)) == (False, True)


@pytest.mark.parametrize(
    ("writer", "mark", "words"),
    [
        ("web-1-7-0a", NO_STAGE_FILE, "goes by its own settings (stage dual); it was given no stage file"),
        ("web-1-7-0a", "other", "goes by another content of the stage file (stage dual)"),
        ("web-1-7-0a", "ours", ""),
        ("web-1-7-0a", None, ""),
        ("replay-segment-0a", NO_STAGE_FILE, ""),
    ],
)
def test_a_process_that_does_not_go_by_the_file_is_apart_though_its_stage_is_the_same(
    writer: str, mark: str | None, words: str
) -> None:
    """One of an earlier version does not say; a replay has no stage."""
    found = why_apart(writer, RunFile({}, stage="dual", stage_file_mark=mark), "ours")
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_a_stage_file_that_cannot_be_read_has_no_mark(tmp_path: Path, stage_file: Path) -> None:
    """Then no process is apart from it."""
    assert mark_of_file(stage_file) == mark_of(stage_file.read_bytes())
    assert mark_of_file(tmp_path / "none.toml") is None
    assert why_apart("web-1-7-0a", RunFile({}, stage_file_mark="ours"), None) == ""
