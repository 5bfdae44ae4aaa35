"""ParityOptions: what a run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines_client.parity.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from pipelines_client.parity.complete import Complete
    from pipelines_client.parity.judgement.runs import History
    from pipelines_client.parity.model import EffectsSection, Limits
    from pipelines_client.parity.report.planned import PlannedNames


@dataclass(frozen=True, slots=True)
class ParityOptions:
    """What a run is asked to do.

    The window is about when a message was taken (ledger) or received (without one). It is `since` to `until`, what the
    history's last run left to the next one with `since_last`, or everything with `is_all`. With none of the four it is
    the time that the ledger spans, or everything if there is no ledger.

    Attributes:
        since: Start of the window, an aware instant; included.
        until: End of the window, an aware instant; not included.
        since_last: Begin where the last run of `history` ended, and end where all sources are whole.
        is_all: Compare everything in the sources.
        limits: The limits over all messages; None takes those of `rules`.
        show_values: Show property values in samples, not only their type and length.
        processes: Most processes that read; None chooses by the machine and the size of the sources.
        cache: Directory that keeps facts for the next run; None keeps nothing.
        column_map: Explains the columns of tables (`ColumnMap`).
        column_maps: The same for one source each, by its name; overrides `column_map`.
        replay_list: File for the messages that a replay should send.
        collisions: File for the ids that collide, as CSV; hashed, unless `show_values` is set.
        suppressed: List of the people whom Customer.io suppresses, with a column `id` or `email`.
        advance: Called with the number of bytes read, from any thread.
        tell: Called with the name of each later step.
        engine: `duckdb`, `spark`, `spark://host:port`, or a PostgreSQL URL, whose `schema` keeps facts.
        rules: Gates, expected differences and checks (`read_rules`).
        history: The earlier runs, for the readiness (`read_history`). `append_run` adds a run; `run_parity` does not.
        complete: Spans of a side whose evidence is whole although it has a gap, besides those of `rules`.
        cures: What the Customer.io leg changes on request, as `effects.cures.asked_cures` returns it; None takes what
            `rules`, else the state directories of the ledger say.
        even_in_gaps: Put messages into `replay_list` that may lie in a gap of the evidence too.
        effects: What the routes change, to be shown in the report (`read_effects`).
        planned: What a tracking plan says of names, types and dates, for the rows of findings.
        baseline: A second archive of a side that is given, as a path or `kind:PATH`.
        command: The words of the command that asks for this run, for the next step; empty makes one of the sources.
    """

    since: datetime | None = None
    until: datetime | None = None
    since_last: bool = False
    is_all: bool = False
    limits: Limits | None = None
    show_values: bool = False
    processes: int | None = None
    cache: Path | None = None
    column_map: Mapping[str, Any] = field(default_factory=dict)
    column_maps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    replay_list: Path | None = None
    collisions: Path | None = None
    suppressed: str | None = None
    advance: Callable[[int], object] | None = None
    tell: Callable[[str], object] | None = None
    engine: str = "duckdb"
    rules: Rules = field(default_factory=Rules)
    history: History | None = None
    baseline: str | None = None
    command: tuple[str, ...] = ()
    complete: tuple[Complete, ...] = ()
    even_in_gaps: bool = False
    cures: Mapping[str, Any] | None = None
    effects: EffectsSection | None = None
    planned: PlannedNames | None = None
