from __future__ import annotations

import pytest

from pipelines_client.plan.lint.names import STYLES, bag, folded, in_style, pairs_one_letter_apart, stem, usual_style

STYLE_CASES = [
    ("Title Case", ["Order Completed", "Added to Cart", "2FA Enabled", "API Key Created", "Prüfung Bestanden"]),
    ("snake_case", ["order_completed", "step_2_done", "größe"]),
    ("camelCase", ["orderCompleted", "order", "step2Done"]),
]
OTHERS = ["order Completed", "Order  Completed", "Order_Completed", "order__completed", "_order", "order-completed", ""]


@pytest.mark.parametrize(("style", "names"), STYLE_CASES)
def test_a_style_knows_its_names(style: str, names: list[str]) -> None:
    """And no name that has none."""
    assert [name for name in names if not STYLES[style](name)] == []
    assert [name for name in OTHERS if STYLES[style](name)] == []


def test_a_name_is_written_in_each_style() -> None:
    """From any other one."""
    for name in ("orderCompleted", "Order Completed", "order_completed", "ORDER-COMPLETED"):
        assert [in_style(name, style) for style in STYLES] == ["Order Completed", "order_completed", "orderCompleted"]


def test_spellings_of_one_name_are_folded_into_one() -> None:
    """A name without letters stays itself."""
    assert {folded(name) for name in ("orderId", "order_id", "Order ID", "order-id", "ORDER_ID")} == {"orderid"}
    assert folded("***") == "***"


def test_words_lose_their_usual_endings() -> None:
    """Enough to meet each other; nothing is left of no word."""
    for words in (("completed", "complete", "completes"), ("cancelled", "canceled"), ("tried", "tries")):
        assert len({stem(word) for word in words}) == 1, words
    assert bag("Complete Order") == bag("Order Completed") != bag("Order Refunded")


def test_the_usual_style_is_that_of_most_names() -> None:
    """None where no name has a style."""
    assert usual_style(["a_b", "c_d", "E F"], ["Title Case", "snake_case"]) == "snake_case"
    assert usual_style(["***"], ["Title Case", "snake_case"]) is None


def test_typing_errors_of_all_four_kinds_are_found() -> None:
    """Left out, added, replaced, swapped; each pair once."""
    for wrong in ("Acount Created", "Accountt Created", "Account Creatad", "Account Craeted"):
        assert list(pairs_one_letter_apart(["Account Created", wrong])) == [tuple(sorted(["Account Created", wrong]))]
    assert not list(pairs_one_letter_apart(["Account Created", "Acount Creted", "Step 10 Done", "Step 11 Done"]))
