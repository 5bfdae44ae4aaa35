"""How a command ends: its exit code and its line on standard error."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines_client.cli.leaving import (
    BAD_INPUT,
    BAD_NEWS,
    GOOD,
    INTERNAL,
    INTERRUPTED,
    begin,
    explained,
    guarded,
    leave,
    writing,
)
from pipelines_client.errors import SourceError


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (SourceError("a\nb: no such file"), BAD_INPUT, "a\N{REPLACEMENT CHARACTER}b: no such file"),
        (FileNotFoundError(2, "No such file or directory", "map.toml"), BAD_INPUT, "map.toml: No such file"),
        (
            ModuleNotFoundError("", name="duckdb"),
            BAD_INPUT,
            "duckdb is missing: pip install 'pipelines-client[parity]'",
        ),
        (ModuleNotFoundError("", name="starlette.requests"), BAD_INPUT, "pip install 'pipelines-client[sandbox]'"),
        (ModuleNotFoundError("", name="yaml"), BAD_INPUT, "pip install 'pipelines-client[plan]'"),
        (ModuleNotFoundError("", name="stdnum.iban"), BAD_INPUT, "pip install 'pipelines-client[privacy]'"),
        (MemoryError(), BAD_INPUT, "not enough memory"),
        (KeyboardInterrupt(), INTERRUPTED, "interrupted"),
        (RuntimeError("secret"), INTERNAL, "internal error (RuntimeError): please report it"),
    ],
)
def test_what_stops_a_command_is_one_line_and_an_exit_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never the code of a verdict."""
    with pytest.raises(SystemExit) as caught, explained():
        raise error
    line = capsys.readouterr().err.splitlines()[-1]
    assert caught.value.code == code
    assert line.startswith("pipelines-client: ")
    assert said in line


@pytest.mark.parametrize("error", [SourceError("x"), OSError(28, "No space left on device"), MemoryError()])
def test_bad_input_is_what_ends_a_command_before_it_sends(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    """Afterwards the same is bad news; the next command begins anew."""

    def fail(*, after: Callable[[], None] | None) -> None:
        if after is not None:
            after()
        raise error

    for after, code in ((begin, BAD_NEWS), (None, BAD_INPUT)):
        with pytest.raises(SystemExit) as caught, explained():
            fail(after=after)
        assert caught.value.code == code
        assert ("some may have been sent" in capsys.readouterr().err) is (after is not None)


class _UsageError(Exception):
    exit_code = BAD_INPUT

    def format_message(self) -> str:
        return "No such option: --ledgr"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (TypeError("make_metavar()"), INTERNAL, "internal error (TypeError): please report it"),
        (KeyboardInterrupt(), INTERRUPTED, "interrupted"),
    ],
)
def test_what_stops_typer_itself_is_no_verdict_either(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python's code for an exception is 1, which says *fail*."""
    with pytest.raises(SystemExit) as caught, guarded():
        raise error
    assert caught.value.code == code
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_a_usage_error_that_typer_cannot_show_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An old typer with a new click raises while it writes the usage."""

    def show_usage() -> None:
        try:
            raise _UsageError  # noqa: TRY301 - as typer does
        except _UsageError:
            raise TypeError  # noqa: B904 - as typer does

    with pytest.raises(SystemExit) as caught, guarded():
        show_usage()
    assert caught.value.code == BAD_INPUT
    assert capsys.readouterr().err == "pipelines-client: No such option: --ledgr\n"


def test_a_command_that_ends_well_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Its exit code is all."""
    with pytest.raises(SystemExit) as caught, explained():
        leave(GOOD)
    assert (caught.value.code, capsys.readouterr().err) == (GOOD, "")


def test_a_state_directory_that_cannot_be_written_is_named_with_the_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another file's error is not the state directory's."""
    with pytest.raises(SystemExit), writing(tmp_path):
        raise sqlite3.OperationalError
    assert f"{tmp_path} cannot be written (OperationalError): make room" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError), writing(tmp_path / "state"):
        raise FileNotFoundError(2, "No such file or directory", str(tmp_path / "refused.jsonl"))
