"""What every rendering looks like, whole, in plain files that a reviewer reads as a diff.

A change that is meant is written with `make snapshots` (or UPDATE_SNAPSHOTS=1); the diff is then looked at.
"""

from __future__ import annotations

import json
import os
from io import StringIO
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console
from showcase import showcase_report
from worst import hostile_report

from pipelines_client.parity.render import ENDINGS, render
from pipelines_client.parity.render.message import render_message
from pipelines_client.parity.render.terminal import print_report
from pipelines_client.parity.report.schema import report_schema

FOLDER = Path(__file__).parent / "snapshots"
SCHEMA = Path(__file__).parents[3] / "docs" / "parity-report.schema.json"
IS_UPDATE = bool(os.environ.get("UPDATE_SNAPSHOTS"))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report that has something of everything."""
    return showcase_report(tmp_path_factory.mktemp("showcase"))


def check(file: Path, text: str) -> None:
    """Hold a text against its file, or write it there."""
    if IS_UPDATE:
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8"), f"{file.name} has changed: `make snapshots` writes it, if that is meant"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_rendering_is_the_snapshot(report, ending):
    """Down to the last character."""
    check(FOLDER / f"report{ending}", render(report, ENDINGS[ending]))


@pytest.mark.parametrize(
    ("name", "width", "color"), [("terminal-80.ansi", 80, "standard"), ("terminal-140.ansi", 140, None)]
)
def test_a_terminal_shows_the_snapshot(report, name, width, color):
    """Narrow with colours, wide without; `cat` shows what the terminal showed."""
    console = Console(
        file=StringIO(), width=width, force_terminal=color is not None, color_system=color, highlight=False
    )
    print_report(report, console)
    assert ("\x1b[" in console.file.getvalue()) == (color is not None)
    check(FOLDER / name, console.file.getvalue())


def test_the_message_of_a_notification_is_the_snapshot(report):
    """Title, then body."""
    check(FOLDER / "message.txt", "\n".join(render_message(report)) + "\n")


def test_the_published_schema_is_the_models():
    """docs/parity-report.schema.json; it is itself a valid schema."""
    check(SCHEMA, report_schema())
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text("utf-8")))


@pytest.mark.parametrize("make", [showcase_report, hostile_report])
def test_a_report_is_as_the_schema_says(make, tmp_path):
    """A report with an extra key or an unknown verdict is refused."""
    validator = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    written = json.loads(make(tmp_path).to_json())
    validator.validate(written)
    assert not validator.is_valid({**written, "more": 1})
    assert not validator.is_valid({**written, "verdict": "fine"})
    assert not validator.is_valid({name: value for name, value in written.items() if name != "gates"})
