"""A report of `pipelines-client effects`, read for the section of it that a parity report shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import ValidationError

from pipelines_client.errors import SourceError
from pipelines_client.files import read_regular
from pipelines_client.parity.model import EffectsSection

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = 1
MOST_ROWS: Final = 10
_CURE: Final = "write one with pipelines-client effects PATH --output FILE.json"


def read_effects(path: Path) -> EffectsSection:
    """Return the section for a JSON report of `pipelines-client effects`: its verdict and the gravest changes.

    Raises:
        SourceError: The file cannot be read, or is something else.
    """
    try:
        return _section(orjson.loads(read_regular(path)), str(path))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}; {_CURE}") from None
    except (ValidationError, ValueError, TypeError, KeyError):
        raise SourceError(f"{path} is not a report of effects in JSON; {_CURE}") from None


def _section(found: Any, path: str) -> EffectsSection:
    if found["format"] != FORMAT:
        raise ValueError
    changes = found.pop("changes")
    rows = changes[:MOST_ROWS]
    return EffectsSection.model_validate({**found, "path": path, "count": len(changes), "changes": rows})
