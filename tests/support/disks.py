"""Disks that run full: a small file system where mounting one is permitted, and a limit on what a process may write.

Both are the operating system's own refusals: ENOSPC of the one, EFBIG of the other.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SMALL_BYTES = 1 << 20

# For children: what makes the disk full and what makes room, whichever it is.
DISK = f"""
    import contextlib, errno, os, resource, shutil

    def fill(but=0):
        if os.environ["DISK"] == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            return
        filler = os.open(os.path.join(os.environ["PIPELINES_STATE_DIR"], "filler"), os.O_WRONLY | os.O_CREAT)
        with contextlib.suppress(OSError):
            while shutil.disk_usage(os.environ["PIPELINES_STATE_DIR"]).free > but:
                os.write(filler, bytes(4096))
        os.close(filler)

    def make_room():
        if os.environ["DISK"] == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            return
        os.remove(os.path.join(os.environ["PIPELINES_STATE_DIR"], "filler"))

    def be_small():
        if os.environ["DISK"] == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, ({SMALL_BYTES} // 2, resource.RLIM_INFINITY))
"""


@contextmanager
def mounted(path: Path, *options: str) -> Iterator[None]:
    """Mount a small file system at a path, until the end."""
    path.mkdir(parents=True, exist_ok=True)
    choice = ",".join((f"size={SMALL_BYTES}", "mode=0700", *options))
    subprocess.run(("/bin/mount", "-t", "tmpfs", "-o", choice, "tmpfs", path), check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(("/bin/umount", "--lazy", path), check=True, capture_output=True)


def can_mount() -> bool:
    """Say whether this process may mount."""
    if os.geteuid() != 0:
        return False
    try:
        with tempfile.TemporaryDirectory() as folder, mounted(Path(folder)):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


CAN_MOUNT = can_mount()
KINDS = ("limit", "mount") if CAN_MOUNT else ("limit",)
