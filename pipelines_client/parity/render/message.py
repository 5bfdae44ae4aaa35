"""The report as a short message for a chat, a pager or a mail. Nothing in it can call a channel or be clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.parity.model import Verdict
from pipelines_client.parity.render import words
from pipelines_client.parity.spell import one_line, plural

if TYPE_CHECKING:
    from pipelines_client.parity.model import ParityReport

_GATES = 8
_LONGEST_LINE = 300
_LIVE = str.maketrans({"<": "\u2039", ">": "\u203a", "@": "\uff20"})
"""What chats read as a mention or a tag, and what looks like it."""


class Message(NamedTuple):
    """What is told; the body is plain text."""

    title: str
    body: str


def render_message(report: ParityReport) -> Message:
    """Say the verdict, what to do, and which gates did not pass."""
    word = words.VERDICTS[report.verdict]
    title = f"Parity is back to {word}" if report.verdict is Verdict.PASS else f"Parity: {word}"
    broken = [gate for gate in report.gates if gate.result != "passed"]
    lines = [
        report.headline,
        report.advice,
        f"Window: {words.window_line(report)}",
        *(f"- {words.gate_title(gate)} {gate.result}: {gate.evidence}" for gate in broken[:_GATES]),
    ]
    if len(broken) > _GATES:
        lines.append(f"- {plural(len(broken) - _GATES, 'more gate')}")
    if report.readiness is not None:
        lines.append(f"Readiness: {report.readiness.reason}")
    return Message(title, "\n".join(map(_dead, lines)))


def _dead(text: str) -> str:
    """Return one line in which nothing from outside is a mention, a tag or an address."""
    plain = one_line(text).translate(_LIVE).replace("://", ": //")
    return plain if len(plain) <= _LONGEST_LINE else f"{plain[:_LONGEST_LINE]}\N{HORIZONTAL ELLIPSIS}"
