from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

from pipelines_client.plan.docs import PLAN_PAGES
from pipelines_client.plan.docs.html import render
from pipelines_client.plan.model import PlannedCall, TrackingPlan
from pipelines_client.plan.schemas import from_short

EVIL = "</style><script>alert(1)</script><img src=x onerror=alert(2)>\"'"
PLAN = TrackingPlan(
    EVIL,
    description=EVIL,
    events=(
        PlannedCall(
            name=EVIL,
            stage=EVIL,
            description=EVIL,
            owner=EVIL,
            aliases=(EVIL,),
            schema=from_short({EVIL: {"type": "string", "description": EVIL, "example": EVIL, "unit": EVIL}}),
        ),
    ),
)


class Tags(HTMLParser):
    """Collects tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_nothing_of_a_plan_becomes_markup() -> None:
    """One style, one script, no picture, no handler, for any plan."""
    page = Tags()
    page.feed(render(PLAN))
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert "img" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]


def test_the_page_loads_nothing_and_its_policy_allows_its_own_style_and_script_only() -> None:
    """The hashes are those of what the page holds."""
    page = render(PLAN)
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert "http" not in re.sub(r"http-equiv", "", page)
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert f"{tag}-src 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in page
    assert "default-src 'none'" in page


def test_an_empty_plan_is_a_page_too() -> None:
    """It says so."""
    assert "The plan is empty." in PLAN_PAGES["html"](TrackingPlan())
