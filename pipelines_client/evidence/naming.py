"""Readers of evidence: one module per kind, each turning lines of files into facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.errors import SourceError
from pipelines_client.evidence.count_apis import APIS, Api
from pipelines_client.evidence.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pipelines_client.evidence.kinds.base import Kind
from pipelines_client.evidence.listing import Listing, SourceFile, list_files

if TYPE_CHECKING:
    from collections.abc import Sequence


SOURCES = ("ledger", "segment", "customerio")
"""What is compared message by message: what was sent, and the two sides."""

COUNTS = "counts"
"""The name under which sources are given that only count."""

_ANY_SIDE = frozenset(("jsonl", "table"))

Where: TypeAlias = "str | Path | Sequence[str | Path]"


class Named(NamedTuple):
    """A source as it was asked for: its reader and where its evidence is."""

    kind: type[Kind]
    given: tuple[str, ...]


def texts_of(where: str | Path | Sequence[str | Path]) -> list[str]:
    """Return one path or several as a list of texts."""
    return [str(where)] if isinstance(where, (str, Path)) else [str(one) for one in where]


def parse_where(source: str, where: str | Path | Sequence[str | Path]) -> Named:
    """Read the paths of a source; each may begin with `kind:`, else it is the usual kind of the source.

    Raises:
        SourceError: The paths name two kinds, or one that does not speak for this source.
    """
    pairs = [split_kind(text) for text in texts_of(where)]
    kinds = {kind for kind, _ in pairs if kind is not None} or {source}
    if len(kinds) > 1:
        raise SourceError(f"--{source}: paths of two kinds, {' and '.join(sorted(kinds))}; compare them one by one")
    kind = KINDS[kinds.pop()]
    is_any_side = kind.name in _ANY_SIDE and source != "ledger"
    if kind.usual_source != source and not is_any_side:
        raise SourceError(f"--{source}: {kind.title} does not speak for it; give it as --{kind.usual_source}")
    return Named(kind, tuple(path for _, path in pairs))


def split_kind(text: str) -> tuple[str | None, str]:
    """Return the kind that a path names before a colon, or None, and the path."""
    kind, colon, path = text.partition(":")
    return (kind, path) if colon and kind in KINDS else (None, text)


__all__ = [
    "COUNTS",
    "KINDS",
    "SOURCES",
    "Kind",
    "Listing",
    "Named",
    "SourceFile",
    "Where",
    "list_files",
    "parse_where",
    "split_kind",
    "texts_of",
]


class AskedApi(NamedTuple):
    """An API that counts, and what stood behind the colon."""

    api: Api
    target: str


def name_counts(texts: Sequence[str]) -> dict[str, Named | AskedApi]:
    """Return each source with a name of its own: that of its kind, with a number if there are several.

    Raises:
        SourceError: One is of no kind that counts.
    """
    named: dict[str, Named | AskedApi] = {}
    for text in texts:
        api = APIS.get(text.partition(":")[0])
        kind, path = split_kind(text)
        if api is None and (kind is None or KINDS[kind].usual_source != COUNTS):
            known = ", ".join([*(name for name in KINDS if KINDS[name].usual_source == COUNTS), *APIS])
            raise SourceError(
                f"--counts {text}: say what it is before the path, as in mixpanel:PATH; known are {known}"
            )
        base = api.name if api is not None else str(kind)
        name, number = base, 1
        while name in named:
            number += 1
            name = f"{base}-{number}"
        named[name] = AskedApi(api, text.partition(":")[2]) if api is not None else Named(KINDS[str(kind)], (path,))
    return named
