"""Nothing in a plan breaks out of a literal, a comment or a docstring."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.plan.codegen.spelling import docstring, literal, paragraph, prose, shown, text_literal

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)


@given(ANY_TEXT)
def test_a_literal_is_one_printable_line_and_means_the_text(text: str) -> None:
    """Also halves of characters, controls, and marks that turn the direction of what is read."""
    written = text_literal(text)
    assert ast.literal_eval(written) == text
    assert written.isprintable()


@pytest.mark.parametrize(
    ("text", "written"),
    [('say "hi"', "'say \"hi\"'"), ("it's", '"it\'s"'), ("both \" '", '"both \\" \'"'), ("a\\b", '"a\\\\b"')],
)
def test_the_quotes_are_those_that_need_fewer_escapes(text: str, written: str) -> None:
    """As formatters choose them."""
    assert text_literal(text) == written


def test_a_literal_type_takes_text_integers_truth_values_and_none() -> None:
    """A float or an object is not one."""
    assert [literal(each) for each in ("a", 1, True, None)] == ['"a"', "1", "True", "None"]
    assert [literal(each) for each in (1.5, [], {})] == [None, None, None]


@given(st.lists(ANY_TEXT, min_size=1, max_size=4))
def test_no_text_ends_a_docstring(texts: list[str]) -> None:
    """No description ends the docstring and adds a statement."""
    parts = [paragraph(prose(text), "    ") for text in texts]
    lines = ["def f():", *docstring(f"Track `{prose(texts[0])}`.", parts)]
    function = ast.parse("\n".join(lines)).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert len(function.body) == 1
    assert ast.get_docstring(function) is not None


@given(ANY_TEXT)
def test_no_text_ends_a_comment(text: str) -> None:
    """It stays on its line."""
    assert ast.parse(f"# {shown(text)}\n").body == []
    assert len(f"# {shown(text)}".splitlines()) == 1
