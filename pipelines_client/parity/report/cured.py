"""What was changed for Customer.io on request, as an expected difference. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.parity.model import ExpectedRow
from pipelines_client.parity.rules import ANY
from pipelines_client.sides import CUSTOMERIO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NAME = "cured as asked"


def cured_rows(count: int, asked: Mapping[str, Any]) -> tuple[ExpectedRow, ...]:
    """Return a row for the messages that a cure has changed, and changed right; none if there was no cure.

    A message whose payload is not as the cures make it counts as drift, so it is not among them.
    """
    if not count and not asked:
        return ()
    from pipelines_client.effects.cures import asked_words  # here, because most runs have no cure

    said = asked_words(asked) or "the ledger says what was sent"
    return (
        ExpectedRow(
            name=NAME,
            kind="",
            path="",
            event=ANY,
            side=CUSTOMERIO,
            reason=f"Customer.io has what the cures make of the payload: {said} (docs/effects.md).",
            owner="pipelines-client",
            expiry=None,
            is_builtin=True,
            is_expired=False,
            count=count,
        ),
    )
