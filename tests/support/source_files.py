"""Looks at source files without running them: what they import, what they define, what they say in words."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pipelines_client"
TESTS = ROOT / "tests"


def python_files(folder: Path) -> list[Path]:
    """Return the Python files under a folder, in order."""
    return sorted(folder.rglob("*.py"))


def place_of(path: Path, line: int = 0) -> str:
    """Return a place as a terminal and an editor understand it."""
    return f"{path.relative_to(ROOT)}{f':{line}' if line else ''}"


def tree_of(path: Path) -> ast.Module:
    """Parse a file."""
    return ast.parse(path.read_text("utf-8"))


def import_graph(*folders: Path) -> dict[str, set[str]]:
    """Return for each module the modules of these folders that it imports when it runs, inside functions too."""
    modules = {_module_name(path): path for folder in folders for path in python_files(folder)}
    return {name: set(_imports(tree_of(path), set(modules))) - {name} for name, path in modules.items()}


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    """Return one circle of modules, its first module again at the end; empty if there is none."""
    done: set[str] = set()

    def follow(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for target in sorted(graph[name]):
            if circle := follow(target, [*path, name]):
                return circle
        done.add(name)
        return []

    return next((circle for name in sorted(graph) if (circle := follow(name, []))), [])


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield all functions and methods."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return a function's lines without its docstring."""
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def parameters_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many parameters a method has, without `self`."""
    arguments = function.args
    return len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs) - 1


def words_in(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line of a file that people read: in Python only comments and texts, elsewhere every line."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds and not re.fullmatch(r"\W*\w+\W*", token.string):  # one word is a key or a name
            yield from enumerate(token.string.splitlines(), token.start[0])


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(tree: ast.AST, modules: set[str]) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from inner & modules
            if inner - modules and node.module in modules:
                yield node.module
        else:
            yield from _imports(node, modules)
