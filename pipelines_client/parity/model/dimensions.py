"""The dimensions in which messages are compared, and what was compared in each. Pure."""

from __future__ import annotations

from typing import Final, Literal

from pipelines_client.parity.model.base import Frozen, Side

CALL_TYPE, TIME, CONTEXT, PAYLOAD = "call_type", "time", "context", "payload"

IDENTIFIERS: Final = {
    "user_id": "Person (userId, else anonymousId)",
    "anonymous_id": "anonymousId",
    "group_id": "groupId",
    "previous_id": "previousId",
    "object_type": "Type of the object",
}
"""The dimensions that say whose a message is."""

DIMENSIONS: Final = {
    CALL_TYPE: "Call type",
    "event_name": "Event name",
    "page_name": "Page or screen name",
    PAYLOAD: "Payload",
    **IDENTIFIERS,
    TIME: "Time of the event",
    CONTEXT: "Context",
}
"""All of them, in the order of a report, with their titles."""

Answer = Literal["same", "different", "not_compared"]


class DimensionRow(Frozen):
    """What was compared of one side in one dimension: with the ledger, or else with the other side.

    `messages` are those of the side that another source has too. Of these `compared` were compared, and `different` of
    them differ, expected differences included. `lacking` were not compared because a row lacks what its kind of source
    shows; for the rest, a source does not show the dimension at all. `answer` is not *same* where nothing was compared.
    """

    dimension: str
    side: Side
    messages: int
    compared: int
    different: int
    lacking: int
    answer: Answer
