"""A disk that is full under a comparison: one line that names the folder and the cure, no verdict, and nothing left."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "durability"))
from disks import KINDS, SMALL_BYTES, mounted
from evidence import Evidence

FITS, TOO_MANY = 3000, 12_000
"""Of the one the facts fit onto the small disk, and the tables made of them do not; of the other neither do."""

LIMITED = """
import os, resource, sys
if os.environ["DISK"] == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(os.environ["LIMIT"]), resource.RLIM_INFINITY))
from pipelines_client.cli import main
if "FEW" in os.environ:
    from pipelines_client.parity.questions import duckdb
    duckdb._FEW_ROWS = int(os.environ["FEW"])  # more would be kept in a file
main()
"""


@pytest.fixture(params=KINDS)
def small(request, tmp_path):
    """A folder on a small disk, or of small files, and the variables of a process that is to feel it."""
    folder = tmp_path / "small"
    folder.mkdir()
    with ExitStack() as stack:
        if request.param == "mount":
            stack.enter_context(mounted(folder))
        yield folder, {"DISK": request.param}


def parity(paths, variables, options):
    given = [part for name, path in paths.items() for part in (f"--{name}", str(path))]
    return subprocess.run(
        [sys.executable, "-c", LIMITED, "parity", "--no-history", *given, *options],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_disk_without_room_for_the_tables_is_told(tmp_path, small):
    """DuckDB's own words speak of a commit that failed, or of a file that grew too large."""
    folder, variables = small
    paths = Evidence(tmp_path, count=FITS).paths()
    variables |= {"TMPDIR": str(folder), "LIMIT": str(SMALL_BYTES // 2), "FEW": "0"}
    done = parity(paths, variables, ["--no-cache"])
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line == (
        "pipelines-client: DuckDB ran out of space: what does not fit into memory goes to "
        f"{folder}. Set TMPDIR to a folder with more space, compare fewer days at a time, or use --engine spark or a"
        " PostgreSQL URL"
    )
    assert not list(folder.iterdir())


@pytest.mark.parametrize("keeps", [True, False], ids=["kept", "not kept"])
def test_a_disk_without_room_for_the_facts_is_told(tmp_path, small, keeps):
    """Whether they are kept or not; nothing half is left that a later run would take for facts."""
    folder, variables = small
    paths = Evidence(tmp_path, count=TOO_MANY).paths()
    options = ["--cache", str(folder)] if keeps else ["--no-cache"]
    where = {} if keeps else {"TMPDIR": str(folder)}
    done = parity(paths, {**variables, **where, "LIMIT": "65536"}, options)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"pipelines-client: {folder}")
    assert "facts cannot be written there (" in line
    assert "make room, or name another folder: --cache for facts that are kept, TMPDIR for those of one run" in line
    assert not list(folder.rglob("*.parquet"))
