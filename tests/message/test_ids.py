"""Ids as text, and new message ids."""

from __future__ import annotations

import math
import os
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from pipelines_client.message import ids
from pipelines_client.message.ids import id_text, make_id

NOW_MS = 1_793_611_800_125


def test_a_forked_child_never_repeats_an_id_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the same millisecond: the stock that it inherits is not used."""
    make_id(NOW_MS)
    *stock, starts = ids._stock
    inherited, child = (*stock, starts.copy()), os.getpid() + 1
    mine = {make_id(NOW_MS) for _ in range(20)}
    monkeypatch.setattr(ids, "_stock", inherited)
    monkeypatch.setattr(os, "getpid", lambda: child)
    assert mine.isdisjoint(make_id(NOW_MS) for _ in range(20))


class Lazy:
    """Claims to be what it wraps, and can do nothing but say its text."""

    def __init__(self, value: object) -> None:
        self._value = value

    @property
    def __class__(self) -> Any:
        return type(self._value)

    def __str__(self) -> str:
        return str(self._value)

    def __repr__(self) -> str:
        return f"Lazy({self._value!r})"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (1042, "1042"),
        (0, "0"),
        (1042.0, "1042"),
        (0.5, "0.5"),
        (np.float64(1042), "1042"),
        (np.int64(7), "7"),
        (Decimal("1042.00"), "1042"),
        (Lazy("user-7"), "user-7"),
        (Lazy(1042.0), "1042"),
        (Lazy(None), None),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (None, None),
        (math.nan, None),
        (np.float64("nan"), None),
        (Decimal("NaN"), None),
    ],
    ids=repr,
)
def test_an_id_of_any_type_is_its_text(given: Any, text: str | None) -> None:
    """Data frames hold ids as floats, and NaN where one is missing."""
    assert id_text(given) == text


@pytest.mark.parametrize(
    "given", [True, np.bool_(True), Lazy(True), math.inf, Decimal("-Infinity"), Decimal("sNaN"), 1j]
)
def test_what_would_make_one_person_of_many_is_not_an_id(given: Any) -> None:
    """True, infinity and the like are an AssertionError, as a missing id is for upstream."""
    with pytest.raises(AssertionError, match="an id must be"):
        id_text(given)
