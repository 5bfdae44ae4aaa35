"""Each name becomes an identifier, alone in its scope, that what comes later does not change."""

from __future__ import annotations

import keyword
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.plan.codegen.names import Identifiers, pascal, snake

ANY_NAMES = st.lists(st.text(max_size=12) | st.sampled_from(["order id", "order_id", "orderId", "class"]), unique=True)
RESERVED = ("client", "user_id")


def _claimed(texts: list[str]) -> list[str]:
    names = Identifiers(RESERVED)
    return [names.claim(snake(text), text) for text in texts]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("order_id", "order_id"),
        ("orderId", "order_id"),
        ("Order ID", "order_id"),
        ("HTTPStatus", "http_status"),
        ("__class__", "class"),
        ("2nd try", "_2nd_try"),
        ("Größe", "größe"),
        ("ﬁle", "file"),
        ("注文", "注文"),
        ("price ($)", "price"),
        ("", "unnamed"),
        ("$$$", "unnamed"),
    ],
)
def test_a_name_is_written_in_snake_case(text: str, name: str) -> None:
    """In each convention that a plan may have."""
    assert snake(text) == name


def test_a_class_is_named_in_pascal_case() -> None:
    """After the event and the property."""
    assert pascal("Order Completed", "line_items") == "OrderCompletedLineItems"


def test_a_very_long_name_is_cut_and_stays_apart_from_others_that_begin_alike() -> None:
    """A hash of all of it stands at the end."""
    first, second = snake(f"{'a' * 300}1"), snake(f"{'a' * 300}2")
    assert first != second
    assert len(first) < 70


def test_a_keyword_and_a_name_that_the_module_needs_get_an_underscore() -> None:
    """`_` alone says that it is another name."""
    assert _claimed(["class", "client"]) == ["class_", "client_"]


@given(ANY_NAMES)
def test_every_name_is_an_identifier_alone_in_its_scope(texts: list[str]) -> None:
    """Python reads identifiers in the form NFKC, so they must differ in it."""
    names = _claimed(texts)
    assert len({normalize("NFKC", name) for name in names}) == len(texts)
    assert all(name.isidentifier() and not keyword.iskeyword(name) and name not in RESERVED for name in names)


@given(ANY_NAMES, ANY_NAMES)
def test_what_is_added_below_changes_no_name(texts: list[str], added: list[str]) -> None:
    """A name depends on itself and on what stands above it."""
    assert _claimed(texts + [text for text in added if text not in texts])[: len(texts)] == _claimed(texts)
