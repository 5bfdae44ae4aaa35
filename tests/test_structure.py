"""The shape of the code: no circles, small files, one name for one thing, a test for each module, plain words."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

import pytest
from elsewhere import TESTED_IN
from source_files import (
    PACKAGE,
    ROOT,
    TESTS,
    find_circle,
    functions,
    import_graph,
    imports_in,
    length_of,
    parameters_of,
    place_of,
    python_files,
    statements,
    tree_of,
    words_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BENCHMARKS = ROOT / "benchmarks"
MOST_AT_ROOT = 14
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 40
MOST_PARAMETERS = 8
TOO_LARGE = {
    "pipelines_client/client/express.py express_for": "one function for an ordinary call: docs/adr/0023",
    "pipelines_client/client/express.py take": "as above",
    "pipelines_client/client/client.py Client.__init__": "upstream's signature, and ours beside it",
}
"""What may be larger, and why. Each line must still be needed."""
HARD_WORDS = {
    "whoever, nobody, somebody": r"\b([Ww]hoever|[Nn]obody|[Ss]omebody)\b",
    "of its own (say what it has)": r"\bof (its|their|our|his) own\b",
    "is no X (say: is not an X)": r"(?<![Tt]here )(?<!still )\b(is|are) no (?!longer|more)[a-z]",
    "doubled (say: duplicate, sent twice)": r"\b[Dd]oubled\b",
    "unread (say: not read, unreadable)": r"\b[Uu]nread\b",
}


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Also not from within functions: a circle makes two files one that is harder to read."""
    circle = find_circle(import_graph(PACKAGE, BENCHMARKS))
    assert not circle, " imports ".join(circle)


def test_a_circle_is_found() -> None:
    """The test above can fail."""
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c", "b"]
    assert find_circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    ("code", "imported"),
    [
        ("import p.a.x", ["p.a.x"]),
        ("from p.a import x, name", ["p.a.x", "p.a"]),
        ("def f():\n    from p import b", ["p.b"]),
        ("from . import x", ["p.a.x"]),
        ("from .x import name", ["p.a.x"]),
        ("from .. import b", ["p.b"]),
        ("from ..b import name", ["p.b"]),
        ("importlib.import_module('p.b')", ["p.b"]),
        ("def f():\n    return import_module('.x', __package__).name", ["p.a.x"]),
        ("names_of(__name__, {'x': ('name',), 'other': ('more',)})", ["p.a.x"]),
        ("if TYPE_CHECKING:\n    import p.b", []),
        ("if TYPE_CHECKING:\n    import p.b\nelse:\n    import p.a.x", ["p.a.x"]),
        ("if not TYPE_CHECKING:\n    import p.b", ["p.b"]),
        ("if TYPE_CHECKING or True:\n    import p.b", ["p.b"]),
    ],
)
def test_every_way_to_import_is_seen(code: str, imported: list[str]) -> None:
    """In the package `p.a`, beside `p.b`."""
    assert list(imports_in(ast.parse(code), {"p.a", "p.a.x", "p.b"}, room="p.a")) == imported


def test_the_root_of_the_package_is_small() -> None:
    """A module belongs to a room; the root holds what every room needs."""
    files = [path.name for path in PACKAGE.glob("*.py")]
    assert len(files) <= MOST_AT_ROOT, sorted(files)


def test_every_room_says_what_it_owns() -> None:
    """A reader who opens a folder starts at its `__init__.py`."""
    silent = [place_of(path) for path in PACKAGE.rglob("__init__.py") if not ast.get_docstring(tree_of(path))]
    assert not silent


def test_no_two_classes_or_types_share_a_name_or_hide_one_of_the_library() -> None:
    """A name that means two things costs every reader a look at the imports."""
    places = defaultdict(list, {"Path": ["pathlib"], "Iterator": ["collections.abc"], "Counter": ["collections"]})
    for path in python_files(PACKAGE):
        tree = tree_of(path)
        for node in statements(tree):
            if isinstance(node, ast.ClassDef) and node not in tree.body:
                places[node.name].append(place_of(path, node.lineno))
        is_vendor = "sandbox" in path.parts  # it knows nothing of ours, so it may say again what a count is
        for name, line in () if is_vendor else _types_in(tree):
            places[name].append(place_of(path, line))
    assert not {name: where for name, where in places.items() if len(where) > 1}


def _types_in(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the classes of a module and the names that it gives to types: `Side = Literal[...]`."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name, node.lineno
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        is_type = isinstance(value, ast.Subscript) and re.match(
            r"[A-Z]|tuple\b|dict\b|list\b", ast.unparse(value.value)
        )
        if isinstance(target, ast.Name) and is_type and re.fullmatch(r"[A-Z][a-z]\w+", target.id):
            yield target.id, node.lineno


def test_files_functions_and_constructors_are_small() -> None:
    """What grows beyond this is split by meaning, or stands in the list of exceptions with its reason."""
    large = {name: size for path in _own_files() for name, size in _sizes(path) if name not in TOO_LARGE}
    assert not large


def test_each_exception_is_still_too_large() -> None:
    """The list of exceptions gets shorter when the code does."""
    large = {name for path in _own_files() for name, _ in _sizes(path)}
    assert not set(TOO_LARGE) - large


def _own_files() -> list[Path]:
    return python_files(PACKAGE) + python_files(BENCHMARKS)


@cache
def _sizes(path: Path) -> list[tuple[str, str]]:
    """Return what is too large in a file, and how large it is."""
    tree = tree_of(path)
    lines = len(path.read_text("utf-8").splitlines())
    sizes = [(place_of(path), f"{lines} lines")] if lines > MOST_LINES else []
    owners = {id(node): kind.name for kind in statements(tree) if isinstance(kind, ast.ClassDef) for node in kind.body}
    for function in functions(tree):
        owner = owners.get(id(function))
        name = f"{place_of(path)} {f'{owner}.' if owner else ''}{function.name}"
        if (length := length_of(function)) > MOST_LINES_OF_A_FUNCTION:
            sizes.append((name, f"{length} lines"))
        if function.name == "__init__" and (parameters := parameters_of(function)) > MOST_PARAMETERS:
            sizes.append((name, f"{parameters} parameters"))
    return sizes


def test_each_module_has_a_test_file_of_its_name_or_a_line_that_says_where_it_is_tested() -> None:
    """Tests lie in folders as the package does: who changes a module knows which file to run."""
    missing = [name for name in _modules() if not _has_test(name) and name not in TESTED_IN]
    assert not missing, "name the test file in tests/support/elsewhere.py"


def test_the_table_of_where_modules_are_tested_is_true() -> None:
    """No line is for a module that is gone or has a test file of its name; each test file exists."""
    modules = _modules()
    stale = [name for name in TESTED_IN if name not in modules or _has_test(name)]
    gone = [test for test in TESTED_IN.values() if not (TESTS / test).is_file()]
    assert not stale
    assert not gone


def _modules() -> list[str]:
    paths = [path for path in python_files(PACKAGE) if path.name != "__init__.py"]
    return [str(path.relative_to(PACKAGE)) for path in paths]


def _has_test(name: str) -> bool:
    return (TESTS / name).with_name(f"test_{name.rpartition('/')[2]}").is_file()


@pytest.mark.parametrize("rule", HARD_WORDS)
def test_plain_words(rule: str) -> None:
    """Comments, docstrings and texts use the words that readers know."""
    files = [
        path
        for path in sorted(PACKAGE.rglob("*"))
        if path.is_file() and path.suffix in (".py", ".sql", ".jinja", ".js", ".css", ".md")
    ]
    hits = [
        f"{place_of(path, number)}: {line.strip()}"
        for path in files
        for number, line in words_in(path)
        if re.search(HARD_WORDS[rule], re.sub(r"`[^`]*`", "", line))
    ]
    assert not hits, "\n".join(["", *hits])
