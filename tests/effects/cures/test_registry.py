"""Which cures there are, how they are asked for, and what they make of a message."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from effect_cases import AT, AT_S, identify, page, track

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.config import Settings
from pipelines_client.destinations.cured import SETTINGS
from pipelines_client.effects import EffectsVerdict, examine
from pipelines_client.effects.changes import CHANGES
from pipelines_client.effects.cures import CURES, asked_cures, asked_in, asked_words, make_cures
from pipelines_client.effects.cures.base import PAYLOADS
from pipelines_client.effects.cures.registry import PREFIX, known_keys
from pipelines_client.evidence.calls import FoundCall

ALL = {cure.name: cure.value for cure in CURES}
URL = "https://shop.example/pricing"


def test_each_cure_has_its_settings_and_each_difference_names_it_as_they_are_written() -> None:
    """A cure without a setting could not be asked for; one that no difference names would not be found."""
    assert tuple(PREFIX + key for key in known_keys()) == SETTINGS
    assert set(SETTINGS) < set(Settings.model_fields)
    told = " ".join(change.cure for change in CHANGES.values())
    for cure in CURES:
        assert f'{PREFIX}{cure.name}="{cure.value}"' in told
        assert Settings.load(**{PREFIX + cure.name: cure.value}).cures == {cure.name: cure.value}  # type: ignore[arg-type]  # by name
        assert cure.says
    assert PAYLOADS == PAYLOAD_FIELD


def test_settings_come_as_collections_or_as_texts_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """In code, in variables, and in the form that everything else takes."""
    asked = {"dates": "unix", "dates_exclude": ["traits.a", "traits.b"]}
    given = Settings.load(customerio_dates="unix", customerio_dates_exclude=("traits.a", "traits.b"))
    assert given.cures == asked
    assert asked_cures({"dates": "unix", "dates_exclude": "traits.a, traits.b"}) == asked
    monkeypatch.setenv("PIPELINES_CUSTOMERIO_DATES", "unix")
    monkeypatch.setenv("PIPELINES_CUSTOMERIO_DATES_EXCLUDE", "traits.a,traits.b")
    assert Settings.load().cures == asked
    assert asked_in({"PIPELINES_CUSTOMERIO_DATES": "unix"}) == {"dates": "unix"}
    assert asked_in({"PIPELINES_CUSTOMERIO_SWITCH": "off"}) is None
    assert asked_words(asked) == 'customerio_dates="unix", customerio_dates_exclude=["traits.a","traits.b"]'
    assert Settings.load(customerio_dates="off").cures == {}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"date": "unix"}, "there is no cure 'date'; the cures are created_at, page_names, dates, dates_include"),
        ({"dates": "iso"}, """dates: 'iso' is not known; write "unix" or "off\""""),
        ({"dates_exclude": "traits.a"}, 'dates is not asked for, and has options; add dates = "unix"'),
        ({"dates": "unix", "dates_include": "trial_ends_at"}, "'trial_ends_at' is not a path; write one such as"),
        ({"dates": "unix", "dates_include": [1]}, "write a list of texts"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_what_to_write(values: Any, words: str) -> None:
    """Everywhere by the same words; settings name the setting and its variable too."""
    with pytest.raises(ValueError, match=re.escape(words)):
        asked_cures(values)
    name = next(iter(reversed(values)))
    if name in known_keys():
        with pytest.raises(ValueError, match=rf"{PREFIX}{name} \(or PIPELINES_{PREFIX.upper()}{name.upper()}\)"):
            Settings.load(**{PREFIX + key: value for key, value in values.items()})


@pytest.mark.parametrize(
    ("call", "cured"),
    [
        (page({"url": URL}, name="Pricing"), page({"url": URL}, name=URL)),
        (page({"url": URL}), page({"url": URL}, name=URL)),
        (identify({"createdAt": AT}), identify({"created_at": AT_S})),
        (identify({"createdAt": AT, "created_at": 7}), identify({"created_at": 7})),
        (identify({"createdAt": AT, "created_at": None}), identify({"created_at": AT_S})),
        *((identify({"createdAt": nothing, "a": 1}), identify({"a": 1})) for nothing in (None, "", 0)),
        (identify({"createdAt": AT, "created_at": ""}), identify({})),
        (identify({"created_at": None, "a": 1}), identify({"a": 1})),
    ],
)
def test_names_are_those_of_the_old_route(call: dict[str, Any], cured: dict[str, Any]) -> None:
    """Of page views (FACTS R6) and of the time of creation (FACTS R4); a second time, nothing changes."""
    made = make_cures(ALL)
    assert made is not None
    assert made.call(call) == cured
    sent = made.body(orjson.dumps(call))
    assert sent is not None
    assert orjson.loads(sent.body) == cured
    assert made.body(sent.body) is None


@pytest.mark.parametrize(
    "call",
    [
        page({"url": 7}, name="Pricing"),
        page(name="Pricing"),
        page({"url": URL}, name=URL),
        track("Page", {"url": URL}),
        track("E", {"createdAt": 7}),
        identify({"created_at": 7}),
        {"type": "group", "traits": {"createdAt": 7}},
        {"type": "identify", "traits": None},
    ],
)
def test_what_has_nothing_to_cure_is_sent_as_recorded(call: dict[str, Any]) -> None:
    """The very object, so that no text is made again."""
    made = make_cures(ALL)
    assert made is not None
    assert made.call(call) is call
    assert made.body(orjson.dumps(call)) is None


def test_without_a_cure_there_is_nothing_to_apply() -> None:
    """The leg then sends what was recorded."""
    assert make_cures(asked_cures({"dates": "off"})) is None


def test_a_message_that_would_get_too_large_is_sent_as_recorded() -> None:
    """It arrives, and parity shows that it was not cured."""
    call = page({"url": "https://shop.example/" + "a" * 90})
    made = make_cures({"page_names": "url"}, max_bytes=len(orjson.dumps(call)) + 50)
    assert made is not None
    assert made.body(orjson.dumps(call)) is None


def test_with_the_cures_the_report_of_effects_is_clean() -> None:
    """Exit code 0, where it was a break and not known; the report says with which settings."""
    calls = [
        identify({"trial_ends_at": AT, "createdAt": "2026-11-01"}),
        track("Order Completed", {"eta": "2026-12-01", "in": {"at": AT}}),
        page({"url": URL}, name="Pricing"),
    ]

    def verdict(cures: dict[str, Any]) -> Any:
        return examine([FoundCall("a:1", call) for call in calls], cures=cures)

    assert verdict({}).verdict is EffectsVerdict.BREAKS
    found = verdict(ALL)
    assert (found.changes, found.verdict, found.verdict.exit_code) == ((), EffectsVerdict.SAME, 0)
    assert found.cures == 'customerio_created_at="renamed", customerio_page_names="url", customerio_dates="unix"'


def test_dates_in_lists_stay_unknown() -> None:
    """They are text today, so the cure leaves them; what the new route makes of them is not documented."""
    found = examine([FoundCall("a:1", track("E", {"dates": [AT], "at": AT}))], cures={"dates": "unix"})
    assert [(row.code, row.path) for row in found.changes] == [("date_in_list", "properties.dates[]")]
    assert found.verdict is EffectsVerdict.UNKNOWN
