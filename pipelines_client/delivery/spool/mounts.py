"""Which file system a directory is on: locks do not work reliably on a network share."""

from __future__ import annotations

from pathlib import Path

from pipelines_client.signals import let_through

NETWORK_TYPES = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "9p", "afs", "ceph", "glusterfs", "lustre"})
_MOUNTS = Path("/proc/self/mounts")


def network_type(directory: Path) -> str | None:
    """Return the type of the network file system that holds a directory; None if it is local or unknown."""
    try:
        text = _MOUNTS.read_text("utf-8", "replace")
    except OSError as error:
        let_through(error)
        return None  # not Linux
    kind = type_of_mount(directory.absolute(), text)
    return kind if kind in NETWORK_TYPES or kind.startswith("fuse.ssh") else None


def type_of_mount(directory: Path, mounts: str) -> str:
    """Return the file system type of the longest mount point above a directory, from the text of `/proc/mounts`."""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:  # noqa: PLR2004 - device, mount point, type
            continue
        point = fields[1].encode("ascii", "replace").decode("unicode_escape")  # a space is spelled \040
        if directory.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind
