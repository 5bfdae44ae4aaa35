"""The names of the two sides, and how texts show them. Pure."""

from __future__ import annotations

from typing import Final, Literal

Leg = Literal["customerio", "segment"]
CUSTOMERIO: Final = "customerio"
SEGMENT: Final = "segment"
SIDES: tuple[Leg, ...] = (SEGMENT, CUSTOMERIO)
TITLES = {"ledger": "the ledger", SEGMENT: "Segment", CUSTOMERIO: "Customer.io"}
