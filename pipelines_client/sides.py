"""The names of the two sides, and how texts show them. Pure."""

from __future__ import annotations

from typing import Literal

Leg = Literal["customerio", "segment"]
CUSTOMERIO = "customerio"
SEGMENT = "segment"
SIDES = (SEGMENT, CUSTOMERIO)
TITLES = {"ledger": "the ledger", SEGMENT: "Segment", CUSTOMERIO: "Customer.io"}
