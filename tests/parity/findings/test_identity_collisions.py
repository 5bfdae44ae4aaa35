"""Ids that are one person's, and ids of which nothing says whose they are."""

from __future__ import annotations

import hashlib

import pytest
from evidence import Evidence
from finding_rows import counts, rows, samples


def identify(evidence: Evidence, user: str | None, anonymous: str | None = None, **traits: object) -> None:
    evidence.add({"type": "identify", "userId": user, "anonymousId": anonymous, "traits": traits})


def found(report, name="identity_collisions") -> list[tuple[int, str]]:
    """Return the count and detail of each finding."""
    return [row[3:] for row in rows(report, name)]


def test_one_address_on_several_ids_is_a_collision(evidence, compare):
    """In any case of its letters; two addresses of one id, and one that is none, are not."""
    identify(evidence, "a", email="Kim@example.com")
    identify(evidence, "b", email="kim@EXAMPLE.com ")
    identify(evidence, "c", email="lee@example.com")
    identify(evidence, "c", email="lee@example.org")
    identify(evidence, "d", email="none")
    identify(evidence, "e", email="none")
    report = compare(evidence.paths())
    assert counts(report) == {"identity_collisions": 1}
    assert found(report) == [(1, "one e-mail address on several ids: 2 ids of 12")]
    assert [side for side, _ in samples(report, "identity_collision")] == [""]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"traits": {"Email": "kim@example.com"}}, {"traits": {"EMAIL": "kim@example.com"}}),
        ({"traits": {}, "context": {"traits": {"email": "kim@example.com"}}}, {"traits": {"email": "Kim@Example.com"}}),
        ({"traits": {"email": "KIM@GRÜN.example"}}, {"traits": {"email": "kim@grün.example"}}),
        ({"traits": {"email": "kim@strasse.example"}}, {"traits": {"email": "kim@STRAẞE.example"}}),
    ],
)
def test_an_address_is_seen_wherever_a_call_has_it(evidence, compare, one, other):
    """Under a key in other letters, in `context.traits`, and with letters beyond ASCII."""
    evidence.add({"type": "identify", "userId": "a", **one})
    evidence.add({"type": "identify", "userId": "b", **other})
    evidence.add({"type": "identify", "userId": "c", "traits": {"emails": "kim@example.com", "e": "kim@example.com"}})
    assert found(compare(evidence.paths())) == [(1, "one e-mail address on several ids: 2 ids of 10")]


def test_a_call_that_identifies_no_one_has_an_address_in_its_context(evidence, compare):
    """As browsers' calls have it."""
    said = {"context": {"traits": {"email": "kim@example.com"}}}
    evidence.add(
        {"type": "track", "userId": "a", "event": "Feature Used", "properties": {"email": "lee@example.com"}, **said}
    )
    evidence.add(
        {"type": "track", "userId": "b", "event": "Feature Used", "properties": {"email": "lee@example.com"}, **said}
    )
    assert counts(compare(evidence.paths()))["identity_collisions"] == 1


def test_an_address_as_an_id_and_a_hashed_id_are_collisions_of_their_kind(evidence, compare):
    """Each person is counted once, with any number of ids."""
    for user in ("a", "b", "c", "d"):
        identify(evidence, user, email=f"{user}@example.com")
    evidence.track("A@example.com", "Feature Used", {"price": 9.5})
    evidence.track(hashlib.sha256(b"b@example.com").hexdigest(), "Feature Used", {"price": 9.5})
    evidence.track(hashlib.md5(b"c", usedforsecurity=False).hexdigest().upper(), "Feature Used", {"price": 9.5})
    identify(evidence, hashlib.sha1(b"d", usedforsecurity=False).hexdigest(), email="d@example.com")
    evidence.track(hashlib.sha256(b"no one").hexdigest(), "Feature Used", {"price": 9.5})
    report = compare(evidence.paths())
    assert counts(report) == {"identity_collisions": 4}
    assert found(report) == [
        (1, "an e-mail address is an id beside the person's own id: 2 ids of 16"),
        (3, "a hashed id beside the id in clear: 6 ids of 16"),
    ]


def test_ids_that_an_alias_merges_are_one_person(evidence, compare):
    """Whether it was a user id or an anonymous one before."""
    identify(evidence, "a", email="kim@example.com")
    identify(evidence, "b", email="kim@example.com")
    evidence.add({"type": "alias", "userId": "b", "previousId": "a"})
    assert "identity_collisions" not in counts(compare(evidence.paths()))


def test_an_id_that_is_never_identified_is_found_where_most_are(tmp_path, compare):
    """Nine of ten; in evidence that does not reach back to the sign-ups it would be nearly everyone."""
    evidence = Evidence(tmp_path)
    for number in range(18):
        evidence.track(f"p{number}", "Feature Used", {})
        identify(evidence, f"p{number}", plan="pro")
    for number in range(2):
        evidence.track(f"guest {number}", "Feature Used", {})
    report = compare(evidence.paths())
    assert found(report, "loose_ids") == [(2, "has events, and no identify call: 2 ids of 20")]
    evidence.track("one more", "Feature Used", {})
    assert "loose_ids" not in counts(compare(evidence.paths()))


def test_an_anonymous_id_that_no_identify_call_merges_is_found(evidence, compare):
    """One that has events, in evidence that identifies anyone; an identify with both ids, or an alias, merges."""
    visits = ("v1", "v2", "v3")
    for visit in visits:
        evidence.add({"type": "page", "anonymousId": visit, "name": "Start", "properties": {}})
    assert "loose_ids" not in counts(compare(evidence.paths()))
    identify(evidence, "a", "v1", plan="pro")
    evidence.add({"type": "alias", "userId": "b", "previousId": "v2"})
    evidence.add({"type": "track", "userId": "c", "anonymousId": "v3", "event": "Feature Used", "properties": {}})
    report = compare(evidence.paths())
    words = "anonymous, and no identify call has it together with a user id: 1 id of 3"
    assert found(report, "loose_ids") == [(1, words)]
    assert len(samples(report, "loose_id")) == 1


@pytest.mark.parametrize("given", [("ledger", "segment"), ("ledger", "customerio"), ("segment", "customerio")])
def test_one_export_is_enough(evidence, compare, given):
    """What both have is counted once."""
    identify(evidence, "a", email="kim@example.com")
    identify(evidence, "b", email="kim@example.com")
    paths = evidence.paths()
    report = compare({name: paths[name] for name in given})
    assert found(report) == [(1, "one e-mail address on several ids: 2 ids of 9")]
