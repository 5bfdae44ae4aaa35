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
        "\ufeffEmail,name,ID\r\nkim@example.com,Kim,user-1\r\n,Lee,\r\n , ,user-3\r\nmax@example.com,,\r\n".encode()
    )
    assert list(existing_people(path)) == [
        ExistingPerson("user-1", "kim@example.com"),
        ExistingPerson("user-3"),
        ExistingPerson(email="max@example.com"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ": No such file"),
        (b"", ": it has no row"),
        (b"id\n", ": it has no row"),
        (b"name,plan\nKim,pro\n", ": its first row names no column id, email or cio_id"),
        (b"kim@example.com,user-1\nmax@example.com,user-2\n", ": its first row names no column id, email or cio_id"),
        (b"user-1\nuser-2\n", ": its first row names no column id, email or cio_id"),
        (b"id\n\xff\n", ":2: the text is not UTF-8"),
        (b'id,email\n"user-1,kim@example.com\nuser-2,\n', ":2: a quote is open to the end of the file"),
        (b"id,email\nuser-1\n", ":2: 1 cells where the header has 2"),
    ],
)
def test_what_is_not_such_a_list_is_said(tmp_path: Path, content: bytes | None, words: str) -> None:
    """With the name of the file, and without what is in it: where the header is missing, the first row is a person."""
    path = tmp_path / "people.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError) as refused:
        list(existing_people(path))
    assert str(refused.value).startswith(f"{path}{words}")
    assert not [each for each in ("kim", "user", "plan") if each in str(refused.value).removeprefix(str(path))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_other_separators_and_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    """As other tables of evidence are, such as what a spreadsheet has saved."""
    (tmp_path / "people.txt").write_text("id;email\nuser-1;kim@example.com\n", encoding)
    assert list(existing_people(tmp_path / "people.txt")) == [ExistingPerson("user-1", "kim@example.com")]
