"""The plan for people who read no YAML: one HTML page that needs no network, or Markdown.

    from pipelines_client.plan.docs import PLAN_PAGES

    Path("plan.html").write_text(PLAN_PAGES["html"](plan))

`catalogue` says in plain words what the plan has, `html` and `markdown` lay it out. To add a format, write its file and
name it in `PLAN_PAGES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pipelines_client.plan.docs import html, markdown
from pipelines_client.plan.model import TrackingPlan

PLAN_PAGES: Final[Mapping[str, Callable[[TrackingPlan], str]]] = {"html": html.render, "markdown": markdown.render}
"""What writes a plan as a page, by the name of the format."""
