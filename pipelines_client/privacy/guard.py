"""The guard of one client: walks a call, asks the detectors, and takes out what they find.

Most calls hold nothing. So `is_clean` looks at keys by a remembered verdict, and at all longer texts in one glance;
only if that says that there may be something, the call is examined. `examine` alone decides, and both agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from pipelines_client.keywords import CheckMode
from pipelines_client.privacy import pairs
from pipelines_client.privacy.detectors import DETECTORS
from pipelines_client.privacy.detectors.base import Detector, Scalar
from pipelines_client.privacy.detectors.health import HealthData
from pipelines_client.privacy.glance import Glance, is_dull
from pipelines_client.privacy.modes import ALLOW, HEALTH_KEYS, MODES, ON_REQUEST, modes_of
from pipelines_client.privacy.names import KeyMeaning, KeyWords, joined, words_of

_IDS: Final = ("userId", "anonymousId", "groupId", "previousId")
_NAMES: Final = ("event", "name", "category")
_TEXTS: Final = frozenset((*_IDS, *_NAMES))
_OBJECTS: Final = ("properties", "traits", "context", "integrations")
_OURS: Final = "context.library"
"""What the client writes into each context, in the place of what may have stood there."""
_SHORTEST: Final = 12
_SHORTEST_ON_REQUEST: Final = 6
"""Shorter texts are not looked at: they have none of the shapes, or say too little to be a secret."""
_LONGEST_KEY: Final = 64
_MOST_KEYS: Final = 4096
_PLACEHOLDER: Final = re.compile(r"\[redacted:[a-z-]+\]")
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][\w $-]{0,39}", re.ASCII)
_LIKE_AN_ID: Final = re.compile(r"\d{5}|[0-9][A-Za-z]|[0-9][^0-9]+[0-9]+[^0-9]+[0-9]")


class Hit(NamedTuple):
    """Something that a detector found: its code, where, and what happens. Holds no value."""

    code: str
    path: str
    mode: CheckMode


class Guarded(NamedTuple):
    """A call, or a copy of it in which placeholders stand for what was found, and what that was."""

    call: dict[str, Any]
    hits: list[Hit]


class _Spot(NamedTuple):
    """Where in a text something begins and ends."""

    start: int
    end: int
    detector: Detector


class Guard:
    """Looks for what a setting asks for. Safe for threads. It keeps verdicts alone: on names, and on hashes of texts.

    Args:
        table: The setting `privacy`, checked (`modes.table_of`).
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._modes = modes_of(table)
        made = (HealthData(table.get(HEALTH_KEYS, ())) if kind is HealthData else kind() for kind in DETECTORS)
        chosen = [each for each in made if each.code in self._modes]
        self._detectors = sorted(chosen, key=lambda each: MODES.index(self._modes[each.code]), reverse=True)
        self._spreading = frozenset(each.code for each in self._detectors if each.spreads)
        self._allowed = frozenset((*table.get(ALLOW, ()), _OURS))
        self._words = frozenset(part.partition("[]")[0] for place in self._allowed for part in place.split("."))
        self._may_hold = Glance([*pairs.HINTS, *(hint for each in self._detectors for hint in each.hints)])
        self._shortest = _SHORTEST_ON_REQUEST if self._modes.keys() & ON_REQUEST else _SHORTEST
        self._plain_keys: set[str] = set()
        self._dull: set[int] = set()
        self._keys: dict[KeyWords, KeyMeaning] = {}

    # The cheap question

    def is_clean(self, call: Mapping[str, Any]) -> bool:
        """Return whether nothing is found in a call."""
        return self._is_plain(call) or not self.examine(dict(call)).hits

    def _is_plain(self, call: Mapping[str, Any]) -> bool:
        """Return whether all keys say nothing, and no text may hold anything."""
        texts: list[str] = []
        for field, value in call.items():
            kind = type(value)
            if kind is str:
                if len(value) >= self._shortest and field in _TEXTS and not self._is_dull(value):
                    texts.append(value)
            elif kind is dict and value and field in _OBJECTS:
                is_ours = len(value) == 1 and "library" in value  # as nearly all contexts
                if not (is_ours or self._gather(value, texts)):
                    return False
        return not texts or not self._may_hold("\n".join(texts))

    def _gather(self, top: Mapping[str, Any], texts: list[str]) -> bool:
        """Add the longer texts of an object, at any depth; return False at the first key that says something."""
        plain, shortest, dull = self._plain_keys, self._shortest, self._dull
        stack: list[Any] = [top]
        while stack:
            inside = stack.pop()
            if type(inside) is dict:
                if not (plain.issuperset(inside) or all(map(self._is_plain_key, inside))):
                    return False
                inside = inside.values()
            for value in inside:
                kind = type(value)
                if kind is str:
                    if len(value) >= shortest and hash(value) not in dull and not self._is_dull(value):
                        texts.append(value)
                elif kind is dict or kind is list or kind is tuple:
                    stack.append(value)
        return True

    def _is_dull(self, text: str) -> bool:
        """Return whether a text holds nothing as a whole; its hash is remembered, since most texts come again."""
        mark = hash(text)
        if mark in self._dull:
            return True
        if not is_dull(text):
            return False
        if len(self._dull) >= _MOST_KEYS:
            self._dull.clear()
        self._dull.add(mark)
        return True

    def _is_plain_key(self, key: str) -> bool:
        """Return whether a key neither names anything nor may hold something itself, and remember it if so."""
        if key in self._plain_keys:
            return True
        if self._key(key, None).speaks_of or self._may_hold(key):
            return False
        if len(self._plain_keys) < _MOST_KEYS and len(key) <= _LONGEST_KEY:
            self._plain_keys.add(key)
        return True

    # The exact answer

    def examine(self, call: dict[str, Any]) -> Guarded:
        """Return what to send, and what was found in it.

        An id is never replaced, since many people would become one: where the mode is `redact`, the call is rejected.
        """
        hits: list[Hit] = []
        made = dict(call)
        for name in (*_IDS, *_NAMES):
            if type(call.get(name)) is str:
                self._field(made, name, hits)
        for name in _OBJECTS:
            if type(call.get(name)) is dict:
                made[name] = self._object(call[name], name, None, hits)
        return Guarded(made if any(hit.mode == "redact" for hit in hits) else call, hits)

    def _field(self, made: dict[str, Any], name: str, hits: list[Hit]) -> None:
        found: list[Hit] = []
        text = self._text(made[name], name, KeyMeaning(), found)
        if name in _IDS:
            hits += (hit._replace(mode="reject") if hit.mode == "redact" else hit for hit in found)
        else:
            hits += found
            made[name] = text

    def _object(self, inside: dict[str, Any], path: str, above: KeyMeaning | None, hits: list[Hit]) -> dict[str, Any]:
        """Return an object, or a copy in which placeholders stand for what was found."""
        made: dict[str, Any] = {}
        is_changed = False
        for name, value in inside.items():
            is_plain = name in self._plain_keys
            shown = name if is_plain else self._text(name, f"{path}.*", KeyMeaning(), hits)
            is_shown = name in self._words or (shown == name and _is_a_name(name))
            place = f"{path}.{name if is_shown else '*'}"
            kept = value if place in self._allowed else self._value(value, place, self._key(name, above), hits)
            while shown != name and (shown in inside or shown in made):
                shown = f"{shown} (2)"
            made[shown] = kept
            is_changed = is_changed or kept is not value or shown != name
        return made if is_changed else inside

    def _value(self, value: Any, path: str, key: KeyMeaning, hits: list[Hit]) -> Any:
        kind = type(value)
        if kind is dict:
            return self._object(value, path, key, hits)
        if kind is list or kind is tuple:
            made = [self._value(item, f"{path}[]", key, hits) for item in value]
            return value if all(new is old for new, old in zip(made, value, strict=True)) else made
        if kind is str:
            return self._text(value, path, key, hits)
        held = self._held(value, key) if isinstance(value, (int, float)) else None
        return self._replaced(value, path, held[0], hits) if held else value

    def _held(self, value: Scalar, key: KeyMeaning) -> list[Detector]:
        """Return the detectors that a key names, and whose kind its value is."""
        if not key.speaks_of or (isinstance(value, str) and _PLACEHOLDER.fullmatch(value)):
            return []
        return [each for each in self._detectors if each.code in key.speaks_of and each.holds(value, key)]

    def _replaced(self, value: Any, path: str, detector: Detector, hits: list[Hit]) -> Any:
        mode = self._modes[detector.code]
        hits.append(Hit(detector.code, path, mode))
        return placeholder(detector.code) if mode == "redact" else value

    def _text(self, text: str, path: str, key: KeyMeaning, hits: list[Hit]) -> str:
        """Return a text with placeholders for what was found in it."""
        found = [_Spot(0, len(text), detector) for detector in self._held(text, key)]
        if len(text) >= self._shortest and self._may_hold(text):
            found += self._spots(text, key)
        spots: list[_Spot] = []
        taken = bytearray(len(text))
        for spot in sorted(found, key=self._rank):
            if taken.find(1, spot.start, spot.end) < 0:
                taken[spot.start : spot.end] = b"\1" * (spot.end - spot.start)
                spots.append(spot)
        for start, end, detector in sorted(spots, key=lambda spot: spot.start, reverse=True):
            text = text[:start] + self._replaced(text[start:end], path, detector, hits) + text[end:]
        return text

    def _spots(self, text: str, key: KeyMeaning) -> Iterator[_Spot]:
        for detector in self._detectors:
            for start, end in detector.find(text, key):
                yield _Spot(start, end, detector)
        for pair in pairs.pairs_in(text):
            for detector in self._held(pair.value, self._key(pair.name, None)):
                yield _Spot(pair.start, pair.end, detector)

    def _rank(self, spot: _Spot) -> tuple[int, int]:
        """Return which of two that overlap decides, the smaller: that of the harder mode, then the longer."""
        return -MODES.index(self._modes[spot.detector.code]), spot.start - spot.end

    def _key(self, name: str, above: KeyMeaning | None) -> KeyMeaning:
        """Return what a key says, with what the key above it says of all that is below."""
        own = () if _PLACEHOLDER.search(name) else words_of(name)
        if above is None:
            return self._judged(own)
        words = joined(above.words, own)
        key = self._judged(words)
        if words is not own and not above.speaks_of:  # what says nothing above may only take away: a device's token
            key = KeyMeaning(words, key.speaks_of & self._judged(own).speaks_of)
        spread = above.speaks_of & self._spreading
        return KeyMeaning(words, key.speaks_of | spread) if spread else key

    def _judged(self, words: KeyWords) -> KeyMeaning:
        key = self._keys.get(words)
        if key is None:
            key = KeyMeaning(words, frozenset(each.code for each in self._detectors if words and each.speaks(words)))
            if len(self._keys) < _MOST_KEYS:
                self._keys[words] = key
        return key


def placeholder(code: str) -> str:
    """Return the text that stands for what was taken out: `[redacted:card]`."""
    return f"[redacted:{code}]"


def _is_a_name(key: str) -> bool:
    """Return whether a key may stand in a log line: it is written as a name, and not as an id."""
    return bool(_PLAIN_KEY.fullmatch(key)) and not _LIKE_AN_ID.search(key)
