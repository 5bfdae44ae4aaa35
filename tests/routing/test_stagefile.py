"""The content of a stage file."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.destinations.registry import VENDORS
from pipelines_client.errors import StageFileError
from pipelines_client.routing.plan import Stage
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
    ],
)
def test_an_error_names_the_key_and_never_the_value(content: bytes, text: str) -> None:
    """A stage file may hold ids of people."""
    with pytest.raises(StageFileError, match=text) as caught:
        parse_stage_file(content)
    assert "duel" not in str(caught.value)
    assert "77" not in str(caught.value)
