"""Facts of a run whose Customer.io leg changes messages on request: what each side should show. Pure.

What Customer.io should have is computed from Segment's payload, and so are types of properties and traits: a change
that was asked for makes no conflict between the sides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipelines_client.canonical import payload_hash
from pipelines_client.evidence.fact import NO_NAME, NO_PAYLOAD
from pipelines_client.sides import CUSTOMERIO, SEGMENT

if TYPE_CHECKING:
    from pipelines_client.effects.cures import Asked, Cures
    from pipelines_client.evidence.fact import Fact

SideCure = Callable[["Fact", Any], "tuple[Fact, Any]"]
"""Returns the fact and the payload of a line of one side, in the light of the cures."""


def side_cure(source: str, asked: Asked) -> SideCure | None:
    """Return what the cures that were asked for mean for the lines of a source; None if they mean nothing."""
    if not asked:
        return None
    from pipelines_client.effects.cures import make_cures  # here, because most runs have no cure

    cures = make_cures(asked)
    if cures is not None and source == SEGMENT:
        return lambda fact, payload: _of_segment(cures, fact, payload)
    if source == CUSTOMERIO and "page_names" in asked:
        return _without_page_name
    return None


def _of_segment(cures: Cures, fact: Fact, payload: Any) -> tuple[Fact, Any]:
    if fact.payload_hash is None or fact.is_reduced & NO_PAYLOAD:
        return fact, payload
    cured = cures.payload(fact.type, fact.event, payload) if type(payload) is dict else payload
    hashed = fact.payload_hash if cured is payload else payload_hash(cured)
    return fact._replace(cured_hash=hashed), cured


def _without_page_name(fact: Fact, payload: Any) -> tuple[Fact, Any]:
    """Leave the name of a page uncompared: it is another by request, and Segment's line does not show which."""
    return (fact._replace(is_reduced=fact.is_reduced | NO_NAME) if fact.type == "page" else fact), payload
