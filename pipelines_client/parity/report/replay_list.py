"""The list of messages that a replay should send: a line of JSON for each message and side that lacks it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from pipelines_client.evidence.instants import iso_ms
from pipelines_client.files import private_file
from pipelines_client.parity.judgement.causes import IN_GAP, PROVEN, REPLAYED, UNRELATED
from pipelines_client.parity.model import ReplayReport
from pipelines_client.sides import SIDES, TITLES, Leg

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from pipelines_client.parity.model import ParityReport
    from pipelines_client.parity.questions.rows import ReplayListRow


def write_replay_list(
    rows: Iterable[ReplayListRow],
    path: Path,
    hidden: Mapping[str, Collection[str]],
    *,
    reaches_ms: Mapping[str, int | None],
    now_ms: int,
) -> ReplayReport:
    """Write the answer to `replay_list` row by row to a file that only its owner may read, and count.

    Left out is what may lie in a gap whose time is not known, which `hidden` says by side and type of call. What the
    ledger itself says is lost stays.

    Args:
        rows: The answer.
        path: The file.
        hidden: See above.
        reaches_ms: By side, until when its evidence reaches. A replay leaves out what was accepted later than that, and
            than the last record that was looked at.
        now_ms: Counts where neither is known.

    Raises:
        OSError: The file cannot be written.
    """
    count, left_out = 0, Counter[str]()
    with private_file(path) as file:
        for row in rows:
            if row.cause not in PROVEN and row.type in hidden.get(row.side, ()):
                left_out[row.side] += 1
            else:
                known = [at for at in (reaches_ms.get(row.side), row.finished_at_ms) if at is not None]
                file.write(orjson.dumps(_line(row, max(known, default=now_ms))) + b"\n")
                count += 1
    return ReplayReport(messages=count, left_out={side: left_out[side] for side in SIDES if left_out[side]})


def replay_report(report: ParityReport, listed: ReplayReport, *, even_in_gaps: bool) -> ReplayReport:
    """Add those that the list leaves out because they may lie in gaps whose time is known."""
    left_out: dict[Leg, int] = {}
    for side in () if even_in_gaps else SIDES:
        causes = report.missing_by_cause.get(side)
        if causes is not None and (count := causes[IN_GAP.name] + listed.left_out.get(side, 0)):
            left_out[side] = count
    return ReplayReport(messages=listed.messages, left_out=left_out)


def describe_replay_list(report: ParityReport, path: Path) -> list[str]:
    """Say how many messages are in the list, what it leaves out, and which of them a replay may send twice."""
    if report.replay is None:
        return []
    short = [
        side
        for side, causes in report.missing_by_cause.items()
        if causes is not None
        and (causes[IN_GAP.name] or (report.sources[side].is_short and any(causes[cause] for cause in REPLAYED)))
        and side not in report.replay.left_out
    ]
    unrelated = sum(causes[UNRELATED.name] for causes in report.missing_by_cause.values() if causes is not None)
    left_out = f"; {unrelated:,} left out, because only one of two unrelated sources has them" if unrelated else ""
    return [
        f"{report.replay.messages:,} to replay, in {path}{left_out}",
        *(
            f"{count:,} left out: they may lie in gaps of {TITLES[side]}'s evidence, and a replay would send them"
            " twice. Close the gaps first; --even-in-gaps puts them in"
            for side, count in report.replay.left_out.items()
        ),
        *(
            f"{TITLES[side]}'s evidence has gaps, and the list includes the messages in them, which a replay would send"
            " twice; close the gaps first"
            for side in short
        ),
    ]


def _line(row: ReplayListRow, absent_until_ms: int) -> dict[str, Any]:
    names = ("message_id", "side", "cause", "type", "event")
    return {
        **{name: getattr(row, name) for name in names},
        "occurred_at": iso_ms(row.message_at_ms),
        "absent_until": iso_ms(absent_until_ms),
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
