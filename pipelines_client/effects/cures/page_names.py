"""Page views under their URL: the name that the old route gives them (FACTS R6). Pure."""

from __future__ import annotations

from typing import ClassVar

from pipelines_client.effects.cures.base import Cure
from pipelines_client.effects.model import Call


class PageNamesCure(Cure):
    """Names a page view by its `properties.url`, if it has one."""

    name: ClassVar[str] = "page_names"
    value: ClassVar[str] = "url"
    says: ClassVar[str] = "the name of a page view is its URL"

    def apply(self, call: Call) -> Call:
        """Return the page with its URL as its name."""
        properties = call.get("properties")
        url = properties.get("url") if type(properties) is dict else None
        if call.get("type") != "page" or type(url) is not str or not url or call.get("name") == url:
            return call
        return {**call, "name": url}
