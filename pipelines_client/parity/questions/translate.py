"""Translates DuckDB's dialect with SQLGlot, and adds two rules that no grammar shows. Pure."""

from __future__ import annotations

from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

_WIDE = exp.DataType.build("DECIMAL(28, 0)", dialect="spark")  # holds sums too; summed it has the most digits, 38


def translate(sql: str, dialect: Literal["postgres", "spark"]) -> str:
    """Return one SELECT in another dialect, every name quoted.

    PostgreSQL orders and compares texts by the locale of its database: each text that a question makes itself gets the
    collation "C", as the columns of facts have it. Spark's sum of 64-bit numbers has 64 bits: it sums decimals instead,
    as wide as those of the other two.
    """
    tree = normalize_identifiers(sqlglot.parse_one(sql, read="duckdb"), dialect="duckdb")
    rule = _by_bytes if dialect == "postgres" else _add_up_wide
    return tree.transform(rule).sql(dialect=dialect, identify=True)


def _by_bytes(node: exp.Expression) -> exp.Expression:  # pyright: ignore[reportPrivateImportUsage]
    is_text = (isinstance(node, exp.Literal) and node.is_string) or (
        isinstance(node, exp.Cast) and node.to.this in exp.DataType.TEXT_TYPES
    )
    if not is_text or isinstance(node.parent, exp.Collate):
        return node
    return exp.Paren(this=exp.Collate(this=node.copy(), expression=exp.to_identifier("C", quoted=True)))


def _add_up_wide(node: exp.Expression) -> exp.Expression:  # pyright: ignore[reportPrivateImportUsage]
    if isinstance(node, exp.Sum) and not isinstance(node.this, exp.Cast):
        node.set("this", exp.Cast(this=node.this.copy(), to=_WIDE.copy()))
    return node
