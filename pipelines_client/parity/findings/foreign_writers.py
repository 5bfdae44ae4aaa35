"""Messages of an export that are not in the ledger. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pipelines_client.parity.findings.base import Finding, FindingClass, Material, finding
from pipelines_client.parity.questions.rows import Question


class ForeignWritersRow(NamedTuple):
    """Messages of one writer that the ledger does not know, and one of them."""

    side: str
    event: str
    type: str
    day: str
    library: str
    write_key_suffix: str
    count: int  # type: ignore[assignment]
    message_id: str
    segment_file: str | None
    segment_line: int | None
    segment_offset: int | None
    customerio_file: str | None
    customerio_line: int | None
    customerio_offset: int | None


QUESTION = Question("foreign_writers", ForeignWritersRow)


def _find(material: Material) -> list[Finding]:
    return [finding(row, _writer(row)) for row in material.answers[QUESTION]]


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
    needs_ledger=True,
    find=_find,
)
