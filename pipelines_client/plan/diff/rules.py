"""The kinds of changes: which there are, and which of them break what is there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

RULES: Final[Mapping[str, tuple[bool, str]]] = {
    "event-removed": (True, "the event is gone"),
    "deprecated-event-removed": (False, "the event is gone; it was deprecated"),
    "unsent-event-removed": (False, "the event is gone; it was planned, and not sent yet"),
    "event-renamed": (False, "the event has another name, and the old one is its alias"),
    "event-added": (False, "the event is new"),
    "version-removed": (True, "the version is gone while others stay"),
    "deprecated-version-removed": (False, "the version is gone; it was deprecated"),
    "version-replaced": (False, "the version is gone, and a new one stands in its place"),
    "version-added": (False, "the version is new"),
    "alias-removed": (True, "calls under this name are no longer renamed"),
    "alias-added": (False, "calls under this name are renamed"),
    "page-removed": (True, "the page or screen is no longer allowed"),
    "page-added": (False, "the page or screen is allowed"),
    "pages-limited": (True, "only listed pages or screens are allowed"),
    "pages-free": (False, "all pages or screens are allowed"),
    "property-removed": (True, "the property is gone"),
    "property-added": (False, "the property is new"),
    "required-property-added": (True, "the property is new, and must be there"),
    "now-required": (True, "the property must be there"),
    "no-longer-required": (False, "the property may be left out"),
    "type-changed": (True, "the type is another"),
    "type-narrowed": (True, "fewer types are allowed"),
    "type-widened": (False, "more types are allowed"),
    "values-limited": (True, "only listed values are allowed"),
    "values-free": (False, "all values are allowed"),
    "value-removed": (True, "a value is no longer allowed"),
    "value-added": (False, "another value is allowed"),
    "limit-tightened": (True, "a limit is tighter"),
    "limit-loosened": (False, "a limit is looser"),
    "constraint-added": (True, "a constraint is new"),
    "constraint-changed": (True, "a constraint is another"),
    "constraint-removed": (False, "a constraint is gone"),
    "extras-refused": (True, "properties that are not planned are refused"),
    "extras-allowed": (False, "properties that are not planned are allowed"),
    "unit-changed": (True, "the unit is another"),
    "unit-added": (False, "the unit is said"),
    "unit-removed": (False, "the unit is no longer said"),
    "timestamp-required": (True, "each call must say when it happened"),
    "timestamp-optional": (False, "calls need not say when it happened"),
    "key-changed": (True, "the idempotency key or once-per key is another"),
    "convention-changed": (True, "the convention for amounts, dates or ids is another"),
    "convention-dropped": (False, "the convention for amounts, dates or ids is gone"),
    "naming-changed": (False, "the convention for names is another"),
    "mode-hardened": (True, "a violation is refused, redacted or raised where it was not"),
    "mode-changed": (False, "a violation is treated otherwise"),
    "status-changed": (False, "the status is another"),
    "note-changed": (False, "the description, stage, owner or backfill is another"),
}
"""Each kind of change by its code: whether it is breaking, and what it means."""


@dataclass(frozen=True)
class PlanChange:
    """One change.

    Args:
        code: Its kind, a key of `RULES`.
        call: The call that it concerns: `Order Completed`, `identify`, `page Pricing`; empty for the plan as a whole.
        path: The property in it: `items[].sku`; empty for the call as a whole.
        detail: What it was and what it is, if the code does not say that.
    """

    code: str
    call: str
    path: str = ""
    detail: str = ""

    @property
    def is_breaking(self) -> bool:
        """Whether a call that was as planned no longer is, or means something else."""
        return RULES[self.code][0]

    @property
    def text(self) -> str:
        """The change in words."""
        return f"{RULES[self.code][1]}{f': {self.detail}' if self.detail else ''}"
