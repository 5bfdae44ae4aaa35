"""`replay` and `backfill`: choose messages, leave out what was sent before, send the rest, return a summary."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, Literal, get_args

from pipelines_client.clock import utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.claims import choosing, claim, only_run
from pipelines_client.delivery.forwarding import PastForwarding, is_handed_over
from pipelines_client.delivery.opening import make_folders
from pipelines_client.delivery.sending.fates import Delivery
from pipelines_client.destinations.base import Destination
from pipelines_client.errors import ConfigError, PipelinesError, SourceError
from pipelines_client.evidence.instants import iso_ms
from pipelines_client.evidence.kinds.calls import CallFiles
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.naming import split_kind
from pipelines_client.history.calls import CallReader
from pipelines_client.history.conditions import Where, parse_where
from pipelines_client.history.leaving import leave_out
from pipelines_client.history.letters import RunLetters
from pipelines_client.history.messages import Candidate, PastMessage, SendRules
from pipelines_client.history.options import RunOptions
from pipelines_client.history.rowmap import LINE, RowMap, parse_row_map
from pipelines_client.history.selection import Selection, Twin
from pipelines_client.history.sending import LegStuckError, RunLane
from pipelines_client.history.sources import (
    WAITING,
    Intake,
    calls_in,
    letters_in,
    rows_in,
    want_listed,
    wanted_in,
)
from pipelines_client.history.summary import Refusal, Summary
from pipelines_client.identity import parse_identity_key
from pipelines_client.sides import SEGMENT, SIDES, Leg
from pipelines_client.state.book import Book, ledgers_at
from pipelines_client.state.identity_key import ensure_identity_key
from pipelines_client.state.layout import StateDir, existing
from pipelines_client.state.ledger import Outcome

ReplaySource = Literal["dead-letters", "replay-list", "ledger+archive", "segment-archive", "jsonl"]
SOURCES: tuple[ReplaySource, ...] = get_args(ReplaySource)
_OF_THE_STATE = ("dead-letters", "ledger+archive")
_EVENTS_NAMED = 20
Paths = str | Path | Sequence[str | Path]


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
        ledger: Ledgers or state directories of other hosts, in addition to that of the settings.
        settings: Keys, hosts and state directory; default: those of the environment.
        options: Rate, conditions, time window and so on.

    Returns:
        Counts of messages by what happened to them.

    Raises:
        ConfigError: There is no key for this side.
        SourceError: A path is missing, or is of another kind than the source.
        LedgerError: A ledger does not exist, or cannot be read whole, so that messages may arrive twice.
        SpoolError: Another run to this side is in progress.
        OSError, sqlite3.Error: The state directory cannot be written.
    """
    settings, lists, archives = settings or Settings.load(), _texts(paths), _texts(archive)
    _check(source, settings, lists, archives)
    run = _Run("replay", to, settings, options or RunOptions(), tuple(ledgers_at(_texts(ledger))))

    def choose(selection: Selection) -> Iterator[Candidate]:
        if source == "dead-letters":
            own = run.letters.own(also_others=run.options.to_current)
            run.summary.letters_elsewhere = len(run.letters.all) - len(own)
            return letters_in(own)
        if source in ("segment-archive", "jsonl"):
            kind = SegmentArchive if source == "segment-archive" else CallFiles
            named = [text if split_kind(text)[0] else f"{kind.name}:{text}" for text in (*lists, *archives)]
            return calls_in(named, run.reader, run.intake)
        if source == "replay-list":
            run.summary.read += (others := want_listed(selection, lists, to, run.intake))
            run.summary.filtered += others
            for leg in SIDES if to == SEGMENT else ():
                selection.complete(run.book.records(leg))
        else:
            run.summary.elsewhere = selection.want_lacking(
                run.book.records(to), run.destination.fingerprint, also_elsewhere=run.options.to_current
            )
        return wanted_in(selection, run.reader, run.intake, run.letters, archives)

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
        LedgerError: The ledger cannot be read whole, so that messages may arrive twice.
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

    def choose(_: Selection) -> Iterator[Candidate]:
        if rows is not None:
            return rows_in(texts, run.reader, run.intake, rows)
        return calls_in(texts, run.reader, run.intake, idempotency=idempotency)

    summary = run.go(choose)
    if LINE in (rows.idempotency if rows is not None else idempotency):  # another file has the same lines
        summary.retimed, summary.retimed_places = 0, []
    return summary


def _check(source: str, settings: Settings, lists: Sequence[str], archives: Sequence[str]) -> None:
    """Check the arguments of a replay before anything is opened."""
    if source not in SOURCES:
        raise SourceError(f"{source}: unknown source; a replay comes from one of {', '.join(SOURCES)}")
    if source == "replay-list" and not lists:
        raise SourceError("replay-list: pass the file that `pipelines-client parity --replay-list FILE` wrote")
    if source in ("segment-archive", "jsonl") and not (lists or archives):
        raise SourceError(f"{source}: pass its files or folders")
    if source in _OF_THE_STATE:
        if lists:
            raise SourceError(f"{source}: it is read from the state directory; {lists[0]} would not be read")
        existing(settings.state_dir)
    if source == "dead-letters" and archives:
        raise SourceError(f"dead-letters: they are whole, so no archive is read; leave out {archives[0]}")


Choose = Callable[[Selection], Iterator[Candidate]]


@dataclass(slots=True)
class _Run:
    command: Literal["replay", "backfill"]
    to: Leg
    settings: Settings
    options: RunOptions
    more_ledgers: tuple[Path, ...] = ()
    summary: Summary = field(init=False)
    destination: Destination = field(init=False)
    book: Book = field(init=False)
    reader: CallReader = field(init=False)
    where: Where = field(init=False)
    intake: Intake = field(init=False)
    letters: RunLetters = field(init=False)
    _bytes: int = 0

    def __post_init__(self) -> None:
        self.settings = self.settings.with_kept()
        self.where = parse_where(self.options.where)
        self.destination = self._destination()
        self.intake = Intake(self._advance)
        self.letters = RunLetters(self._state, self.to, self.destination.fingerprint)
        is_first = not self._state.path.exists()
        make_folders(self._state)
        self.book = Book([self._state.ledger, *self.more_ledgers])
        self.summary = Summary(
            self.command, self.to, is_dry_run=self.options.is_dry_run, horizon_days=self.options.horizon_days
        )
        self.summary.new_state_dir = str(self._state.place) if is_first else ""
        given = self.settings.ledger_key
        key = ensure_identity_key(self._state.path) if given is None else parse_identity_key(given.get_secret_value())
        is_forwarding = is_handed_over(self.settings)
        self.summary.is_handed_over = is_forwarding and bool(self.destination.keeping)
        self.reader = CallReader(
            self.to,
            key,
            shows_identity=self.settings.ledger_identity == "plain",
            may_widen=self.options.may_widen,
            batch_integrations=self.settings.segment_integrations,
            is_handed_over=is_forwarding,
        )

    @property
    def _state(self) -> StateDir:
        return StateDir(self.settings.state_dir)

    def _advance(self, count: int) -> None:
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
                if self.command == "replay":
                    self.letters.read()
                self._choose(selection, choose(selection))
                with nullcontext() if lane is None else choosing(self._state.replays, self.to):
                    self._leave_out(selection)
                    if lane is not None:
                        claim(self._state.replays, self.to, selection.ids())
                if lane is not None:
                    self._send(selection, lane)
                    self.letters.mark_sent()
            finally:
                selection.close()
        return self.summary

    def _destination(self) -> Destination:
        found = next((each for each in self.settings.destinations() if each.name == self.to), None)
        if found is None:
            raise ConfigError(f"there is no key for {self.to}: set segment_write_key (or PIPELINES_SEGMENT_WRITE_KEY)")
        return found

    def _lane(self) -> RunLane:
        options = self.options
        return RunLane(
            self.settings,
            self.destination,
            stage=self.command,
            rate=None if options.rate is None or options.rate == inf else options.rate,
            patience_s=options.patience_s,
            tell=self._count,
        )

    def _choose(self, selection: Selection, candidates: Iterable[Candidate]) -> None:
        options, summary = self.options, self.summary
        leg = self.settings.stage_watch().plan().rules_of(self.to)
        rules = SendRules(
            self.to,
            utc_now(),
            options.horizon_days,
            self.settings.max_message_bytes,
            {*self.settings.allow_commands, *options.allow_commands},
            options.since,
            options.until,
            leg.deny,
            leg.consent,
        )
        for place, past, call, fault, about, key in candidates:
            summary.read += 1
            if fault == WAITING:
                summary.waiting += 1
            elif past is None:
                self._refuse(Refusal(place, fault, about.get("message_id")))
            elif not self.where.holds(call, about) or rules.is_outside(past):
                summary.filtered += 1
            elif reason := rules.fault_of(past, call):
                self._refuse(Refusal(place, reason, past.message_id))
            elif twin := selection.add(past, place, key):
                self._count_twin(twin, place, past, key)
        self.where.refuse_unmet()
        summary.lost, summary.empty, summary.notes = dict(self.reader.lost), self.intake.empty, self.intake.notes

    def _count_twin(self, twin: Twin, place: str, past: PastMessage, key: str) -> None:
        """Count a message whose id is chosen already.

        Raises:
            SourceError: The map gives two different rows one key: one of them would be lost.
        """
        if twin.has_same_content:
            self.summary.duplicates += 1
        elif key:
            raise SourceError(
                f"{place}: this row has the key of {twin.place} and other content; one of them would be lost: name all"
                ' columns that make a row what it is, as in idempotency = ["order_id", "line"]'
            )
        else:
            self._refuse(Refusal(place, "other_content", past.message_id))

    def _refuse(self, refusal: Refusal) -> None:
        self.summary.refuse(refusal)
        self.options.on_refused(refusal)

    def _leave_out(self, selection: Selection) -> None:
        """Leave out what goes or went without this run, and add up the rest."""
        summary, book = self.summary, self.book
        sent = leave_out(selection, summary, self._state, book, self.destination.fingerprint, self.options)
        self.letters.note_sent(sent)
        totals = selection.totals(now=utc_now(), unknown_was_sent=self.command == "replay")
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
                forwarding = PastForwarding(
                    self.settings, self.destination, self.book, lambda id_: bool(selection.count([id_]))
                )
                lane.send(
                    selection.in_order(),
                    forwarding,
                    lambda _: progress("send", summary.accepted + summary.rejected.total(), chosen),
                )
        except LegStuckError as error:
            summary.stopped_by = str(error)
        except (
            OSError,
            sqlite3.Error,
            PipelinesError,
        ) as error:  # some may have been sent, so the summary says how many
            summary.stopped_by = self._why_stopped(error)
        except KeyboardInterrupt:
            summary.stopped_by = "interrupted"
        summary.left = chosen - summary.accepted - summary.rejected.total()

    def _why_stopped(self, error: Exception) -> str:
        if isinstance(error, PipelinesError):
            return str(error)
        why = getattr(error, "strerror", None) or type(error).__name__
        return f"{self._state.place} cannot be written ({why}): make room, or give this user the right"

    def _count(self, delivery: Delivery) -> None:
        """Count the outcomes of messages; called by the sender's thread."""
        for fate in delivery.fates:
            if fate.outcome is Outcome.ACCEPTED:
                self.summary.accepted += 1
            elif fate.outcome is Outcome.REJECTED:
                self.summary.rejected[fate.reason or fate.code] += 1
        if self.letters.all:
            self.letters.note_sent(record.message_id for record, _ in delivery.records(Outcome.ACCEPTED))


def _texts(paths: Paths) -> list[str]:
    return [str(paths)] if isinstance(paths, (str, Path)) else [str(path) for path in paths]
