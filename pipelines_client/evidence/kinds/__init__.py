"""Kinds of evidence: one file for each."""

from __future__ import annotations

from pipelines_client.evidence.kinds.amplitude import AmplitudeExport
from pipelines_client.evidence.kinds.base import Kind
from pipelines_client.evidence.kinds.calls import CallFiles
from pipelines_client.evidence.kinds.customerio_storage import CustomerioFiles
from pipelines_client.evidence.kinds.ledger import LedgerFiles
from pipelines_client.evidence.kinds.mixpanel import MixpanelExport
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.kinds.table import Table
from pipelines_client.evidence.kinds.warehouse import WarehouseTables

KINDS: dict[str, type[Kind]] = {
    kind.name: kind
    for kind in (
        LedgerFiles,
        SegmentArchive,
        WarehouseTables,
        CustomerioFiles,
        CallFiles,
        Table,
        MixpanelExport,
        AmplitudeExport,
    )
}
"""Every kind of evidence by its name."""
