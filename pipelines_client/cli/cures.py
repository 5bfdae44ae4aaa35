"""The option `--cure`: what the Customer.io leg changes on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

CureOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="What the Customer.io leg changes: dates=unix, dates_include=PATHS, dates_exclude=PATHS, page_names=url, "
        "created_at=renamed, or NAME=off. Repeatable.",
    ),
]


def read_cures(texts: Sequence[str] | None) -> dict[str, Any] | None:
    """Return what the options ask for, as `asked_cures` does; None if none was given.

    Raises:
        typer.BadParameter: One is wrong; says what to write.
    """
    if not texts:
        return None
    from pipelines_client.effects.cures import asked_cures

    parts = [text.partition("=") for text in texts]
    values = {name: value for name, _, value in parts}
    try:
        return asked_cures(values)
    except ValueError as error:
        raise typer.BadParameter(f"--cure: {error}") from None
