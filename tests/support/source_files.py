"""Looks at source files without running them: what they import, what they define, what they say in words."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    modules = {module_name(path): path for folder in folders for path in python_files(folder)}
    rooms = {name: name if path.name == "__init__.py" else name.rpartition(".")[0] for name, path in modules.items()}
    return {
        name: set(imports_in(tree_of(path), set(modules), room=rooms[name])) - {name} for name, path in modules.items()
    }


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


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes that a node holds; `ast.iter_child_nodes` takes three times as long."""
    found: list[ast.AST] = []
    for value in vars(node).values():
        if isinstance(value, list):
            found += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all that are in it, in no order."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += children(node)


def statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Yield all statements, also those within others: `ast.walk` looks into each expression as well."""
    for name in ("body", "orelse", "handlers", "finalbody", "cases"):
        for node in getattr(tree, name, ()):
            if isinstance(node, ast.stmt):
                yield node
            yield from statements(node)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield all functions and methods."""
    for node in statements(tree):
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


@cache
def words_in(path: Path) -> list[tuple[int, str]]:
    """Return each line of a file that people read: in Python only comments and texts, elsewhere every line."""
    return list(_words_in(path))


def _words_in(path: Path) -> Iterator[tuple[int, str]]:
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds and not re.fullmatch(r"\W*\w+\W*", token.string):  # one word is a key or a name
            yield from enumerate(token.string.splitlines(), token.start[0])


def module_name(path: Path) -> str:
    """Return the name that a file is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_in(tree: ast.AST, modules: set[str], *, room: str) -> Iterator[str]:
    """Yield the modules that code imports when it runs: also those that `import_module` or `names_of` is given.

    Args:
        tree: The code.
        modules: The modules that are looked for.
        room: The package that the code is in.
    """
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            waiting += node.orelse
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            yield from _imported_from(_absolute("." * node.level + (node.module or ""), room), node.names, modules)
        else:
            if isinstance(node, ast.Call):
                yield from (name for text in _named_imports(node) if (name := _absolute(text, room)) in modules)
            waiting += children(node)


def _imported_from(module: str, names: list[ast.alias], modules: set[str]) -> Iterator[str]:
    inner = {f"{module}.{alias.name}" for alias in names}
    yield from inner & modules
    if inner - modules and module in modules:
        yield module


def _named_imports(call: ast.Call) -> list[str]:
    """Return the texts that `import_module`, `__import__` or `lazy.names_of` is given; none if this is another call."""
    function = ast.unparse(call.func).rpartition(".")[2]
    if function in ("import_module", "__import__"):
        return _texts(call.args[:1])
    if function == "names_of" and len(call.args) > 1 and isinstance(call.args[1], ast.Dict):
        return [f".{name}" for name in _texts(call.args[1].keys)]
    return []


def _texts(nodes: Sequence[ast.expr | None]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _absolute(name: str, room: str) -> str:
    """Return the name that a relative one stands for in a package."""
    bare = name.lstrip(".")
    if bare == name:
        return name
    parts = room.split(".")
    base = parts[: len(parts) - (len(name) - len(bare) - 1)]
    return ".".join([*base, bare] if bare else base)
