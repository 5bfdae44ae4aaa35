"""The content of a stage file."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.destinations.registry import VENDORS
from pipelines_client.errors import StageFileError
from pipelines_client.routing.plan import LegRules, Plan, Stage
from pipelines_client.routing.stagefile import StageFile, parse_stage_file


@given(st.binary() | st.text().map(str.encode) | st.sampled_from([b"a = " + b"[" * 9999, b"stage = " + b"9" * 9999]))
def test_any_content_is_a_stage_file_or_a_stage_file_error(content: bytes) -> None:
    """No content makes a call fail."""
    with contextlib.suppress(StageFileError):
        assert parse_stage_file(content).stage in Stage


def test_each_vendor_has_its_table_in_the_stage_file() -> None:
    """A plan reads the table by the leg's name: a new vendor needs a field here."""
    assert {vendor.name for vendor in VENDORS} <= set(StageFile.model_fields)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"stage = ", "not valid TOML"),
        (b"a = " + b"[" * 9999, "not valid TOML"),
        (b'stage = "duel-secret"', "stage: "),
        (b'stage = "dual"\nsecret = 1', "secret: "),
        (b'stage = "shadow"\n[customerio]\nshare = 77', "customerio.share: "),
        (b'stage = "shadow"\n[customerio]\nshare = true', "customerio.share: .*a number"),
        (b'stage = "dual"\n[plan.dual]\npassing_days = true', "plan.dual.passing_days: .*a number"),
        (b'stage = "dual"\n[plan.live]\nbegins = 86400', "plan.live.begins: .*a day"),
        (b'stage = "dual"\n[handover]', "handover.at: "),
        (b'stage = "dual"\n[handover]\nat = 77', "handover.at: .*time zone"),
        (b'stage = "dual"\n[handover]\nat = 2026-12-07', "handover.at: .*time zone"),
        (b'stage = "dual"\n[handover]\nat = 2026-12-07T09:00:00', "handover.at: .*time zone"),
        (b'stage = "dual"\n[handover]\nat = "0001-01-01T00:00:00+23:00"', "handover.at: .*time zone"),
    ],
)
def test_an_error_names_the_key_and_never_the_value(content: bytes, text: str) -> None:
    """A stage file may hold ids of people."""
    with pytest.raises(StageFileError, match=text) as caught:
        parse_stage_file(content)
    assert "duel" not in str(caught.value)
    assert "77" not in str(caught.value)


def test_a_stage_file_that_is_no_file_holds_no_call_up(make_client: Any, tmp_path: Path) -> None:
    """A pipe without a writer, a folder, and a file of a gigabyte: refused like a wrong one, and at once."""
    path, large = tmp_path / "stage.toml", tmp_path / "large.toml"
    path.write_text('stage = "segment"\n')
    large.touch()
    os.truncate(large, 1 << 30)
    client = make_client(stage_file=path, stage_poll_s=1e-9)
    assert client.track("u", "E")[0]
    for make, words in (
        (os.mkfifo, "it is a pipe, not a file"),
        (os.mkdir, "it is a folder, not a file"),
        (large.rename, "it has more than 1,048,576 bytes, so it is another file"),
    ):
        path.rmdir() if path.is_dir() else path.unlink()
        make(path)
        assert client.track("u", "E")[0]
        assert (client._stages.error, client._stages.plan().name) == (words, "segment")


@pytest.mark.parametrize("at", ["2026-12-07T10:00:00+01:00", '"2026-12-07T09:00Z"', '"2026-12-07T09:00:00.000Z"'])
def test_a_handover_is_an_instant_however_it_is_written(at: str) -> None:
    """TOML's own form, or text; the plan has it as messages have their times."""
    file = parse_stage_file(f'stage = "dual"\n[handover]\nat = {at}'.encode())
    legs = ("customerio", "segment")
    plan = file.applied_to(Plan(Stage.DUAL, legs, {"customerio": LegRules(consent=frozenset("A"))}))
    assert plan.handover_at == "2026-12-07T09:00:00.000Z"
    assert plan.rules_of("customerio").consent == frozenset("A")
    assert parse_stage_file(b'stage = "dual"').applied_to(plan).handover_at is None
