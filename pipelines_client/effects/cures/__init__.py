"""Cures: what the Customer.io leg changes on request, so that the workspace sees what it saw before. Pure.

A cure is for one difference between the routes, in one file, and does what the old route's code is known to do. It
takes a call and returns it changed. `Cures` applies those that were asked for: to calls and payloads, for the effects
report and for parity, and to the bytes of a message when the Customer.io leg packs a request. What a cure does not
change keeps its bytes (`splice`). The spool, the ledger's `payload_hash` and dead letters have the message as it was
recorded.

One more cure is one more file here, a line in `registry.CURES`, and its settings in `config.Settings`
and `destinations.cured`.
"""

from pipelines_client.effects.cures.registry import (
    CURES,
    OFF,
    Asked,
    Cured,
    Cures,
    asked_cures,
    asked_in,
    asked_words,
    make_cures,
)

__all__ = ["CURES", "OFF", "Asked", "Cured", "Cures", "asked_cures", "asked_in", "asked_words", "make_cures"]
