"""Children that end without `atexit`: the hooks of their library deliver what they said, within the exit's budget."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = {
    "multiprocessing processes": """
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=work, args=(n,)) for n in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        """,
    "a multiprocessing pool": """
        with multiprocessing.get_context("fork").Pool(3) as pool:
            pool.map(work, range(3), chunksize=1)
            pool.close()
            pool.join()
        """,
    "a pool with one task a child": """
        with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
            pool.map(work, range(3), chunksize=1)
            pool.close()
            pool.join()
        """,
    "concurrent.futures": """
        from concurrent.futures import ProcessPoolExecutor
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
            list(pool.map(work, range(3)))
        """,
    "billiard processes": """
        import billiard
        children = [billiard.Process(target=work, args=(n,)) for n in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        """,
}
PROGRAM = """
import multiprocessing, os
import pipelines_client as analytics
if os.environ["IN_PARENT"]:
    analytics.track("u1", "Parent")
    analytics.flush(5)
def work(n):
    for m in range(5):
        assert analytics.track("u1", "E", {"n": n, "m": m})[0]
if __name__ == "__main__":
"""


@pytest.mark.parametrize("in_parent", ["yes", ""])
@pytest.mark.parametrize("way", PROGRAMS)
def test_what_a_child_said_is_delivered_when_it_has_ended(
    sandbox: Any, state_dir: Path, tmp_path: Path, way: str, in_parent: str
) -> None:
    """Also if the parent used the client before it forked."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM + textwrap.indent(textwrap.dedent(PROGRAMS[way]), "    ") + "\n    os._exit(0)\n")
    environment = {
        "PIPELINES_STATE_DIR": str(state_dir),
        "PIPELINES_WRITE_KEY": "c",
        "PIPELINES_HOST": sandbox.customerio.url,
        "PIPELINES_UPLOAD_INTERVAL": "5",
        "IN_PARENT": in_parent,
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", program],
        env={**os.environ, **environment},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = [(m["properties"]["n"], m["properties"]["m"]) for m in sandbox.customerio.accepted if m["event"] == "E"]
    assert sorted(said) == [(n, m) for n in range(3) for m in range(5)]
