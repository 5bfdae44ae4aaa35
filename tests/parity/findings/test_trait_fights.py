"""Two writers that keep changing one trait back fight."""

from __future__ import annotations

from datetime import timedelta

from finding_rows import counts, rows, samples

WEB, SERVER = {"name": "analytics.js", "version": "5.0"}, {"name": "analytics-python", "version": "2.4.0"}


def test_two_libraries_that_put_their_values_back_fight(evidence, compare):
    """Each time a value comes back over the other's; a change that stays, and one library alone, are no fight."""
    for library, plan in ((WEB, "free"), (SERVER, "pro"), (WEB, "free"), (SERVER, "pro"), (SERVER, "team")):
        evidence.add({"type": "identify", "userId": "kim", "traits": {"plan": plan, "seats": 3}}).library = library
    for plan in ("a", "b", "a", "b"):
        evidence.add({"type": "identify", "userId": "lee", "traits": {"plan": plan}}).library = SERVER
    report = compare(evidence.paths())
    assert counts(report) == {"trait_fights": 4}
    web, server = "analytics.js", "analytics-python"
    assert rows(report, "trait_fights") == [
        ("customerio", "identify", "2026-11-02", 1, f"traits.plan: {server} against {web}"),
        ("customerio", "identify", "2026-11-02", 1, f"traits.plan: {web} against {server}"),
        ("segment", "identify", "2026-11-02", 1, f"traits.plan: {server} against {web}"),
        ("segment", "identify", "2026-11-02", 1, f"traits.plan: {web} against {server}"),
    ]
    assert samples(report, "trait_fight") == [
        ("customerio", "m00203"),
        ("customerio", "m00202"),
        ("segment", "m00203"),
        ("segment", "m00202"),
    ]


def test_what_has_no_order_and_two_versions_of_one_library_are_no_fight(evidence, compare):
    """Within one second of whole seconds nobody was first; in the middle of a deploy both versions are one writer."""
    for user in range(5):
        for count, (library, plan) in enumerate(((WEB, "free"), (WEB, "free"), (SERVER, "pro"))):
            evidence.add(
                {"type": "identify", "userId": f"p{user}", "traits": {"plan": plan}},
                after=timedelta(minutes=10 + user, milliseconds=300 * count),
            ).library = library
    for version, plan in (("2.4.0", "free"), ("2.4.1", "pro"), ("2.4.0", "free")):
        call = evidence.add({"type": "identify", "userId": "lee", "traits": {"plan": plan}})
        call.library = {**SERVER, "version": version}
    paths = {**evidence.paths(), "customerio": evidence.write_customerio(unix=True)}
    assert "trait_fights" not in counts(compare(paths))
