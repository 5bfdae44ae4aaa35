"""The contract of an engine: it answers the questions of `queries/` over facts. `open` lists the engines.

The questions read the tables of `facts.writer.SCHEMAS`, and `settings` (one row), `causes` and `gaps`, which hold texts
and whole numbers only. Tables are built in the order of `TABLES`; every other file of the folder is a question.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pipelines_client.errors import EngineError
from pipelines_client.parity.questions.coverage_rows import NO_GAP
from pipelines_client.parity.questions.related import NO_STRANGER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.evidence.listing import SourceFile
    from pipelines_client.parity.facts.jobs import Job
    from pipelines_client.parity.facts.packs import Pack, Reading
    from pipelines_client.parity.questions.coverage_rows import GapRow
    from pipelines_client.parity.questions.related import StrangersRow
    from pipelines_client.parity.questions.rows import CauseRow, Question, R

_QUERIES = Path(__file__).with_name("queries")

TABLES = (
    "words_known",
    "forms_known",
    "repeated",
    "shared",
    "messages_exported",
    "records_last",
    "messages_recorded",
    "messages_joined",
    "key_fit",
    "wordings",
    "closing",
    "messages_windowed",
    "judged",
    "tallies",
    "suppressed_people",
    "suppressed_messages",
    "lacking",
    "attributed",
    "absences",
    "faulty",
    "arrivals",
    "arrivals_faulty",
    "arrivals_reordered",
    "places",
    "edits_known",
    "edits_late",
    "persons",
    "addresses",
    "hashed",
    "crowded",
    "loose",
    "firsts",
)
"""The files that other files build upon, in order."""

VIEWS = frozenset(
    (
        "messages_exported",
        "records_last",
        "messages_recorded",
        "messages_windowed",
        "judged",
        "attributed",
        "absences",
        "arrivals",
        "places",
    )
)
"""Those of `TABLES` that are computed each time they are read: kept, they would fill the memory."""

BY_KEY = frozenset(("messages_joined",))
"""Those of `TABLES` whose rows depend on one `message_key` each, so that they can be made range by range of keys."""


_COLLISIONS = "SELECT words FROM words_known GROUP BY words HAVING count(*) > 1 OR words = 0"
"""Finds hash collisions in `words`. 0 stands for no words, where a source lacks a message."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What the questions must know besides the facts; whole numbers only, which any engine accepts.

    The defaults are for two exports of which only the differences of their payloads matter.
    """

    has_ledger: int = 0
    has_segment: int = 1
    has_customerio: int = 1
    knows_identity: int = 0
    since_ms: int | None = None
    until_ms: int | None = None
    closes_ms: int | None = None
    is_closed: int = 0
    patience_ms: int = 0
    received_from_ms: int | None = None
    segment_watermark_ms: int | None = None
    customerio_watermark_ms: int | None = None
    settle_ms: int = 0
    segment_allowance_ms: int = 0
    customerio_allowance_ms: int = 0
    slow_ms: int = 0
    skew_ms: int = 0
    expects_alias: int = 1
    expects_groupid_only: int = 1
    slot_ms: int = 600_000
    applies_cures: int = 0


class Engine(ABC):
    """Answers the questions over the facts of one run: call `load`, then `build`, then `ask` any number of times.

    All engines return the same rows in the same order if a question follows `queries/README.md`. `close` removes
    everything that the engine made, also after a failure.
    """

    name: ClassVar[str]

    @property
    def read_jobs(self) -> Callable[[Sequence[Job], Callable[[int], object]], list[Reading]] | None:
        """Return a function that reads evidence on the engine; None if processes of this machine read it."""
        return None

    def find(self, kind: Kind, files: tuple[SourceFile, ...]) -> tuple[list[Pack], list[SourceFile]]:
        """Return the packs of these files that the engine keeps, and the files without one."""
        del kind
        return [], list(files)

    @abstractmethod
    def load(self, packs: Iterable[Path]) -> None:
        """Load the facts of some packs: folders with a file for each table of `SCHEMAS`, or what `find` returned.

        Raises:
            EngineError: They do not fit.
        """

    def build(
        self,
        settings: EngineSettings,
        causes: Iterable[CauseRow],
        find_strangers: Callable[[], Iterable[StrangersRow]] = tuple,
        find_gaps: Callable[[], Iterable[GapRow]] = tuple,
    ) -> None:
        """Make the tables that the questions read, among them `settings`, of one row, and those that a run finds out.

        Args:
            settings: What the questions must know.
            causes: The causes of an absence.
            find_strangers: Asks `relations` of `lacking`, and says what only one of two unrelated sources has.
            find_gaps: Asks what each side has and lacks (`attributed`), and says which gaps its evidence has.

        Raises:
            EngineError: They do not fit.
        """
        self.set_up(settings, causes)
        for name in TABLES:
            if name == "attributed":
                self.set_strangers(find_strangers())
            if name == "absences":
                self.set_gaps(find_gaps())
            self.build_table(name)
            if name == "words_known" and list(self._select(_COLLISIONS)[1]):
                raise EngineError("hash collision in `words`, which happens once in 10¹⁰ runs; report it as a bug")

    def set_up(self, settings: EngineSettings, causes: Iterable[CauseRow]) -> None:
        """Make the tables `settings` and `causes`; `build` calls it."""
        self._create("settings", _select_of(asdict(settings)), is_kept=True)
        self._create("causes", " UNION ALL ".join(_select_of(row._asdict()) for row in causes), is_kept=True)

    def set_strangers(self, strangers: Iterable[StrangersRow]) -> None:
        """Make the table `strangers`; `build` calls it."""
        rows = (NO_STRANGER, *strangers)
        self._create("strangers", " UNION ALL ".join(_select_of(row._asdict()) for row in rows), is_kept=True)

    def set_gaps(self, gaps: Iterable[GapRow]) -> None:
        """Make the table `gaps`, of which no two rows cover the same message; `build` calls it."""
        rows = (NO_GAP, *gaps)
        self._create("gaps", " UNION ALL ".join(_select_of(row._asdict()) for row in rows), is_kept=True)

    def build_table(self, name: str) -> None:
        """Make one of `TABLES`; those before it must exist."""
        self._create(name, text_of(name), is_kept=name not in VIEWS)

    def ask(self, question: Question[R]) -> list[R]:
        """Return the rows that answer a question, in its order: texts, whole numbers and None.

        Raises:
            TypeError: The answer holds another type of value.
        """
        return list(self.stream(question))

    def stream(self, question: Question[R]) -> Iterator[R]:
        """Yield the rows of a long answer; do not ask anything else before it ends."""
        _, rows = self._select(text_of(question.name))
        return (question.row(*map(_plain, row)) for row in rows)

    def select(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of one SELECT in DuckDB's dialect, by column, with the types of values that `ask` returns."""
        columns, rows = self._select(sql)
        return [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]

    @abstractmethod
    def close(self) -> None:
        """Release memory and connections, and remove everything that was made for this run."""

    @abstractmethod
    def _create(self, name: str, sql: str, *, is_kept: bool) -> None:
        """Make a table (kept) or view (computed each time) of one SELECT."""

    @abstractmethod
    def _select(self, sql: str) -> tuple[list[str], Iterable[Sequence[Any]]]:
        """Return the columns and rows of one SELECT; the rows may be fetched lazily."""


def text_of(name: str) -> str:
    """Return the text of a file of `queries/`: one SELECT."""
    return _QUERIES.joinpath(f"{name}.sql").read_text("utf-8")


def _select_of(values: Mapping[str, str | int | None]) -> str:
    """Return a SELECT of one row; a text is a name of ours, and needs no escapes."""
    columns = (
        f"CAST('{value}' AS VARCHAR) AS {name}"
        if isinstance(value, str)
        else f"CAST({'NULL' if value is None else int(value)} AS BIGINT) AS {name}"
        for name, value in values.items()
    )
    return f"SELECT {', '.join(columns)}"


def _plain(value: Any) -> Any:
    """Return a value as a text, whole number or None: some engines return sums as decimals."""
    if value is None or type(value) is str or type(value) is int:
        return value
    if not isinstance(value, Decimal) or value != int(value):
        raise TypeError(f"a question returned a {type(value).__name__}; queries/README.md lists the allowed types")
    return int(value)
