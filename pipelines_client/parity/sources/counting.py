"""Sources that only count, by the names that a report gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.errors import SourceError
from pipelines_client.parity.sources import COUNTS, KINDS, Named, split_kind
from pipelines_client.parity.sources.apis import APIS, Api

if TYPE_CHECKING:
    from collections.abc import Sequence


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
