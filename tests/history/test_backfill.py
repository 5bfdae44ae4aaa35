"""Backfills against the sandbox: what goes, what does not, and what is said of it."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from freezegun import freeze_time

from pipelines_client.clock import monotonic_s, utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.claims import only_run
from pipelines_client.delivery.status import read_status
from pipelines_client.errors import ConfigError, SourceError, SpoolError
from pipelines_client.history import Refusal, RunOptions, Summary, backfill

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)
MAP = {
    "time": "at",
    "event": "what",
    "user_id": "who",
    "idempotency": ["order"],
    "properties": {"order_id": "order", "total": {"column": "total", "type": "number"}},
}
ROWS = [
    {
        "order": f"o{n}",
        "what": "Ordered",
        "who": f"u{n % 3}",
        "at": (NOW - timedelta(days=9 - n)).isoformat(),
        "total": n + 0.5,
    }
    for n in range(9)
]


@pytest.fixture
def settings(sandbox: Any) -> Settings:
    """Both keys, at the sandbox."""
    return Settings.load(
        write_key="c",
        host=sandbox.customerio.url,
        segment_write_key="s",
        segment_host=sandbox.segment.url,
        upload_interval=0.01,
        retry_base_s=0.01,
    )


Fill = Callable[..., Summary]


@pytest.fixture
def fill(settings: Settings, tmp_path: Path) -> Fill:
    """Backfill rows, or files, with the map above."""

    def run(rows: Any = ROWS, *, to: Any = "customerio", columns: Any = MAP, **options: Any) -> Summary:
        path = rows
        if isinstance(rows, list):
            path = tmp_path / "rows.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return backfill(path, to=to, columns=columns, settings=settings, options=RunOptions(**options))

    return run


def write_csv(path: Path) -> None:
    """Write the rows as a spreadsheet would."""
    lines = [",".join(ROWS[0]), *(",".join(map(str, row.values())) for row in ROWS)]
    path.write_text("\n".join(lines), "utf-8")


def write_parquet(path: Path) -> None:
    """Write the rows as a warehouse would: times are times."""
    rows = [{**row, "at": datetime.fromisoformat(row["at"])} for row in ROWS]
    pq.write_table(pa.Table.from_pylist(rows), path)


def test_the_same_rows_in_any_format_are_the_same_messages_and_count_once(
    fill: Fill, sandbox: Any, tmp_path: Path
) -> None:
    """JSON lines, CSV and Parquet: the second and the third time each is known."""
    with freeze_time(NOW):
        assert fill().accepted == len(ROWS)
        for path, write in ((tmp_path / "rows.csv", write_csv), (tmp_path / "rows.parquet", write_parquet)):
            write(path)
            again = fill(path)
            assert (again.read, again.already_sent, again.chosen, again.exit_code) == (9, 9, 0, 0)
            assert fill(path, again=True).accepted == len(ROWS)
    assert len(set(sandbox.customerio.message_ids())) == len(ROWS)
    first, *_ = sandbox.customerio.accepted
    assert (first["timestamp"], first["userId"]) == ("2026-10-24T09:30:00.000Z", "u0")
    assert first["properties"] == {"order_id": "o0", "total": 0.5}
    assert sandbox.customerio.accepted[:9] == sandbox.customerio.accepted[9:18] == sandbox.customerio.accepted[18:]


def test_a_dry_run_says_what_would_go_and_sends_nothing(fill: Fill, sandbox: Any, state_dir: Path) -> None:
    """Counts, spans, and what is young enough to trigger campaigns (FACTS C16); no key is needed."""
    with freeze_time(NOW):
        summary = fill(is_dry_run=True)
    assert (summary.chosen, summary.accepted, summary.exit_code) == (9, 0, 0)
    assert (summary.first_at, summary.last_at) == ("2026-10-24T09:30:00.000Z", "2026-11-01T09:30:00.000Z")
    assert (summary.under_72_h, summary.beyond_dedup_window) == (2, 0)
    assert summary.events == {"Ordered": 9}
    assert sandbox.customerio.count == 0
    assert not list((state_dir / "replays").glob("*.db"))


def test_what_is_too_old_in_the_future_or_no_message_is_listed_and_the_rest_goes(fill: Fill, sandbox: Any) -> None:
    """Each refusal says where and why."""
    listed: list[Refusal] = []
    odd = [
        {"at": "2025-10-01"},
        {"at": "2026-11-03"},
        {"at": None},
        {"order": ""},
        {"who": None},
        {"what": "User Deleted"},
    ]
    with freeze_time(NOW):
        summary = fill(
            [{**ROWS[0], "order": f"x{n}", **row} for n, row in enumerate(odd)] + ROWS, on_refused=listed.append
        )
        raised = fill([{**ROWS[0], "at": "2025-10-01"}], horizon_days=400)
    reasons = ["beyond_horizon", "in_the_future", "no_time", "no_key", "no_person", "reserved_name"]
    assert [(refusal.place, refusal.reason) for refusal in listed] == [
        (f"rows.jsonl:{number}", reason) for number, reason in enumerate(reasons, 1)
    ]
    assert (summary.refused, summary.exit_code) == (dict.fromkeys(reasons, 1), 1)
    assert (summary.read, summary.chosen, summary.accepted) == (15, 9, 9)
    assert (raised.accepted, raised.exit_code) == (1, 0)
    assert sandbox.customerio.count == 10


def test_conditions_and_a_span_of_time_leave_out_and_refuse_nothing(fill: Fill) -> None:
    """What nobody asked for is no failure."""
    with freeze_time(NOW):
        summary = fill(where=["userId=u0|u1", "properties.total!=0.5"], since=NOW - timedelta(days=8))
    assert (summary.filtered, summary.accepted, summary.exit_code) == (4, 5, 0)


def test_calls_without_an_id_are_named_by_what_they_hold(settings: Settings, sandbox: Any, tmp_path: Path) -> None:
    """The second of two with one key is the same message; one without the key is none."""
    calls = [
        {"type": "track", "event": "E", "userId": "u", "timestamp": "2026-11-01", "properties": {"order": order}}
        for order in ("a", "a", "b", None)
    ]
    path = tmp_path / "calls.jsonl"
    path.write_text("".join(json.dumps(call) + "\n" for call in calls), "utf-8")
    with freeze_time(NOW):
        summary = backfill(path, to="segment", idempotency=["properties.order"], settings=settings)
    assert (summary.duplicates, summary.accepted, dict(summary.refused)) == (1, 2, {"no_key": 1})
    assert (sandbox.segment.count, sandbox.customerio.count) == (2, 0)


def test_a_segment_archive_goes_as_it_is(settings: Settings, sandbox: Any, make_client: Any, tmp_path: Path) -> None:
    """What Segment received, Customer.io receives: the same call, the same id, the same time."""
    client = make_client(stage="segment")
    for n in range(5):
        client.track("u1", "Ordered", {"n": n})
        client.identify("u1", {"n": n})
    assert client.flush(10)
    sandbox.export(tmp_path / "out")
    summary = backfill(tmp_path / "out" / "segment", settings=settings)
    assert (summary.accepted, summary.exit_code) == (10, 0)
    assert sandbox.customerio.accepted == sandbox.segment.accepted


def test_a_run_that_is_interrupted_says_what_is_left_and_the_next_one_sends_it(
    fill: Fill, sandbox: Any, state_dir: Path
) -> None:
    """What it had not sent is written down as dropped, so that every message is accounted for at any time."""
    rows = [{**ROWS[0], "order": f"o{n}"} for n in range(200)]

    def interrupt(phase: str, done: int, total: int | None) -> None:
        if phase == "send" and total == 200 and done > 10:
            raise KeyboardInterrupt

    with freeze_time(NOW):
        first = fill(rows, rate=1_000, on_progress=interrupt)
        status = read_status(state_dir, now=NOW)
        assert status.is_balanced
        assert status.legs["customerio"].dropped["interrupted"] == status.legs["customerio"].recorded - first.accepted
        rest = fill(rows)
        status = read_status(state_dir, now=NOW)
    assert (first.stopped_by, first.exit_code, first.left) == ("interrupted", 130, 200 - first.accepted)
    assert (rest.already_sent, rest.accepted, rest.exit_code) == (first.accepted, first.left, 0)
    assert status.is_balanced
    assert len(set(sandbox.customerio.message_ids())) == 200


def test_a_wrong_key_ends_a_run_at_once_and_keeps_everything(fill: Fill, sandbox: Any) -> None:
    """It says what the API said."""
    sandbox.customerio.allow_keys("another")
    with freeze_time(NOW):
        summary = fill()
    assert summary.stopped_by.startswith("http_401")
    assert (summary.left, summary.exit_code) == (9, 1)
    sandbox.customerio.allow_keys("c")
    with freeze_time(NOW):
        assert fill().accepted == 9


def test_an_api_that_stays_down_is_given_up_on(fill: Fill, sandbox: Any) -> None:
    """After `patience_s`; what it refuses for good is in the dead letters."""
    sandbox.customerio.answer(503)
    with freeze_time(NOW):
        summary = fill(patience_s=0.05)
    assert summary.stopped_by.startswith("http_503")
    assert (summary.left, summary.exit_code) == (9, 1)


def test_what_the_api_refuses_is_counted_with_its_words(fill: Fill, sandbox: Any) -> None:
    """And the rest goes on."""
    sandbox.customerio.answer(400, body={"meta": {"errors": ["no such thing"]}}, times=1)
    with freeze_time(NOW):
        summary = fill(ROWS[:1])
    assert (dict(summary.rejected), summary.left, summary.exit_code) == ({"no such thing": 1}, 0, 1)


def test_sent_again_it_is_told_which_repeats_may_be_dropped_and_which_count_twice(fill: Fill) -> None:
    """Within a day of the first time, and after it (FACTS S6)."""
    with freeze_time(NOW) as clock:
        fill()
        soon = fill(again=True, is_dry_run=True)
        clock.move_to(NOW + timedelta(hours=25))
        late = fill(again=True, is_dry_run=True)
    assert (soon.within_dedup_window, soon.beyond_dedup_window) == (9, 0)
    assert (late.within_dedup_window, late.beyond_dedup_window) == (0, 9)


def test_two_runs_to_one_side_are_not_under_way_at_once(fill: Fill, state_dir: Path) -> None:
    """They would choose the same rows."""
    with only_run(state_dir / "replays", "customerio"), freeze_time(NOW), pytest.raises(SpoolError, match="wait until"):
        fill()


def test_a_rate_is_kept(fill: Fill) -> None:
    """However fast the API is: at 40 a second, nine messages take no less than eight fortieths."""
    began = monotonic_s()
    with freeze_time(NOW):
        assert fill(rate=40).accepted == 9
    assert monotonic_s() - began > 8 / 40


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        ("nowhere.csv", MAP, "nowhere.csv: no such file"),
        ([], MAP, "pass the files to send"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_says_so(settings: Settings, rows: Any, columns: Any, words: str) -> None:
    """Before anything is sent."""
    with pytest.raises(SourceError, match=words):
        backfill(rows, columns=columns, settings=settings)


def test_a_side_without_a_key_is_an_error(sandbox: Any, tmp_path: Path) -> None:
    """It names the setting."""
    (tmp_path / "rows.jsonl").write_text("{}\n", "utf-8")
    settings = Settings.load(write_key="c", host=sandbox.customerio.url)
    with pytest.raises(ConfigError, match="no key for segment: set segment_write_key"):
        backfill(tmp_path / "rows.jsonl", to="segment", columns=MAP, settings=settings)


def test_a_disk_that_is_full_in_the_middle_ends_in_a_summary_and_the_next_run_goes_on(fill: Fill, sandbox: Any) -> None:
    """Some was sent: how many, why it stopped and what to do is said. A limit on the size of files is the full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    rows = [{**ROWS[0], "order": f"o{n}"} for n in range(1_000)]

    def fill_up(phase: str, done: int, _: int | None) -> None:
        if phase == "send" and done:
            resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, limits[1]))

    try:
        summary = fill(rows, rate=3_000, on_progress=fill_up)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (summary.exit_code, 0 < summary.left < 1_000) == (1, True)
    assert "cannot be written (File too large): make room" in summary.stopped_by
    assert fill(rows).exit_code == 0
    assert len(set(sandbox.customerio.message_ids())) == 1_000


def test_a_row_that_was_corrected_since_it_was_sent_is_named_and_no_success(fill: Fill, sandbox: Any) -> None:
    """Its payload or its person; what was sent cannot be changed, and `again` sends it with the same messageId."""
    corrected = [{**ROWS[0], "total": 99}, {**ROWS[1], "who": "another"}, *ROWS[2:]]
    with freeze_time(NOW):
        assert fill().accepted == 9
        done = fill(corrected)
        assert (done.already_sent, done.corrected, done.chosen, done.exit_code) == (9, 2, 0, 1)
        assert done.corrected_places == ["rows.jsonl:1", "rows.jsonl:2"]
        assert sandbox.customerio.count == 9
        assert fill(corrected, again=True).accepted == 9
        assert (fill(corrected).corrected, fill().corrected) == (0, 0)  # both were sent


def test_a_row_whose_time_was_corrected_is_a_new_message_and_said_to_be(fill: Fill) -> None:
    """Unless its key is its line: another file has the same lines."""
    by_line = {**MAP, "idempotency": ["#line"]}
    moved = [{**ROWS[0], "at": (NOW - timedelta(days=20)).isoformat()}, *ROWS[1:]]
    for columns, retimed in ((MAP, 1), (by_line, 0)):
        with freeze_time(NOW):
            assert fill(columns=columns).accepted == 9
            done = fill(moved, columns=columns)
        assert (done.already_sent, done.accepted, done.retimed, done.exit_code) == (8, 1, retimed, 0)
        assert done.retimed_places == ["rows.jsonl:1"][:retimed]


def test_what_a_client_sent_is_not_compared_with_the_file(client: Any, sandbox: Any, tmp_path: Path) -> None:
    """An archive may spell it in another way; only what a backfill has sent was made of rows."""
    assert client.track("u1", "Ordered", {"total": 1}, message_id="m1")[0]
    assert client.flush(10)
    path = tmp_path / "calls.jsonl"
    call = {"type": "track", "event": "Ordered", "userId": "u1", "messageId": "m1", "properties": {"total": 2}}
    path.write_text(json.dumps({**call, "timestamp": (utc_now() - timedelta(days=1)).isoformat()}), "utf-8")
    done = backfill(path, settings=client.settings)
    assert (done.already_sent, done.corrected, done.exit_code) == (1, 0, 0)
    assert sandbox.customerio.count == 1
