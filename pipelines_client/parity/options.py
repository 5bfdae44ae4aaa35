"""ParityOptions: what a run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines_client.parity.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from pipelines_client.parity.judgement.runs import History
    from pipelines_client.parity.model import Limits


@dataclass(frozen=True, slots=True)
class ParityOptions:
    """What a run is asked to do.

    The window is `since` to `until`, or everything with `is_all`. With none of the three it is the time that the ledger
    spans, or everything if there is no ledger.

    Attributes:
        since: Start of the window, an aware instant; included.
        until: End of the window, an aware instant; not included.
        is_all: Compare everything in the sources.
        limits: The limits over all messages; None takes those of `rules`.
        show_values: Show property values in samples, not only their type and length.
        processes: Most processes that read; None chooses by the machine and the size of the sources.
        cache: Directory that keeps facts for the next run; None keeps nothing.
        column_map: Explains the columns of tables (`ColumnMap`).
        column_maps: The same for one source each, by its name; overrides `column_map`.
        replay_list: File for the messages that a replay should send.
        advance: Called with the number of bytes read, from any thread.
        tell: Called with the name of each later step.
        engine: `duckdb`, `spark`, `spark://host:port`, or a PostgreSQL URL, whose `schema` keeps facts.
        rules: Gates, expected differences and checks (`read_rules`).
        history: The earlier runs, for the readiness (`read_history`). `append_run` adds a run; `run_parity` does not.
        baseline: A second archive of a side that is given, as a path or `kind:PATH`.
    """

    since: datetime | None = None
    until: datetime | None = None
    is_all: bool = False
    limits: Limits | None = None
    show_values: bool = False
    processes: int | None = None
    cache: Path | None = None
    column_map: Mapping[str, Any] = field(default_factory=dict)
    column_maps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    replay_list: Path | None = None
    advance: Callable[[int], object] | None = None
    tell: Callable[[str], object] | None = None
    engine: str = "duckdb"
    rules: Rules = field(default_factory=Rules)
    history: History | None = None
    baseline: str | None = None
