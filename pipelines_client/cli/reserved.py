"""`--allow-command`: the reserved names of events that the client lets through to Customer.io."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from pipelines_client.destinations.customerio import RESERVED_NAMES

AllowCommandOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-command",
        metavar="NAME",
        help="Allow this reserved event name, which Customer.io takes for a command. Repeatable.",
    ),
]


def left_out(allowed: Sequence[str] | None) -> frozenset[str]:
    """Return the reserved names that the client keeps from Customer.io.

    Args:
        allowed: Names that are let through, besides those of `PIPELINES_ALLOW_COMMANDS`.
    """
    of_settings = (name.strip() for name in os.environ.get("PIPELINES_ALLOW_COMMANDS", "").split(","))
    return RESERVED_NAMES.difference(of_settings, allowed or ())
