"""The list of people whom Customer.io suppresses, which a team exports: it explains what Customer.io lacks of theirs.

The list becomes rows of the table `traits`, of the source `suppressed`, with hashes in place of ids and addresses. An
address also finds the people for whom an identify call has set it as the trait `email`.
"""

from __future__ import annotations

from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines_client.errors import SourceError
from pipelines_client.evidence.columns import cell
from pipelines_client.evidence.fact import TraitRow
from pipelines_client.evidence.files.open import is_remote
from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.kinds.table import Table
from pipelines_client.evidence.lines import object_in, text_of
from pipelines_client.evidence.listing import list_files
from pipelines_client.evidence.payloads import TraitHasher
from pipelines_client.identity import hash_identity, primary_identity
from pipelines_client.parity.facts.packs import Reading
from pipelines_client.parity.facts.writer import Tables
from pipelines_client.parity.questions.rows import Question
from pipelines_client.parity.spell import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipelines_client.parity.facts.packs import Pack, Store
    from pipelines_client.parity.questions.engine import Engine

SOURCE = "suppressed"
"""The source of its rows in `traits`."""
_ID, _EMAIL = "suppressed.id", "suppressed.email"
_COLUMNS = {_ID: ("id", "user_id", "userid", "customer_id"), _EMAIL: ("email", "email_address", "e-mail")}
_AT_ONCE = 10_000


class SuppressedRow(NamedTuple):
    """How many people are on the list, and how many of them have messages."""

    listed: int
    matched: int


SUPPRESSED = Question("suppressed", SuppressedRow)


class SuppressedPeople:
    """A list that was read: its pack of facts, and what is to be said of it."""

    def __init__(self, path: str, pack: Pack, unnamed: int) -> None:
        self.path, self.pack, self.unnamed = path, pack, unnamed

    def notes(self, engine: Engine) -> list[str]:
        """Say how many people are on the list, and how many of them have messages in the sources."""
        (found,) = engine.ask(SUPPRESSED)
        people = f"{self.path}: {plural(found.listed, 'suppressed person', 'suppressed people')}"
        note = f"{people}, of whom {found.matched:,} have messages here"
        if not found.matched:
            note = (
                f"{people}, and none of them has a message here, so the list explains nothing: check that its ids are"
                " those of the calls, and that the ledger's identity key was found"
            )
        notes = [note]
        if self.unnamed:
            notes.append(f"{self.path}: {plural(self.unnamed, 'row')} without an id and an e-mail address, left out")
        return notes


def read_suppressed(path: str, store: Store, key: bytes) -> SuppressedPeople:
    """Read a list of suppressed people: CSV, or another format of rows, with a column of ids or of e-mail addresses.

    Args:
        path: The file.
        store: Where its facts go for this run.
        key: Key of the identity hash.

    Raises:
        SourceError: It does not exist, cannot be read whole, has no such column, or no row.
    """
    if not (is_remote(path) or has_magic(path) or Path(path).exists()):
        raise SourceError(f"--suppressed {path}: no such file; check the path")
    folder = store.begin(Table(bytes(32), SOURCE, {"event": "event", "time": "day"}))
    hashed = TraitHasher(key)
    rows, unnamed, read = list[TraitRow](), 0, 0
    with Tables(folder) as tables:
        for place, row in _rows(path):
            before = len(rows)
            rows += _traits(place, row, key, hashed)
            read, unnamed = read + 1, unnamed + (len(rows) == before)
            if len(rows) >= _AT_ONCE:
                tables.add("traits", rows)
                rows = []
        tables.add("traits", rows)
    if not read:
        raise SourceError(f"--suppressed {path}: it has no row; export the list of suppressed people again")
    return SuppressedPeople(path, store.keep(folder, (), Reading(rows=read)), unnamed)


def _rows(path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the rows with their places, their columns in lower case.

    Raises:
        SourceError: A row cannot be read, or has neither column.
    """
    wanted = {name for names in _COLUMNS.values() for name in names}

    for file in list_files(Table, [path]).files:

        def reject(line: int, reason: str, name: str = file.name, **_: object) -> None:
            raise SourceError(f"--suppressed {name}:{line}: {reason}")

        for line, _, data in read_rows(file.location, reject):
            row = {name.strip().lower(): value for name, value in (object_in(data) or {}).items()}
            if not wanted.intersection(row):
                raise SourceError(
                    f"--suppressed {file.name}: its first row names no column id or email; export it with a header"
                )
            yield f"{file.name}:{line}", row


def _traits(place: str, row: Mapping[str, Any], key: bytes, hashed: TraitHasher) -> Iterator[TraitRow]:
    """Yield what a row says of a person: the identities of their messages, and their address as a trait has it."""
    for path, names in _COLUMNS.items():
        text = next((text for name in names if (text := (text_of(cell(row, name)) or "").strip())), "")
        if not text:
            continue
        for spelled in dict.fromkeys((text, text.lower()) if path == _EMAIL else (text,)):
            identity = primary_identity(spelled, None)
            for known in (hash_identity(key, identity), identity):  # a ledger may show its identities
                yield TraitRow(SOURCE, place, known, path, hashed(spelled), None, None)
