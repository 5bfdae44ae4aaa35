"""Upstream's six calls: its signatures, typed; its checks, without the offending value in their text.

Upstream builds the call's dict and hands it to `_enqueue`, which `Client` implements.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import FunctionType
from typing import TYPE_CHECKING, Any, ParamSpec
from uuid import UUID

from segment.analytics.client import Client as _SegmentClient
from segment.analytics.client import require

from pipelines_client.client.typed import unpacked
from pipelines_client.client.upstream import as_dict, as_text, redact, require_id
from pipelines_client.message.ids import id_text

if TYPE_CHECKING:
    from pipelines_client.plan.events import GroupTraits, IdentifyTraits, TrackEvent

CallDict = dict[str, Any]
"""A message as a dict: `type`, `messageId`, `userId`, …"""
Taken = tuple[bool, CallDict]
"""`(True, call)`: the message is on disk. `(False, call)`: it was not taken, and the reason is counted."""
Own = tuple[Any, Any, Any, Any]
"""A call's `timestamp`, `integrations`, `message_id` and `context`."""
Express = Callable[..., Taken | None]
"""Takes a call: the client, the type, `Own`, payload, user, anonymous id, name and category. None: it is left.

The name is what a call of the type has: the event, the group's id, the id before, the page's or screen's name."""
UserId = str | int | float | UUID | None
"""An id: text, a number or a UUID; sent as text."""
Timestamp = datetime | date | str | float | None
"""A datetime (UTC if naive), a date (its UTC midnight), ISO-8601 text or Unix seconds."""

_KINDS = ("identify", "track", "alias", "group", "page", "screen")


def _is_upstreams(method: Any) -> bool:
    """Return whether a method is upstream's own, and not one in which a tracing tool has wrapped it."""
    return type(method) is FunctionType and method.__globals__ is vars(sys.modules[_SegmentClient.__module__])


UPSTREAM = {kind: method for kind in _KINDS if _is_upstreams(method := vars(_SegmentClient)[kind])}
"""Upstream's methods, to which the calls lead unless another base class, or a test, has put its own in their place.

One that was wrapped before this file was imported is not here: it has to see each call.
"""

_P = ParamSpec("_P")


def _raises_only_misuse(call: Callable[_P, Taken]) -> Callable[_P, Taken]:
    """Make a call raise AssertionErrors without the offending value, also for errors of the arguments' own methods."""

    @functools.wraps(call)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> Taken:
        try:
            return call(*args, **kwargs)
        except Exception as error:
            redact(error)
            raise

    return checked


class Calls(_SegmentClient):  # type: ignore[misc]  # upstream is untyped
    """identify, track, alias, group, page and screen."""

    _express: Express | None = None
    """Takes ordinary calls, and leaves the others to upstream's methods and `_enqueue`; None: leaves all."""

    @_raises_only_misuse
    def identify(
        self,
        user_id: UserId = None,
        traits: Mapping[str, Any] | IdentifyTraits | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: Timestamp = None,
        anonymous_id: UserId = None,
        integrations: Mapping[str, Any] | None = None,
        message_id: UserId = None,
    ) -> Taken:
        """Record who a person is and what you know of them.

        Args:
            user_id: The person's id in your database. Give this, `anonymous_id` or both.
            traits: What you know of the person: `{"email": "ada@example.com", "plan": "pro"}`.
            context: The circumstances, for instance `{"ip": "203.0.113.7"}`.
            timestamp: When it happened; default: now.
            anonymous_id: The id of a visitor who is not logged in.
            integrations: Which destinations of Segment receive it; default: all.
            message_id: Your own id for the message, 1 to 99 characters; default: a new one.

        Returns:
            `(True, call)`: the message is on disk and will be delivered, or the ledger says why not; with
            `spool="memory"` it waits in memory. `(False, call)`: it was not taken; `Client.not_taken` counts why.

        Raises:
            AssertionError: There is no id, or an argument has a wrong type. Nothing else is raised.

        Example:
            ```python
            analytics.identify("user-42", {"email": "ada@example.com", "plan": "pro"})
            ```
        """
        take = self._express
        if take is not None:
            own = timestamp, integrations, message_id, context
            taken = take(self, "identify", own, traits, user_id, anonymous_id, None)
            if taken:
                return taken
        return super().identify(  # type: ignore[no-any-return]  # upstream is untyped
            id_text(user_id),
            as_dict(traits),
            as_dict(context),
            timestamp,
            id_text(anonymous_id),
            as_dict(integrations),
            message_id if message_id is None else id_text(message_id),
        )

    @_raises_only_misuse
    def track(
        self,
        user_id: UserId = None,
        event: str | TrackEvent | None = None,
        properties: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: Timestamp = None,
        anonymous_id: UserId = None,
        integrations: Mapping[str, Any] | None = None,
        message_id: UserId = None,
    ) -> Taken:
        """Record what a person did.

        Args:
            user_id: The person's id in your database. Give this, `anonymous_id` or both.
            event: The event's name, for instance `"Order Completed"`; or a `TrackEvent`, which has the properties.
            properties: What you know of the event. Values that JSON does not have are converted or replaced.
            context: The circumstances, for instance `{"ip": "203.0.113.7"}`.
            timestamp: When it happened; default: now.
            anonymous_id: The id of a visitor who is not logged in.
            integrations: Which destinations of Segment receive it; default: all.
            message_id: Your own id for the message, 1 to 99 characters; default: a new one.

        Returns:
            `(True, call)`: the message is on disk and will be delivered, or the ledger says why not; with
            `spool="memory"` it waits in memory. `(False, call)`: it was not taken; `Client.not_taken` counts why.

        Raises:
            AssertionError: There is no id or no event, or an argument has a wrong type. Nothing else is raised.

        Example:
            ```python
            analytics.track("user-42", "Order Completed", {"order_id": "ord_1001", "total": 42.5})
            ```
        """
        take = self._express
        if take is not None:
            own = timestamp, integrations, message_id, context
            taken = take(self, "track", own, properties, user_id, anonymous_id, event)
            if taken:
                return taken
        if type(event) is not str and (typed := unpacked(event, properties, context)) is not None:
            return Calls.track(self, user_id, *typed, timestamp, anonymous_id, integrations, message_id)
        return super().track(  # type: ignore[no-any-return]  # upstream is untyped
            id_text(user_id),
            event if type(event) is str else as_text(event),
            as_dict(properties),
            as_dict(context),
            timestamp,
            id_text(anonymous_id),
            as_dict(integrations),
            message_id if message_id is None else id_text(message_id),
        )

    @_raises_only_misuse
    def alias(
        self,
        previous_id: UserId = None,
        user_id: UserId = None,
        context: Mapping[str, Any] | None = None,
        timestamp: Timestamp = None,
        integrations: Mapping[str, Any] | None = None,
        message_id: UserId = None,
    ) -> Taken:
        """Record that two ids belong to one person.

        Args:
            previous_id: The id that the person had before.
            user_id: The id that the person has now.
            context: The circumstances, for instance `{"ip": "203.0.113.7"}`.
            timestamp: When it happened; default: now.
            integrations: Which destinations of Segment receive it; default: all.
            message_id: Your own id for the message, 1 to 99 characters; default: a new one.

        Returns:
            `(True, call)`: the message is on disk and will be delivered, or the ledger says why not; with
            `spool="memory"` it waits in memory. `(False, call)`: it was not taken; `Client.not_taken` counts why.

        Raises:
            AssertionError: An id is missing, or an argument has a wrong type. Nothing else is raised.

        Example:
            ```python
            analytics.alias("visitor-7", "user-42")
            ```
        """
        take = self._express
        if take is not None:
            own = timestamp, integrations, message_id, context
            taken = take(self, "alias", own, None, user_id, None, previous_id)
            if taken:
                return taken
        previous, user = id_text(previous_id), id_text(user_id)
        require_id("previous_id", previous)
        require_id("user_id", user)
        return super().alias(  # type: ignore[no-any-return]  # upstream is untyped
            previous, user, as_dict(context), timestamp, as_dict(integrations), id_text(message_id)
        )

    @_raises_only_misuse
    def group(
        self,
        user_id: UserId = None,
        group_id: UserId = None,
        traits: Mapping[str, Any] | GroupTraits | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: Timestamp = None,
        anonymous_id: UserId = None,
        integrations: Mapping[str, Any] | None = None,
        message_id: UserId = None,
    ) -> Taken:
        """Record which company or other group a person belongs to, or what you know of a group.

        Args:
            user_id: The person's id in your database. Without it and `anonymous_id` the call is about the group alone:
                Customer.io takes that, and the Segment leg skips it (FACTS C10).
            group_id: The group's id in your database.
            traits: What you know of the group: `{"name": "Acme", "seats": 12}`.
            context: The circumstances, for instance `{"ip": "203.0.113.7"}`.
            timestamp: When it happened; default: now.
            anonymous_id: The id of a visitor who is not logged in.
            integrations: Which destinations of Segment receive it; default: all.
            message_id: Your own id for the message, 1 to 99 characters; default: a new one.

        Returns:
            `(True, call)`: the message is on disk and will be delivered, or the ledger says why not; with
            `spool="memory"` it waits in memory. `(False, call)`: it was not taken; `Client.not_taken` counts why.

        Raises:
            AssertionError: The group's id is missing, or an argument has a wrong type. Nothing else is raised.

        Example:
            ```python
            analytics.group("user-42", "acme", {"name": "Acme", "seats": 12})
            ```
        """
        take = self._express
        if take is not None:
            own = timestamp, integrations, message_id, context
            taken = take(self, "group", own, traits, user_id, anonymous_id, group_id)
            if taken:
                return taken
        group = id_text(group_id)
        require_id("group_id", group)
        call = {
            "integrations": as_dict(integrations) or {},
            "anonymousId": id_text(anonymous_id),
            "timestamp": timestamp,
            "groupId": group,
            "context": as_dict(context) or {},
            "userId": id_text(user_id),
            "traits": as_dict(traits) or {},
            "type": "group",
            "messageId": id_text(message_id),
        }
        require("traits", call["traits"], dict)
        return self._enqueue(call)  # type: ignore[no-any-return]  # upstream is untyped

    @_raises_only_misuse
    def page(
        self,
        user_id: UserId = None,
        category: str | None = None,
        name: str | None = None,
        properties: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: Timestamp = None,
        anonymous_id: UserId = None,
        integrations: Mapping[str, Any] | None = None,
        message_id: UserId = None,
    ) -> Taken:
        """Record which page of a website a person saw.

        Args:
            user_id: The person's id in your database. Give this, `anonymous_id` or both.
            category: The page's category, for instance `"Docs"`.
            name: The page's name, for instance `"Pricing"`.
            properties: What you know of the page: `{"url": "https://example.com/pricing"}`.
            context: The circumstances, for instance `{"ip": "203.0.113.7"}`.
            timestamp: When it happened; default: now.
            anonymous_id: The id of a visitor who is not logged in.
            integrations: Which destinations of Segment receive it; default: all.
            message_id: Your own id for the message, 1 to 99 characters; default: a new one.

        Returns:
            `(True, call)`: the message is on disk and will be delivered, or the ledger says why not; with
            `spool="memory"` it waits in memory. `(False, call)`: it was not taken; `Client.not_taken` counts why.

        Raises:
            AssertionError: There is no id, or an argument has a wrong type. Nothing else is raised.

        Example:
            ```python
            analytics.page("user-42", "Docs", "Pricing", {"url": "https://example.com/pricing"})
            ```
        """
        take = self._express
        if take is not None:
            own = timestamp, integrations, message_id, context
            taken = take(self, "page", own, properties, user_id, anonymous_id, name, category)
            if taken:
                return taken
        return super().page(  # type: ignore[no-any-return]  # upstream is untyped
            id_text(user_id),
            as_text(category),
            as_text(name),
            as_dict(properties),
            as_dict(context),
            timestamp,
            id_text(anonymous_id),
            as_dict(integrations),
            message_id if message_id is None else id_text(message_id),
        )

    @_raises_only_misuse
    def screen(
        self,
        user_id: UserId = None,
        category: str | None = None,
        name: str | None = None,
        properties: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: Timestamp = None,
        anonymous_id: UserId = None,
        integrations: Mapping[str, Any] | None = None,
        message_id: UserId = None,
    ) -> Taken:
        """Record which screen of an app a person saw.

        Args:
            user_id: The person's id in your database. Give this, `anonymous_id` or both.
            category: The screen's category, for instance `"Main"`.
            name: The screen's name, for instance `"Home"`.
            properties: What you know of the screen.
            context: The circumstances, for instance `{"os": {"name": "Android"}}`.
            timestamp: When it happened; default: now.
            anonymous_id: The id of a visitor who is not logged in.
            integrations: Which destinations of Segment receive it; default: all.
            message_id: Your own id for the message, 1 to 99 characters; default: a new one.

        Returns:
            `(True, call)`: the message is on disk and will be delivered, or the ledger says why not; with
            `spool="memory"` it waits in memory. `(False, call)`: it was not taken; `Client.not_taken` counts why.

        Raises:
            AssertionError: There is no id, or an argument has a wrong type. Nothing else is raised.

        Example:
            ```python
            analytics.screen("user-42", "Main", "Home")
            ```
        """
        take = self._express
        if take is not None:
            own = timestamp, integrations, message_id, context
            taken = take(self, "screen", own, properties, user_id, anonymous_id, name, category)
            if taken:
                return taken
        return super().screen(  # type: ignore[no-any-return]  # upstream is untyped
            id_text(user_id),
            as_text(category),
            as_text(name),
            as_dict(properties),
            as_dict(context),
            timestamp,
            id_text(anonymous_id),
            as_dict(integrations),
            message_id if message_id is None else id_text(message_id),
        )
