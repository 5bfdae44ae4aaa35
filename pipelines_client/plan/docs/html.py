"""The plan as one HTML page without network: a Jinja template with everything escaped.

The page's policy allows its one style and its one script by their hashes: text of the plan could not run even if it
were not escaped.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from pipelines_client.plan.docs.catalogue import catalogue
from pipelines_client.plan.model import TrackingPlan

if TYPE_CHECKING:
    from jinja2 import Template


def render(plan: TrackingPlan) -> str:
    """Return the plan as one page that loads nothing."""
    return _template().render(plan=plan, sections=catalogue(plan)) + "\n"


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("pipelines_client.plan", "docs/page")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style, script = (loader.get_source(environment, name)[0] for name in ("style.css", "script.js"))
    environment.globals.update(
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
    )
    return environment.get_template("plan.html.jinja")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
