"""Instants that conditions on time do not match, by path; numbers that are none are left alone."""

from __future__ import annotations

from finding_rows import counts, rows, samples


def identify(user: str, **traits: object) -> dict[str, object]:
    return {"type": "identify", "userId": user, "traits": traits}


def test_an_attribute_in_two_spellings_names_the_rarer_one(evidence, compare):
    """By path over all calls, with how many values and what they look like; Unix seconds alone are no finding."""
    for number in range(12):
        evidence.add(identify(f"p{number}", renews_at=1_795_167_000 + number, joined_at=1_795_167_000))
    evidence.add(identify("p12", renews_at="2026-11-20T09:30:00Z"))
    report = compare(evidence.paths())
    assert counts(report) == {"date_attributes": 2, "type_conflicts": 2}
    detail = "traits.renews_at: ISO-8601 text, else Unix seconds; such as 9999-99-99T99:99:99Z"
    assert rows(report, "date_attributes") == [
        ("customerio", "identify", "", 1, detail),
        ("segment", "identify", "", 1, detail),
    ]
    assert samples(report, "date_attribute") == [("customerio", "m00212"), ("segment", "m00212")]
    text = report.to_json()
    assert "2026-11-20" not in text


def test_milliseconds_and_text_are_found_also_where_nothing_else_is(evidence, compare):
    """In traits and, by event, in properties, at any depth of objects; arrays are not looked into."""
    evidence.add(identify("p1", seen={"last": {"at": 1_795_167_000_123}}))
    evidence.add(identify("p2", born="1985-03-01", signed_on="2026-11-20 09:30:00"))
    evidence.track("p3", "Trial Started", {"ends_at": "1795167000123", "items": [{"at": 1_795_167_000_123}]})
    assert [(event, detail) for side, event, _, _, detail in rows(compare(evidence.paths()), "date_attributes")] == [
        ("Trial Started", "properties.ends_at: Unix milliseconds as text; such as 13 digits"),
        ("Trial Started", "properties.ends_at: Unix milliseconds as text; such as 13 digits"),
        ("identify", "traits.born: ISO-8601 text; such as 9999-99-99"),
        ("identify", "traits.born: ISO-8601 text; such as 9999-99-99"),
        ("identify", "traits.seen.last.at: Unix milliseconds; such as 13 digits"),
        ("identify", "traits.seen.last.at: Unix milliseconds; such as 13 digits"),
        ("identify", "traits.signed_on: text that is a date, and not ISO-8601; such as 9999-99-99 99:99:99"),
        ("identify", "traits.signed_on: text that is a date, and not ISO-8601; such as 9999-99-99 99:99:99"),
    ]


def test_numbers_that_are_no_instants_are_no_finding(evidence, compare):
    """Phones, order numbers, articles; and a date in a free text of many."""
    for number in range(30):
        evidence.add(
            identify(
                f"p{number}",
                phone=f"{1_732_789_000_000 + number}",
                order_number=1_732_789_000_000 + number,
                ean="4006381333931",
                note="2026-11-20" if number == 7 else "call back",
                balance=1_732_789_000_000,
            )
        )
    assert "date_attributes" not in counts(compare(evidence.paths()))


def test_the_window_applies_to_whole_days(evidence, compare):
    """A path that was right on the days that are asked about is none of theirs."""
    evidence.add(identify("p1", seen_at=1_795_167_000_123))
    paths = evidence.paths()
    assert counts(compare(paths)) == {"date_attributes": 2}
    assert "date_attributes" not in counts(compare(paths, since=evidence.messages[0].at.replace(day=3)))
