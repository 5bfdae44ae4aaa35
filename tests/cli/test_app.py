"""All commands: what their group says of each, and what running one of them imports."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from pipelines_client.cli.app import app
from pipelines_client.cli.group import Later, LazyGroup

SHOW = """
import sys
from pipelines_client.cli import main
try:
    main()
finally:
    sys.stderr.write("\\n" + " ".join(sys.modules))
"""
HEAVY = {"cryptography", "duckdb", "jinja2", "numpy", "pandas", "pyarrow", "pydantic", "requests", "segment", "sqlglot"}
NOT_TO_COMPARE = {
    *(HEAVY - {"pyarrow", "pydantic"}),
    *("fsspec", "multiprocessing", "pyarrow.compute", "rapidfuzz", "urllib3"),
    *(f"pipelines_client.{room}" for room in ("client", "config", "cutover", "delivery", "destinations", "history")),
    *("pipelines_client.effects.report", "pipelines_client.sandbox", "pipelines_client.evidence.files.parquet_rows"),
}


def imported_by(*words: str) -> set[str]:
    """Return the modules that are loaded when a command ends."""
    done = subprocess.run([sys.executable, "-c", SHOW, *words], capture_output=True, text=True, check=False)
    said, _, names = done.stderr.rpartition("\n")
    assert done.returncode in (0, 3), said
    return set(names.split())


def module_of(command: Later) -> str:
    return f"pipelines_client.cli.{command.place.partition(':')[0]}"


def later_commands(group: Any, path: tuple[str, ...] = ()) -> list[Any]:
    """Return the commands that are imported when they run, with the words that name each."""
    found = []
    for name, command in group.commands.items():
        words = (*path, name)
        found += [pytest.param(words, command, id=" ".join(words))] if isinstance(command, Later) else []
        inner = command.load() if isinstance(command, Later) else command
        found += later_commands(inner, words) if isinstance(inner, LazyGroup) else []
    return found


LATER = later_commands(typer.main.get_group(app))


@pytest.mark.parametrize(("words", "command"), LATER)
def test_a_group_says_of_a_command_what_the_command_says_itself(words: tuple[str, ...], command: Later) -> None:
    """The line in the help is written twice, so that the command need not be imported for it."""
    (own, *_) = command.load().help.split("\n\n")
    assert command.help == " ".join(own.split())
    assert command.load().name == words[-1]


def test_a_command_looks_for_garbage_less_often_than_python_does_by_itself() -> None:
    """Python's own threshold has it search all modules a hundred times while they are imported, and once at the end."""
    said = "assert gc.get_threshold()[0] > 50_000 and gc.get_freeze_count() > 1_000"
    code = f"import gc\nfrom pipelines_client.cli import main\ntry: main()\nfinally: {said}"
    subprocess.run([sys.executable, "-c", code, "--version"], check=True, capture_output=True)


def test_the_help_imports_no_command_and_nothing_heavy() -> None:
    """It is a list."""
    found = imported_by("--help")
    assert not found & {*HEAVY, *(module_of(each.values[1]) for each in LATER)}


@pytest.mark.parametrize("words", [("drain",), ("replay",), ("cutover",), ("parity", "diff")], ids=" ".join)
def test_a_command_imports_no_other_one(words: tuple[str, ...]) -> None:
    """Not even to parse its options."""
    (own, others) = (set(), set())
    for each in LATER:
        (own if each.values[0] == words[: len(each.values[0])] else others).add(module_of(each.values[1]))
    found = imported_by(*words, "--help")
    assert own <= found
    assert not found & others


def test_a_comparison_of_two_json_exports_imports_only_what_it_uses(tmp_path: Path) -> None:
    """Half of a short run was imports."""
    call = {
        "type": "track", "messageId": "m1", "userId": "u1", "event": "Order Completed", "properties": {"total": 1.5},
        "originalTimestamp": "2026-11-02T08:00:00.000Z", "timestamp": "2026-11-02T08:00:00.000Z",
        "receivedAt": "2026-11-02T08:00:01.000Z",
    }  # fmt: skip
    archive = tmp_path / "segment-logs" / "9sBxKq2mVd" / "1793577600000" / "1.a.gz"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(gzip.compress(json.dumps(call).encode() + b"\n"))
    row = {
        "id": "m1", "user_id": "u1", "anonymous_id": None, "event": "order_completed", "event_text": "Order Completed",
        "properties": {"total": 1.5}, "sent_at": "2026-11-02T08:00:00.000Z", "received_at": "2026-11-02T08:00:01.000Z",
    }  # fmt: skip
    storage = tmp_path / "2184.13699.1.track.json.gz"
    storage.write_bytes(gzip.compress(json.dumps(row).encode() + b"\n"))
    sources = ["--segment", str(archive.parents[2]), "--customerio", str(storage)]
    found = imported_by("parity", "--no-history", "--no-cache", *sources)
    assert {"pipelines_client.parity.run", "pipelines_client.parity.render.terminal"} <= found
    others = {module_of(each.values[1]) for each in LATER} - {"pipelines_client.cli.parity.compare"}
    assert not found & {*NOT_TO_COMPARE, *others}
