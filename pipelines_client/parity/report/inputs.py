"""The inputs of a report: what a run was asked and what it collected. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines_client.parity.judgement.coverage import Coverage
from pipelines_client.parity.judgement.relations import Relations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from pipelines_client.evidence.listing import Listing
    from pipelines_client.parity import model
    from pipelines_client.parity.complete import Complete
    from pipelines_client.parity.differences.expected import Known
    from pipelines_client.parity.differences.explain import BaselineDrift
    from pipelines_client.parity.differences.reopen import DriftResult
    from pipelines_client.parity.facts.packs import Reading
    from pipelines_client.parity.judgement.checks import CheckAnswer
    from pipelines_client.parity.judgement.counts import CountsSource
    from pipelines_client.parity.model import Limits, WindowMode
    from pipelines_client.parity.questions.engine import EngineSettings
    from pipelines_client.parity.questions.rows import Answers
    from pipelines_client.parity.questions.watermarks import Closing, Span
    from pipelines_client.parity.questions.windows import ClosedRow
    from pipelines_client.parity.rules import Rules


@dataclass(frozen=True, slots=True)
class SourceRead:
    """One source, and what was read of it."""

    path: str
    listing: Listing
    reading: Reading
    holes: tuple[str, ...]
    waiting: model.Counts
    fidelity: str = ""
    is_reduced: bool = False
    to_fetch: Callable[[tuple[str, ...], int, int], list[str]] = lambda *_: []
    type_of: Callable[[str], str | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class ReportWindow:
    """How the window was chosen, where a closed one ends, and which source's end decides that."""

    mode: WindowMode
    closed: ClosedRow
    closing: Closing | None


@dataclass(frozen=True, slots=True)
class ReportScope:
    """What a run was asked, and the settings that its answers depend on."""

    limits: Limits
    rules: Rules
    settings: EngineSettings
    spans: dict[str, Span]
    legs: tuple[str, ...]
    window: ReportWindow
    is_redacted: bool
    look: int = 1
    relations: Relations = field(default_factory=Relations)
    coverage: Coverage = field(default_factory=Coverage)
    complete: tuple[Complete, ...] = ()
    applications: tuple[str, ...] = ()
    limits_mark: str = ""
    is_exploratory: bool = False
    cures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """Everything that a run collected for its report."""

    scope: ReportScope
    sources: dict[str, SourceRead]
    answers: Answers
    drift: DriftResult
    now: datetime
    counted: dict[str, CountsSource] = field(default_factory=dict)
    known: tuple[Known, ...] = ()
    baseline: BaselineDrift | None = None
    checked: tuple[CheckAnswer, ...] = ()
    command: tuple[str, ...] = ()
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
