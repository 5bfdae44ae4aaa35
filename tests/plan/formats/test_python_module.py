from __future__ import annotations

from pathlib import Path

import pytest

from pipelines_client.errors import PlanError
from pipelines_client.plan.formats import import_plan
from pipelines_client.plan.formats.base import PlanFile
from pipelines_client.plan.formats.python_module import PythonModuleFormat

_MODULE = '''
import os
from enum import Enum, StrEnum, auto
from typing import Final

os.environ["IMPORTED"] = "yes"
raise SystemExit("this module must not run")

SIGNED_UP = "Signed Up"
"""A person has an account."""
ORDER_COMPLETED: Final = "Order Completed"
WRITE_KEY = "abc"
DOCS_URL = "https://example.com/events"
_PRIVATE = "Private"
helper = "helper"
COUNT = 3
MARKETING_PAGES = ("Home", "Pricing")
ALL_EVENTS = [SIGNED_UP, "Invite Sent"]

class Event(str, Enum):
    TRIAL_STARTED = "Trial Started"
    """Fourteen days."""
    API_KEY_CREATED = "API Key Created"
    SIGNED_UP = "Signed Up"

    class Shop(StrEnum):
        CART_UPDATED = auto()

class Traits:
    EMAIL = "email"

class Screens:
    SETTINGS = "Settings"
'''


def test_the_names_of_a_module_are_a_plan_and_the_module_is_not_run(tmp_path: Path) -> None:
    """A taxonomy in code is where many teams start."""
    path = tmp_path / "events.py"
    path.write_text(_MODULE, "utf-8")
    plan = import_plan(path)
    assert [(event.name, event.description) for event in plan.events] == [
        ("Signed Up", "A person has an account."),
        ("Order Completed", None),
        ("Invite Sent", None),
        ("Trial Started", "Fourteen days."),
        ("API Key Created", None),
        ("cart_updated", None),
    ]
    assert [page.name for page in plan.pages or ()] == ["Home", "Pricing"]
    assert [screen.name for screen in plan.screens or ()] == ["Settings"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def x(:\n", r"events\.py, line 1: it is not Python"),
        ("x = 1\n", r"events\.py: it has no names of events"),
        ("A = '\\q'\x00", r"it is not Python"),
        ("-" * 100_000 + "1", r"it is not Python|no names"),
    ],
)
def test_a_module_without_names_is_refused(text: str, words: str) -> None:
    """The text says what to pass."""
    with pytest.raises(PlanError, match=words):
        PythonModuleFormat().read([PlanFile("events.py", text.encode())])
