"""What each detector finds and what it passes: its own examples, which the docs show too."""

from __future__ import annotations

from typing import Any

import pytest
from labelled import read

from pipelines_client.privacy.detectors import DETECTORS
from pipelines_client.privacy.detectors.base import Detector
from pipelines_client.privacy.glance import Glance
from pipelines_client.privacy.guard import Guard
from pipelines_client.privacy.modes import CODES, ON_REQUEST
from pipelines_client.privacy.names import KeyMeaning

_FOUND = [(kind, key, value) for kind in DETECTORS for key, value in kind.found]
_PASSED = [(kind, key, value) for kind in DETECTORS for key, value in kind.passed]


def _codes(kind: type[Detector], key: str, value: Any) -> list[str]:
    """Return what is found by the detectors that work by default, and by this one."""
    call = {"type": "track", "properties": {key: value}, "context": {}}
    return [hit.code for hit in Guard({kind.code: "warn"}).examine(call).hits]


@pytest.mark.parametrize(("kind", "key", "value"), _FOUND, ids=[f"{kind.code}-{key}" for kind, key, _ in _FOUND])
def test_a_detector_finds_its_examples(kind: type[Detector], key: str, value: Any) -> None:
    """Once each."""
    assert _codes(kind, key, value) == [kind.code]


@pytest.mark.parametrize(("kind", "key", "value"), _PASSED, ids=[f"{kind.code}-{key}" for kind, key, _ in _PASSED])
def test_a_detector_passes_what_only_looks_alike(kind: type[Detector], key: str, value: Any) -> None:
    """And no other takes it for something else."""
    assert _codes(kind, key, value) == []


def test_the_setting_knows_all_detectors_in_their_order() -> None:
    """It has their codes without importing them."""
    assert tuple(kind.code for kind in DETECTORS) == CODES
    assert tuple(kind.code for kind in DETECTORS if not kind.is_default) == ON_REQUEST


@pytest.mark.parametrize("kind", DETECTORS, ids=CODES)
def test_a_text_in_which_something_is_found_has_a_hint(kind: type[Detector]) -> None:
    """Otherwise the glance would pass it: in all texts of the labelled set, alone and between others."""
    detector = kind()
    may_hold = Glance(detector.hints)
    for text in [each.value for each in read() if isinstance(each.value, str)]:
        for key in (KeyMeaning(), KeyMeaning(("note",)), KeyMeaning((), frozenset(CODES))):
            if any(detector.find(text, key)):
                assert may_hold(text)
                assert may_hold(f"one\n{text}\ntwo")


@pytest.mark.parametrize("kind", DETECTORS, ids=CODES)
def test_a_detector_is_quick_with_texts_that_nearly_match(kind: type[Detector]) -> None:
    """It is linear: this ends at once, where an expression that backtracks would not end today."""
    detector = kind()
    for piece in (
        "4111 ",
        "a@",
        "eyJ.",
        "1" * 19 + " ",
        "-----BEGIN ",
        "DE89 ",
        "+1 ",
        "a=",
        "Bearer ",
        "://a:",
        "xoxb-",
        "x",
    ):
        text = piece * (30_000 // len(piece))
        for key in (KeyMeaning(("note",)), KeyMeaning((), frozenset(CODES))):
            assert len([*detector.find(text, key)]) < len(text)
            detector.holds(text, key)
