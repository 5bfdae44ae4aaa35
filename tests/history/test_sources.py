"""Archives as sources of a replay: files that are cut, ledgers of other hosts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.errors import SourceError
from pipelines_client.history import RunOptions, backfill, replay

AT = "2026-01-01T09:30:00.000Z"


def call(number: int) -> dict[str, Any]:
    """Return a call as an archive has it."""
    ids = {"messageId": f"m{number}", "userId": "u1", "receivedAt": AT, "sentAt": AT}
    return {"type": "track", "event": "Ordered", "properties": {"n": number}, "originalTimestamp": AT, **ids}


def test_a_file_that_is_cut_costs_what_is_cut_off_and_is_told(client: Any, sandbox: Any, tmp_path: Path) -> None:
    """What could be read is sent; the rest is a refusal, so that it is not taken for all."""
    lines = "".join(json.dumps({**call(n), "anonymousId": f"{n * 7919:x}" * 40}) + "\n" for n in range(3_000))
    packed = gzip.compress(lines.encode())
    folder = tmp_path / "segment-logs" / "s" / "1767225600000"
    folder.mkdir(parents=True)
    (folder / "calls.gz").write_bytes(packed[: len(packed) * 2 // 3])
    summary = replay("customerio", "segment-archive", tmp_path, settings=client.settings)
    assert 0 < summary.accepted < 3_000
    assert (summary.refused["unreadable"] >= 1, summary.exit_code) == (True, 1)
    assert sandbox.customerio.count == summary.accepted
    assert sandbox.customerio.accepted[0] == {
        name: value
        for name, value in {**call(0), "anonymousId": "0" * 40, "timestamp": AT}.items()
        if name not in ("originalTimestamp", "receivedAt", "sentAt")
    }


def test_what_another_host_has_sent_is_known_by_its_ledger(client: Any, sandbox: Any, tmp_path: Path) -> None:
    """Of three, one was accepted there, and one was dropped."""
    day = tmp_path / "other" / "ledger" / "2026-01-01"
    day.mkdir(parents=True)
    common = {"leg": "customerio", "finished_at": AT, "stage": "dual", "reason": "spool_full", "occurred_at": AT}
    records = [
        {**common, "message_id": f"m{n}", "outcome": outcome} for n, outcome in enumerate(("accepted", "dropped"))
    ]
    (day / "other.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    archive = tmp_path / "calls.jsonl"
    archive.write_text("".join(json.dumps(call(n)) + "\n" for n in range(3)), "utf-8")
    known: dict[str, Any] = {"ledger": tmp_path / "other", "settings": client.settings}
    dry = replay("customerio", "jsonl", archive, **known, options=RunOptions(is_dry_run=True))
    assert (dry.read, dry.already_sent, dry.chosen) == (3, 1, 2)
    (tmp_path / "state" / "run").mkdir(parents=True, exist_ok=True)
    summary = replay("customerio", "ledger+archive", archive=archive, **known)
    assert (summary.read, summary.accepted) == (1, 1)
    assert sandbox.customerio.message_ids() == ["m1"]


MAP = {"time": "at", "default_event": "Ordered", "user_id": "who", "idempotency": ["order"]}
HEADER = "order,who,at\n"


@pytest.mark.parametrize("is_dry_run", [True, False])
@pytest.mark.parametrize(
    ("name", "text", "run"),
    [
        ("rows.csv", "", lambda path, more: backfill(path, columns=MAP, **more)),
        ("rows.csv", HEADER, lambda path, more: backfill(path, columns=MAP, **more)),
        ("rows.jsonl", "\n\n", lambda path, more: backfill(path, columns=MAP, **more)),
        ("rows.jsonl", "[]", lambda path, more: backfill(path, columns=MAP, **more)),
        ("calls.jsonl", "", lambda path, more: backfill(path, **more)),
        ("calls.jsonl", "", lambda path, more: replay("customerio", "jsonl", path, **more)),
        ("missing.jsonl", "", lambda path, more: replay("customerio", "replay-list", path, **more)),
        ("calls.jsonl", "", lambda path, more: replay("customerio", "ledger+archive", archive=f"jsonl:{path}", **more)),
    ],
)
def test_what_was_named_and_holds_no_row_is_an_error(
    client: Any, tmp_path: Path, name: str, text: str, run: Any, is_dry_run: bool
) -> None:
    """An export that failed must not look like one that was sent; the file is named."""
    path = tmp_path / name
    path.write_text(text, "utf-8")
    (tmp_path / "state" / "run").mkdir(parents=True)
    with pytest.raises(SourceError, match=rf"^\S*{name}: no row in it"):
        run(path, {"settings": client.settings, "options": RunOptions(is_dry_run=is_dry_run)})


def test_an_archive_without_a_file_is_an_error_too(client: Any, tmp_path: Path) -> None:
    """As a bucket that was synchronised into another folder."""
    folder = tmp_path / "segment-logs"
    folder.mkdir()
    with pytest.raises(SourceError, match="segment-logs"):
        replay("customerio", "segment-archive", folder, settings=client.settings)


def test_of_several_files_those_without_a_row_are_named(client: Any, tmp_path: Path) -> None:
    """A day without orders is one of them; what cannot be read counts as a row."""
    for name, text in (("a.csv", HEADER), ("b.csv", f"{HEADER}1,u,{AT}\n"), ("c.csv", f"{HEADER}1\n")):
        (tmp_path / name).write_text(text, "utf-8")
    paths = sorted(tmp_path.glob("*.csv"))
    done = backfill(paths, columns=MAP, settings=client.settings, options=RunOptions(is_dry_run=True))
    assert [Path(name).name for name in done.empty] == ["a.csv"]
    assert (done.chosen, dict(done.refused)) == (1, {"unreadable": 1})


def test_what_cannot_be_listed_in_a_folder_is_a_refusal_and_what_is_left_out_is_said(
    client: Any, tmp_path: Path
) -> None:
    """A part of an archive that was not read must not look like all of it."""
    folder = tmp_path / "calls"
    folder.mkdir()
    (folder / "a.jsonl").write_text(json.dumps(call(1)) + "\n", "utf-8")
    (folder / "copy.jsonl").write_text(json.dumps(call(1)) + "\n", "utf-8")
    (folder / "gone.jsonl").symlink_to(folder / "nowhere.jsonl")
    done = replay("customerio", "jsonl", folder, settings=client.settings, options=RunOptions(is_dry_run=True))
    assert (done.chosen, dict(done.refused), done.exit_code) == (1, {"unreadable": 1}, 1)
    assert [refusal.place for refusal in done.refusals] == ["gone.jsonl"]
    assert any("copy.jsonl" in note for note in done.notes)
