"""What any engine does with the questions of `queries/`: the contract. `engines` holds those that there are.

The questions know only the tables of `facts.SCHEMAS` and `settings` (one row), of texts and whole numbers. Tables are
built in the order of `TABLES`; every other file of the folder is a question that is asked of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar

from pipelines_client.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.evidence.listing import SourceFile
    from pipelines_client.parity.facts.jobs import Job
    from pipelines_client.parity.facts.packs import Pack, Reading
    from pipelines_client.parity.questions.rows import CauseRow, Question, R

TABLES = (
    "words_known",
    "repeated",
    "messages_exported",
    "records_last",
    "messages_recorded",
    "messages_joined",
    "wordings",
    "messages_windowed",
    "judged",
    "tallies",
    "absences",
    "faulty",
    "arrivals",
    "arrivals_faulty",
    "arrivals_reordered",
    "places",
)
"""The questions whose answers others build upon, in order."""

VIEWS = frozenset(
    ("messages_exported", "records_last", "messages_recorded", "messages_windowed", "judged", "arrivals", "places")
)
"""Those of `TABLES` that are asked anew each time: kept, they would fill the memory."""

BY_KEY = frozenset(("messages_joined",))
"""Those of `TABLES` whose rows come each of the facts of one `message_key`: they may be made range by range of it."""


_ONE_NUMBER_FOR_TWO = "SELECT words FROM words_known GROUP BY words HAVING count(*) > 1 OR words = 0"
"""Whether a number of `words` means two things; 0 is the number of no words, where a source lacks a message."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What the questions must know besides the facts; whole numbers only, so that any engine takes them."""

    has_ledger: int
    has_segment: int
    has_customerio: int
    knows_identity: int
    since_ms: int | None
    until_ms: int | None
    received_from_ms: int | None
    segment_watermark_ms: int | None
    customerio_watermark_ms: int | None
    settle_ms: int
    segment_allowance_ms: int
    customerio_allowance_ms: int
    slow_ms: int
    skew_ms: int
    expects_alias: int = 1
    expects_groupid_only: int = 1


class Engine(ABC):
    """Answers the questions over the facts of one run: `load`, then `build`, then `ask` as often as one likes.

    Two engines give the same rows, in the same order, as long as a question keeps to `queries/README.md`. What an
    engine made is gone after `close`, also if something failed before.
    """

    name: ClassVar[str]

    @property
    def read_jobs(self) -> Callable[[Sequence[Job], Callable[[int], object]], list[Reading]] | None:
        """Return what reads evidence into packs where the engine can do that; None: processes of this machine do."""
        return None

    def find(self, kind: Kind, files: tuple[SourceFile, ...]) -> tuple[list[Pack], list[SourceFile]]:
        """Return the packs of these files that live with the engine, and the files that none of them speaks of."""
        del kind
        return [], list(files)

    @abstractmethod
    def load(self, packs: Iterable[Path]) -> None:
        """Take the facts of some packs: folders that hold a file of each table of `facts.SCHEMAS`, or what `find` gave.

        Raises:
            EngineError: It cannot hold them.
        """

    def build(self, settings: EngineSettings, causes: Iterable[CauseRow]) -> None:
        """Make the tables that the questions build upon.

        Args:
            settings: Becomes the table `settings`, of one row.
            causes: Become the table `causes`.

        Raises:
            EngineError: It has no room for them.
        """
        self.set_up(settings, causes)
        for name in TABLES:
            self.build_table(name)
            if name == "words_known" and self.select(_ONE_NUMBER_FOR_TWO):
                raise EngineError("hash collision in `words`, which happens once in 10¹⁰ runs; report it as a bug")

    def set_up(self, settings: EngineSettings, causes: Iterable[CauseRow]) -> None:
        """Make the two tables that do not come of the facts, as `build` does first."""
        self._create("settings", _select_of(asdict(settings)), is_kept=True)
        self._create("causes", " UNION ALL ".join(_select_of(row._asdict()) for row in causes), is_kept=True)

    def build_table(self, name: str) -> None:
        """Make one of `TABLES`; those before it must be there."""
        self._create(name, text_of(name), is_kept=name not in VIEWS)

    def ask(self, question: Question[R]) -> list[R]:
        """Return the rows that answer a question, in its order: texts, whole numbers and None.

        Raises:
            TypeError: The question's answer holds something else.
        """
        return list(self.stream(question))

    def stream(self, question: Question[R]) -> Iterator[R]:
        """Yield what `ask` returns, for an answer that may be long; ask nothing else before it ends."""
        _, rows = self._select(text_of(question.name))
        return (question.row(*map(_plain, row)) for row in rows)

    def select(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of one SELECT in DuckDB's dialect by column, with the values that `ask` allows."""
        columns, rows = self._select(sql)
        return [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]

    @abstractmethod
    def close(self) -> None:
        """Let go of memory, connections, and whatever was made for this run."""

    @abstractmethod
    def _create(self, name: str, sql: str, *, is_kept: bool) -> None:
        """Give the answer to one SELECT a name; kept, or asked anew each time."""

    @abstractmethod
    def _select(self, sql: str) -> tuple[list[str], Iterable[Sequence[Any]]]:
        """Return the columns and rows of one SELECT; the rows may be fetched as they are taken."""


def text_of(name: str) -> str:
    """Return the text of a file of `queries/`: one SELECT."""
    return resources.files(__package__ or "").joinpath("queries", f"{name}.sql").read_text("utf-8")


def _select_of(values: Mapping[str, str | int | None]) -> str:
    """Return a SELECT of one row; a text is the name of a cause, and needs no escapes."""
    columns = (
        f"CAST('{value}' AS VARCHAR) AS {name}"
        if isinstance(value, str)
        else f"CAST({'NULL' if value is None else int(value)} AS BIGINT) AS {name}"
        for name, value in values.items()
    )
    return f"SELECT {', '.join(columns)}"


def _plain(value: Any) -> Any:
    """Return a value as every engine would: sums come as decimals from some."""
    if value is None or type(value) is str or type(value) is int:
        return value
    if not isinstance(value, Decimal) or value != int(value):
        raise TypeError(f"a question answers with a {type(value).__name__}; queries/README.md says how not to")
    return int(value)
