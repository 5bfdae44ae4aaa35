"""A list of people who are in the workspace already: a CSV with a header, as Customer.io exports it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pipelines_client.errors import SourceError
from pipelines_client.files import open_given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines_client.effects.forecast import ExistingPerson

_COLUMNS: Final = ("id", "email", "cio_id")
_MOST_CHARS: Final = 200

ExistingOption = Annotated[
    Path | None,
    typer.Option(
        "--existing",
        metavar="FILE",
        help="CSV of the people in the workspace, with a column id, email or cio_id: they are not counted as new.",
        show_default="all are counted as new",
    ),
]


def existing_people(path: Path) -> Iterator[ExistingPerson]:
    """Yield the people in a CSV; other columns are ignored, and so are rows without an identifier.

    Raises:
        SourceError: The file cannot be read, or has none of the columns.
    """
    from pipelines_client.effects.forecast import ExistingPerson

    try:
        with io.TextIOWrapper(open_given(path), "utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = [name.strip().lower() for name in next(rows, [])]
            places = [header.index(name) if name in header else None for name in _COLUMNS]
            if places == [None] * len(_COLUMNS):
                shown = ", ".join(header)[:_MOST_CHARS] or "nothing"
                raise SourceError(f"{path}: no column id, email or cio_id; the header has {shown}")
            for row in rows:
                found = [row[at].strip() if at is not None and at < len(row) else "" for at in places]
                if any(found):
                    yield ExistingPerson(*found)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}; name the CSV of the workspace's people") from None
    except (UnicodeDecodeError, csv.Error):
        raise SourceError(f"{path}: not a CSV in UTF-8; export the workspace's people as CSV") from None
