"""A list of people who are in the workspace already: a CSV with a header, as Customer.io exports it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pipelines_client.errors import SourceError
from pipelines_client.evidence.files.csv_rows import read_csv
from pipelines_client.evidence.lines import object_in
from pipelines_client.files import open_given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines_client.effects.forecast import ExistingPerson

_COLUMNS: Final = ("id", "email", "cio_id")
_CURE: Final = "export the workspace's people as CSV, with a header"

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
        SourceError: The file cannot be read whole, has none of the columns, or no row. It shows nothing of its content.
    """
    from pipelines_client.effects.forecast import ExistingPerson

    def reject(line: int, reason: str, **_: object) -> None:
        raise SourceError(f"{path}:{line}: {reason}; {_CURE}")

    is_empty = True
    try:
        open_given(path).close()  # a folder, a device or a pipe
        for _, _, data in read_csv(str(path), reject):
            row = {name.strip().lower(): value for name, value in (object_in(data) or {}).items()}
            if row.keys().isdisjoint(_COLUMNS):
                raise SourceError(f"{path}: its first row names no column id, email or cio_id; {_CURE}")
            found = [(row.get(name) or "").strip() for name in _COLUMNS]
            is_empty = False
            if any(found):
                yield ExistingPerson(*found)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}; name the CSV of the workspace's people") from None
    if is_empty:
        raise SourceError(f"{path}: it has no row; {_CURE}")
