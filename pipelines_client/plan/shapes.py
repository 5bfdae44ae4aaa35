"""The shape of JSON values that were seen at one place, and the schema that all of them fit. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from pipelines_client.plan.lint.names import words_of
from pipelines_client.plan.model import Schema

PrivacyQuestion: TypeAlias = Callable[[str, str], bool]
"""Asked with the name of a property and a text: whether the text must not get into a plan."""
DateSpellingName: TypeAlias = Literal["unix_seconds", "iso"]
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_NAME: Final = re.compile(r"(?i)(^|[_ ])(at|date|timestamp)$|[a-z](At|Date|Timestamp)$")
_PERSONAL: Final = re.compile(
    r"(?i)name|mail|phone|address|street|city|zip|postal|birth|gender|age$|token|secret|password|card|iban|ssn|ip$"
    r"|(^|[_ ])id$|Id$|title|company|employer|url|note|comment|message|text|query"
)
"""Names whose values never go into a plan: they say who a person is, or what a person wrote."""
_PERSONS: Final = frozenset(
    """advisor agent approver assignee assignees author authors buyer by client contact creator customer doctor driver
    editor employee guest host invitee manager member owner owners patient people person recipient referrer rep
    reporter reviewer seller sender speaker student teacher to user users""".split()  # noqa: SIM905 - reads better
)
"""Last words of names whose values are persons: `assigned_to`, `createdBy`, `account owner`."""
_BETWEEN_WORDS: Final = re.compile(r"[\s,_.-]+")
_LEAST_CAPITALS: Final = 2
_PERSONAL_NAME: Final = re.compile(r"[^\s@]@[^\s@]+\.\w|\d{7}")
"""An e-mail address or a long number."""
_HALF_CHARACTER: Final = re.compile("[\\ud800-\\udfff]")
_FIRST_SECOND, _LAST_SECOND = 100_000_000, 10_000_000_000
_MOST_CHILDREN: Final = 300
_MOST_DEEP: Final = 8
_MOST_VALUES: Final = 12
_LEAST_SEEN: Final = 10
_LEAST_SHARED: Final = 3
_LONGEST: Final = 40
_MOST_RARE: Final = 20


def _none_is(name: str, value: str) -> bool:
    del name, value
    return False


class ValueShape:
    """What was seen at one place. Adding the same values in another order gives the same shape."""

    __slots__ = (
        "children",
        "count",
        "dates",
        "fractions",
        "is_free",
        "items",
        "objects",
        "too_many",
        "types",
        "values",
    )

    def __init__(self) -> None:
        self.count = self.objects = 0
        self.types: Counter[str] = Counter()
        self.children: dict[str, ValueShape] = {}
        self.items: ValueShape | None = None
        self.values: Counter[str] = Counter()
        self.dates: Counter[str] = Counter()
        self.fractions = 0
        self.too_many = False
        self.is_free = False

    def add(self, value: Any, depth: int = 0) -> None:
        """Note a value."""
        self.count += 1
        kind = _type_of(value)
        self.types[kind] += 1
        if isinstance(value, dict):
            self._add_object(value, depth)
        elif isinstance(value, list) and depth < _MOST_DEEP:
            for each in value:
                self.items = self.items or ValueShape()
                self.items.add(each, depth + 1)
        elif isinstance(value, str):
            self._add_text(value)
        elif kind in ("integer", "number"):
            self.fractions += kind == "number"
            self.dates["unix_seconds"] += (
                kind == "integer" and isinstance(value, int | float) and _FIRST_SECOND <= value < _LAST_SECOND
            )

    def _add_object(self, value: dict[str, Any], depth: int) -> None:
        self.objects += 1
        if depth >= _MOST_DEEP:
            self.too_many = True
        for name, each in value.items() if not self.too_many else ():
            self.children.setdefault(name, ValueShape()).add(each, depth + 1)
        if len(self.children) > _MOST_CHILDREN:  # names are data here
            self.too_many = True
            self.children.clear()

    def _add_text(self, value: str) -> None:
        self.dates[_date_format(value)] += 1
        if not self.is_free:
            self.values[value] += 1
        if len(value) > _LONGEST or len(self.values) > _MOST_VALUES:
            self.is_free = True
            self.values.clear()

    @property
    def is_number(self) -> bool:
        """Whether all values are numbers."""
        return bool(self.types) and not set(self.types) - {"integer", "number", "null"}

    @property
    def has_fractions(self) -> bool:
        """Whether a number with a fraction was seen."""
        return self.fractions > 0

    def date_spelling(self, name: str) -> DateSpellingName | None:
        """Return how dates are written here; None if not all values are dates, or a number's name is not a date's."""
        present = self.count - self.types["null"]
        if present and self.dates["date-time"] + self.dates["date"] == present:
            return "iso"
        is_unix = self.dates["unix_seconds"] == present and _DATE_NAME.search(name) is not None
        return "unix_seconds" if present and is_unix else None

    def leaves(self, name: str = "") -> Iterator[tuple[str, ValueShape]]:
        """Yield all shapes within, each with the last name that leads to it."""
        if name:
            yield name, self
        for key, child in self.children.items():
            if not _is_data(key):
                yield from child.leaves(key)
        if self.items is not None:
            yield from self.items.leaves()

    def schema(self, name: str = "", is_private: PrivacyQuestion = _none_is) -> Schema:
        """Return the schema that all values fit; values of which `is_private` is true are not in it."""
        types = sorted(self.types)
        if "integer" in types and "number" in types:
            types.remove("integer")
        made: Schema = {"type": types[0] if len(types) == 1 else types} if types else {}
        if self.objects:
            made.update(self._object(is_private))
        if self.items is not None:
            made["items"] = self.items.schema(name, is_private)
        if made.get("type") == "string":
            made.update(self._text(name, is_private))
        if self.date_spelling(name) == "unix_seconds":
            made["unit"] = "unix_seconds"
        return made

    def names_left_out(self, is_private: PrivacyQuestion = _none_is) -> int:
        """Return how many names of properties are not in the schema, since they are data or say who a person is."""
        named = self._properties(is_private)
        within = [*named.values(), *([] if self.items is None else [self.items])]
        return len(self.children) - len(named) + sum(each.names_left_out(is_private) for each in within)

    def _properties(self, is_private: PrivacyQuestion) -> dict[str, ValueShape]:
        """Return what is known under names that a plan may have."""
        named = sorted(self.children.items()) if not self._has_free_names() else []
        return {name: child for name, child in named if not _is_data(name) and not is_telling_name(name, is_private)}

    def _object(self, is_private: PrivacyQuestion) -> Schema:
        properties = {name: child.schema(name, is_private) for name, child in self._properties(is_private).items()}
        required = [
            name for name in properties if self.children[name].count == self.objects and self.objects >= _LEAST_SEEN
        ]
        return {**({"properties": properties} if properties else {}), **({"required": required} if required else {})}

    def _has_free_names(self) -> bool:
        """Return whether the names of most properties are data, such as the names of persons: many, and each seldom."""
        rare = sum(child.count < _LEAST_SHARED for child in self.children.values())
        return rare > _MOST_RARE and 2 * rare > len(self.children)

    def _text(self, name: str, is_private: PrivacyQuestion) -> Schema:
        for form in ("date-time", "date"):
            if self.dates[form] == self.count:
                return {"format": form}
        shared = sorted(self.values)
        is_few = bool(shared) and min(self.values.values()) >= _LEAST_SHARED
        if not is_few or self.count < _LEAST_SEEN or _is_of_a_person(name) or any(map(_is_telling, shared)):
            return {}
        if any(is_private(name, value) for value in shared):
            return {}
        return {"enum": shared}


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _date_format(text: str) -> str:
    form = "date-time" if _ISO.fullmatch(text) else "date" if _DAY.fullmatch(text) else ""
    try:
        if form:
            datetime.fromisoformat(text.replace("Z", "+00:00") if form == "date-time" else text)
    except ValueError:
        return ""
    return form


def is_telling_name(name: str, is_private: PrivacyQuestion) -> bool:
    """Return whether a name of an event, page or property may tell a person, be an id, or hold half a letter."""
    return _PERSONAL_NAME.search(name) is not None or _is_cut(name) or is_private("", name)


def _is_data(name: str) -> bool:
    """Return whether the name of a property is a value, such as the name of a person, and none that a program gave."""
    return any(map(str.isspace, name)) or _is_like_a_person(name)


def _is_of_a_person(name: str) -> bool:
    """Return whether values under a name say who a person is, or what a person wrote."""
    return _PERSONAL.search(name) is not None or not _PERSONS.isdisjoint(words_of(name)[-1:])


def _is_telling(text: str) -> bool:
    """Return whether a text may say who a person is, or be a number or an id."""
    many_digits = sum(char.isdigit() for char in text) > len("2026")
    return "@" in text or many_digits or _is_like_a_person(text) or _is_cut(text)


def _is_cut(text: str) -> bool:
    """Return whether a text holds half of a character, which no file can hold."""
    return _HALF_CHARACTER.search(text) is not None


def _is_like_a_person(text: str) -> bool:
    """Return whether two words begin with a capital, as in `Ada Lovelace`; words such as `EN_US` are abbreviations."""
    is_spaced = any(map(str.isspace, text))
    words = [word for word in _BETWEEN_WORDS.split(text) if word[:1].isupper()]
    return sum(is_spaced or not word.isupper() for word in words) >= _LEAST_CAPITALS
