"""The tree of exceptions."""

from __future__ import annotations

import inspect
import re

from pipelines_client import errors
from pipelines_client.errors import PipelinesError


def drawn(kind: type, before: str = "", below: str = "") -> list[str]:
    """Return the tree of a class and its subclasses, without descriptions."""
    children = [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
    lines = [before + kind.__name__]
    for child in children:
        is_last = child is children[-1]
        lines += drawn(child, below + ("└── " if is_last else "├── "), below + ("    " if is_last else "│   "))
    return lines


def test_the_tree_in_the_docstring_is_that_of_the_classes() -> None:
    """A reader chooses what to catch by it."""
    text = inspect.cleandoc(errors.__doc__ or "").splitlines()
    first = text.index("    PipelinesError")
    tree = [re.sub(r"(?<=Error) .*", "", line[4:]) for line in text[first : text.index("", first)]]
    assert tree == drawn(PipelinesError)
