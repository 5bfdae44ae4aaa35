"""A CSV of the people whom the workspace has already."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines_client.cli.existing import existing_people
from pipelines_client.effects.forecast import ExistingPerson
from pipelines_client.errors import SourceError


def test_people_are_read_by_the_names_of_columns(tmp_path: Path) -> None:
    """In any order and case, with others between, with a mark at the begin; rows without identifier are left out."""
    path = tmp_path / "people.csv"
    path.write_bytes(
        "\ufeffEmail,name,ID\r\nkim@example.com,Kim,user-1\r\n,Lee,\r\n , ,user-3\r\nmax@example.com\r\n".encode()
    )
    assert list(existing_people(path)) == [
        ExistingPerson("user-1", "kim@example.com"),
        ExistingPerson("user-3"),
        ExistingPerson(email="max@example.com"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"", "no column id, email or cio_id; the header has nothing"),
        (b"name,plan\n", "no column id, email or cio_id; the header has name, plan"),
        (b"id\n\xff\n", "not a CSV in UTF-8"),
    ],
)
def test_what_is_not_such_a_list_is_said(tmp_path: Path, content: bytes | None, words: str) -> None:
    """With the name of the file."""
    path = tmp_path / "people.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=f"people.csv: {words}"):
        list(existing_people(path))
