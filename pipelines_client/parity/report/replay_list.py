"""What a replay should send, a line of JSON for each message and the side that lacks it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import orjson

from pipelines_client.evidence.instants import iso_ms

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pipelines_client.parity.questions.rows import ReplayListRow

_ONLY_FOR_US = 0o600


def write_replay_list(rows: Iterable[ReplayListRow], path: Path) -> None:
    """Write the answer to `replay_list` to a file that only its owner may read, as it comes.

    Raises:
        OSError: It cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _ONLY_FOR_US)
    with open(descriptor, "wb", buffering=1 << 20) as file:  # noqa: PTH123 - a path would not keep its rights
        os.fchmod(descriptor, _ONLY_FOR_US)  # it may have been there, open to others
        file.writelines(orjson.dumps(_line(row)) + b"\n" for row in rows)


def _line(row: ReplayListRow) -> dict[str, Any]:
    names = ("message_id", "side", "cause", "type", "event")
    return {
        **{name: getattr(row, name) for name in names},
        "occurred_at": iso_ms(row.message_at_ms),
        "copy": None
        if row.copy_source is None
        else {
            "source": row.copy_source,
            "file": row.copy_file,
            "line": row.copy_line,
            "offset": row.copy_offset,
            "bytes": row.copy_bytes,
        },
    }
