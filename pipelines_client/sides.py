"""The names of the two sides, and how they are shown. Pure."""

from __future__ import annotations

CUSTOMERIO = "customerio"


SEGMENT = "segment"


SIDES = ("segment", "customerio")


TITLES = {"ledger": "the ledger", "segment": "Segment", "customerio": "Customer.io"}
