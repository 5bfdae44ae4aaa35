"""The gates of the dimensions that have no other gate, and of ids that stand for several calls. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines_client.parity.judgement.dimensions import is_lacking, lacking_words
from pipelines_client.parity.judgement.gate_kind import GateKind
from pipelines_client.parity.model import Gate, Limits, dimensions
from pipelines_client.parity.spell import percent
from pipelines_client.sides import SIDES, TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines_client.parity.judgement.evidence import Evidence


def _shared_ids(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    what = "whose id stands for several calls"
    yield SHARED_IDS.count(evidence.shared_ids, limits.max_shared_ids, what)


def _call_type(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    row = evidence.comparisons.get((dimensions.CALL_TYPE, ""))
    if row is not None and row.compared:
        yield CALL_TYPE.count(row.different, limits.max_call_type, "with another call type on one side")


def _time(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    return _rates(TIME, evidence, limits, limits.max_time_pct, "happened at another time")


def _context(evidence: Evidence, limits: Limits) -> Iterable[Gate]:
    return _rates(CONTEXT, evidence, limits, limits.max_context_pct, "have another context")


def _rates(kind: GateKind, evidence: Evidence, limits: Limits, limit: float, what: str) -> Iterable[Gate]:
    """Judge by side how many of the messages that were compared differ; what no source shows has no gate."""
    for side in [side for side in SIDES if side in evidence.sources]:
        row = evidence.comparisons.get((kind.name, side))
        if row is None or not row.compared + row.lacking:
            continue
        share = percent(row.different, row.compared)
        text = f"{row.different:,} of {row.compared:,} compared messages of {TITLES[side]} {what}"
        gate = kind.rate(share, limit, text, is_proof=row.compared >= max(1, limits.min_events), side=side)
        if gate.result == "passed" and is_lacking(row, limit):
            gate = replace(gate, result="inconclusive", evidence=lacking_words(kind.name, row))
        yield gate


SHARED_IDS = GateKind(
    name="shared_ids",
    title="Ids of several calls",
    advice="Give each call its own messageId: Segment drops all calls of an id but the first.",
    judge=_shared_ids,
)
CALL_TYPE = GateKind(
    name=dimensions.CALL_TYPE,
    title="Call type",
    advice="See “Another call type” first: campaigns and segments treat each kind of call differently.",
    judge=_call_type,
)
TIME = GateKind(
    name=dimensions.TIME,
    title="Time at {side}",
    advice="See “Another time”, and find what rewrites the timestamp on the way to {side}.",
    judge=_time,
)
CONTEXT = GateKind(
    name=dimensions.CONTEXT,
    title="Context at {side}",
    advice="See “Another context”, and find what fills it on the way to {side}.",
    judge=_context,
)
