"""Pydantic models as the plan: an event is a class, its properties are fields, and a wrong one cannot be made.

    class OrderCompleted(TrackEvent, aliases=("purchase",)):
        "A person has paid for an order."

        order_id: str
        total: Decimal

    client.track("user-42", OrderCompleted(order_id="o-1042", total=Decimal("42.50")))

`plan_of` makes the tracking plan of such classes, against which calls by hand are checked too.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypedDict

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from pipelines_client.plan import wire
from pipelines_client.plan.model import Conventions, PlannedCall, PlannedKind, PlannedStatus, TrackingPlan
from pipelines_client.signals import let_through

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["GroupTraits", "IdentifyTraits", "TrackEvent", "UnixSeconds", "plan_of"]

UnixSeconds = Annotated[
    datetime,
    PlainSerializer(wire.unix_seconds, return_type=int),
    WithJsonSchema({"type": "integer", "unit": "unix_seconds"}, mode="serialization"),
]
"""The type of a field that is a time and is sent as whole Unix seconds, which Customer.io compares (FACTS R1)."""
_WORD_END: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class CallKeywords(TypedDict, total=False):
    """What a class says of its call beside its fields: `class OrderCompleted(TrackEvent, owner="growth")`."""

    event: str
    version: int
    stage: str
    owner: str
    status: PlannedStatus
    aliases: tuple[str, ...]
    backfilled: bool
    timestamp_required: bool
    idempotency_key: str
    once_per: str


class PlannedModel(BaseModel):
    """What the classes of this module share. Keys that are sent are the fields' names, or their aliases."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    planned_kind: ClassVar[PlannedKind]
    planned_keywords: ClassVar[CallKeywords] = {}

    def __init_subclass__(cls, **keywords: Unpack[CallKeywords]) -> None:
        """Keep what the class says of its call."""
        super().__init_subclass__()
        cls.planned_keywords = keywords

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Take the keywords of the class, which `__init_subclass__` has kept."""


class TrackEvent(PlannedModel):
    """An event. Subclass it: its name is the class's in words (`Order Completed`), or the keyword `event`.

    Class keywords: `event`, `version`, `stage`, `owner`, `status`, `aliases`, `backfilled`, `timestamp_required`,
    `idempotency_key`, `once_per`, as in docs/plan.md. A field with the default None is not sent unless it was given.

    Raises:
        pydantic.ValidationError: A property is missing, wrong or not planned: where the event is made, not at the call.

    Example:
        ```python
        class OrderCompleted(TrackEvent, version=2):
            order_id: str
            total: float = Field(alias="order total")

        client.track("user-42", OrderCompleted(order_id="o-1042", total=42.5))
        ```
    """

    planned_kind = "track"


class IdentifyTraits(PlannedModel):
    """The traits of a person: `client.identify("user-42", Person(email="ada@example.com"))`.

    Example:
        ```python
        class Person(IdentifyTraits):
            email: str
            created_at: UnixSeconds | None = None
        ```
    """

    planned_kind = "identify"


class GroupTraits(PlannedModel):
    """The traits of a group: `client.group("user-42", "acme", Company(name="Acme"))`.

    Example:
        ```python
        class Company(GroupTraits):
            name: str
        ```
    """

    planned_kind = "group"


def name_of(model: type[PlannedModel]) -> str:
    """Return the event's name as it is sent; empty for traits."""
    if model.planned_kind != "track":
        return ""
    return model.planned_keywords.get("event") or " ".join(_WORD_END.split(model.__name__))


def payload_of(model: PlannedModel) -> dict[str, Any]:
    """Return the properties or traits that are sent. Decimals and times are left to the client, as in any call."""
    try:
        return model.model_dump(by_alias=True, exclude=_unset(model))
    except Exception as error:  # noqa: BLE001 - a serializer of the application's; the client replaces what it cannot send
        let_through(error)
        return {field.alias or name: getattr(model, name) for name, field in type(model).model_fields.items()}


def context_of(event: TrackEvent, context: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the context with the version of the event, unless that is 1."""
    version = event.planned_keywords.get("version", 1)
    return context if version == 1 else wire.versioned(context, version)


def _unset(value: Any) -> dict[Any, Any]:
    """Return what is left out, at any depth, as pydantic's `exclude` has it: None that was not given."""
    found: dict[Any, Any] = {}
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            each = getattr(value, name)
            if each is None and name not in value.model_fields_set:
                found[name] = True
            elif inner := _unset(each):
                found[name] = inner
    elif isinstance(value, dict | list | tuple):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        found = {key: inner for key, each in pairs if (inner := _unset(each))}
    return found


def models_in(module: types.ModuleType) -> tuple[type[PlannedModel], ...]:
    """Return the classes of a module that are calls of a plan, in the order in which it defines them."""
    return tuple(
        each
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, PlannedModel) and each.__module__ == module.__name__
    )


def plan_of(*models: type[PlannedModel], name: str = "", conventions: Conventions | None = None) -> TrackingPlan:
    """Return the tracking plan of classes, against which calls by hand can be checked too.

    Args:
        models: Subclasses of `TrackEvent`, at most one of `IdentifyTraits`, at most one of `GroupTraits`.
        name: Name of the plan.
        conventions: The spelling that the team agreed on.

    Raises:
        ValueError: There are two classes for people or for groups, or two for one event and version.

    Example:
        ```python
        Path("tracking-plan.yaml").write_text(dump_plan(plan_of(OrderCompleted, Person, name="Shop")), "utf-8")
        ```
    """
    calls = [_planned(model) for model in models]
    keys = [(call.kind, call.name, call.version) for call in calls]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise ValueError(f"two classes describe {twice[1] or twice[0]}; give them two versions, or leave one out")
    one = {call.kind: call for call in calls}
    return TrackingPlan(
        name=name,
        conventions=conventions or Conventions(),
        events=tuple(call for call in calls if call.kind == "track"),
        identify=one.get("identify"),
        group=one.get("group"),
    )


def _planned(model: type[PlannedModel]) -> PlannedCall:
    from pipelines_client.plan.model_schema import schema_of

    keywords: dict[str, Any] = {key: value for key, value in model.planned_keywords.items() if key != "event"}
    text = vars(model).get("__doc__")
    return PlannedCall(
        kind=model.planned_kind,
        name=name_of(model),
        schema=schema_of(model),
        description=inspect.cleandoc(text) if text else None,
        **keywords,
    )
