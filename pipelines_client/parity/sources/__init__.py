"""Readers of evidence: one module per kind, each turning lines of files into facts."""

from __future__ import annotations

from pipelines_client.parity.sources.base import Kind, Listing, SourceFile, list_files
from pipelines_client.parity.sources.customerio_files import CustomerioFiles
from pipelines_client.parity.sources.ledger import LedgerFiles
from pipelines_client.parity.sources.segment_archive import SegmentArchive

KINDS: dict[str, type[Kind]] = {kind.name: kind for kind in (LedgerFiles, SegmentArchive, CustomerioFiles)}
"""Every kind of evidence by the name of the source it speaks for."""

__all__ = ["KINDS", "Kind", "Listing", "SourceFile", "list_files"]
