"""A person's id that is an e-mail address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipelines_client.plan.model import Schema, TrackingPlan
from pipelines_client.plan.rules.base import CallRule, PlanHit, SeenCall

_USUAL: Final = re.compile(r"(?!cio_)[^@]*\Z")


class EmailAsId(CallRule):
    """A person's id that is an e-mail address."""

    code = "email-as-id"
    title = "A person's id that looks like an e-mail address"
    words = (
        "Customer.io takes such an id as an e-mail, and one that begins with `cio_` as an id that it made: "
        "one person becomes two. Send the id of your database, and the address as the trait `email`."
    )
    plan = """
name: Shop
"""
    bad = (
        {"type": "identify", "userId": "ada@example.com"},
        {"type": "identify", "userId": "cio_0a1b"},
    )
    good = (
        {"type": "identify", "userId": "usr_1"},
        {"type": "identify", "userId": None, "anonymousId": "a@b"},
    )

    def usual_id(self, plan: TrackingPlan) -> Schema | None:
        """Return whether an id has no such form (FACTS C17)."""
        del plan
        return {"not": {"pattern": "^cio_|@"}}

    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield the id if it has such a form."""
        if isinstance(seen.user_id, str) and not _USUAL.match(seen.user_id):
            yield PlanHit(("userId",))
