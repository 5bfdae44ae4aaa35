"""A Lambda function: it may be frozen or ended as soon as it has answered, so it delivers before that.

Lambda's disk is gone with its sandbox: set PIPELINES_STATE_DIR to a folder below /tmp, and flush in each invocation.
What an outage leaves there goes with the next invocation of the same sandbox, and is lost with the sandbox: if that
matters, mount a volume, or answer an error when something is left, so that the event is tried again.
"""

from __future__ import annotations

from typing import Any

import pipelines_client as analytics

MARGIN_S = 0.5


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle one order; take at most the time that the invocation still has."""
    order = event["order"]
    analytics.track(
        event["user_id"],
        "Order Completed",
        {"order_id": order["id"], "total": order["total"], "currency": order["currency"]},
        message_id=f"order-completed-{order['id']}",  # Lambda may deliver an event twice: the same id both times
    )
    left = analytics.flush(timeout=max(0.0, context.get_remaining_time_in_millis() / 1000 - MARGIN_S))
    return {"delivered": bool(left)}


class LocalContext:
    """Stands in for Lambda's context when you run this file."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that is left."""
        return 5_000


if __name__ == "__main__":
    print(handler({"user_id": "user-1", "order": {"id": "7", "total": 42.5, "currency": "EUR"}}, LocalContext()))
