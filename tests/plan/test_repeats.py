"""Ids and marks of events that a property identifies."""

from __future__ import annotations

import pytest

from pipelines_client.plan.repeats import idempotent_id, key_text, once_mark


@pytest.mark.parametrize(
    ("value", "text"),
    [("o-1", "o-1"), (" o-1 ", "o-1"), (42, "42"), (42.0, "42"), (4.5, None), (True, None), ("", None), ({}, None)],
)
def test_a_key_is_a_text_or_a_whole_number(value: object, text: str | None) -> None:
    """However a service spells it."""
    assert key_text({"id": value}, "id") == text
    assert key_text({}, "id") is None


def test_ids_stay_the_same_in_each_release_and_have_the_form_of_a_ulid() -> None:
    """An id that changes with a release makes repeats of what was sent before it."""
    made = idempotent_id(b"key", "Order Completed", "o-1")
    assert made == "0000000000" + made[10:]
    assert len(made) == 26
    assert made == "0000000000D059Q3WAK3DT3BWV"
    assert len({made, idempotent_id(b"key", "Order", "Completed"), idempotent_id(b"k", "Order Completed", "o-1")}) == 3
    assert once_mark(b"key", "Order Completed", "o-1") != made
