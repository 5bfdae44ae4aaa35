"""A call of the plan to a function: its name, its signature, its docstring, and how it calls the client. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pipelines_client.plan.codegen.annotations import Annotations
from pipelines_client.plan.codegen.names import Identifiers, snake
from pipelines_client.plan.codegen.parameters import Parameter, parameters_of
from pipelines_client.plan.codegen.spelling import docstring, paragraph, prose, shown, text_literal
from pipelines_client.plan.model import ANY_NAME, PlannedCall, PlannedKind, TrackingPlan

_INDENT: Final = " " * 4
_FIRST: Final = ("user_id: UserId,",)
_LAST: Final = (
    "context: Mapping[str, Any] | None = None,",
    "timestamp: Timestamp = None,",
    "anonymous_id: UserId = None,",
    "message_id: UserId = None,",
    "client: Client | None = None,",
)
_VIEWED: Final = ("page", "screen")
_OWN: Final = ("user_id", "context", "timestamp", "anonymous_id", "message_id", "client", "analytics", "wire", "send")
_PAYLOADS: Final = ("properties", "traits")
_SUMMARY: Final[Mapping[PlannedKind, str]] = {
    "track": "Track",
    "page": "Record a view of the page",
    "screen": "Record a view of the screen",
}


@dataclass(frozen=True)
class Function:
    """A generated function.

    Args:
        name: Its name.
        blocks: The definitions that stand before it.
        comments: Lines of comment above it.
        parameters: The lines of its parameters.
        doc: The lines of its docstring.
        before: The first lines of its body.
        payload: `properties` or `traits`.
        required: Lines of the payload's dict.
        optional: Lines of those that are left out if they are None.
        is_filtered: Whether one of the others may be left out.
        method: The client's method.
        arguments: That method's arguments.
    """

    name: str
    blocks: list[list[str]]
    comments: list[str]
    parameters: list[str]
    doc: list[str]
    before: list[str]
    payload: str
    required: list[str]
    optional: list[str]
    is_filtered: bool
    method: str
    arguments: list[str]


def functions_of(plan: TrackingPlan) -> Iterator[Function]:
    """Yield a function for each call of a plan: people, groups, pages, screens, then the events."""
    names, annotations = Identifiers(("analytics", "wire", "annotations")), Annotations(plan.conventions)
    calls = [call for call in plan.calls() if call.kind != "common"]
    for call in calls:
        yield _function(call, plan, names, annotations)


def _function(call: PlannedCall, plan: TrackingPlan, names: Identifiers, annotations: Annotations) -> Function:
    wanted, place = _wanted(call, plan)
    name = names.claim(wanted, f"{call.kind}\0{call.name}\0{call.version}")
    is_viewed = call.kind in _VIEWED
    is_any = is_viewed and call.name == ANY_NAME
    view = (*(("name: str,",) if is_any else ()), *(("category: str | None = None,",) if is_viewed else ()))
    reserved = [*_OWN, *_PAYLOADS, *(("name", "category") if is_viewed else ())]
    inner = Identifiers([*reserved, *(("group_id",) if call.kind == "group" else ())])
    common = () if plan.common is None or call.payload_name != plan.common.payload_name else (plan.common,)
    parameters = parameters_of((call, *common), inner, place, annotations, plan.conventions)
    first = (*_FIRST, "group_id: UserId,") if call.kind == "group" else _FIRST
    planned = [line for parameter in parameters for line in parameter.lines]
    return Function(
        name=name,
        blocks=annotations.take_blocks(),
        comments=[] if name == wanted else [f"# {shown(call.name)}: {wanted} is another function"],
        parameters=[*_indented(*first, "*,"), *planned, *_indented(*view, *_LAST)],
        doc=_doc(call, parameters),
        before=_indented(*(line for parameter in parameters for line in parameter.before)),
        payload=call.payload_name,
        required=[parameter.entry for parameter in parameters if not parameter.is_left_out_if_none],
        optional=[parameter.entry for parameter in parameters if parameter.is_left_out_if_none],
        is_filtered=any("NOT_SENT" in line for line in planned),
        method=call.kind,
        arguments=_arguments(call, plan),
    )


def _wanted(call: PlannedCall, plan: TrackingPlan) -> tuple[str, str]:
    """Return the name that a function should have, and that of its TypedDicts: the oldest version has the plain one."""
    if call.kind not in ("track", *_VIEWED):
        return call.kind, call.kind
    if call.kind != "track" and call.name == ANY_NAME:
        return call.kind, call.kind
    versions = plan.versions_of(call.name) if call.kind == "track" else (call,)
    suffix = "" if versions[0] is call else f" v{call.version}"
    place = call.name if call.kind == "track" else f"{call.name} {call.kind}"
    return f"{call.kind}_{snake(f'{call.name}{suffix}')}", f"{place}{suffix}"


def _arguments(call: PlannedCall, plan: TrackingPlan) -> list[str]:
    """Return the arguments of the client's method, in its order."""
    context = "context"
    if call.kind == "track" and (call.event_version != 1 or len(plan.versions_of(call.name)) > 1):
        context = f"wire.versioned(context, {call.event_version})"
    name = "name" if call.name == ANY_NAME and call.kind in _VIEWED else text_literal(call.name)
    named: dict[PlannedKind, list[str]] = {
        "track": [name],
        "group": ["group_id"],
        "page": ["category", name],
        "screen": ["category", name],
    }
    rest = [call.payload_name, context, "timestamp", "anonymous_id", "None", "message_id"]
    return [f"{each}," for each in ("user_id", *named.get(call.kind, ()), *rest)]


def _doc(call: PlannedCall, parameters: Iterable[Parameter]) -> list[str]:
    if call.kind in _SUMMARY and call.name != ANY_NAME:
        version = "" if call.version == 1 else f", version {prose(str(call.version))}"
        summary = f"{_SUMMARY[call.kind]} `{prose(call.name)}`{version}."
    else:
        summary = {
            "identify": "Record what you know of a person.",
            "group": "Record which group a person belongs to.",
        }.get(call.kind, f"Record a view of a {call.kind}.")
    described = paragraph(prose(call.description or ""), _INDENT)
    status = {"deprecated": "Deprecated: no longer sent.", "planned": "Planned: not sent yet."}.get(call.status)
    lines = [line for parameter in parameters for line in parameter.doc]
    return docstring(
        summary,
        [described, [f"{_INDENT}{status}"] if status else [], [f"{_INDENT}Args:", *lines] if lines else []],
    )


def _indented(*lines: str) -> list[str]:
    return [f"{_INDENT}{line}" for line in lines]
