"""Edits that the workspace may ignore: who sends them, of whom, and which traits."""

from __future__ import annotations

from datetime import timedelta

from evidence import Sent
from finding_rows import counts, rows, samples

HOUR = timedelta(hours=1)


def stamp(sent: Sent, ahead: timedelta) -> Sent:
    """Let the clock that stamps a call be ahead, or behind."""
    sent.occurred_at = sent.at + ahead
    sent.sides["segment"]["originalTimestamp"] = sent.occurred_at.isoformat()
    return sent


def edit(evidence, user: str, writer: str, **traits: object) -> Sent:
    sent = evidence.add({"type": "identify", "userId": user, "traits": traits})
    sent.writer = f"{writer}-4711-0badcafe"
    return sent


def test_one_host_an_hour_ahead_is_named_with_its_people_and_traits(evidence, compare):
    """And what its stamps keep from taking effect is laid to it, not to the hosts whose clocks are right."""
    for number in range(3):
        stamp(edit(evidence, f"p{number}", "web-7", plan="free", seats=1), HOUR)
        edit(evidence, f"p{number}", "web-1", plan="pro")
        edit(evidence, f"q{number}", "web-2", plan="pro")
        edit(evidence, f"q{number}", "web-1", plan="team")
    report = compare(evidence.paths())
    assert counts(report) == {"ineffective_identifies": 6}
    assert rows(report, "ineffective_identifies") == [
        (
            "",
            "identify",
            "",
            3,
            "web-7 stamps them in the future, by up to 60 min: 3 people, 6 traits (plan 3, seats 3)",
        ),
        (
            "",
            "identify",
            "",
            3,
            "older than edits that web-7 stamped in the future, by up to 60 min: 3 people, 3 traits (plan 3)",
        ),
    ]
    assert len(samples(report, "ineffective_identify")) == 2


def test_an_edit_that_comes_after_a_newer_one_is_of_the_writer_that_sends_it(evidence, compare):
    """As a retry of an outage is; events, other people, and an edit of the same second are none."""
    edit(evidence, "p1", "web-1", plan="free")
    stamp(edit(evidence, "p1", "batch", city="Berlin", zip="10115"), -HOUR)
    stamp(edit(evidence, "p2", "batch", city="Berlin"), -HOUR)
    stamp(edit(evidence, "p1", "web-1", plan="pro"), -timedelta(seconds=2.5))
    edit(evidence, "p1", "web-1", plan="pro")
    stamp(evidence.track("p1", "Feature Used", {"price": 9.5}), -HOUR)
    (found,) = rows(compare(evidence.paths()), "ineffective_identifies")
    assert found[3:] == (
        1,
        "batch sends them after a newer edit of the person, by up to 60 min: 1 person, 2 traits (city 1, zip 1)",
    )


def test_exports_alone_name_the_library_and_a_ledger_alone_its_host(evidence, compare):
    """A ledger has no traits, and its stamps are of the clocks that it would have to judge."""
    edit(evidence, "p1", "web-1", plan="free")
    late = stamp(edit(evidence, "p1", "batch", city="Berlin"), -HOUR)
    late.library = {"name": "analytics-python", "version": "2.4.0"}
    stamp(edit(evidence, "p2", "web-7", city="Berlin"), HOUR)
    paths = evidence.paths()
    exports = compare({side: paths[side] for side in ("segment", "customerio")})
    assert [row[3:] for row in rows(exports, "ineffective_identifies")] == [
        (1, "x stamps them in the future, by up to 60 min: 1 person, 1 trait (city 1)"),
        (
            1,
            "analytics-python sends them after a newer edit of the person, by up to 60 min: 1 person, 1 trait (city 1)",
        ),
    ]


def test_an_edit_that_was_not_accepted_is_none(evidence, compare):
    """What never came cannot be newer than what did."""
    lost = stamp(edit(evidence, "p1", "web-1", plan="free"), timedelta(seconds=5))
    for side in ("segment", "customerio"):
        lost.not_sent(side, "rejected", "400")
    edit(evidence, "p1", "web-1", plan="pro")
    assert "ineffective_identifies" not in counts(compare(evidence.paths()))
