"""New message ids."""

from __future__ import annotations

import os

import pytest

from pipelines_client.message import ids
from pipelines_client.message.ids import make_id

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
