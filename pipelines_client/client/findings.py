"""What a check of a message says: findings, the call to send, and what it waits to hear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pipelines_client.client.calls import CallDict
    from pipelines_client.keywords import CheckMode

Settle = Callable[[bool], None]
"""Hears whether a message was taken."""


class CheckFinding(NamedTuple):
    """One thing that a check found in a call.

    `code` names the rule or detector, `path` the place (`properties.card_number`): it holds names, and no value. `hint`
    says what may help, in words of the plan or the check.
    """

    code: str
    path: str
    mode: CheckMode
    hint: str = ""


class Examined(NamedTuple):
    """What a check says of a call: the call to send, and what was found.

    `call` is the call that was given, unchanged, or a changed copy of plain JSON values; a copy may share what did not
    change. `settle` is called once, with whether the message was taken; it raises nothing.
    """

    call: CallDict
    findings: Sequence[CheckFinding] = ()
    settle: Settle | None = None
