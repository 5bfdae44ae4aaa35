"""A count and its words."""

from __future__ import annotations

from pipelines_client.wording import one_line, plural


def test_one_is_one_and_everything_else_is_many() -> None:
    """Zero too, and large numbers have commas."""
    assert [plural(count, "row") for count in (0, 1, 2, 12_345)] == ["0 rows", "1 row", "2 rows", "12,345 rows"]


def test_a_verb_goes_with_its_noun() -> None:
    """The second form is said of every other number."""
    said = [plural(count, "message waits", "messages wait") for count in (1, 3)]
    assert said == ["1 message waits", "3 messages wait"]


def test_text_from_outside_stays_on_its_line() -> None:
    """No line end, escape sequence or direction mark gets through; letters of any language do."""
    assert one_line("a\nb\x1b[2J\u202ec\u2028") == "a\ufffdb\ufffd[2J\ufffdc\ufffd"
    assert one_line("Заказ 注文 🎉") == "Заказ 注文 🎉"
