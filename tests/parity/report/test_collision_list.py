"""The list of ids that collide: CSV for its owner alone, hashed unless values are shown."""

from __future__ import annotations

import csv
import stat

import pytest
from evidence import KEY

from pipelines_client.identity import hash_identity
from pipelines_client.parity.report.collision_list import COLUMNS


@pytest.fixture
def paths(evidence):
    """Evidence of one person with two ids, and of a visitor."""
    for user in ("user-1", "user-2"):
        evidence.add({"type": "identify", "userId": user, "traits": {"email": "kim@example.com"}})
    evidence.add({"type": "track", "anonymousId": "visit-1", "event": "Feature Used", "properties": {"price": 9.5}})
    return evidence.paths()


def listed(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_ids_are_hashed_as_the_ledger_hashes_them(paths, compare, tmp_path):
    """So that its records of them are found; the file is for its owner alone, also if others could read it."""
    file = tmp_path / "collisions.csv"
    file.touch()
    file.chmod(0o644)
    compare(paths, collisions=file)
    rows = listed(file)
    assert tuple(rows[0]) == COLUMNS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    wanted = {hash_identity(KEY, name) for name in ("user:user-1", "user:user-2", "anonymous:visit-1")}
    assert {row["id"] for row in rows} == wanted
    assert [row["kind"] for row in rows] == ["never_merged", "shared_email", "shared_email"]
    assert len({row["collision"] for row in rows[1:]}) == 1
    assert not any(word in file.read_text() for word in ("user-1", "visit-1", "kim@"))


def test_ids_are_in_clear_if_that_is_asked(paths, compare, tmp_path):
    """As the line has them that the list names; where it is gone, the hash stays."""
    file = tmp_path / "collisions.csv"
    compare(paths, collisions=file, show_values=True)
    assert sorted(row["id"] for row in listed(file)) == ["user-1", "user-2", "visit-1"]
    (row,) = [row for row in listed(file) if row["id"] == "visit-1"]
    place = (paths["customerio"] / row["file"]).read_bytes()[int(row["offset"]) :].split(b"\n")[0]
    assert row["message_id"].encode() in place
    assert (row["id_kind"], row["identify_calls"], row["events"]) == ("anonymous", "0", "1")
