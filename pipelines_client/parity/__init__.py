"""Parity: what we sent, joined with what each side received, and a verdict on it.

`run_parity` takes paths and returns a `ParityReport`; `render` turns that into text for a terminal, HTML or Markdown.
`read_rules` reads gates and expected differences from `parity.toml`; `read_history` and `append_run` keep the history
that tells when a team is ready. Reads ledgers and exports, knows no client and sends nothing.
"""

from __future__ import annotations

from pipelines_client.parity.judgement.runs import append_run, read_history
from pipelines_client.parity.model import Limits, ParityReport, Verdict
from pipelines_client.parity.rules import read_rules
from pipelines_client.parity.run import ParityOptions, run_parity

__all__ = [
    "Limits",
    "ParityOptions",
    "ParityReport",
    "Verdict",
    "append_run",
    "read_history",
    "read_rules",
    "run_parity",
]
