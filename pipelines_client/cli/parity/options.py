"""The options of `pipelines-client parity`, with their types, defaults and help."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import platformdirs
import typer

from pipelines_client.cli.common import flag, refuse_unwritable
from pipelines_client.cli.cures import CureOption, read_cures
from pipelines_client.cli.group import hints_of
from pipelines_client.cli.parity.planned import planned_names
from pipelines_client.cli.parity.sources import read_maps
from pipelines_client.parity.render import ENDINGS, FORMATS

if TYPE_CHECKING:
    from pipelines_client.parity import ParityOptions
    from pipelines_client.parity.complete import Complete
    from pipelines_client.parity.model import EffectsSection

_DURATION = re.compile(r"(\d+)\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


_NOT_AGAIN = (
    "paths",
    "form",
    "output",
    "replay_list",
    "collisions",
    "notify",
    "notify_state",
    "show_values",
    "details",
)
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/]*@")


def percentage(text: str) -> float:
    """Read `0.1`, `0.1%` or `5 %` as percent."""
    from pipelines_client.parity.rules import percent_of

    try:
        return percent_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def moment(text: str | None, *, now: datetime) -> datetime | None:
    """Read an ISO date or datetime (UTC without a time zone), or a duration before `now` such as `24h` or `7d`."""
    if text is None:
        return None
    duration = _DURATION.fullmatch(text.strip().lower())
    if duration is not None:
        try:
            return now - timedelta(**{_UNITS[duration[2]]: int(duration[1])})
        except OverflowError:
            raise typer.BadParameter(f"{text!r} is too long ago; write a shorter duration") from None
    try:
        at = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        at = at if at.tzinfo is not None else at.replace(tzinfo=timezone.utc)
        return at.astimezone(timezone.utc)
    except (ValueError, OverflowError):  # or its zone moves it out of the years 1 to 9999
        raise typer.BadParameter(f"{text!r} is not a time; write 2026-11-02, 2026-11-02T09:30:00Z, 24h or 7d") from None


def span(since: str | None, until: str | None, *, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Read `--since` and `--until`, each as `moment` does."""
    first, last = moment(since, now=now), moment(until, now=now)
    if first and last and first >= last:
        raise typer.BadParameter("--since must be earlier than --until")
    return first, last


def _effects(path: Path) -> EffectsSection:
    from pipelines_client.parity.report.effects import read_effects

    return read_effects(path)


def _complete(text: str) -> Complete:
    from pipelines_client.parity.complete import parse_complete

    try:
        return parse_complete(text)
    except ValueError as error:
        raise typer.BadParameter(f"--complete: {error}") from None


def _limit(text: str, default: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(metavar="PCT", help=text, parser=percentage, show_default=default)
    return option


def _evidence(source: str, metavar: str = "PATH") -> typer.models.OptionInfo:
    """Return the option of a source, whose help lists the kinds of evidence that it accepts."""
    try:
        from pipelines_client.evidence.naming import help_of
    except ImportError:  # the command itself says how to install what is missing
        text = "Needs pipelines-client[parity]."
    else:
        text = help_of(source)
    option: typer.models.OptionInfo = typer.Option(metavar=metavar, help=text)
    return option


def _name_of(field: str) -> str:
    """Return the name of an option as a user writes it."""
    marks = hints_of(Comparison)[field].__metadata__
    names = (
        name for mark in marks for name in (mark.default, *(mark.param_decls or ()))
    )  # typer keeps the first apart
    return next((name for name in names if f"{name}".startswith("--")), f"--{field.replace('_', '-')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The options of a comparison; None is an option that was not given."""

    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Sources whose kind is recognised, or kind:PATH.")
    ] = None
    ledger: Annotated[list[str] | None, _evidence("ledger")] = None
    segment: Annotated[list[str] | None, _evidence("segment")] = None
    customerio: Annotated[list[str] | None, _evidence("customerio")] = None
    counts: Annotated[list[str] | None, _evidence("counts", "KIND:PATH")] = None
    column_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="[SOURCE=]FILE",
            help="TOML file with the column names of all tables, or of one source: segment=FILE, mixpanel=FILE. "
            "Repeatable.",
        ),
    ] = None
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="Start of the window: 2026-11-02, 2026-11-02T09:30Z, 24h, 7d; or last: from where the last run in the "
            "history ended, to where all sources are whole.",
        ),
    ] = None
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="End of the window, not included.")] = None
    everything: Annotated[bool, flag("--all", "Compare everything in the sources, also from before the ledger.")] = (
        False
    )
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File with gates, expected differences and checks.",
            show_default="parity.toml if it exists",
        ),
    ] = None
    history: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to which each run adds a line.", show_default="parity-history.jsonl"),
    ] = None
    baseline: Annotated[
        str | None, typer.Option(metavar="PATH", help="A second archive of one side, to measure its noise.")
    ] = None
    no_history: Annotated[bool, flag("--no-history", "Add no line to the history, and report no readiness.")] = False
    max_missing: Annotated[float | None, _limit("Limit of messages missing at a side.", "0.1%")] = None
    max_drift: Annotated[float | None, _limit("Limit of payloads that differ.", "0.1%")] = None
    max_duplicates: Annotated[float | None, _limit("Limit of rows that repeat a message.", "0.1%")] = None
    max_counts: Annotated[float | None, _limit("Limit of the deviation of counts by event and day.", "5%")] = None
    min_events: Annotated[
        int | None,
        typer.Option(min=0, metavar="COUNT", help="Messages needed for a verdict.", show_default="100"),
    ] = None
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"Format of standard output: {', '.join(FORMATS)}.",
        ),
    ] = "text"
    output: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Also write the report to a file. Its ending sets the format: "
            f"{', '.join(f'{ending} ({name})' for ending, name in ENDINGS.items())}. Repeatable.",
        ),
    ] = None
    show_values: Annotated[bool, flag("--show-values", "Show property values in samples, not only their types.")] = (
        False
    )
    details: Annotated[
        bool, flag("--details", "Show statistics too in text: bounds of loss, and events with too few messages.")
    ] = False
    cache: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Directory that keeps facts, so that the next run reads only new files."),
    ] = None
    no_cache: Annotated[bool, flag("--no-cache", "Read everything again, and keep nothing.")] = False
    replay_list: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the messages that a replay should send, as lines of JSON."),
    ] = None
    collisions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write the ids that collide or belong to no known person, as CSV; hashed, without --show-values.",
        ),
    ] = None
    suppressed: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="CSV of the people whom Customer.io suppresses, with a column id or email."),
    ] = None
    even_in_gaps: Annotated[
        bool, flag("--even-in-gaps", "Put into the replay list what may lie in a gap of the evidence too.")
    ] = False
    complete: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SIDE=FROM..UNTIL",
            help="A span in which a side's evidence is whole, so that what is absent there is lost: "
            "segment=2026-11-22T10:00..13:00. Repeatable.",
        ),
    ] = None
    cure: CureOption = None
    effects: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also show what the routes change: a JSON report of pipelines-client effects."
        ),
    ] = None
    plan: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also say of each finding what this tracking plan has: names, types, dates."),
    ] = None
    notify: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            envvar="PIPELINES_NOTIFY",
            help="Address to notify when the verdict changes: slack://, mailto:// and others that apprise knows. "
            "Repeatable.",
        ),
    ] = None
    notify_state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File that remembers what each receiver was sent.",
            show_default="parity-notified.json, beside the history",
        ),
    ] = None
    engine: Annotated[
        str,
        typer.Option(
            metavar="ENGINE",
            help="Engine that answers the questions: duckdb, spark, spark://host:port, or postgresql://host/db, which "
            "keeps the facts for the next run with ?schema=NAME.",
        ),
    ] = "duckdb"

    def sources(self) -> dict[str, list[str] | None]:
        """Return the given paths by the name of their source."""
        return {
            "ledger": self.ledger,
            "segment": self.segment,
            "customerio": self.customerio,
            "counts": self.counts,
        }

    def command(self) -> tuple[str, ...]:
        """Return the command with these options, without files that it writes, addresses to notify and passwords."""
        words = ["pipelines-client", "parity", *(self.paths or [])]
        for option in fields(self):
            value = getattr(self, option.name)
            if value == option.default or option.name in _NOT_AGAIN:
                continue
            name = _name_of(option.name)
            if value is True:
                words.append(name)
            else:
                texts = value if isinstance(value, list) else [value]
                words += [word for text in texts for word in (name, _PASSWORD.sub(r"\1@", f"{text}"))]
        return tuple(words)

    def check(self) -> None:
        """Refuse options that contradict each other and files that cannot be written, before the work is done.

        Raises:
            typer.BadParameter: Says what to write instead.
        """
        if self.everything and (self.since or self.until):
            raise typer.BadParameter("--all cannot be combined with --since or --until")
        for path, is_off, name in ((self.history, self.no_history, "history"), (self.cache, self.no_cache, "cache")):
            if is_off and path is not None:
                raise typer.BadParameter(f"--{name} cannot be combined with --no-{name}")
        if self.form not in FORMATS:
            raise typer.BadParameter(f"--format must be one of {', '.join(FORMATS)}")
        if self.even_in_gaps and self.replay_list is None:
            raise typer.BadParameter("--even-in-gaps goes with --replay-list")
        self._check_files()

    def _check_files(self) -> None:
        outputs = self.output or []
        for path in outputs:
            if path.suffix.lower() not in ENDINGS:
                raise typer.BadParameter(f"{path}: --output must end in one of {', '.join(ENDINGS)}")
        written = [*outputs, *filter(None, (self.replay_list, self.collisions, self.notify_state, self.history_file()))]
        for path in written:
            if not path.absolute().parent.is_dir():
                raise typer.BadParameter(f"{path}: its folder does not exist")
        twice = [path for path, count in Counter(path.resolve() for path in written).items() if count > 1]
        if twice:
            raise typer.BadParameter(f"{twice[0].name}: two options write this file; name another file for one of them")
        refuse_unwritable(filter(None, (*outputs, self.replay_list, self.collisions)))

    def options(self, now: datetime) -> ParityOptions:
        """Return the options of the library."""
        from pipelines_client.parity import ParityOptions, read_history
        from pipelines_client.parity.rules import RULES_FILE, Rules, read_rules

        since, until = span(None if self.is_since_last else self.since, self.until, now=now)
        is_ruled = self.config is not None or Path(RULES_FILE).exists()
        rules = read_rules(self.config or Path(RULES_FILE)) if is_ruled else Rules()
        kept, maps = self.history_file(), read_maps(self.column_map or [])
        cache = self.cache or Path(platformdirs.user_cache_dir("pipelines-client")) / "parity"
        return ParityOptions(
            since=since,
            until=until,
            since_last=self.is_since_last,
            is_all=self.everything,
            limits=rules.gates.limits(
                max_missing=self.max_missing,
                max_drift=self.max_drift,
                max_duplicates=self.max_duplicates,
                max_counts=self.max_counts,
                min_events=self.min_events,
            ),
            rules=rules,
            baseline=self.baseline,
            complete=tuple(map(_complete, self.complete or [])),
            even_in_gaps=self.even_in_gaps,
            cures=read_cures(self.cure),
            effects=None if self.effects is None else _effects(self.effects),
            planned=None if self.plan is None else planned_names(self.plan),
            history=None if kept is None else read_history(kept),
            show_values=self.show_values,
            cache=None if self.no_cache else cache,
            column_map=maps.pop("", {}),
            column_maps=maps,
            replay_list=self.replay_list,
            collisions=self.collisions,
            suppressed=self.suppressed,
            command=self.command(),
            engine=self.engine,
        )

    @property
    def is_since_last(self) -> bool:
        """Whether the window goes on where the last run ended."""
        return (self.since or "").strip().lower() == "last"

    def history_file(self) -> Path | None:
        """Return the file of the history, or None if no history is kept."""
        from pipelines_client.parity.judgement.runs import HISTORY_FILE

        return None if self.no_history else self.history or Path(HISTORY_FILE)
