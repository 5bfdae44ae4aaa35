"""What Customer.io takes for more than a name, and how much it keeps (FACTS C12, C13). Pure."""

from __future__ import annotations

from typing import Final

COMMANDS: Final = frozenset(
    {
        "User Deleted",
        "User Suppressed",
        "User Unsuppressed",
        "Delete Person",
        "Device Created or Updated",
        "Device Deleted",
        "Relationship Deleted",
        "Object Deleted",
        "Report Delivery Event",
        "Report Content Event",
    }
)
"""Names of events that Customer.io carries out: they delete or suppress people, or change devices (FACTS C12)."""
DEVICE_EVENTS: Final = frozenset({"Application Installed", "Application Opened", "Application Uninstalled"})
"""Names of events that Segment's Customer.io destination takes for commands about devices (FACTS C12)."""
CAMPAIGN_SETTINGS: Final = frozenset({"from_address", "recipient", "reply_to"})
"""Properties of events that change who sends or gets a campaign's message (FACTS C13)."""
MOST_NAME_BYTES: Final = 100
"""Longest name of an event (FACTS C13)."""
MOST_ATTRIBUTE_NAME_BYTES: Final = 150
MOST_ATTRIBUTE_BYTES: Final = 1000
"""Longest value of an attribute (FACTS C13)."""
MOST_ATTRIBUTES: Final = 300
"""Most attributes of a person or an object (FACTS C13)."""
MOST_ID_BYTES: Final = 150
