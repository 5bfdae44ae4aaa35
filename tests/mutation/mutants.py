"""Small changes of a module, each of which some test should notice.

Operators: a comparison's boundary or direction, `and` against `or`, `all` against `any`, `min` against `max`, plus
against minus, a number one more or less, one of a row of constants left out, a condition negated, and a predicate that
always answers True or False.
"""

from __future__ import annotations

import ast
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_REVERSED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
_REDUCED = {"any": "all", "all": "any", "min": "max", "max": "min"}
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}


@dataclass(frozen=True)
class Mutant:
    """One change: the line it is in, what stood there, what stands there now, and the module with it.

    `name` is the constant of the module that it changes; None: it is in a function.
    """

    line: int
    before: str
    after: str
    tree: ast.Module
    name: str | None = None


def mutants_of(source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    passed_over, names = _passed_over(tree), _constants(tree)
    for number, node in enumerate(nodes):
        if id(node) in passed_over:
            continue
        for changed in _changes(node):
            copy = deepcopy(tree)
            found = list(ast.walk(copy))[number]
            _replace(copy, found, changed)
            yield Mutant(
                _line_of(node), _text(node), _text(changed), ast.fix_missing_locations(copy), names.get(id(node))
            )


def _line_of(node: ast.AST) -> int:
    """Return a line that runs whenever the node does: of a function, the last of its body; of a condition, its test."""
    if isinstance(node, ast.FunctionDef):
        return node.body[-1].lineno
    return getattr(node.test if isinstance(node, (ast.If, ast.IfExp)) else node, "lineno", 0)


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:100]


def _constants(tree: ast.Module) -> dict[int, str]:
    """Return the nodes in the values of a module's constants, with the names of these."""
    found: dict[int, str] = {}
    for statement in tree.body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        value = getattr(statement, "value", None)
        if isinstance(target, ast.Name) and value is not None:
            found |= {id(node): target.id for node in ast.walk(value)}
    return found


def _passed_over(tree: ast.Module) -> set[int]:
    """Return the nodes that decide nothing: decorators, annotations, words to format, defaults of fields."""
    roots: list[ast.AST] = []
    constants = _constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            roots += node.decorator_list
        if isinstance(node, ast.FunctionDef):
            roots += [node.args, *([node.returns] if node.returns else [])]
        if isinstance(node, ast.AnnAssign):
            roots += [node.annotation, *([node.value] if node.value and id(node.value) not in constants else [])]
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            roots.append(node.format_spec)
        if isinstance(node, ast.If) and _text(node.test) == "TYPE_CHECKING":
            roots.append(node)
    return {id(node) for root in roots for node in ast.walk(root)}


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in a node's place."""
    yield from _operators(node)
    match node:
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Constant(value=int() | float()):
            yield from map(ast.Constant, (node.value + 1, node.value - 1) if node.value > 0 else (node.value + 1,))
        case ast.Set() | ast.List() | ast.Tuple(ctx=ast.Load()) if len(node.elts) > 1 and _are_constant(node.elts):
            for place in range(len(node.elts)):
                yield type(node)(elts=node.elts[:place] + node.elts[place + 1 :], ctx=ast.Load())
        case ast.Dict() if len(node.keys) > 1 and _are_constant(node.keys):
            for place in range(len(node.keys)):
                keys, values = ([*each[:place], *each[place + 1 :]] for each in (node.keys, node.values))
                yield ast.Dict(keys, values)
        case ast.If() | ast.IfExp():
            changed = deepcopy(node)
            changed.test = ast.UnaryOp(ast.Not(), changed.test)
            yield changed
        case ast.FunctionDef(returns=ast.Name(id="bool")):
            for answer in (True, False):
                changed = deepcopy(node)
                changed.body = [ast.Return(ast.Constant(answer))]
                yield changed


def _operators(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=[op]):
            for table in (_COMPARED, _REVERSED):
                if type(op) in table:
                    yield ast.Compare(node.left, [table[type(op)]()], node.comparators)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.Call(func=ast.Name(id=name)) if name in _REDUCED:
            yield ast.Call(ast.Name(_REDUCED[name], ast.Load()), node.args, node.keywords)
        case ast.BinOp() if type(node.op) in _COUNTED and not _is_words(node):
            yield ast.BinOp(node.left, _COUNTED[type(node.op)](), node.right)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand


def _are_constant(nodes: list[ast.expr] | list[ast.expr | None]) -> bool:
    """Whether all are texts, numbers or names such as `Stage.LIVE`."""
    return all(
        isinstance(node, (ast.Constant, ast.Attribute)) or (isinstance(node, ast.Name) and node.id.isupper())
        for node in nodes
    )


def _is_words(node: ast.BinOp) -> bool:
    """Whether a sum is one of texts."""
    return any(
        isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in ast.walk(node)
    )


def _replace(tree: ast.Module, old: ast.AST, new: ast.AST) -> None:
    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return ast.copy_location(new, old) if node is old else self.generic_visit(node)

    Swap().visit(tree)
