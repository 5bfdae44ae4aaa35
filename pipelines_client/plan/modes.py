"""The codes that `modes` of a plan may name, each with what happens where the plan does not. Pure.

A plan's file is read without the rules themselves, so their codes stand here again; a test holds both to each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipelines_client.plan.model import Mode

_OTHERS: Final[Mapping[str, Mode]] = {"identify-without-email": "off", "repeated-event": "reject"}
OWN_MODES: Final[Mapping[str, Mode]] = {
    **dict.fromkeys(
        (
            *("unknown-event", "reserved-name", "alias", "inactive-event", "unknown-page", "missing-property"),
            *("mistyped-property", "number-as-text", "invalid-value", "unplanned-property", "reserved-property"),
            *("money", "date-spelling", "email-as-id", "other-id", "over-limit", "missing-timestamp"),
            "test-traffic",
        ),
        "warn",
    ),
    **_OTHERS,
}
"""Beside `default`, which speaks for those whose own mode is `warn`."""
