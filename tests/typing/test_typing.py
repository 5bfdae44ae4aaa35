"""What mypy and pyright say of `right.py` and `wrong.py`: the typed face is checked as its users' code would be."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_MARK = re.compile(r"# E: ([\w-]+), ([\w-]+)$")
_MYPY = re.compile(r"^.*?([\w]+\.py):(\d+): error: .*\[([\w-]+)\]$", re.MULTILINE)
CHECKERS = ("mypy", "pyright")

Errors = Mapping[tuple[str, int], str]


def _lines() -> list[tuple[int, str, dict[str, str]]]:
    """Return number, code and expected errors of each marked line of `wrong.py`."""
    lines = enumerate((_HERE / "wrong.py").read_text("utf-8").splitlines(), 1)
    found = [(number, line, mark) for number, line in lines if (mark := _MARK.search(line))]
    return [
        (number, line.partition("  #")[0], dict(zip(CHECKERS, mark.groups(), strict=True)))
        for number, line, mark in found
    ]


def _run(command: str, *arguments: str) -> str:
    paths = [str(_HERE / name) for name in ("right.py", "wrong.py")]
    checker = Path(sys.executable).with_name(command)
    child = subprocess.run(
        [checker, *arguments, *paths], cwd=_ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert child.returncode == 1, child.stdout + child.stderr  # there are errors: those of wrong.py
    return child.stdout


@pytest.fixture(scope="module")
def errors() -> Mapping[str, Errors]:
    """What each checker says: file and line → its name of the error."""
    mypy = {(file, int(line)): code for file, line, code in _MYPY.findall(_run("mypy", "--strict"))}
    report = json.loads(_run("basedpyright", "--outputjson", "--pythonpath", sys.executable))
    pyright = {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1): each["rule"]
        for each in report["generalDiagnostics"]
        if each["severity"] == "error"
    }
    return {"mypy": mypy, "pyright": pyright}


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize(("number", "code", "expected"), [pytest.param(*line, id=line[1]) for line in _lines()])
def test_a_wrong_call_is_an_error(
    errors: Mapping[str, Errors], checker: str, number: int, code: str, expected: Mapping[str, str]
) -> None:
    """Red as soon as a checker accepts it, or refuses it for another reason."""
    assert errors[checker].get(("wrong.py", number), "-") == expected[checker], code


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_right_call_is_accepted(errors: Mapping[str, Errors], checker: str) -> None:
    """Every error is one that `wrong.py` expects."""
    expected = {("wrong.py", number) for number, _, _ in _lines()}
    assert {place: error for place, error in errors[checker].items() if place not in expected} == {}
