"""The state directory of a running client stays the same folder, whatever becomes of its path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines_client.state import held
from pipelines_client.state.held import HeldDir, resolved


def test_a_moved_parent_and_a_switched_symlink_lead_to_the_same_folder(tmp_path: Path) -> None:
    """What is written later lies beside what was written before."""
    (tmp_path / "r1").mkdir()
    (tmp_path / "current").symlink_to(tmp_path / "r1")
    place = HeldDir(resolved(tmp_path / "current" / "state"))
    (place.path / "before").touch()
    (tmp_path / "current").unlink()
    (tmp_path / "r1").rename(tmp_path / "moved")
    (place.path / "after").touch()
    assert {path.name for path in (tmp_path / "moved" / "state").iterdir()} == {"before", "after"}
    assert not (tmp_path / "r1").exists()


def test_a_removed_folder_is_made_again(tmp_path: Path) -> None:
    """Files in a removed folder could not be found by the next process."""
    place = HeldDir(tmp_path / "state")
    (place.path / "file").touch()
    (tmp_path / "state" / "file").unlink()
    (tmp_path / "state").rmdir()
    (place.path / "file").touch()
    assert (tmp_path / "state" / "file").exists()


def test_a_closed_descriptor_is_not_mistaken_for_a_folder_of_the_application(tmp_path: Path) -> None:
    """Its number may belong to another folder by then."""
    place = HeldDir(tmp_path / "state")
    number = int(place.path.name)
    other = os.open(tmp_path, os.O_RDONLY)
    os.dup2(other, number)
    os.close(other)
    (place.path / "file").touch()
    assert (tmp_path / "state" / "file").exists()
    assert not (tmp_path / "file").exists()
    os.close(number)


def test_without_proc_the_resolved_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS, or a container that does not mount it."""
    monkeypatch.setattr(held, "_LINKS", tmp_path / "no-proc")
    assert HeldDir(tmp_path / "state").path == tmp_path / "state"


def test_a_folder_that_every_user_may_write_to_is_refused(tmp_path: Path) -> None:
    """Another user could replace what lies there."""
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(PermissionError, match="chmod o-w"):
        _ = HeldDir(folder).path


@pytest.mark.parametrize("text", ['"/var/lib/app"', "'/var/lib/app'", "/var/lib/app'"])
def test_quotes_around_a_path_are_refused(text: str) -> None:
    """An env file keeps them, and a folder of that name would be made in the working directory."""
    with pytest.raises(ValueError, match="quotes"):
        resolved(Path(text))


def test_a_tilde_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell has it, which reads neither unit files nor env files."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolved(Path("~/state")) == tmp_path / "state"
