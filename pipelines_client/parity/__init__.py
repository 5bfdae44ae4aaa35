"""Parity: what was sent, joined with what each side received, and a verdict on it.

`run_parity` takes paths and returns a `ParityReport`. `read_rules` reads gates and expected differences from
`parity.toml`; `read_history` and `append_run` keep the history that readiness is judged by. The room reads ledgers and
exports; it imports no client code and sends nothing. The names below are imported when they are first used, so that
the command line starts without the packages of the `parity` extra.

One more of a kind: a finding in `findings`, a question in `questions`, a gate in `judgement`, a table of the report in
`render/sections.py`, an output format in `render`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.lazy import names_of

if TYPE_CHECKING:
    from pipelines_client.parity.judgement.runs import append_run, read_history
    from pipelines_client.parity.model import Limits, ParityReport, Verdict
    from pipelines_client.parity.options import ParityOptions
    from pipelines_client.parity.rules import read_rules
    from pipelines_client.parity.run import run_parity

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

__getattr__ = names_of(
    __name__,
    {
        "judgement.runs": ("append_run", "read_history"),
        "model": ("Limits", "ParityReport", "Verdict"),
        "rules": ("read_rules",),
        "options": ("ParityOptions",),
        "run": ("run_parity",),
    },
)
