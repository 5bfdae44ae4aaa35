"""`pipelines-client effects`: what changes in the workspace because the route changes."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines_client.cli.common import flag, print_text, refuse_unwritable
from pipelines_client.cli.cures import CureOption, read_cures
from pipelines_client.cli.existing import ExistingOption, existing_people
from pipelines_client.cli.group import takes
from pipelines_client.cli.leaving import leave
from pipelines_client.cli.parity.sources import MapOption, given_map, read_toml
from pipelines_client.cli.progress import reading
from pipelines_client.cli.reserved import AllowCommandOption, left_out
from pipelines_client.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines_client.effects import DestinationSettings
    from pipelines_client.effects.findings import EffectsFinding
    from pipelines_client.parity.model import ClassReport

_FORMATS = ("text", "json", "markdown")
_DATES = ("unchanged", "converted", "unknown")
_ENDINGS = (".txt", ".json", ".md")


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectsOptions:
    """Options of `effects`; None is an option that was not given."""

    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", help="Segment's archive, files of calls, Customer.io's storage files; and ledgers."
        ),
    ]
    route: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML file with what was changed in Segment's Customer.io destination."),
    ] = None
    dates: Annotated[
        str,
        typer.Option(
            metavar="DATES", help=f"What Data Pipelines does to dates in your workspace: {', '.join(_DATES)}."
        ),
    ] = "unknown"
    cure: CureOption = None
    allow_command: AllowCommandOption = None
    column_map: MapOption = None
    existing: ExistingOption = None
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help=f"Format of standard output: {', '.join(_FORMATS)}."),
    ] = "text"
    output: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help=f"Also write the report to a file. Its ending sets the format: {', '.join(_ENDINGS)}. Repeatable.",
        ),
    ] = None

    collisions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the ids that collide or belong to no known person, as CSV."),
    ] = None
    show_values: Annotated[bool, flag("--show-values", "Show ids in clear in that file, not their hashes.")] = False

    def check(self) -> None:
        """Refuse what cannot be right, before the work is done.

        Raises:
            typer.BadParameter: Says what to write instead.
        """
        if self.form not in _FORMATS:
            raise typer.BadParameter(f"--format must be one of {', '.join(_FORMATS)}")
        if self.dates not in _DATES:
            raise typer.BadParameter(f"--dates must be one of {', '.join(_DATES)}")
        for path in self.output or ():
            if path.suffix.lower() not in _ENDINGS:
                raise typer.BadParameter(f"{path}: --output must end in one of {', '.join(_ENDINGS)}")
            if not path.absolute().parent.is_dir():
                raise typer.BadParameter(f"{path}: its folder does not exist")
        if self.show_values and self.collisions is None:
            raise typer.BadParameter("--show-values goes with --collisions")
        if self.collisions is not None and not self.collisions.absolute().parent.is_dir():
            raise typer.BadParameter(f"{self.collisions}: its folder does not exist")
        refuse_unwritable(filter(None, (*(self.output or ()), self.collisions)))


@takes(EffectsOptions)
def effects(asked: EffectsOptions) -> None:
    """Say what changes in the workspace when calls come through Data Pipelines and no longer through Segment.

    Every call is put through a model of both routes. A ledger beside an archive
    says which messages the archive lacks. Values are shown as type and length.
    The forecast of people says how many profiles the calls add, which are billed.
    Dates, identify calls and ids that are wrong in the calls are listed too.

    Exit code 0: no condition stops matching, 1: some do, 2: bad input, 3: not known.
    """
    from pipelines_client.effects import Dates, examine
    from pipelines_client.effects.render import ENDINGS, RENDERINGS
    from pipelines_client.evidence.calls import calls_in
    from pipelines_client.parity.alone import find_alone

    asked.check()
    columns = given_map(asked.column_map)
    settings, cures = _settings(asked.route), _cures(asked, columns)
    existing = None if asked.existing is None else existing_people(asked.existing)
    with reading(sys.stderr) as hooks:
        lines = calls_in(asked.paths, columns, advance=hooks.advance)
        key = secrets.token_bytes(16)
        dates = Dates(asked.dates)
        report = examine(
            lines,
            settings=settings,
            dates=dates,
            cures=cures,
            existing=existing,
            left_out=left_out(asked.allow_command),
            key=key,
        )
        found = find_alone(
            asked.paths,
            columns,
            collisions=asked.collisions,
            show_ids=asked.show_values,
            advance=hooks.advance,
        )
    report = replace(report, findings=tuple(map(_finding, found)))
    for path in asked.output or ():
        path.write_text(RENDERINGS[ENDINGS[path.suffix.lower()]](report), "utf-8")
    print_text(RENDERINGS[asked.form](report), is_prose=asked.form == "text")
    leave(report.verdict.exit_code)


def _cures(asked: EffectsOptions, columns: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the client changes for Customer.io: by the options, else its variables, else its state directory."""
    from pipelines_client.effects.cures import asked_in
    from pipelines_client.evidence.calls import ledgers_in
    from pipelines_client.evidence.kept_cures import kept_cures

    told = read_cures(asked.cure)
    try:
        told = asked_in(os.environ) if told is None else told
    except ValueError as error:
        raise ConfigError(f"PIPELINES_CUSTOMERIO_…: {error}") from None
    if told is not None:
        return told
    kept = kept_cures(ledgers_in(asked.paths, columns))
    if kept is None:
        raise SourceError(
            "the state directories say different things about what is changed for Customer.io; a report is about one"
            " client; give all hosts the same settings customerio_dates and so on, or pass --cure"
        )
    return kept


def _finding(found: ClassReport) -> EffectsFinding:
    from pipelines_client.effects.findings import EffectsFinding, EffectsFindingRow

    rows = tuple(EffectsFindingRow(row.type, row.event, row.count, row.detail) for row in found.rows)
    return EffectsFinding(found.name, found.title, found.unit, found.count, found.meaning, found.advice, rows)


def _settings(path: Path | None) -> DestinationSettings | None:
    from pipelines_client.effects import parse_settings

    if path is None:
        return None
    values = read_toml(path, "a route has sections such as [identify] with lines such as convert_timestamp = false")
    return parse_settings(values, str(path))
