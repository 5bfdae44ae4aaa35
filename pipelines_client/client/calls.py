"""Upstream's six calls: its signatures, typed; its checks, without the offending value in their text.

Upstream builds the call's dict and hands it to `_enqueue`, which is where `Client` comes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from segment.analytics.client import Client as _SegmentClient

from pipelines_client.client.upstream import as_id, redact

Call = dict[str, Any]
Taken = tuple[bool, Call]
"""`(True, call)` once the message is in the spool; `(False, call)` if it was not taken, counted with its reason."""
UserId = str | int | float | None
Timestamp = datetime | date | str | float | None


class Calls(_SegmentClient):  # type: ignore[misc]  # upstream is untyped
    """identify, track, alias, group, page and screen."""

    def identify(
        self,
        user_id: UserId = None,
        traits: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: Timestamp = None,
        anonymous_id: UserId = None,
        integrations: Mapping[str, Any] | None = None,
        message_id: UserId = None,
    ) -> Taken:
        """Say who someone is, and what is known of them.

        Raises:
            AssertionError: No id, or traits, context, integrations or timestamp of a wrong type.
        """
        try:
            taken: Taken = super().identify(
                as_id(user_id), traits, context, timestamp, as_id(anonymous_id), integrations, message_id
            )
        except Exception as error:
            redact(error)
            raise
        return taken

    def track(
        self,
        user_id: UserId = None,
        event: str | None = None,
        properties: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: Timestamp = None,
        anonymous_id: UserId = None,
        integrations: Mapping[str, Any] | None = None,
        message_id: UserId = None,
    ) -> Taken:
        """Say what someone did.

        Raises:
            AssertionError: No id, no event name, or an argument of a wrong type.
        """
        try:
            taken: Taken = super().track(
                as_id(user_id), event, properties, context, timestamp, as_id(anonymous_id), integrations, message_id
            )
        except Exception as error:
            redact(error)
            raise
        return taken

    def alias(
        self,
        previous_id: UserId = None,
        user_id: UserId = None,
        context: Mapping[str, Any] | None = None,
        timestamp: Timestamp = None,
        integrations: Mapping[str, Any] | None = None,
        message_id: UserId = None,
    ) -> Taken:
        """Say that two ids are one person.

        Raises:
            AssertionError: An id is missing, or an argument of a wrong type.
        """
        try:
            taken: Taken = super().alias(
                as_id(previous_id), as_id(user_id), context, timestamp, integrations, message_id
            )
        except Exception as error:
            redact(error)
            raise
        return taken

    def group(
        self,
        user_id: UserId = None,
        group_id: UserId = None,
        traits: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: Timestamp = None,
        anonymous_id: UserId = None,
        integrations: Mapping[str, Any] | None = None,
        message_id: UserId = None,
    ) -> Taken:
        """Say which company or other group someone belongs to.

        Raises:
            AssertionError: No id of a person or of the group, or an argument of a wrong type.
        """
        try:
            taken: Taken = super().group(
                as_id(user_id),
                as_id(group_id),
                traits,
                context,
                timestamp,
                as_id(anonymous_id),
                integrations,
                message_id,
            )
        except Exception as error:
            redact(error)
            raise
        return taken

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
        """Say which page someone saw.

        Raises:
            AssertionError: No id, or an argument of a wrong type.
        """
        try:
            taken: Taken = super().page(
                as_id(user_id),
                category,
                name,
                properties,
                context,
                timestamp,
                as_id(anonymous_id),
                integrations,
                message_id,
            )
        except Exception as error:
            redact(error)
            raise
        return taken

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
        """Say which screen of an app someone saw.

        Raises:
            AssertionError: No id, or an argument of a wrong type.
        """
        try:
            taken: Taken = super().screen(
                as_id(user_id),
                category,
                name,
                properties,
                context,
                timestamp,
                as_id(anonymous_id),
                integrations,
                message_id,
            )
        except Exception as error:
            redact(error)
            raise
        return taken
