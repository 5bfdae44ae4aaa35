"""The faults on messages: which messages each selects, and what an API stores of them. Pure.

A new fault is one class here and one field of `ApiScenario`.
"""

from __future__ import annotations

import copy
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipelines_client.sandbox.model import Body, CallType, size_of

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
ChangeKind = Literal["value", "type", "null", "missing_key"]
Planting = tuple[tuple[Body, ...], dict[str, Any]]


class ScenarioTable(BaseModel):
    """A table of the scenario file, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MessageFault(ScenarioTable):
    """Which messages a fault affects; omitted conditions always hold.

    Attributes:
        name: What `planted.json` calls the fault.
    """

    name: ClassVar[str]
    event: str | None = None
    type: CallType | None = None
    message_ids: tuple[str, ...] | None = None
    share: Share | None = None
    every: Count | None = None
    limit: Count | None = None

    def fits(self, message_id: str, message: Body) -> bool:
        """Return whether the fault can be planted on a message."""
        return (
            self.event in (None, message.get("event"))
            and self.type in (None, message.get("type"))
            and (self.message_ids is None or message_id in self.message_ids)
        )

    def plant(self, message: Body) -> Planting:
        """Return what is stored of a message that the fault fits, and what `planted.json` says beside its id."""
        raise NotImplementedError


class SwallowFault(MessageFault):
    """Answered 200 and never stored."""

    name: ClassVar[str] = "swallowed"

    def plant(self, message: Body) -> Planting:
        """Store nothing."""
        return (), _event_of(message)


class DoubleFault(MessageFault):
    """Stored twice under one id."""

    name: ClassVar[str] = "doubled"

    def plant(self, message: Body) -> Planting:
        """Store the message twice."""
        return (message, message), _event_of(message)


class ChangeFault(MessageFault):
    """One value differs in the export.

    `value` sets `value`, or a value near the old one; `type` keeps the meaning and changes the JSON type; `null` sets
    null; `missing_key` removes the key. Messages without the path do not change and do not count, nor do those whose
    change the exports could not hold.
    """

    name: ClassVar[str] = "changed"
    path: Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)+$")]
    kind: ChangeKind = "value"
    value: Any = None

    @field_validator("value")
    @classmethod
    def _can_be_written(cls, value: Any) -> Any:
        if size_of(value) is None:
            raise ValueError("cannot be written as JSON; numbers have up to 64 bits")
        return value

    def fits(self, message_id: str, message: Body) -> bool:
        """Return whether the message has the path, and can be changed there."""
        holder, key = _find(message, self.path)
        if holder is None or key not in holder or (self.kind == "null" and holder[key] is None):
            return False
        return super().fits(message_id, message) and size_of(self.plant(message)[0]) is not None

    def plant(self, message: Body) -> Planting:
        """Store a copy with the change."""
        changed = copy.deepcopy(message)
        holder, key = _find(changed, self.path)
        if holder is not None and self.kind == "missing_key":
            del holder[key]
        elif holder is not None:
            holder[key] = change_value(holder[key], self.kind, self.value)
        return (changed,), {"path": self.path, "kind": self.kind, **_event_of(message)}


class RenameFault(MessageFault):
    """The event has another name in the export."""

    name: ClassVar[str] = "renamed"
    event: str  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride]  # required here
    to: Annotated[str, Field(min_length=1)]

    def plant(self, message: Body) -> Planting:
        """Store the message under the new name."""
        return ({**message, "event": self.to},), {"from": self.event, "to": self.to}


class IdentityFault(MessageFault):
    """The message belongs to another person in the export: `to`, or the old id followed by `-other`."""

    name: ClassVar[str] = "identity"
    to: str | None = None

    def fits(self, message_id: str, message: Body) -> bool:
        """Return whether the message has an id to replace."""
        return _identity_field(message) != "" and super().fits(message_id, message)

    def plant(self, message: Body) -> Planting:
        """Store the message with the other id."""
        field = _identity_field(message)
        other = self.to if self.to is not None else f"{message[field]}-other"
        return ({**message, field: other},), {"field": field, **_event_of(message)}


def change_value(old: Any, kind: ChangeKind, given: Any = None) -> Any:
    """Return a value other than `old`: `given`, a value near it, or the same meaning in another JSON type."""
    if kind == "null":
        return None
    if kind == "type":
        return _other_type(old)
    return given if given is not None and given != old else _near(old)


def _near(old: Any) -> Any:
    if isinstance(old, bool):
        return not old
    if isinstance(old, (int, float)):
        return old + 1
    if isinstance(old, str):
        return f"{old}~"
    return "changed"


def _other_type(old: Any) -> Any:
    if isinstance(old, bool):
        return "true" if old else "false"
    if isinstance(old, (int, float)):
        return str(old)
    if isinstance(old, str):
        try:
            return int(old)
        except ValueError:
            return [old]
    return "" if old is None else str(old)


def _event_of(message: Body) -> dict[str, Any]:
    return {"event": message["event"]} if isinstance(message.get("event"), str) else {}


def _find(message: Body, path: str) -> tuple[Body | None, str]:
    *parents, name = path.split(".")
    holder: Any = message
    for parent in parents:
        holder = holder.get(parent) if isinstance(holder, dict) else None
    return (holder if isinstance(holder, dict) else None), name


def _identity_field(message: Body) -> str:
    return next((field for field in ("userId", "anonymousId", "groupId") if message.get(field)), "")
