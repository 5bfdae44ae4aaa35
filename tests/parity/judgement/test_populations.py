"""What is counted at a side, and what a source's evidence lacks, decided from values at each limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from answers import filled

from pipelines_client.parity.judgement.evidence import (
    Evidence,
    Population,
    SourceEvidence,
    first_gaps,
    gaps_of,
    has_too_many_lost_lines,
    not_compared,
    population_of,
    uncovered_of,
    unreadable,
)
from pipelines_client.parity.model import Limits
from pipelines_client.parity.questions.rows import EventsRow

SOURCE = SourceEvidence(rows=1000, messages=1000, duplicates=0, rejected_lines=0, files=2)
WHOLE = Population(messages=1000, compared=1000, identified=1000, named=1000, same=1000)
SIDE = "customerio"
COLUMNS = {
    "messages": SIDE,
    "missing": f"missing_{SIDE}",
    "proven_missing": f"proven_{SIDE}",
    "foreign_missing": f"foreign_{SIDE}",
    "hidden": f"hidden_{SIDE}",
    "too_young": f"young_{SIDE}",
    **{name: f"{name}_{SIDE}" for name in ("compared", "drift", "identified", "identity", "named", "renamed", "same")},
}
LIMITS = Limits()


def test_a_population_is_the_sum_of_each_column_of_its_side():
    """Each of its own column, of all rows; of the other side nothing counts."""
    columns = {column: 10 * number for number, column in enumerate(COLUMNS.values(), start=1)}
    others = {column.replace(SIDE, "segment"): 9_999 for column in columns}
    rows = [filled(EventsRow, day="d", **columns, **others), filled(EventsRow, day="d", **dict.fromkeys(columns, 1))]
    found = population_of(SIDE, rows, unproven_drift=7)
    assert {name: getattr(found, name) for name in COLUMNS} == {
        name: columns[column] + 1 for name, column in COLUMNS.items()
    }
    assert (found.unproven_drift, found.meant) == (7, found.messages + found.missing)
    assert population_of(SIDE, []) == Population()


def test_a_day_has_the_messages_that_were_meant_of_every_event():
    """Those that are there and those that are missing, whichever event they are of."""
    rows = [
        filled(EventsRow, event=event, day=day, **{SIDE: there, f"missing_{SIDE}": missing, "segment": 99})
        for event, day, there, missing in (("A", "1", 5, 1), ("B", "1", 20, 0), ("A", "2", 0, 3), ("A", "3", 0, 0))
    ]
    assert population_of(SIDE, iter(rows)).days == (26, 3, 0)


def of(there: Population = WHOLE, *, other: Population | None = None, ledger: Any = None, **source: Any) -> Evidence:
    """Return evidence of Customer.io, and of Segment and a ledger if they are given."""
    sides = {SIDE: there} if other is None else {"segment": other, SIDE: there}
    sources = dict.fromkeys(sides, SOURCE) | {SIDE: replace(SOURCE, **source)}
    return Evidence(1000, 0, 0, sources | ({} if ledger is None else {"ledger": ledger}), sides)


@pytest.mark.parametrize(
    ("ledger", "has_lost"),
    [
        (None, False),
        (SOURCE, False),
        (replace(SOURCE, rejected_lines=1), True),
        (replace(SOURCE, gaps=("cut",)), True),
        (replace(SOURCE, unreadable=5, waiting=5, uncovered=("noon",)), False),
    ],
)
def test_a_ledger_has_lost_lines_from_the_first_one(ledger, has_lost):
    """A line or a file; a gap whose time is known is neither, nor is a payload."""
    assert of(ledger=ledger, gaps=("cut",), rejected_lines=5).has_lost_lines is has_lost


@pytest.mark.parametrize(
    ("there", "source", "surely"),
    [
        ({"missing": 9}, {}, 9),
        ({"missing": 9}, {"rejected_lines": 2}, 7),
        ({"missing": 9, "proven_missing": 8}, {"rejected_lines": 2}, 8),
        ({"missing": 9, "proven_missing": 3}, {"rejected_lines": 2}, 7),
        ({"missing": 9}, {"gaps": ("cut",)}, 0),
        ({"missing": 9, "proven_missing": 2}, {"gaps": ("cut",)}, 2),
        ({"missing": 9, "foreign_missing": 4}, {}, 9),
        ({"missing": 9, "foreign_missing": 4}, {"ledger": replace(SOURCE, rejected_lines=1)}, 5),
        ({"missing": 9, "foreign_missing": 4}, {"ledger": SOURCE}, 9),
        ({"missing": 1}, {"rejected_lines": 5}, 0),
    ],
)
def test_a_loss_is_sure_if_no_gap_and_no_line_explains_it(there, source, surely):
    """A refusal proves one all the same; never less than none."""
    assert of(Population(**there), **source).surely_missing(SIDE) == surely


@pytest.mark.parametrize(("hidden", "gaps"), [(0, []), (1, []), (2, ["noon", "night"])])
def test_a_gap_of_known_time_counts_if_it_may_hide_more_than_the_limit(hidden, gaps):
    """One in a thousand. A source that is not a side has none."""
    evidence = of(replace(WHOLE, messages=1000 - hidden, hidden=hidden), uncovered=("noon", "night"))
    assert uncovered_of(SIDE, evidence, LIMITS) == gaps
    assert gaps_of(SIDE, evidence, LIMITS) == gaps
    assert uncovered_of("ledger", of(ledger=replace(SOURCE, uncovered=("noon",))), LIMITS) == []


@pytest.mark.parametrize(
    ("count", "more"), [(0, []), (2, []), (3, []), (4, ["and 1 more gap"]), (5, ["and 2 more gaps"])]
)
def test_three_gaps_are_named(count, more):
    """And how many there are besides."""
    names = [f"gap {number}" for number in range(count)]
    assert first_gaps(names) == names[:3] + more


@pytest.mark.parametrize(
    ("name", "fields", "is_too_many"),
    [
        (SIDE, {"rejected_lines": 1, "rows": 999}, False),
        (SIDE, {"rejected_lines": 2, "rows": 998}, True),
        (SIDE, {"rejected_lines": 2, "rows": 5, "least_meant": 1998}, False),
        (SIDE, {"rejected_lines": 2, "rows": 9_999, "least_meant": 998}, True),
        (SIDE, {"rejected_lines": 1, "rows": 0, "least_meant": 0}, True),
        (SIDE, {"rejected_lines": 0, "rows": 0}, False),
        ("ledger", {"rejected_lines": 2, "rows": 0}, False),
        ("ledger", {"rejected_lines": 3, "rows": 998}, True),
        ("ledger", {"rejected_lines": 3, "rows": 999}, False),
        ("ledger", {"rejected_lines": 1, "rows": 10, "files": 9}, False),
    ],
)
def test_lines_that_could_not_be_read_are_a_share_of_what_was_meant(name, fields, is_too_many):
    """One a file is normal for a ledger; of a ledger the side that should have the fewest counts."""
    source = replace(SOURCE, **fields)
    assert has_too_many_lost_lines(name, source, LIMITS) is is_too_many


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"waiting": 1, "messages": 999}, []),
        ({"waiting": 2, "messages": 998}, ["2 messages may wait in a spool and not be recorded yet"]),
        ({"waiting": 2, "messages": 5, "least_meant": 1998}, []),
        ({"waiting": 2, "messages": 9_999, "least_meant": 998},
         ["2 messages may wait in a spool and not be recorded yet"]),
        ({"unreadable": 1, "rows": 1000}, []),
        ({"unreadable": 2, "rows": 1999}, ["2 payloads could not be read"]),
        ({"rejected_lines": 9, "gaps": ("cut",), "unreadable": 9, "waiting": 9},
         ["cut", "9 lines could not be read", "9 payloads could not be read",
          "9 messages may wait in a spool and not be recorded yet"]),
    ],
)  # fmt: skip
def test_what_a_source_lacks_is_said_in_one_order(fields, says):
    """At the limit it is not, above it it is."""
    assert gaps_of(SIDE, of(**fields), LIMITS) == says


class Unread(NamedTuple):
    """How many payloads could not be read at each source."""

    here: int
    other: int
    ledger: int | None


@pytest.mark.parametrize(
    ("counts", "compared", "says"),
    [
        (Unread(1, 0, None), 999, 0),
        (Unread(2, 0, None), 998, 2),
        (Unread(1, 1, None), 998, 2),
        (Unread(0, 2, None), 998, 2),
        (Unread(2, 0, None), 1998, 0),
        (Unread(0, 9, 0), 100, 0),
        (Unread(2, 9, 9), 100, 2),
        (Unread(1, 0, None), 0, 1),
        (Unread(0, 0, None), 0, 0),
    ],
)
def test_payloads_that_could_not_be_read_leave_drift_unknown(counts, compared, says):
    """Those of both sides, unless a ledger says what each should have."""
    evidence = of(replace(WHOLE, compared=compared), other=WHOLE, unreadable=counts.here)
    sources = evidence.sources | {"segment": replace(SOURCE, unreadable=counts.other)}
    sources |= {} if counts.ledger is None else {"ledger": replace(SOURCE, unreadable=counts.ledger)}
    found = unreadable(SIDE, replace(evidence, sources=sources), LIMITS)
    assert found.startswith(f"{says} payload" if says else "")
    assert bool(found) is bool(says)


NONE_OF = "No {} of 1,000 messages at Customer.io could be compared"
FEW = "Only {} of 1,000 messages at Customer.io could be compared by their payload; too few to tell a rate"


@pytest.mark.parametrize(
    ("there", "min_events", "says"),
    [
        ({"compared": 100}, 100, ""),
        ({"compared": 99}, 100, FEW.format(99)),
        ({"compared": 1}, 0, ""),
        ({"compared": 0}, 0, NONE_OF.format("payload")),
        ({"compared": 999}, 1001, ""),
        ({"messages": 0, "compared": 0}, 100, ""),
        ({"messages": 0, "missing": 500, "compared": 0}, 100, ""),
    ],
)
def test_few_that_were_compared_tell_no_rate(there, min_events, says):
    """If few were meant at all, the minimum says so; of none that is there, none could be compared."""
    assert not_compared("segment", "compared", of(other=replace(WHOLE)), LIMITS) == ""
    found = not_compared(SIDE, "compared", of(replace(WHOLE, **there)), Limits(min_events=min_events))
    assert found == says


@pytest.mark.parametrize(
    ("population", "is_reduced", "other", "is_excused"),
    [
        ("compared", True, 1, True),
        ("compared", True, 0, False),
        ("compared", False, 1, False),
        ("identified", True, 1, False),
    ],
)
def test_a_source_without_payloads_is_excused_by_another_side_whose_payloads_were_compared(
    population, is_reduced, other, is_excused
):
    """Its own count does not excuse it, and an identity is never excused."""
    none = {population: 0}
    evidence = of(replace(WHOLE, **none), other=replace(WHOLE, **{population: other}), is_reduced=is_reduced)
    found = not_compared(SIDE, population, evidence, LIMITS)
    cure = ": give the identity key of the ledger, or the other export too"
    what = {"compared": "payload", "identified": "identity"}[population]
    full = NONE_OF.format(what) + (cure if population == "identified" else "")
    assert found == ("" if is_excused else full)


def test_a_source_without_payloads_is_not_excused_where_no_other_side_was_given():
    """None excuses nothing."""
    assert not_compared(SIDE, "compared", of(replace(WHOLE, compared=0), is_reduced=True), LIMITS)


@pytest.mark.parametrize(("count", "compared", "share"), [(1, 1, 100), (1, 0, 10), (0, 0, 0)])
def test_without_a_minimum_one_that_was_compared_is_enough_and_none_is_not(count, compared, share):
    """Of none the share is one of all that were meant."""
    assert Population(messages=9, missing=1).proven_pct(count, compared, Limits(min_events=0)) == share
