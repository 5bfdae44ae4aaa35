"""The people of a Customer.io workspace, as the calls that arrived there leave them. Thread-safe.

Calls wait until a reader asks for people, so receiving them costs nothing. The rules are those of `effects.people`.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pipelines_client.effects.people import Workspace, feed
from pipelines_client.effects.routes.data_pipelines import DataPipelines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pipelines_client.effects.routes.base import Route
    from pipelines_client.sandbox.model import Body

PATH: Final = "/people"
MOST_OF_A_PAGE: Final = 1000
_DATA_PIPELINES: Final = DataPipelines()


class KeptPeople:
    """The people of one workspace."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Route, Body, int]] = deque()
        self._workspace = Workspace()
        self._not_applied = 0
        self._lock = threading.Lock()

    def arrive(self, calls: Iterable[Body], received_at: datetime, route: Route = _DATA_PIPELINES) -> None:
        """Let calls arrive in the workspace by a route."""
        received_ms = int(received_at.timestamp() * 1000)
        self._waiting.extend((route, call, received_ms) for call in calls)

    def person(self, text: str) -> dict[str, Any] | None:
        """Return a person by id, e-mail address or `cio_…`, as plain values; None if there is none."""
        with self._lock:
            profile = self._caught_up().find(text)
            return None if profile is None else profile.as_dict()

    def page(self, start: int = 0, most: int = MOST_OF_A_PAGE) -> dict[str, Any]:
        """Return some people in the order in which they were added, and what there is besides.

        `people`; `next`: where to go on, None at the end; `count` of people, `visitors` without a person and `objects`;
        `created`: how many people were ever added, by type of call and event; `unsettled`: the number of calls by
        question; `not_applied`: calls that the model could not take.
        """
        with self._lock:
            workspace = self._caught_up()
            shown = [profile.as_dict() for profile in islice(workspace.profiles, start, start + most)]
            more = start + most < len(workspace)
            return {
                "people": shown,
                "next": start + most if more else None,
                "count": len(workspace),
                "visitors": sum(visitor.profile is None for visitor in workspace.visitors.values()),
                "objects": len(workspace.objects),
                "created": [{**source._asdict(), "people": count} for source, count in workspace.created.most_common()],
                "unsettled": dict(workspace.unsettled.most_common()),
                "not_applied": self._not_applied,
            }

    def _caught_up(self) -> Workspace:
        while self._waiting:
            route, call, received_ms = self._waiting.popleft()
            try:
                feed(self._workspace, route, call, received_ms)
            except Exception:  # noqa: BLE001 - one call that the model cannot take costs that call, and is counted
                self._not_applied += 1
        return self._workspace


def as_json(value: Any) -> bytes:
    """Return values as JSON; nested deeper than orjson writes, too."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
