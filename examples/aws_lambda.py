"""A Lambda function: it delivers before it answers, because Lambda may freeze or end it right after.

Set PIPELINES_STATE_DIR to a folder below /tmp, and flush in each invocation. After an outage, the next invocation in
the same sandbox delivers what is left there. When Lambda removes the sandbox, its disk and those messages are lost. To
avoid that, mount a volume, or return an error if messages are left, so that Lambda tries the event again.
"""

from __future__ import annotations

from typing import Any

import pipelines_client as analytics

MARGIN_S = 0.5


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle one order within the time left for the invocation."""
    order = event["order"]
    analytics.track(
        event["user_id"],
        "Order Completed",
        {"order_id": order["id"], "total": order["total"], "currency": order["currency"]},
        message_id=f"order-completed-{order['id']}",  # Lambda may deliver an event twice: use the same id
    )
    left = analytics.flush(timeout=max(0.0, context.get_remaining_time_in_millis() / 1000 - MARGIN_S))
    return {"delivered": bool(left)}


class LocalContext:
    """Replaces Lambda's context when you run this file."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left, in milliseconds."""
        return 5_000


if __name__ == "__main__":
    print(handler({"user_id": "user-1", "order": {"id": "7", "total": 42.5, "currency": "EUR"}}, LocalContext()))
