"""Which cures there are, which were asked for, and what they make of a message. Pure.

What was asked for is written the same way everywhere: `{"dates": "unix", "dates_exclude": ["traits.birthday"]}`. A
client's settings have `customerio_` before each key; `--cure`, `parity.toml` and the state directory have the keys
alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from pipelines_client.effects.cures.base import PAYLOADS, Cure
from pipelines_client.effects.cures.created_at import CreatedAtCure
from pipelines_client.effects.cures.dates import DatesCure
from pipelines_client.effects.cures.page_names import PageNamesCure
from pipelines_client.effects.cures.splice import spliced
from pipelines_client.effects.model import Call

CURES: Final[tuple[type[Cure], ...]] = (CreatedAtCure, PageNamesCure, DatesCure)
"""Every cure, in the order in which they are applied."""

OFF: Final = "off"
"""The value of a cure that is not asked for."""

PREFIX: Final = "customerio_"
_VARIABLE: Final = f"PIPELINES_{PREFIX}".upper()

Asked = Mapping[str, Any]
"""What was asked for, as `asked_cures` returns it."""


class Cured(NamedTuple):
    """A message as it is sent, and its payload; None if that is as it was recorded."""

    body: bytes
    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Cures:
    """The cures that were asked for.

    Attributes:
        cures: They, in the order in which they are applied.
        max_bytes: The most that a message may have after them. A message that would get larger is sent as recorded.
    """

    cures: tuple[Cure, ...]
    max_bytes: int

    def call(self, call: Call) -> Call:
        """Return a call as Customer.io should get it: the call itself if nothing changes."""
        for cure in self.cures:
            call = cure.apply(call)
        return call

    def payload(self, kind: str, event: str | None, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the payload of a call of some type as Customer.io should get it: itself if nothing changes."""
        field = PAYLOADS.get(kind)
        if field is None:
            return payload
        name = event if kind == "track" else None
        cured: dict[str, Any] = self.call({"type": kind, "event": name, field: payload})[field]
        return cured

    def body(self, body: bytes) -> Cured | None:
        """Return a message as it is sent; None if it is sent as it was recorded."""
        call = orjson.loads(body)
        cured = self.call(call)
        if cured is call:
            return None
        text = spliced(body, call, cured)
        if len(text) > max(self.max_bytes, len(body)):
            return None
        field = PAYLOADS[cured["type"]]
        return Cured(text, None if cured[field] is call.get(field) else cured[field])


def make_cures(asked: Asked, *, max_bytes: int = 32_000) -> Cures | None:
    """Return the cures for what `asked_cures` returned; None if there are none."""
    return Cures(tuple(_made(cure, asked) for cure in CURES if cure.name in asked), max_bytes) if asked else None


def asked_cures(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked for, checked: without cures that are off, with lists where texts with commas were given.

    Args:
        values: By the name of a cure its value, and by `<name>_<option>` its options.

    Raises:
        ValueError: A name or value is wrong; says what to write.

    Example:
        >>> asked_cures({"dates": "unix", "dates_exclude": "traits.birthday, traits.since"})
        {'dates': 'unix', 'dates_exclude': ['traits.birthday', 'traits.since']}
    """
    keys = tuple(known_keys())
    for key in values:
        if key not in keys:
            raise ValueError(f"there is no cure {key!r}; the cures are {', '.join(keys)}")
    asked: dict[str, Any] = {}
    for cure in CURES:
        options = {name: _texts(values.get(key)) for name, key in _options_of(cure)}
        value = values.get(cure.name, OFF)
        if value not in (OFF, cure.value):
            raise ValueError(f'{cure.name}: {value!r} is not known; write "{cure.value}" or "{OFF}"')
        if cure.name not in values and any(options.values()):
            raise ValueError(f'{cure.name} is not asked for, and has options; add {cure.name} = "{cure.value}"')
        cure(options)
        if value != OFF:
            asked[cure.name] = value
            asked |= {key: options[name] for name, key in _options_of(cure) if options[name]}
    return asked


def asked_in(environment: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what a client's variables ask for, such as `PIPELINES_CUSTOMERIO_DATES`; None if there are none.

    Raises:
        ValueError: A value is wrong.
    """
    found = {key: text for key in known_keys() if (text := environment.get(_VARIABLE + key.upper()))}
    return asked_cures(found) if found else None


def asked_words(asked: Asked) -> str:
    """Return what was asked for as a client's settings spell it."""
    return ", ".join(f"{PREFIX}{key}={orjson.dumps(value).decode()}" for key, value in asked.items())


def known_keys() -> Iterator[str]:
    """Yield the keys of all cures and their options."""
    for cure in CURES:
        yield cure.name
        yield from (key for _, key in _options_of(cure))


def _options_of(cure: type[Cure]) -> Iterable[tuple[str, str]]:
    return [(name, f"{cure.name}_{name}") for name in cure.options]


def _made(cure: type[Cure], asked: Asked) -> Cure:
    return cure({name: asked.get(key, ()) for name, key in _options_of(cure)})


def _texts(value: Any) -> Sequence[str]:
    """Return a list of texts; a text holds several, with commas between them.

    Raises:
        ValueError: It is something else.
    """
    parts = value.split(",") if isinstance(value, str) else list(value or ())
    if not all(isinstance(part, str) for part in parts):
        raise ValueError("write a list of texts")
    return [part.strip() for part in parts if part.strip()]
