"""`parity --suppressed FILE`: what Customer.io lacks of people whom it suppresses has a cause that says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evidence import Evidence

from pipelines_client.errors import SourceError
from pipelines_client.parity import ParityReport


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., str]:
    """Write a list of suppressed people."""

    def write(*lines: str, name: str = "suppressed.csv") -> str:
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return str(tmp_path / name)

    return write


def causes(report: ParityReport, side: str = "customerio") -> dict[str, int]:
    return {cause: count for cause, count in report.missing_by_cause[side].items() if count}


def notes(report: ParityReport) -> str:
    return "; ".join(report.sources["customerio"].notes)


@pytest.mark.parametrize(
    "lines",
    [
        ("id,email", "u0,", "u1,"),
        ("ID;Email", "u0;", "u1;"),
        ("customer_id,reason", "u0,complaint", "u1,complaint"),
        ("email", "Kim@Example.com", "u1"),
        ("cio_id,email,id", "cio_1,kim@example.com,", "cio_2,,u1"),
    ],
)
def test_their_absence_is_explained_and_that_of_others_is_not(
    evidence: Evidence, compare: Callable[..., ParityReport], listed: Callable[..., str], lines: tuple[str, ...]
) -> None:
    """By id, and by the address that an identify call has set; only what Customer.io took, and only at its side."""
    evidence.add({"type": "identify", "userId": "u0", "traits": {"email": "kim@example.com"}})
    by_user = {f"u{number}": [m for m in evidence.messages if m.call["userId"] == f"u{number}"] for number in range(4)}
    for sent in (*by_user["u0"][:5], *by_user["u1"][:4], *by_user["u2"][:3]):
        sent.lose("customerio")
    by_user["u1"][5].not_sent("customerio", "rejected", "http_400")
    by_user["u1"][6].unsettled("customerio")
    by_user["u1"][7].lose("segment")
    report = compare(evidence.paths(), suppressed=listed(*lines))
    assert causes(report) == {"accepted_but_absent": 3, "rejected": 1, "in_spool": 1, "suppressed": 9}
    assert causes(report, "segment") == {"accepted_but_absent": 1}
    assert report.verdict.value == "fail"
    assert "2 suppressed people, of whom 2 have messages here" in notes(report)


def test_without_a_ledger_it_explains_what_segment_has_and_customerio_lacks(
    evidence: Evidence, compare: Callable[..., ParityReport], listed: Callable[..., str]
) -> None:
    """With one, what the ledger does not know stays another writer's."""
    evidence.messages[49].lose("customerio")
    evidence.messages[49].is_recorded = False
    paths, people = evidence.paths(), listed("id", "u0")
    assert causes(compare(paths, suppressed=people)) == {"foreign_writer": 1}
    exports = {side: paths[side] for side in ("segment", "customerio")}
    assert causes(compare(exports, suppressed=people)) == {"suppressed": 1}


def test_a_list_of_everyone_passes_nothing(
    evidence: Evidence, compare: Callable[..., ParityReport], listed: Callable[..., str]
) -> None:
    """What is explained is not meant for the side, so too little is left to judge."""
    for sent in evidence.messages[:-10]:
        sent.lose("customerio")
    report = compare(evidence.paths(), suppressed=listed("id", *(f"u{number}" for number in range(7))))
    assert causes(report) == {"suppressed": 190}
    assert report.verdict.value == "inconclusive"


def test_a_list_that_matches_no_person_says_so(
    evidence: Evidence, compare: Callable[..., ParityReport], listed: Callable[..., str]
) -> None:
    """And rows without a person are counted."""
    report = compare(evidence.paths(), suppressed=listed("id,email", "u77,", ","))
    assert "2 suppressed people" not in notes(report)
    assert "none of them has a message here" in notes(report)
    assert "1 row without an id and an e-mail address" in notes(report)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (("kim@example.com,user-1", "max@example.com,user-2"), "suppressed.csv: its first row names no column"),
        (("id,email",), "it has no row"),
        ((), "it has no row|empty"),
    ],
)
def test_a_list_that_is_none_is_bad_input(
    evidence: Evidence,
    compare: Callable[..., ParityReport],
    listed: Callable[..., str],
    lines: tuple[str, ...],
    text: str,
) -> None:
    """It is named; nothing of it is taken for an empty list."""
    with pytest.raises(SourceError, match=text):
        compare(evidence.paths(), suppressed=listed(*lines))


def test_a_list_that_is_not_there_or_has_nothing_to_explain_is_bad_input(
    evidence: Evidence, compare: Callable[..., ParityReport], listed: Callable[..., str], tmp_path: Path
) -> None:
    """The path is named, or the source that is needed."""
    paths: dict[str, Any] = evidence.paths()
    with pytest.raises(SourceError, match=r"missing\.csv: no such file"):
        compare(paths, suppressed=str(tmp_path / "missing.csv"))
    with pytest.raises(SourceError, match="give --customerio"):
        compare({name: paths[name] for name in ("ledger", "segment")}, suppressed=listed("id", "u0"))
