"""The setting `privacy`: what happens to what, and what is left alone. Light: settings read it.

It knows the detectors' codes without importing them, since they need an extra package.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, get_args

import orjson

from pipelines_client.keywords import CheckMode, nearest

MODES: Final[tuple[CheckMode, ...]] = get_args(CheckMode)
"""From the mildest to the hardest."""
DEFAULT: Final = "default"
CODES: Final = (
    *("card", "card-code", "iban", "national-id", "private-key", "jwt", "vendor-key", "bearer-token", "password"),
    *("health", "email", "phone"),
)
"""The codes of all detectors, in their order."""
ON_REQUEST: Final = ("email", "phone")
"""Those that the default mode does not switch on."""
ALLOW: Final = "allow"
HEALTH_KEYS: Final = "health_keys"


def table_of(value: Any) -> dict[str, Any] | None:
    """Return the setting as a table: a mode alone is the default mode; None if nothing is looked for.

    Args:
        value: A mode, a table, a table as JSON, or None.

    Raises:
        ValueError: A mode or a name is unknown; the text names it and the nearest that is known.
    """
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        value = _read(text) if text.startswith("{") else {DEFAULT: text.lower()}
    if not isinstance(value, Mapping):
        raise ValueError("must be a mode, or a table of modes by code")  # noqa: TRY004 - pydantic reads ValueErrors
    table = {str(name): _checked(str(name), item) for name, item in value.items()}
    return table if table and modes_of(table) else None


def modes_of(table: Mapping[str, Any]) -> dict[str, CheckMode]:
    """Return the mode of each detector that is on, by its code."""
    rest = table.get(DEFAULT, "warn")
    modes = {code: table.get(code, "off" if code in ON_REQUEST else rest) for code in CODES}
    return {code: mode for code, mode in modes.items() if mode != "off"}


def _read(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError(f"must be JSON, or one of {', '.join(MODES)}") from None


def _checked(name: str, item: Any) -> Any:
    if name in (ALLOW, HEALTH_KEYS):
        if isinstance(item, str) or not isinstance(item, Collection):
            raise ValueError(f"{name} must be a list of texts")
        return [str(each) for each in item]
    if name not in (DEFAULT, *CODES):
        meant = nearest(name, (DEFAULT, ALLOW, HEALTH_KEYS, *CODES))
        raise ValueError(f"{name} is not a detector" + (f"; did you mean {meant}?" if meant else ""))
    if item not in MODES:
        raise ValueError(f"the mode of {name} must be one of {', '.join(MODES)}")
    return item
