"""Values of Parquet, nested ones too, as the values that a JSON export of the same rows would have. Pure.

| in Parquet | in JSON |
|---|---|
| struct | object without the fields that are null: the file cannot tell a key that is absent from one that is null |
| map | object; a value that is null stays |
| list | list; an item that is null stays |
| timestamp, date, time | text in ISO 8601, as Python writes it; nanoseconds are cut to microseconds |
| decimal | number |
| binary | text in UTF-8 |
| NaN, Infinity | null |
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable

    Shape = Callable[[Any], Any]
    Shapes = dict[str, Shape]

_MAX_WHOLE = 2**63


def shapes_of(schema: pa.Schema) -> Shapes:
    """Return by column what makes the value that JSON has of the one that pyarrow gives; only for nested columns."""
    return {field.name: shape for field in schema if (shape := _shape(field.type)) is not None}


def plain_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows with types that Python has: nanoseconds become microseconds, dictionaries become texts."""
    for position, field in enumerate(batch.schema):
        kind = _plain_type(field.type)
        if kind != field.type:
            column = batch.column(position).cast(kind, safe=False)
            batch = batch.set_column(position, pa.field(field.name, kind), column)
    return batch


def plain_value(value: Any) -> Any:
    """Return a single value as one that JSON has."""
    if isinstance(value, Decimal):
        is_whole = value.is_finite() and value == value.to_integral_value()
        return int(value) if is_whole and abs(value) < _MAX_WHOLE else float(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def _shape(kind: pa.DataType) -> Shape | None:
    if pa.types.is_struct(kind):
        fields = {field.name: _shape(field.type) for field in kind}
        return lambda value: {name: _shaped(item, fields[name]) for name, item in value.items() if item is not None}
    if pa.types.is_map(kind):
        inner = _shape(kind.item_type)
        return lambda value: {_key(key): _shaped(item, inner) for key, item in value}
    if _is_list(kind):
        inner = _shape(kind.value_type)
        return None if inner is None else lambda value: [_shaped(item, inner) for item in value]
    return None


def _shaped(value: Any, shape: Shape | None) -> Any:
    return value if shape is None or value is None else shape(value)


def _key(key: Any) -> Any:
    return plain_value(key) if isinstance(key, bytes) else key


def _is_list(kind: pa.DataType) -> bool:
    return any(is_one(kind) for is_one in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    plain = kind
    if pa.types.is_dictionary(kind):
        plain = kind.value_type
    elif pa.types.is_struct(kind):
        plain = pa.struct([field.with_type(_plain_type(field.type)) for field in kind])
    elif pa.types.is_map(kind):
        plain = pa.map_(kind.key_field, kind.item_field.with_type(_plain_type(kind.item_type)))
    elif pa.types.is_list(kind):
        plain = pa.list_(kind.value_field.with_type(_plain_type(kind.value_type)))
    elif pa.types.is_timestamp(kind) and kind.unit == "ns":
        plain = pa.timestamp("us", kind.tz)
    elif pa.types.is_time64(kind) and kind.unit == "ns":
        plain = pa.time64("us")
    elif pa.types.is_duration(kind) and kind.unit == "ns":
        plain = pa.duration("us")
    return plain
