"""Builds the native reader into `pipelines_client/_scan`, where there is a Rust compiler: `make native`.

It is run while a wheel is built, too, and so imports nothing but the standard library.
"""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "pipelines_client" / "_scan"
LIBRARY = FOLDER / "libscan.so"
_OPTIONS = (
    *("--edition=2021", "--crate-type=cdylib", "--crate-name=scan"),
    *("-Copt-level=3", "-Ccodegen-units=1", "-Cstrip=symbols"),
)


def sources() -> int:
    """Return a hash of the sources; the library knows it, and is left alone beside others."""
    found: int = runpy.run_path(str(FOLDER / "sources.py"))["hash_of"](FOLDER / "src")
    return found


def build() -> str:
    """Build the library; return why that cannot be done, or an empty text."""
    compiler = shutil.which("rustc")
    if compiler is None:
        return "there is no rustc on this machine"
    partial = LIBRARY.with_suffix(f".{os.getpid()}")
    command = [compiler, *_OPTIONS, "-o", str(partial), str(FOLDER / "src" / "lib.rs")]
    environment = {**os.environ, "SCAN_SOURCES": str(sources())}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        partial.unlink(missing_ok=True)
        return f"rustc failed: {done.stderr.strip()}"
    partial.replace(LIBRARY)  # a process that has the old one open keeps it
    return ""


if __name__ == "__main__":
    why = build()
    if why:
        sys.exit(f"the native reader is not built: {why}")
