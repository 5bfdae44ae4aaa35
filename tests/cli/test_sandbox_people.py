"""`pipelines-client sandbox people`, on a sandbox that runs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines_client.cli.app import app


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch, sandbox: Any) -> Callable[..., Any]:
    """Run the command where the environment names the sandbox."""
    monkeypatch.setenv("PIPELINES_HOST", sandbox.customerio.url)
    return lambda *words: CliRunner().invoke(app, ["sandbox", "people", *map(str, words)])


def let_in(sandbox: Any, *calls: dict[str, Any]) -> None:
    """Let calls arrive at Customer.io."""
    body = json.dumps({"batch": calls}).encode()
    sandbox.customerio.receive("batch", "/v1/batch", {"authorization": "Basic a2V5Og=="}, body)


def identify(user: str, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "traits": traits}


def test_everyone_is_a_table_with_who_was_added_by_what(people: Callable[..., Any], sandbox: Any) -> None:
    """Names from outside obey no terminal."""
    let_in(sandbox, identify("user-42", email="kim@example.com", plan="pro"), identify("evil\x1b[31m\n"))
    let_in(sandbox, {"type": "track", "userId": "user-7", "event": "Request Created"})
    done = people()
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1].split() == ["user-42", "kim@example.com", "1", "0", "identify"]
    assert done.stdout.splitlines()[3].split() == [
        "user-7",
        "0",
        "1",
        "track",
        "Request",
        "Created",
        "event_of_unknown",
    ]
    assert "3 people; 0 anonymous ids without a person; 0 objects" in done.stdout
    assert "\x1b" not in done.stdout


def test_one_person_is_shown_with_what_is_not_known(people: Callable[..., Any], sandbox: Any) -> None:
    """By any identifier; no one exits with 1."""
    let_in(sandbox, identify("a/b", email="kim@example.com", plan="pro", ends_at="2026-12-01"))
    for name in ("a/b", "kim@example.com"):
        lines = people(name).stdout.splitlines()
        assert "email: kim@example.com" in lines
        assert '  plan: "pro"' in lines
        assert "  ends_at: not known (date)" in lines
    assert json.loads(people("a/b", "--format", "json").stdout)["attributes"] == {"plan": "pro"}
    done = people("user-7")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "the workspace has no person with this id" in done.stderr


@pytest.mark.parametrize("name", [".", "..", "a/../b", "%2F", "?a#b", "-h"])
def test_an_id_is_never_a_path(people: Callable[..., Any], sandbox: Any, name: str) -> None:
    """Neither a dot nor a mark of an address leads elsewhere."""
    let_in(sandbox, identify(name))
    assert f"id: {name}" in people("--", name).stdout.splitlines()


def test_an_id_that_is_not_text_is_no_one(people: Callable[..., Any], sandbox: Any) -> None:
    """Bytes that are not UTF-8, as a shell may pass them."""
    let_in(sandbox, identify("user-42"))
    assert people("--", os.fsdecode(b"\xff\xfe")).exit_code == 1


def test_json_has_everyone_from_all_pages(people: Callable[..., Any], sandbox: Any) -> None:
    """The table has the first fifty."""
    for start in range(0, 1100, 100):
        let_in(sandbox, *(identify(f"user-{number}") for number in range(start, start + 100)))
    everyone = json.loads(people("--format", "json").stdout)
    assert [person["id"] for person in everyone["people"]] == [f"user-{number}" for number in range(1100)]
    assert "next" not in everyone
    assert "and 1,050 more" in people().stdout


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "no address; pass --url"),
        ("http://127.0.0.1:9", "no sandbox answers there"),
        ("segment", "not a sandbox's Customer.io API"),
        ("nonsense:", "not an address"),
    ],
)
def test_what_is_not_a_sandbox_is_bad_input(people: Callable[..., Any], sandbox: Any, url: str, words: str) -> None:
    """With the cure."""
    done = people("--url", sandbox.segment.url if url == "segment" else url)
    assert done.exit_code == 2
    assert words in done.stderr
    assert people("--format", "html").exit_code == 2
