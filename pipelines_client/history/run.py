"""`replay` and `backfill`: choose messages, leave out what was sent before, send the rest, return a summary."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from pipelines_client.clock import iso_utc, utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.opening import make_folders
from pipelines_client.delivery.sending.fates import Delivery
from pipelines_client.errors import ConfigError, SourceError
from pipelines_client.evidence.instants import iso_ms
from pipelines_client.evidence.kinds.calls import CallFiles
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.naming import split_kind
from pipelines_client.history.calls import CallReader
from pipelines_client.history.conditions import parse_where
from pipelines_client.history.messages import HORIZON_DAYS, Candidate, SendRules
from pipelines_client.history.rate import TokenBucket
from pipelines_client.history.rowmap import RowMap, parse_row_map
from pipelines_client.history.selection import Selection
from pipelines_client.history.sending import LegStuckError, RunLane, only_run
from pipelines_client.history.sources import calls_in, letters_in, records_in, rows_in, want_listed, wanted_in
from pipelines_client.history.summary import Refusal, Summary
from pipelines_client.identity import parse_identity_key
from pipelines_client.sides import Leg
from pipelines_client.state.dead_letters import DeadLetter, mark_requeued, read_dead_letters
from pipelines_client.state.identity_key import ensure_identity_key
from pipelines_client.state.layout import StateDir, existing
from pipelines_client.state.ledger import Outcome

ReplaySource = Literal["dead-letters", "replay-list", "ledger+archive", "segment-archive", "jsonl"]
SOURCES: tuple[ReplaySource, ...] = get_args(ReplaySource)
_EVENTS_NAMED = 20
Paths = str | Path | Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options of both commands.

    Attributes:
        rate: Most messages a second; None for as many as the API accepts.
        where: Conditions that all must hold, such as `event=Order Completed` (`parse_where`).
        since: Aware; send only what happened at this time or later.
        until: Aware; send only what happened before this time.
        horizon_days: How many days ago a message may have happened at most (FACTS C16).
        allow_commands: Reserved names that may reach Customer.io, added to those of the settings (FACTS C12).
        is_dry_run: Choose and count, and send nothing.
        again: Also send what was accepted according to the ledger.
        patience_s: Seconds without success after which the run stops.
        on_refused: Called with each message that is not sent.
        on_progress: Called with the phase (`read` in bytes, then `send` in messages), the count, and the
            total if it is known.
    """

    rate: float | None = None
    where: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    horizon_days: float = HORIZON_DAYS
    allow_commands: Collection[str] = frozenset()
    is_dry_run: bool = False
    again: bool = False
    patience_s: float = 600.0
    on_refused: Callable[[Refusal], object] = lambda _: None
    on_progress: Callable[[str, int, int | None], object] = lambda *_: None


def replay(
    to: Leg,
    source: ReplaySource,
    paths: Paths = (),
    *,
    archive: Paths = (),
    ledger: Paths = (),
    settings: Settings | None = None,
    options: RunOptions | None = None,
) -> Summary:
    """Send what a side lacks, unchanged: the same messageId, the same time, in order for each person.

    If a run is killed, the same call continues it: what was accepted according to the ledger is not sent again. A
    request that was under way when the run was killed may arrive twice, with the same messageIds.

    Args:
        to: The side that lacks it.
        source: Where the messages come from.
        paths: The replay lists, archives or files of calls; empty for `dead-letters` and `ledger+archive`.
        archive: Where to find the bodies of messages that a list or a ledger names.
        ledger: Ledgers or state directories, in addition to that of the settings.
        settings: Keys, hosts and state directory; default: those of the environment.
        options: Rate, conditions, time window and so on.

    Returns:
        Counts of messages by what happened to them.

    Raises:
        ConfigError: There is no key for this side.
        SourceError: A path is missing, or is of another kind than the source.
        SpoolError: Another run to this side is in progress.
        OSError, sqlite3.Error: The state directory cannot be written.
    """
    settings, lists, archives = settings or Settings.load(), _texts(paths), _texts(archive)
    _check(source, settings, lists, archives)
    ledgers = tuple(map(Path, _texts(ledger)))
    run = _Run("replay", to, settings, options or RunOptions(), ledgers, is_absence_known=source == "replay-list")

    def choose(selection: Selection, letters: Sequence[DeadLetter]) -> Iterator[Candidate]:
        if source == "dead-letters":
            return letters_in(letters)
        if source in ("segment-archive", "jsonl"):
            kind = SegmentArchive if source == "segment-archive" else CallFiles
            named = [text if split_kind(text)[0] else f"{kind.name}:{text}" for text in (*lists, *archives)]
            return calls_in(named, run.reader, advance=run.advance)
        if source == "replay-list":
            run.summary.read += (others := want_listed(selection, lists, to))
            run.summary.filtered += others
        else:
            selection.want_lacking(records_in(run.ledgers), to)
        return wanted_in(selection, run.reader, letters, archives, advance=run.advance)

    return run.go(choose)


def backfill(
    paths: Paths,
    *,
    to: Leg = "customerio",
    columns: RowMap | Mapping[str, Any] | None = None,
    idempotency: Sequence[str] = (),
    settings: Settings | None = None,
    options: RunOptions | None = None,
) -> Summary:
    """Send past events: rows of files, each with its time.

    A second run sends no duplicates: the same row has the same messageId, and what was sent according to the ledger is
    not sent again. If a run is killed, the same call continues it.

    Args:
        paths: JSON lines, CSV, Parquet or a Segment archive: files, folders, globs or addresses.
        to: The side.
        columns: The map of the columns of rows; None for files of calls and archives.
        idempotency: Columns that identify a row, in place of those in `columns`; for calls without a messageId, paths
            in the call.
        settings: Keys, hosts and state directory; default: those of the environment.
        options: Rate, conditions, time window and so on.

    Returns:
        Counts of messages by what happened to them.

    Raises:
        ConfigError: There is no key for this side.
        SourceError: A path is missing, or the map is invalid.
        SpoolError: Another run to this side is in progress.
        OSError, sqlite3.Error: The state directory cannot be written.
    """
    run = _Run("backfill", to, settings or Settings.load(), options or RunOptions())
    texts = _texts(paths)
    if not texts:
        raise SourceError("backfill: pass the files to send")
    rows = None
    if columns is not None:
        given = columns.model_dump(exclude_defaults=True) if isinstance(columns, RowMap) else dict(columns)
        rows = parse_row_map({**given, **({"idempotency": tuple(idempotency)} if idempotency else {})}, "the map")

    def choose(_: Selection, __: Sequence[DeadLetter]) -> Iterator[Candidate]:
        if rows is not None:
            return rows_in(texts, run.reader, rows, advance=run.advance)
        return calls_in(texts, run.reader, idempotency=idempotency, advance=run.advance)

    return run.go(choose)


def _check(source: str, settings: Settings, lists: Sequence[str], archives: Sequence[str]) -> None:
    """Check the arguments of a replay before anything is opened."""
    if source not in SOURCES:
        raise SourceError(f"{source}: unknown source; a replay comes from one of {', '.join(SOURCES)}")
    if source == "replay-list" and not lists:
        raise SourceError("replay-list: pass the file that `pipelines-client parity --replay-list FILE` wrote")
    if source in ("segment-archive", "jsonl") and not (lists or archives):
        raise SourceError(f"{source}: pass its files or folders")
    if source in ("dead-letters", "ledger+archive"):
        existing(settings.state_dir)


Choose = Callable[[Selection, Sequence[DeadLetter]], Iterator[Candidate]]


@dataclass(slots=True)
class _Run:
    command: Literal["replay", "backfill"]
    to: Leg
    settings: Settings
    options: RunOptions
    more_ledgers: tuple[Path, ...] = ()
    is_absence_known: bool = False
    summary: Summary = field(init=False)
    reader: CallReader = field(init=False)
    _sent_letters: set[str] = field(default_factory=set)
    _letter_ids: frozenset[str] = frozenset()
    _bytes: int = 0

    def __post_init__(self) -> None:
        make_folders(self._state)
        self.summary = Summary(
            self.command, self.to, is_dry_run=self.options.is_dry_run, horizon_days=self.options.horizon_days
        )
        given = self.settings.ledger_key
        key = ensure_identity_key(self._state.path) if given is None else parse_identity_key(given.get_secret_value())
        self.reader = CallReader(self.to, key, shows_identity=self.settings.ledger_identity == "plain")

    @property
    def _state(self) -> StateDir:
        return StateDir(self.settings.state_dir)

    @property
    def ledgers(self) -> tuple[Path, ...]:
        """The ledger of the state directory, and those that the user added."""
        return (self._state.ledger, *self.more_ledgers)

    def advance(self, count: int) -> None:
        """Report bytes that were read."""
        self._bytes += count
        self.options.on_progress("read", self._bytes, None)

    def go(self, choose: Choose) -> Summary:
        """Choose, and send unless it is a dry run."""
        lane = None if self.options.is_dry_run else self._lane()
        with only_run(self._state.replays, self.to):
            selection = Selection(self._state.replays / f"{self.to}.selection")
            try:
                if lane is not None:
                    self.summary.written_off = lane.write_off_dead()
                letters = self._letters()
                self._choose(selection, choose(selection, letters))
                if lane is not None:
                    self._send(selection, lane)
                    self._mark_sent(letters)
            finally:
                selection.close()
        return self.summary

    def _lane(self) -> RunLane:
        destination = next((each for each in self.settings.destinations() if each.name == self.to), None)
        if destination is None:
            raise ConfigError(f"there is no key for {self.to}: set segment_write_key (or PIPELINES_SEGMENT_WRITE_KEY)")
        return RunLane(
            self.settings, destination, stage=self.command, patience_s=self.options.patience_s, tell=self._count
        )

    def _letters(self) -> list[DeadLetter]:
        if self.command == "backfill":
            return []
        letters = [letter for letter in read_dead_letters(self._state.dead_letters) if letter.leg == self.to]
        self._letter_ids = frozenset(letter.message_id for letter in letters)
        return letters

    def _choose(self, selection: Selection, candidates: Iterable[Candidate]) -> None:
        options, summary, now = self.options, self.summary, utc_now()
        conditions = parse_where(options.where)
        rules = SendRules(
            self.to,
            now,
            timedelta(days=options.horizon_days),
            self.settings.max_message_bytes,
            {*self.settings.allow_commands, *options.allow_commands},
            options.since,
            options.until,
            self.settings.stage_watch().plan().rules_of(self.to).deny,
        )
        for place, past, call, fault, about in candidates:
            summary.read += 1
            if past is None:
                self._refuse(Refusal(place, fault, about.get("message_id")))
            elif rules.is_outside(past) or not all(condition.holds(call, about) for condition in conditions):
                summary.filtered += 1
            elif reason := rules.fault_of(past, call):
                self._refuse(Refusal(place, reason, past.message_id))
            elif not selection.add(past):
                summary.duplicates += 1
        self._leave_out_sent(selection, now)

    def _refuse(self, refusal: Refusal) -> None:
        self.summary.refuse(refusal)
        self.options.on_refused(refusal)

    def _leave_out_sent(self, selection: Selection, now: datetime) -> None:
        """Leave out what was accepted according to the ledger, and add up the rest."""
        summary = self.summary
        selection.note(records_in(self.ledgers), self.to)
        if not self.options.again:
            sent = selection.leave_sent(is_absence_known=self.is_absence_known)
            summary.already_sent = len(sent)
            self._sent_letters.update(self._letter_ids.intersection(sent))
        totals = selection.totals(now=now, unknown_was_sent=self.command == "replay")
        summary.chosen, summary.under_72_h = totals.chosen, totals.young
        summary.events = selection.events(_EVENTS_NAMED)
        summary.first_at, summary.last_at = iso_ms(totals.first_ms), iso_ms(totals.last_ms)
        summary.within_dedup_window, summary.beyond_dedup_window = totals.within_window, totals.beyond_window

    def _send(self, selection: Selection, lane: RunLane) -> None:
        summary, chosen = self.summary, self.summary.chosen
        progress = self.options.on_progress
        try:
            if chosen:
                progress("send", 0, chosen)
                lane.send(
                    selection.in_order(),
                    TokenBucket(self.options.rate),
                    lambda _: progress("send", summary.accepted + summary.rejected.total(), chosen),
                )
        except LegStuckError as error:
            summary.stopped_by = str(error)
        except KeyboardInterrupt:
            summary.stopped_by = "interrupted"
        summary.left = chosen - summary.accepted - summary.rejected.total()

    def _count(self, delivery: Delivery) -> None:
        """Count the outcomes of messages; called by the sender's thread."""
        for fate in delivery.fates:
            if fate.outcome is Outcome.ACCEPTED:
                self.summary.accepted += 1
            elif fate.outcome is Outcome.REJECTED:
                self.summary.rejected[fate.reason or fate.code] += 1
        if self._letter_ids:
            accepted = (record.message_id for record, _ in delivery.records(Outcome.ACCEPTED))
            self._sent_letters.update(self._letter_ids.intersection(accepted))

    def _mark_sent(self, letters: Sequence[DeadLetter]) -> None:
        """Record which dead letters were sent again, so that they are no longer listed."""
        sent = [letter for letter in letters if letter.message_id in self._sent_letters]
        if sent:
            now = utc_now()
            mark_requeued(self._state.dead_letters, sent, writer=f"replay-{self.to}", now=now, at=iso_utc(now))


def _texts(paths: Paths) -> list[str]:
    return [str(paths)] if isinstance(paths, (str, Path)) else [str(path) for path in paths]
