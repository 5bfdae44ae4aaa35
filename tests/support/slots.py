"""What a side has and lacks by slot, as the questions of coverage answer, and the gaps that are found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.parity.judgement.coverage import SLOT_MS, find_gaps
from pipelines_client.parity.questions.coverage_rows import CoveredRow, UncoveredRow

if TYPE_CHECKING:
    from pipelines_client.parity.judgement.coverage import Gap

SIDE = "segment"


def evidence(slots, lost, types=("track",), each=6):
    """Return the rows of a side that should have `each` messages of each type in every slot, but for what is lost."""
    held, lacked = [], []
    total = dict.fromkeys(types, 0)
    for slot in range(slots):
        for type_ in types:
            absent = sum(bool(lost(slot, type_, number)) for number in range(each))
            if each - absent:
                first = slot * SLOT_MS
                held.append(CoveredRow(SIDE, type_, slot, each - absent, first, first + SLOT_MS - 1))
                total[type_] += each - absent
            if absent:
                lacked.append((type_, slot, absent))
    return held, [
        UncoveredRow(SIDE, type_, type_, slot, None, None, None, count, total[type_]) for type_, slot, count in lacked
    ]


def gaps(rows, vouched=(), expected=lambda _: False, *, accepted=True):
    return find_gaps(*rows, vouched, SLOT_MS, expected, is_accepted=accepted)


def slots_of(gap: Gap) -> tuple[int, int]:
    return gap.span.from_ms // SLOT_MS, gap.span.until_ms // SLOT_MS
