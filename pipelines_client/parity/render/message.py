"""The report as a short message for a chat, a pager or a mail. Nothing in it mentions a channel or can be clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.parity.model import Verdict
from pipelines_client.parity.render import words
from pipelines_client.parity.spell import plural
from pipelines_client.wording import one_line

if TYPE_CHECKING:
    from pipelines_client.parity.model import ParityReport

_GATES = 6
_LONGEST_LINE = 300
_LIVE = str.maketrans({"<": "\u2039", ">": "\u203a", "@": "\uff20"})
"""Characters that chats read as a mention or a tag, and lookalikes that they do not."""


class Notification(NamedTuple):
    """A title and a plain-text body."""

    title: str
    body: str


def render_message(report: ParityReport) -> Notification:
    """Return the verdict, what is missing, what to do, and the gates that did not pass."""
    word = words.VERDICTS[report.verdict]
    title = f"Parity is back to {word}" if report.verdict is Verdict.PASS else f"Parity: {word}"
    broken = [gate for gate in report.gates if gate.result != "passed"]
    lines = [
        report.headline,
        *words.missing_lines(report),
        report.advice,
        *(f"Next: {command}" for command in report.next_step),
        f"Window: {words.window_line(report)}",
        *(f"- {words.gate_title(gate)} {gate.result}: {gate.evidence}" for gate in broken[:_GATES]),
    ]
    if len(broken) > _GATES:
        lines.append(f"- {plural(len(broken) - _GATES, 'more gate')}")
    if report.readiness is not None:
        lines.append(f"Readiness: {report.readiness.reason}")
    return Notification(title, "\n".join(map(_inert, lines)))


def _inert(text: str) -> str:
    """Return one line without mentions, tags or addresses from outside."""
    plain = one_line(text).translate(_LIVE).replace("://", ": //")
    return plain if len(plain) <= _LONGEST_LINE else f"{plain[:_LONGEST_LINE]}\N{HORIZONTAL ELLIPSIS}"
