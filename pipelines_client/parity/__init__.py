"""Parity: what we sent, joined with what each side received, and a verdict on it.

`run_parity` takes paths and returns a `ParityReport`; `render` turns that into text for a terminal, HTML or Markdown.
Reads ledgers and exports, knows no client and sends nothing.
"""

from __future__ import annotations

from pipelines_client.parity.report import ParityReport
from pipelines_client.parity.run import ParityOptions, run_parity
from pipelines_client.parity.verdict import Limits, Verdict

__all__ = ["Limits", "ParityOptions", "ParityReport", "Verdict", "run_parity"]
