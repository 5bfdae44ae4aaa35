"""Which sources are apart and which writers are strangers, decided from counts at each limit."""

from __future__ import annotations

import pytest

from pipelines_client.evidence.instants import DAY_MS
from pipelines_client.parity.judgement.relations import Apart, Relations, Stranger, relate, writer_name
from pipelines_client.parity.questions.related import RelationsRow, StrangersRow
from pipelines_client.parity.questions.watermarks import Span

SEGMENT, CUSTOMERIO = ("segment", "customerio"), ("customerio", "segment")


def row(way=SEGMENT, shared=0, lacking=0, *, messages=None, **more: object) -> RelationsRow:
    """Return a row of one writer, whose messages are those that are shared or lacking unless it is said otherwise."""
    given = {"day": "2026-11-02", "event": "A", "origin": None, "library": "x/1", "write_key_suffix": None, "words": 7}
    count = shared + lacking if messages is None else messages
    counts = {"messages": count, "shared": shared, "lacking": lacking, "recorded": 0}
    return RelationsRow(*way, **(given | counts | more))


def found(*rows: RelationsRow, spans=None) -> Relations:
    return relate(rows, spans or {}, lambda _: False)


def pair(sources, first, second) -> list[RelationsRow]:
    """Return what the first source shares and the other lacks, and the same of the second source."""
    return [row(sources, *first), row(sources[::-1], *second)]


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        ((0, 20), (0, 20), ((20, 20), 0)),
        ((0, 19), (0, 20), None),
        ((0, 20), (0, 19), None),
        ((25, 75), (25, 75), ((100, 100), 25)),
        ((26, 74), (26, 74), None),
        ((25, 75), (25, 900), ((100, 925), 25)),
        ((25, 900), (25, 75), ((925, 100), 25)),
        ((25, 900), (25, 74), None),
        ((25, 74), (25, 900), None),
    ],
)
def test_exports_are_apart_if_a_quarter_of_the_smaller_one_is_in_the_other(first, second, apart):
    """Of 20 at least, at each of them."""
    expected = () if apart is None else (Apart(SEGMENT, *apart, is_by_time=False),)
    assert found(*pair(SEGMENT, first, second)).apart == expected


def test_what_is_explained_otherwise_is_no_message_that_a_side_should_have():
    """A thousand are there, of which one hundred should be at the other side."""
    rows = [row(SEGMENT, 10, 90, messages=1000), row(CUSTOMERIO, 10, 90, messages=1000)]
    assert found(*rows).apart == (Apart(SEGMENT, (1000, 1000), 10, is_by_time=False),)
    rows = [row(SEGMENT, 1, 18, messages=1000), row(CUSTOMERIO, 1, 90, messages=1000)]
    assert found(*rows).apart == ()


@pytest.mark.parametrize(
    ("shared", "lacking", "there", "apart"),
    [(0, 20, 20, True), (0, 19, 20, False), (0, 20, 19, False), (5, 15, 20, True), (6, 14, 20, False)],
)
@pytest.mark.parametrize("side", ["segment", "customerio"])
def test_a_ledger_is_apart_by_what_it_has_accepted_there(side, shared, lacking, there, apart):
    """It asks for nothing that it has not written itself, so all that the side has counts, for any reader."""
    other = "customerio" if side == "segment" else "segment"
    rows = [row(("ledger", side), shared, lacking, messages=500), row((side, other), there, 0)]
    gap = Apart(("ledger", side), (shared + lacking, there), shared, is_by_time=False)
    assert found(*rows).apart == ((gap,) if apart else ())


def span(first: int | None, last: int | None, taken: tuple[int | None, int | None] = (None, None)) -> Span:
    return Span(first, last, *taken, has_milliseconds=True)


@pytest.mark.parametrize(
    ("later", "shared", "is_apart"),
    [
        ((100 + DAY_MS, 200 + DAY_MS), 0, True),
        ((99 + DAY_MS, 200 + DAY_MS), 0, False),
        ((-DAY_MS - 99, -DAY_MS), 0, True),
        ((-DAY_MS - 99, 1 - DAY_MS), 0, False),
        ((None, 200 + DAY_MS), 0, False),
        ((100 + DAY_MS, None), 0, False),
        ((100 + DAY_MS, 200 + DAY_MS), 2, True),
        ((100 + DAY_MS, 200 + DAY_MS), 3, False),
    ],
)
def test_sources_a_day_apart_are_apart_however_few_messages_they_have(later, shared, is_apart):
    """From the end of one to the begin of the other, whichever comes first; an unknown time proves nothing."""
    rows = pair(SEGMENT, (shared, 90 - shared), (shared, 10 - shared))
    expected = (Apart(SEGMENT, (90, 10), shared, is_by_time=True),) if is_apart else ()
    for spans in ((span(0, 100), span(*later)), (span(*later), span(0, 100))):
        assert found(*rows, spans=dict(zip(SEGMENT, spans, strict=True))).apart == expected
    assert found(*rows, spans={"segment": span(0, 100)}).apart == ()


def test_the_time_of_a_ledger_is_when_it_took_its_messages():
    """Not that of the calls."""
    rows = [row(("ledger", "segment"), 0, 9), row(SEGMENT, 9, 0)]
    far = span(10 * DAY_MS, 11 * DAY_MS)
    by_time = Apart(("ledger", "segment"), (9, 9), 0, is_by_time=True)
    for ledger, apart in (
        (span(0, 1, (10 * DAY_MS, 11 * DAY_MS)), ()),
        (span(10 * DAY_MS, 11 * DAY_MS, (0, 1)), (by_time,)),
    ):
        assert found(*rows, spans={"ledger": ledger, "segment": far}).apart == apart


def test_only_days_count_on_which_the_other_has_messages_unless_there_are_none():
    """A row without messages does not make a day."""
    other_day = {"day": "2026-11-09"}
    rows = pair(SEGMENT, (0, 30), (0, 30))
    more = [row(SEGMENT, 500, 0, **other_day), row(CUSTOMERIO, 0, 0, **other_day)]
    assert found(*rows, *more).apart == (Apart(SEGMENT, (30, 30), 0, is_by_time=False),)
    apart = found(row(SEGMENT, 0, 30), row(CUSTOMERIO, 0, 40, **other_day)).apart
    assert apart == (Apart(SEGMENT, (30, 40), 0, is_by_time=False),)


@pytest.mark.parametrize(
    ("sources", "odd"),
    [
        ([("segment", "customerio"), ("ledger", "segment")], "segment"),
        ([("segment", "customerio"), ("ledger", "customerio")], "customerio"),
        ([("ledger", "segment"), ("ledger", "customerio")], "ledger"),
        ([("segment", "customerio")], ""),
        ([("segment", "customerio"), ("ledger", "segment"), ("ledger", "customerio")], ""),
        ([], ""),
    ],
)
def test_the_odd_one_is_apart_from_each_of_the_others(sources, odd):
    """Of two that are apart, or of three, none is the odd one."""
    apart = tuple(Apart(each, (20, 20), 0, is_by_time=False) for each in sources)
    assert Relations(apart).odd() == odd


@pytest.mark.parametrize(
    ("sources", "rows"),
    [
        ([], set()),
        ([("segment", "customerio")], {("segment", 0, 1), ("customerio", 0, 1)}),
        ([("ledger", "segment")], {("segment", 1, 0)}),
        ([("ledger", "customerio")], {("customerio", 1, 0)}),
        (
            [("segment", "customerio"), ("ledger", "segment")],
            {("segment", 0, 1), ("segment", 1, 0), ("segment", 1, 1), ("customerio", 0, 1)},
        ),
    ],
)
def test_what_sources_apart_have_proves_no_loss(sources, rows):
    """What a source that is not apart has too, may be one."""
    apart = tuple(Apart(each, (20, 20), 0, is_by_time=False) for each in sources)
    assert set(Relations(apart).rows()) == {StrangersRow(*each, None) for each in rows}


def sent(side, to, shared=0, lacking=0, **more: object) -> RelationsRow:
    """Return what a ledger sent to a host and key."""
    return row(("ledger", side), shared, lacking, library=None, origin=to, **more)


@pytest.mark.parametrize(
    ("home", "segment", "customerio", "is_stranger"),
    [
        ((500, 0), (0, 20), (0, 0), True),
        ((500, 0), (0, 19), (0, 0), False),
        ((500, 0), (0, 10), (0, 10), True),
        ((500, 0), (1, 100), (0, 0), True),
        ((500, 0), (1, 99), (0, 0), False),
        ((500, 0), (0, 100), (100, 0), False),
        ((20, 19), (0, 100), (0, 0), True),
        ((20, 20), (0, 100), (0, 0), False),
        ((19, 0), (0, 100), (0, 0), False),
    ],
)
def test_what_a_ledger_sent_to_a_key_of_which_no_side_has_a_message_is_a_strangers(
    home, segment, customerio, is_stranger
):
    """Beside another key of which most is there; what one of the sides has is ours."""
    rows = [
        sent("segment", "a", *home),
        sent("segment", "b", *segment, words=11),
        sent("customerio", "b", *customerio, words=12),
        row(SEGMENT, home[0] + segment[0], 0),
    ]
    relations = found(*rows)
    most = max(segment[1], customerio[1])
    expected = (Stranger("ledger", "", "origin", "b", most, (), ("a",)),) if is_stranger else ()
    assert relations.strangers == expected
    lacking = {("segment", 11): segment[1], ("customerio", 12): customerio[1]}
    assert set(relations.recorded_words) == {key for key, count in lacking.items() if count and is_stranger}
    assert set(relations.rows()) == {StrangersRow(side, 1, 0, words) for side, words in relations.recorded_words}


def test_records_that_name_no_key_are_no_strangers():
    """Those of an early version; they may be at home."""
    assert stranger(sent("segment", "a", 500), sent("segment", None, 0, 100), row(SEGMENT, 500, 0)) == ()
    others = sent("segment", "b", 0, 100)
    assert stranger(sent("segment", None, 500), others, row(SEGMENT, 500, 0))[0].homes == ()


def test_another_applications_ledger_does_not_set_ours_apart():
    """Ten times as much as ours."""
    rows = [sent("segment", "a", 30), sent("segment", "b", 0, 300), row(SEGMENT, 30, 0, messages=500)]
    assert found(*rows).apart == ()


HOME = {"origin": "s1", "library": "x/1", "write_key_suffix": "aaaa"}


def stranger(*rows: RelationsRow) -> tuple[Stranger, ...]:
    return found(*rows).strangers


@pytest.mark.parametrize(
    ("home", "has_stranger"), [((51, 50), True), ((20, 20), False), ((19, 0), False), ((20, 0), True), ((0, 20), False)]
)
def test_a_writer_is_at_home_where_more_than_half_of_twenty_arrives(home, has_stranger):
    """Without one nothing tells a stranger from a loss."""
    assert bool(stranger(row(SEGMENT, *home), row(SEGMENT, 0, 50, library="ios/4"))) is has_stranger


@pytest.mark.parametrize(
    ("shared", "lacking", "recorded", "is_stranger"),
    [
        (0, 20, 0, True),
        (0, 19, 0, False),
        (1, 99, 0, True),
        (1, 98, 0, False),
        (0, 100, 1, True),
        (0, 100, 2, False),
    ],
)
def test_a_stranger_has_one_in_a_hundred_there_and_in_the_ledger_at_most(shared, lacking, recorded, is_stranger):
    """Of 20 that are absent, at least."""
    other = row(SEGMENT, shared, lacking, recorded=recorded, library="ios/4")
    assert bool(stranger(row(SEGMENT, 500, 0), other)) is is_stranger


def test_a_stranger_is_named_by_what_tells_it_from_others_with_what_it_sent():
    """All its rows count, and its words are each way in which it is named, once, without those that say nothing."""
    rows = [
        row(SEGMENT, 500, 0, **HOME),
        row(SEGMENT, 500, 0, **HOME | {"origin": "s0", "words": 9}),
        row(SEGMENT, 0, 15, **HOME | {"origin": "s2", "library": "ios/4", "words": 11}),
        row(SEGMENT, 0, 15, **HOME | {"origin": "s2", "library": "ios/5", "words": 12}),
        row(SEGMENT, 0, 15, **HOME | {"origin": "s2", "library": "ios/5", "words": 13, "event": "B"}),
        row(SEGMENT, 0, 15, **HOME | {"origin": "s2", "library": None, "words": 0}),
    ]
    relations = found(*rows)
    assert relations.strangers == (Stranger(*SEGMENT, "origin", "s2", 60, ("ios",), ("s0", "s1")),)
    assert set(relations.words) == {("customerio", 11), ("customerio", 13)}
    assert set(relations.rows()) == {StrangersRow("customerio", 0, 1, words) for words in (11, 13)}


def test_what_a_stranger_sent_differs_in_each_part_of_its_name():
    """Named by its library, it has two sources and two keys, which others have too."""
    rows = [row(SEGMENT, 500, 0, **HOME | {"origin": origin}) for origin in ("s0", "s1")]
    rows.append(row(SEGMENT, 500, 0, **HOME | {"write_key_suffix": "bbbb"}))
    for words, other in enumerate(({}, {"origin": "s0"}, {"write_key_suffix": "bbbb"}), start=21):
        rows.append(row(SEGMENT, 0, 15, **HOME | {"library": "ios/4", "words": words, **other}))
    relations = found(*rows)
    assert relations.strangers == (Stranger(*SEGMENT, "library", "ios", 45, ("ios",), ("x",)),)
    assert [words for _, words in relations.words] == [21, 22, 23]


@pytest.mark.parametrize("way", [SEGMENT, CUSTOMERIO])
def test_who_wrote_only_on_days_that_the_other_side_does_not_have_is_no_stranger(way):
    """It may be there when that day is."""
    rows = [row(way, 500, 0), row(way, 0, 50, library="ios/4", day="2026-11-09")]
    back = row(way[::-1], 500, 0)
    assert stranger(*rows, back) == ()
    assert stranger(*rows, back, back._replace(day="2026-11-09")) != ()


def test_a_writer_is_a_stranger_once_and_each_side_has_its_own():
    """A writer that was named by its source is not named again by its library."""
    rows = [
        row(SEGMENT, 500, 0, **HOME),
        row(SEGMENT, 0, 40, **HOME | {"origin": "s2", "library": "ios/4", "write_key_suffix": "bbbb"}),
        row(SEGMENT, 0, 30, **HOME | {"library": "web/1", "write_key_suffix": "cccc"}),
        row(SEGMENT, 0, 50, **HOME | {"write_key_suffix": "dddd"}),
        row(CUSTOMERIO, 500, 0),
        row(CUSTOMERIO, 0, 60, library="php/2"),
    ]
    assert [(one.source, one.side, one.key, one.name, one.messages) for one in stranger(*rows)] == [
        (*SEGMENT, "origin", "s2", 40),
        (*SEGMENT, "library", "web", 30),
        (*SEGMENT, "write_key_suffix", "dddd", 50),
        (*CUSTOMERIO, "library", "php", 60),
    ]


def test_what_a_stranger_sent_and_what_a_team_expects_do_not_set_sources_apart():
    """The rest is what the verdict is about."""
    ours = pair(SEGMENT, (40, 0), (40, 0))
    strange = row(SEGMENT, 0, 900, library="ios/4")
    back = row(CUSTOMERIO, 0, 900, library="web/4")
    relations = found(*ours, strange, back)
    assert [one.name for one in relations.strangers] == ["ios", "web"]
    assert relations.apart == ()
    assert relate([*ours, strange, back], {}, lambda row: row.library != "x/1") == Relations()
    assert relate([strange, back], {}, lambda row: row.library == "ios/4").apart == ()


@pytest.mark.parametrize(
    ("key", "fields", "name"),
    [
        ("library", {"library": "ios/4.1"}, "ios"),
        ("library", {"library": "ios"}, "ios"),
        ("library", {"library": None}, None),
        ("origin", {"origin": "a/b"}, "a/b"),
        ("write_key_suffix", {"write_key_suffix": "a/bc"}, "a/bc"),
    ],
)
def test_only_a_library_has_a_version(key, fields, name):
    """What is unknown stays unknown."""
    assert writer_name(row(**fields), key) == name
