"""Kinds of evidence: how each is recognised, and how its lines become facts. One file a kind.

A kind keeps no state and knows no other kind. To add one, write a subclass of `Kind` in a file here and add it to
`KINDS`: the commands, their help and the recognition of paths follow. Kinds are asked in this order.
"""

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
