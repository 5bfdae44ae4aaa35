"""The SQL of a truth check: one SELECT over a few stable views that can do no harm on any engine.

`_ALLOWED` lists what a check may use; everything else, such as a function that reads a file, is refused. The views
replace their names in the SQL, so a check cannot read another table of the engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from pipelines_client.parity.model import MOST_ROWS
from pipelines_client.sides import SIDES

TEXT, NUMBER = "VARCHAR", "BIGINT"
COLUMNS: dict[str, dict[str, str]] = {
    "sent": {
        **dict.fromkeys(
            ("message_id", "type", "event", "person", "day", "segment_outcome", "customerio_outcome"), TEXT
        ),
        "happened_ms": NUMBER,
    },
    "received": {
        **dict.fromkeys(("side", "message_id", "type", "event", "person", "day"), TEXT),
        **dict.fromkeys(("happened_ms", "received_ms"), NUMBER),
    },
    "missing": {
        **dict.fromkeys(("side", "message_id", "type", "event", "day", "cause", "reason"), TEXT),
        "happened_ms": NUMBER,
    },
    "sides": {"side": TEXT, "last_ms": NUMBER},
}
"""The views with their columns; `views/` has their SQL."""

_ALLOWED: tuple[type[exp.Expr], ...] = (
    *(exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join, exp.Table),
    *(exp.TableAlias, exp.Identifier, exp.Column, exp.Alias, exp.Star, exp.Literal, exp.Null, exp.Boolean, exp.Tuple),
    *(exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Distinct, exp.Window, exp.WindowSpec),
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.In, exp.Between),
    *(exp.And, exp.Or, exp.Not, exp.Paren, exp.Add, exp.Sub, exp.Mul, exp.IntDiv, exp.Mod, exp.Neg, exp.DPipe),
    *(exp.Case, exp.If, exp.Cast, exp.DataType, exp.Coalesce, exp.Nullif, exp.Exists),
    *(exp.Count, exp.Sum, exp.Min, exp.Max, exp.RowNumber, exp.Lag, exp.Lead),
)
_FUNCTIONS = "count, sum, min, max, coalesce, nullif, row_number, lag, lead, CASE, CAST"


@dataclass(frozen=True, slots=True)
class PlainSelect:
    """A SELECT in DuckDB's dialect that every engine can answer.

    `views` are the views that it reads, `reads` the columns of them, as in `sent.person`, and `sides` those that it
    names.
    """

    sql: str
    columns: tuple[str, ...]
    views: frozenset[str]
    reads: frozenset[str]
    sides: frozenset[str]


def plain_select(sql: str) -> PlainSelect:
    """Return the SQL of a check, ready to be asked.

    Raises:
        ValueError: It is not one SELECT over the views; names the part and the cure.
    """
    tree = _parse(sql)
    for node in tree.walk():
        _refuse_unknown(node)
    try:
        tree = qualify(tree, schema=dict(COLUMNS), dialect="duckdb")
    except SqlglotError as error:
        text = str(error).split(" Line:")[0].rstrip(".")
        raise ValueError(f"{text}; {_views()}") from None
    reads = _columns_read(tree)
    sides = frozenset(each.this for each in tree.find_all(exp.Literal) if each.this in SIDES)
    views = _fill_in(tree)
    return PlainSelect(
        _limited(tree).sql("duckdb", comments=False), tuple(tree.named_selects), views, reads=reads, sides=sides
    )


def _parse(sql: str) -> exp.Query:
    try:
        trees = sqlglot.parse(sql, read="duckdb")
    except SqlglotError as error:
        raise ValueError(f"it is not valid SQL ({str(error).split('. Line')[0]})") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise ValueError("it must be one SELECT statement")
    return trees[0]


def _refuse_unknown(node: exp.Expr) -> None:
    if type(node) not in _ALLOWED:
        what = node.name.lower() if isinstance(node, exp.Anonymous) else node.key
        raise ValueError(f"a check cannot use {what!r}; it can use {_FUNCTIONS}, and a // b to divide")
    if isinstance(node, exp.Table) and not (isinstance(node.this, exp.Identifier) and node.parts == [node.this]):
        raise ValueError(f"it cannot read {node.sql('duckdb')!r}; {_views()}")
    if isinstance(node, exp.With) and node.recursive:
        raise ValueError("WITH RECURSIVE is not allowed: it may never end")
    if isinstance(node, exp.Group) and node.args.get("all"):
        raise ValueError("GROUP BY ALL does not work on every engine; name the columns")
    if isinstance(node, exp.Limit) and not (node.expression.is_int and int(node.expression.name) <= MOST_ROWS):
        raise ValueError(f"LIMIT must be a number up to {MOST_ROWS:,}; leave it out to count all rows")


def _columns_read(tree: exp.Query) -> frozenset[str]:
    """Return the columns of views that a qualified query reads anywhere."""
    found = ((scope.sources.get(column.table), column) for scope in traverse_scope(tree) for column in scope.columns)
    return frozenset(f"{source.name}.{column.name}" for source, column in found if isinstance(source, exp.Table))


def _fill_in(tree: exp.Query) -> frozenset[str]:
    """Replace the name of each view by its SQL; return the names."""
    tables = [
        source for scope in traverse_scope(tree) for source in scope.sources.values() if isinstance(source, exp.Table)
    ]
    for table in tables:
        if table.name not in COLUMNS:
            raise ValueError(f"there is no view {table.name!r}; {_views()}")
        table.replace(exp.Subquery(this=_view(table.name).copy(), alias=exp.TableAlias(this=table.args["alias"].this)))
    return frozenset(table.name for table in tables)


def _limited(tree: exp.Query) -> exp.Query:
    return tree if tree.args.get("limit") else tree.limit(MOST_ROWS + 1, copy=False)


@cache
def _view(name: str) -> exp.Query:
    text = resources.files(__package__ or "").joinpath("views", f"{name}.sql").read_text("utf-8")
    tree = sqlglot.parse_one(text, read="duckdb")
    assert isinstance(tree, exp.Query)  # noqa: S101 - the package's own file
    return tree


def _views() -> str:
    return "a check can read " + ", ".join(f"{name} ({', '.join(columns)})" for name, columns in COLUMNS.items())
