"""Who sends past messages to a leg: one run at a time, and what it has."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from pipelines_client.delivery.claims import choosing, claim, claimed, only_run
from pipelines_client.errors import SpoolError


def test_what_a_run_has_is_known_while_it_lives_and_a_second_run_says_how_many(tmp_path: Path) -> None:
    """Its claims end with it; those of the other leg are not its own."""
    with only_run(tmp_path, "customerio"):
        claim(tmp_path, "customerio", ["a", "b\n\u00e4"])
        assert claimed(tmp_path, "customerio") == {"a", "b\n\u00e4"}
        assert claimed(tmp_path, "segment") == frozenset()
        with (
            pytest.raises(SpoolError, match=rf"\(process {os.getpid()}\) and has 2 messages"),
            only_run(tmp_path, "customerio"),
        ):
            pass
    assert claimed(tmp_path, "customerio") == frozenset()
    with only_run(tmp_path, "customerio"):
        assert claimed(tmp_path, "customerio") == frozenset()


def test_a_choice_is_one_process_at_a_time_and_none_waits_for_ever(tmp_path: Path) -> None:
    """The other leg is free."""
    with (
        choosing(tmp_path, "customerio"),
        choosing(tmp_path, "segment", timeout_s=0),
        pytest.raises(SpoolError, match=rf"another process chooses .* \(process {os.getpid()}\)"),
        choosing(tmp_path, "customerio", timeout_s=0),
    ):
        pass
    with choosing(tmp_path, "customerio", timeout_s=0):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    """Neither its choice nor what it had."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with only_run(tmp_path, "customerio"), choosing(tmp_path, "customerio"):
            claim(tmp_path, "customerio", ["a"])
            os.write(writing, b"x")
            signal.pause()
    os.read(reading, 1)
    assert claimed(tmp_path, "customerio") == {"a"}
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert claimed(tmp_path, "customerio") == frozenset()
    with only_run(tmp_path, "customerio"), choosing(tmp_path, "customerio", timeout_s=0):
        pass
    for descriptor in (reading, writing):
        os.close(descriptor)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_the_locks_that_root_makes_belong_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    """Else the application could not choose or send after a command that was run with sudo."""
    os.chown(tmp_path, 1234, 1234)
    for name in ("customerio.lock", "customerio.choice"):
        (tmp_path / name).touch()  # left by root's run before
    with only_run(tmp_path, "customerio"), choosing(tmp_path, "customerio"), choosing(tmp_path, "segment"):
        claim(tmp_path, "customerio", ["a"])
        assert {path.name: path.stat().st_uid for path in tmp_path.iterdir()} == {
            "customerio.lock": 1234,
            "customerio.choice": 1234,
            "segment.choice": 1234,
            "customerio.claims": 1234,
        }
