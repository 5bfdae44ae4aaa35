"""Messages of an export that are not in the ledger. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines_client.parity.findings.base import Doubt, FindingClass, Need, rows_of
from pipelines_client.parity.questions.rows import FoundRow, Question


@dataclass(frozen=True, slots=True)
class ForeignWritersRow(FoundRow):
    """Messages of one writer that the ledger does not know."""

    library: str
    write_key_suffix: str


QUESTION = Question("foreign_writers", ForeignWritersRow)


def _writer(row: ForeignWritersRow) -> str:
    key = f", write key …{row.write_key_suffix}" if row.write_key_suffix else ""
    return f"library {row.library or 'unknown'}{key}"


CLASS = FindingClass(
    name="foreign_writers",
    title="Foreign writers",
    unit="messages",
    meaning="An export has messages that our ledger never saw.",
    advice="Find the sender by its library and write key; move it to this client, or give its ledger too.",
    question=QUESTION,
    sample="foreign_writer",
    need=Need.LEDGER,
    doubt=Doubt.LEDGER_GAPS,
    find=rows_of(QUESTION, _writer),
)
