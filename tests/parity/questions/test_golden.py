"""The same rows from every engine, for every file of `queries/` that is there."""

from __future__ import annotations

import json
from dataclasses import astuple, fields, is_dataclass
from importlib import resources

import pytest
from answers import ASKED
from traps import TEXTS

from pipelines_client.parity.questions.engine import TABLES, VIEWS, text_of
from pipelines_client.parity.questions.rows import EVENTS


def canonical(rows):
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"), default=astuple)


@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.name)
def test_each_question_has_the_same_rows_on_every_engine(question, planted, reference):
    """Byte for byte what DuckDB answers, on data that holds every trap that we know of."""
    answer = planted.ask(question)
    assert answer, f"the planted data has no row that answers {question.name}: plant one"
    assert canonical(answer) == canonical(reference.ask(question))


@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.name)
def test_the_fields_of_a_row_are_the_columns_of_its_file(question, reference):
    """The engine fills rows by place, so the names and their order must be those of the SQL."""
    row = question.row
    names = tuple(field.name for field in fields(row)) if is_dataclass(row) else row._fields
    assert tuple(reference.select(text_of(question.name))[0]) == names


@pytest.mark.parametrize("name", TABLES)
def test_each_table_has_the_same_rows_on_every_engine(name, planted, reference):
    """What the questions build upon is the same too, whether or not a question shows it today."""
    answers = [engine.select(f"SELECT * FROM {name}") for engine in (planted, reference)]
    assert answers[0]
    assert sorted(map(canonical, answers[0])) == sorted(map(canonical, answers[1]))


def test_no_file_of_the_folder_is_left_out():
    """Each file is a table of `TABLES`, or the question of a run or of a finding."""
    folder = resources.files("pipelines_client.parity.questions").joinpath("queries")
    files = {entry.name for entry in folder.iterdir()}
    assert files == {f"{name}.sql" for name in (*TABLES, *(question.name for question in ASKED))} | {"README.md"}
    assert set(VIEWS) <= set(TABLES)


def test_every_planted_text_comes_through_and_in_the_order_of_its_bytes(planted):
    """Upper before lower case, no alphabet, no trimming, no escapes; Python's own order is the judge."""
    events = [row.event for row in planted.ask(EVENTS)]
    assert set(TEXTS) <= set(events)
    assert events == sorted(events, key=lambda text: text.encode())


def test_copies_that_tie_are_told_apart_by_their_place(planted):
    """Of three copies on one line the first by offset is kept, and the ledger's last word is the last by place."""
    copies = planted.select("SELECT byte_offset, copies FROM messages_exported WHERE message_id = 'tie'")
    assert copies == [{"byte_offset": 10, "copies": 3}]
    words = planted.select(
        "SELECT last.leg, outcome FROM records_last AS last JOIN words_known ON words_known.words = last.words"
        " WHERE message_id = 'again' ORDER BY last.leg"
    )
    assert words == [{"leg": "customerio", "outcome": "rejected"}, {"leg": "segment", "outcome": "accepted"}]


def test_what_a_table_does_not_show_is_no_difference(planted):
    """Whose a message is counts without bit 4 of `is_reduced`, its name without bit 2, its payload without bit 1."""
    found = {
        name: {
            tuple(row["message_id"].split()[1:])
            for row in planted.select(
                "SELECT message_id FROM messages_exported AS exported JOIN faulty ON faulty.message_key ="
                f" exported.message_key WHERE message_id LIKE 'unowned%' AND {name} = 1"
            )
        }
        for name in ("is_identity", "is_renamed", "is_drift")
    }
    bits = {name: {int(shown) for shown, _ in ids} for name, ids in found.items()}
    assert bits == {"is_identity": {0, 1, 3}, "is_renamed": {0, 1, 4, 5}, "is_drift": {0, 4}}
