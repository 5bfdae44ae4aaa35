"""How the user names evidence: `PATH`, `KIND:PATH` or `API:`, for one of the sources that parity compares."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pipelines_client.errors import SourceError
from pipelines_client.evidence.count_apis import APIS
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines_client.evidence.count_apis.base import CountsApi
    from pipelines_client.evidence.kinds.base import Kind

LEDGER = "ledger"

SOURCES = (LEDGER, *SIDES)
"""What is compared message by message: what was sent, and the two sides."""

COUNTS = "counts"
"""The name for sources that only count."""

Where: TypeAlias = "str | Path | Sequence[str | Path]"


class Named(NamedTuple):
    """A source as the user named it: its kind, and where its evidence is."""

    kind: type[Kind]
    given: tuple[str, ...]


class AskedApi(NamedTuple):
    """An API that counts, and what the user wrote after the colon."""

    api: CountsApi
    target: str


def texts_of(where: Where) -> list[str]:
    """Return one path or several as a list of texts."""
    return [str(where)] if isinstance(where, (str, Path)) else [str(one) for one in where]


def split_kind(text: str) -> tuple[str | None, str]:
    """Return the kind that a path names before a colon, or None, and the path."""
    kind, colon, path = text.partition(":")
    return (kind, path) if colon and kind in KINDS else (None, text)


def parse_where(source: str, where: Where) -> Named:
    """Read the paths of a source; each may begin with `kind:`, else it is of the source's usual kind.

    Raises:
        SourceError: The paths name two kinds, or a kind that this source does not accept.
    """
    pairs = [split_kind(text) for text in texts_of(where)]
    names = {name for name, _ in pairs if name is not None} or {source}
    if len(names) > 1:
        raise SourceError(f"--{source}: paths of two kinds, {' and '.join(sorted(names))}; compare them one by one")
    kind = KINDS[names.pop()]
    if source not in kind.sources:
        raise SourceError(f"--{source}: {kind.title} is not accepted here; pass it as --{kind.sources[0]}")
    return Named(kind, tuple(path for _, path in pairs))


def name_counts(texts: Sequence[str]) -> dict[str, Named | AskedApi]:
    """Return each source that counts under the name of its kind or API; several of one kind are numbered.

    Raises:
        SourceError: A text names neither a kind that counts nor an API.
    """
    named: dict[str, Named | AskedApi] = {}
    for text in texts:
        given = _counts_in(text)
        base = given.kind.name if isinstance(given, Named) else given.api.name
        name, number = base, 1
        while name in named:
            number += 1
            name = f"{base}-{number}"
        named[name] = given
    return named


def _counts_in(text: str) -> Named | AskedApi:
    name, _, target = text.partition(":")
    if name in APIS:
        return AskedApi(APIS[name], target)
    kind, path = split_kind(text)
    if kind is None or COUNTS not in KINDS[kind].sources:
        known = _kinds_for(COUNTS)
        raise SourceError(
            f"--{COUNTS} {text}: write its kind before the path, as in {known[0]}:PATH; the kinds are "
            f"{', '.join([*known, *APIS])}"
        )
    return Named(KINDS[kind], (path,))


def help_of(source: str) -> str:
    """Return what the option of a source accepts, for the help of the command."""
    others = ", ".join(f"{name}:PATH" for name in _kinds_for(source) if name != source)
    if source == COUNTS:
        apis = ", ".join(f"{name}:{api.target_word}" for name, api in APIS.items())
        return f"Evidence that only counts: {others}; or an API: {apis}."
    usual = KINDS[source].cure.removeprefix("pass ")
    return f"{usual[0].upper()}{usual[1:]}{'; or ' if others else ''}{others}."


def _kinds_for(source: str) -> list[str]:
    return [name for name, kind in KINDS.items() if source in kind.sources]
