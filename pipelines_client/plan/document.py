"""`tracking-plan.yaml` to the model and back. A file that is wrong is refused with the line, the key and the cure.

The format is described in docs/plan.md. What a person writes is checked key by key, so that a slip of the pen is found;
what stands under `schema`, `envelope` and `extras` is kept as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from pipelines_client.errors import PlanError
from pipelines_client.files import read_regular
from pipelines_client.keywords import nearest
from pipelines_client.plan.fields import FieldError, made
from pipelines_client.plan.model import (
    DEFAULT_MODE,
    Conventions,
    PlannedCall,
    PlannedKind,
    Schema,
    TrackingPlan,
    payload_name,
)
from pipelines_client.plan.modes import OWN_MODES
from pipelines_client.plan.schemas import CONVENIENCES, KEYWORDS, PLAIN_REST, TYPES, from_short, to_short
from pipelines_client.plan.text import MOST_BYTES, NUMBER, Parsed, parse
from pipelines_client.plan.usable import usable

FORMAT_VERSION: Final = 1
_MOST_FAULTS: Final = 20
_Path = tuple[str | int, ...]
_Made = TypeVar("_Made")
_TOP: Final = ("plan", *(each.name for each in fields(TrackingPlan)))
_OF_CALL: Final = tuple(each.name for each in fields(PlannedCall) if each.name not in ("kind", "name"))
_ORDER: Final = (
    "name",
    "description",
    "conventions",
    "modes",
    "lint",
    "common",
    "identify",
    "group",
    "pages",
    "screens",
    "events",
)
_ONE: Final[tuple[PlannedKind, ...]] = ("common", "identify", "group")
_NAMED: Final[Mapping[str, PlannedKind]] = {"pages": "page", "screens": "screen", "events": "track"}
_CONTEXT_ONLY: Final = frozenset(("type", "properties"))
_ONE_MEMBER: Final = frozenset(("context",))


def load_plan(path: Path | str) -> TrackingPlan:
    """Read a tracking plan from `tracking-plan.yaml` (or the same as JSON).

    Raises:
        PlanError: It cannot be read, or is wrong; the text names the file, each line and key, and the cure.

    Example:
        ```python
        plan = load_plan("tracking-plan.yaml")
        ```
    """
    return parse_plan(read_plan_bytes(Path(path)), str(path))


def read_plan_bytes(path: Path) -> bytes:
    """Return the content of a plan file of any format.

    Raises:
        PlanError: It cannot be read, is not a file, or is too large for a plan.
    """
    try:
        return read_regular(path, most_bytes=MOST_BYTES)
    except OSError as error:
        raise PlanError(f"{path} cannot be read ({error.strerror or type(error).__name__}); pass a plan file") from None
    except ValueError:  # a path with a NUL
        raise PlanError("the path is not one; pass a plan file") from None


def parse_plan(content: bytes, name: str = "tracking-plan.yaml") -> TrackingPlan:
    r"""Parse a tracking plan.

    Args:
        content: The file's bytes: UTF-8, YAML or JSON.
        name: How errors call the file.

    Raises:
        PlanError: It is wrong; the text has a line for each fault, the first 20.

    Example:
        ```python
        plan = parse_plan(b"plan: 1\nevents:\n  Order Completed: {properties: {total: number}}")
        assert plan.event("Order Completed").schema["properties"] == {"total": {"type": "number"}}
        ```
    """
    return plan_in(parse(content, name))


def plan_in(parsed: Parsed) -> TrackingPlan:
    """Return the tracking plan of a text that is parsed already; raises what `parse_plan` raises."""
    return _Reader(parsed).plan()


class _Reader:
    """One reading of a file: collects what is wrong, so that a person sees all of it at once."""

    def __init__(self, parsed: Parsed) -> None:
        self._parsed = parsed
        self._faults: list[str] = []

    def plan(self) -> TrackingPlan:
        """Return the plan, or raise all faults."""
        raw = self._parsed.value
        if not isinstance(raw, dict) or "plan" not in raw:
            raise self._parsed.error((), "it is not a tracking plan", f"begin it with `plan: {FORMAT_VERSION}`")
        if raw["plan"] != FORMAT_VERSION or isinstance(raw["plan"], bool):
            cure = f"write `plan: {FORMAT_VERSION}`, the version that this release reads"
            raise self._parsed.error(("plan",), "this version of the format is not known", cure)
        self._known((), raw, _TOP)
        given: dict[str, Any] = {key: raw[key] for key in raw if key in _TOP and raw[key] is not None}
        del given["plan"]
        for kind in _ONE:
            if kind in given:
                given[kind] = self._call(kind, "", given[kind], (kind,))
        for key, kind in _NAMED.items():
            if key in given:
                given[key] = tuple(self._calls(kind, given[key], (key,)))
        self._known_codes(given.get("modes"))
        conventions = self._table(raw, "conventions", ())
        self._known(("conventions",), conventions or (), [each.name for each in fields(Conventions)])
        plan = None if self._faults else self._made(TrackingPlan, given, ())
        if plan is None:
            left = len(self._faults) - _MOST_FAULTS
            more = [f"… and {left:,} more"] if left > 0 else []
            raise PlanError("\n".join([*self._faults[:_MOST_FAULTS], *more]))
        return plan

    def faults_of(self, properties: dict[str, Any]) -> list[str]:
        """Return what is wrong with the short form of properties."""
        self._check_properties(properties, ())
        return self._faults

    def _calls(self, kind: PlannedKind, raw: Any, path: _Path) -> Iterable[PlannedCall]:
        """Yield the calls of a table: names alone, or each name with its description or its versions."""
        if isinstance(raw, list) and all(isinstance(each, str) for each in raw):
            raw = dict.fromkeys(raw)
        if not isinstance(raw, dict):
            self._wrong(path, "it is not a table of names", "write a name, a colon, and below it what the call has")
            return
        for name, each in raw.items():
            if not name.strip():
                self._wrong((*path, name), "a name is empty", "write the name as it is sent")
            versions = enumerate(each) if isinstance(each, list) else [(None, each)]
            seen: list[Any] = []
            for number, version in versions:
                at = (*path, name) if number is None else (*path, name, number)
                call = self._call(kind, name, version, at)
                if call is not None and call.version in seen:
                    self._wrong((*at, "version"), "two have this version", "give each its `version`: 1, 2 …")
                if call is not None:
                    seen.append(call.version)
                    yield call

    def _call(self, kind: PlannedKind, name: str, raw: Any, path: _Path) -> PlannedCall | None:
        if raw is None:
            raw = {}
        if not isinstance(raw, dict):
            self._wrong(path, "it is not a table", "write keys such as `description:` and `properties:` below it")
            return None
        payload = payload_name(kind)
        self._known(path, raw, (*_OF_CALL, payload, "context"))
        given = {key: value for key, value in raw.items() if key in _OF_CALL and value is not None}
        schema = self._table(raw, "schema", path)
        short = self._table(raw, payload, path)
        if short is not None:
            self._check_properties(short, (*path, payload))
            given["schema"] = from_short(short, PLAIN_REST if schema is None else schema)
            for left in _unusable(given["schema"]):
                self._wrong((*path, payload, *left), "it is not as JSON Schema allows", "correct it there")
        context = self._table(raw, "context", path)
        if context is not None:
            self._check_properties(context, (*path, "context"))
            given["envelope"] = _with_context(given.get("envelope"), from_short(context))
        return self._made(PlannedCall, {"kind": kind, "name": name, **given}, path)

    def _table(self, raw: dict[str, Any], key: str, path: _Path) -> dict[str, Any] | None:
        value = raw.get(key)
        if value is None or isinstance(value, dict):
            return value
        self._wrong((*path, key), "it is not a table", "write names with a colon below it")
        return None

    def _check_properties(self, properties: dict[str, Any], path: _Path) -> None:
        for name, short in properties.items():
            self._check_property(short, (*path, name))

    def _check_property(self, short: Any, path: _Path) -> None:
        """Find slips in the short form: a key or a type that does not exist."""
        if isinstance(short, str):
            self._check_types(short, path)
        if short is None or isinstance(short, str | bool):
            return
        if not isinstance(short, dict):
            self._wrong(path, "it is not a property", "write a type, such as `string`, or a table with `type:`")
            return
        self._known(path, [key for key in short if not key.startswith("x-")], (*KEYWORDS, *CONVENIENCES))
        self._check_types(short.get("type"), (*path, "type"))
        inner, items = short.get("properties"), short.get("items")
        if isinstance(inner, dict):
            self._check_properties(inner, (*path, "properties"))
        if isinstance(items, dict):
            self._check_property(items, (*path, "items"))

    def _check_types(self, types: Any, path: _Path) -> None:
        for each in types if isinstance(types, list) else [types]:
            if each is not None and each not in TYPES:
                near = nearest(each, TYPES) if isinstance(each, str) else None
                cure = f"did you mean {near}?" if near else f"write one of {', '.join(TYPES)}"
                self._wrong(path, "this type does not exist", cure)

    def _known(self, path: _Path, keys: Iterable[str], known: Iterable[str]) -> None:
        known = tuple(known)
        for key in keys:
            if key not in known:
                near = nearest(key, known)
                cure = f"did you mean {near}?" if near else "remove it, or keep it under `extras` or `schema`"
                self._wrong((*path, key), "this key is not known here", cure)

    def _known_codes(self, modes: Any) -> None:
        """Find modes of rules that do not exist: a slip there would leave the rule as it is, in silence."""
        known = (DEFAULT_MODE, *OWN_MODES)
        for code in modes if isinstance(modes, dict) else ():
            if code not in known:
                near = nearest(code, known)
                cure = f"{f'did you mean {near}? ' if near else ''}The rules of `plan lint` stand under `lint`"
                self._wrong(("modes", code), "no rule for calls has this code", cure)

    def _made(self, kind: type[_Made], raw: dict[str, Any], path: _Path) -> _Made | None:
        try:
            return made(kind, raw)
        except FieldError as error:
            for misfit in error.misfits:
                self._wrong((*path, *misfit.path), misfit.fault, "correct it there")
            return None

    def _wrong(self, path: _Path, fault: str, cure: str) -> None:
        self._faults.append(str(self._parsed.error(path, fault, cure)))


def _with_context(envelope: Any, context: Schema) -> Schema:
    envelope = envelope if isinstance(envelope, dict) else dict(PLAIN_REST)
    members = envelope.get("properties")
    return {**envelope, "properties": {**(members if isinstance(members, dict) else {}), "context": context}}


def dump_plan(plan: TrackingPlan) -> str:
    """Return a plan as the text of `tracking-plan.yaml`; `parse_plan` of it is the same plan.

    Raises:
        PlanError: The extra `plan` is not installed.

    Example:
        ```python
        text = dump_plan(TrackingPlan("Shop", events=(PlannedCall("track", "Order Completed"),)))
        ```
    """
    given = _set_fields(plan, TrackingPlan())
    raw: dict[str, Any] = {"plan": FORMAT_VERSION, **{key: given[key] for key in (*_ORDER, "extras") if key in given}}
    if "conventions" in raw:
        ids = _set_fields(plan.conventions.ids, Conventions().ids)
        raw["conventions"] = _set_fields(plan.conventions, Conventions()) | ({"ids": ids} if ids else {})
    for kind in _ONE:
        call = getattr(plan, kind)
        if call is not None:
            raw[kind] = _call_table(call)
    for key in _NAMED:
        if key in raw:
            raw[key] = _named_tables(raw[key])
    return _yaml(raw)


def _set_fields(value: Any, default: Any) -> dict[str, Any]:
    """Return the fields of a value that its default does not have."""
    pairs = {each.name: getattr(value, each.name) for each in fields(value)}
    return {
        name: list(each) if isinstance(each, tuple) else each
        for name, each in pairs.items()
        if each != getattr(default, name)
    }


def _named_tables(calls: Iterable[PlannedCall]) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {}
    for call in calls:
        found.setdefault(call.name, []).append(_call_table(call))
    return {name: tables[0] or None if len(tables) == 1 else tables for name, tables in found.items()}


def _call_table(call: PlannedCall) -> dict[str, Any]:
    table = _set_fields(call, PlannedCall(call.kind, call.name))
    schema: Schema | None = table.pop("schema", None)
    envelope: Schema | None = table.pop("envelope", None)
    if envelope is not None:
        context = _context_alone(envelope)
        table.update({"envelope": envelope} if context is None else {"context": context})
    short = None if schema is None else to_short(schema)
    if schema is None or short is None or not _is_plain(short[0]) or any(True for _ in _unusable(schema)):
        return table if schema is None else {**table, "schema": schema}
    properties, rest = short
    if rest != PLAIN_REST:
        table["schema"] = rest
    return {**table, payload_name(call.kind): properties}


def _context_alone(envelope: Schema) -> Schema | None:
    """Return the short form of an envelope that speaks of the context only, else None."""
    members = envelope.get("properties")
    if envelope.get("type") != "object" or set(envelope) != _CONTEXT_ONLY or not isinstance(members, dict):
        return None
    short = to_short(members["context"]) if set(members) == _ONE_MEMBER else None
    return short[0] if short is not None and short[1] == PLAIN_REST and _is_plain(short[0]) else None


def _unusable(schema: Schema) -> Iterator[tuple[str, ...]]:
    """Yield what no validator can use in the properties of a schema; `_check_types` speaks of types."""
    yield from (left[1:] for left in usable(schema)[1] if left[0] == "properties" and left[-1] != "type")


def _is_plain(properties: Any) -> bool:
    """Return whether the short form has only what `_check_properties` lets through."""
    return not _Reader(Parsed("", None)).faults_of(properties)


def _yaml(raw: dict[str, Any]) -> str:
    try:
        import yaml
    except ImportError:
        raise PlanError("install pipelines-client[plan] to write plans in YAML") from None
    return yaml.dump(raw, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=120)


@cache
def _dumper() -> Any:
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc] # one of the two
        """Writes values out each time; quotes texts that a YAML version takes for numbers or whose breaks it folds."""

        def ignore_aliases(self, data: Any) -> bool:
            del data
            return True

    def text(dumper: Any, value: str) -> Any:
        is_one_line = value.isprintable()
        is_plain = not is_one_line and all(line == line.strip() and line.isprintable() for line in value.split("\n"))
        return dumper.represent_scalar(
            "tag:yaml.org,2002:str", value, None if is_one_line else "|" if is_plain else '"'
        )

    Dumper.add_representer(str, text)
    Dumper.add_implicit_resolver("tag:yaml.org,2002:float", NUMBER, list("-+.0123456789"))
    return Dumper
