"""Messages of an export that the ledger never saw. Pure."""

from __future__ import annotations

from pipelines_client.parity.findings.base import Finding, FindingClass, Row, _row


def _writer(row: Row) -> str:
    key = f", write key …{row['write_key_suffix']}" if row["write_key_suffix"] else ""
    return f"library {row['library'] or 'unknown'}{key}"


CLASS = FindingClass(
    name="foreign_writers",
    title="Foreign writers",
    unit="messages",
    meaning="An export has messages that our ledger never saw.",
    advice="Find the sender by its library and write key; move it to this client, or give its ledger too.",
    question="foreign_writers",
    sample="foreign_writer",
    needs_ledger=True,
    find=lambda material: [Finding(_row(row, _writer(row)), row) for row in material.answers["foreign_writers"]],
)
