"""A page or a screen that is not on the list."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall


class UnknownPage(CallRule):
    """A page or a screen that is not on the list."""

    code = "unknown-page"
    title = "A page or screen that is not on the plan's list"
    words = (
        "Pages are billed as calls and fill the history of people, so only those that matter are sent. Put it "
        "under `pages` or `screens`, or do not send it. `reject` keeps it out."
    )
    plan = """
pages: [Pricing]
"""
    bad = (
        {"type": "page", "userId": "usr_1", "name": "Imprint"},
        {"type": "page", "userId": "usr_1"},
    )
    good = (
        {"type": "page", "userId": "usr_1", "name": "Pricing"},
        {"type": "screen", "userId": "usr_1", "name": "Home"},
    )

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield a page or screen without a place in its list, if there is one."""
        allowed = {"page": seen.plan.pages, "screen": seen.plan.screens}.get(seen.kind)
        if allowed is not None and seen.planned is None:
            yield PlanHit(("name",))
