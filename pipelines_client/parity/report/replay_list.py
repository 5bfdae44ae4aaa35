"""The list of messages that a replay should send: a line of JSON for each message and side that lacks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from pipelines_client.evidence.instants import iso_ms
from pipelines_client.files import private_file
from pipelines_client.parity.judgement.causes import REPLAYED
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pipelines_client.parity.model import ParityReport
    from pipelines_client.parity.questions.rows import ReplayListRow


def write_replay_list(rows: Iterable[ReplayListRow], path: Path) -> None:
    """Write the answer to `replay_list` row by row to a file that only its owner may read.

    Raises:
        OSError: The file cannot be written.
    """
    with private_file(path) as file:
        file.writelines(orjson.dumps(_line(row)) + b"\n" for row in rows)


def describe_replay_list(report: ParityReport, path: Path) -> list[str]:
    """Say how many messages are in the list, and which of them a replay may send twice."""
    counts = {
        side: sum(causes[cause] for cause in REPLAYED)
        for side, causes in report.missing_by_cause.items()
        if causes is not None
    }
    short = [side for side, count in counts.items() if count and report.sources[side].is_short]
    return [
        f"{sum(counts.values()):,} to replay, in {path}",
        *(
            f"{TITLES[side]}'s evidence has gaps, and the list includes the messages in them, which a replay would send"
            " twice; close the gaps first"
            for side in short
        ),
    ]


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
