"""What generated functions and typed events do with values: which are sent, and in which form. Pure.

Nothing here raises: a value of another type is left as it is, and the check at the call finds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Final

__all__ = ["NOT_SENT", "NotSent", "amount", "iso", "planned", "unix_seconds", "versioned"]


class NotSent(Enum):
    """The type of `NOT_SENT`."""

    NOT_SENT = "not sent"


NOT_SENT: Final = NotSent.NOT_SENT
"""The default of a property that may be null: it is left out, while None is sent as null."""


def planned(required: dict[str, Any], optional: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of a call.

    Args:
        required: Values by key; those that are `NOT_SENT` are left out.
        optional: More of them; those that are None or `NOT_SENT` are left out.

    Example:
        ```python
        assert planned({"order_id": "o-1", "referrer": NOT_SENT}, {"coupon": None}) == {"order_id": "o-1"}
        ```
    """
    payload = {key: value for key, value in required.items() if value is not NOT_SENT}
    return payload | {key: value for key, value in optional.items() if value is not None and value is not NOT_SENT}


def amount(value: Any) -> Any:
    """Return a Decimal as the number that JSON has: whole ones as an integer, others as the nearest float."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return value
    whole = value.to_integral_value()
    return int(whole) if whole == value else float(value)


def iso(value: Any) -> Any:
    """Return a time as ISO-8601 text with its offset, UTC if it has none; a day as `2026-12-07`."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def unix_seconds(value: Any) -> Any:
    """Return a time as whole Unix seconds, which Customer.io compares (FACTS R1); a day as its UTC midnight."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    if not isinstance(value, datetime):
        return value
    try:
        return int((value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp() // 1)
    except (OverflowError, ValueError):  # within a day of year 1 or 9999
        return value


def versioned(context: Any, version: int) -> Any:
    """Return a context that says which version of its event a call has (FACTS R10)."""
    context = {} if context is None else context
    if not isinstance(context, Mapping):
        return context
    protocols = context.get("protocols")
    return {**context, "protocols": {**(protocols if isinstance(protocols, Mapping) else {}), "event_version": version}}
