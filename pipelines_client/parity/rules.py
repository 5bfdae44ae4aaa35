"""The rules of a team in `parity.toml`: gates, expected differences and checks, validated when they are read.

    [gates]                            limits over all; an option of the command line overrides its key
    [gates.events."Order Completed"]   limits of one event, in addition to those over all
    [gates.classes.late]               the limit of one class of findings
    [[expected]]                       a known difference that is accepted for now
    [builtin]                          the expected differences that come with the package, by name
    [compare]                          what is compared besides what always is
    [cures]                            what the Customer.io leg changes on request (`effects.cures`)
    [[check]]                          a question in SQL, and what its answer should be
    [[complete]]                       a span of time in which a side's evidence is whole (`complete.py`)

Unknown keys are refused: a limit with a misspelled key would limit nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from pipelines_client.clock import DateField
from pipelines_client.errors import ConfigError
from pipelines_client.files import read_given
from pipelines_client.parity.complete import Complete
from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.model import MOST_ROWS, SHARED_UNITS, Limits

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines_client.parity.check_sql import PlainSelect

RULES_FILE = "parity.toml"
"""The file in the working directory that is read when no other is given."""

READY_AFTER_DAYS = 7
"""Passing days in a row before *ready*: a week, so that it includes a weekend."""

_MARK_CHARACTERS = 16

MISSING = "missing"
ANY = "*"


def percent_of(value: Any) -> float:
    """Read `0.1`, `"0.1%"` or `"5 %"` as percent.

    Raises:
        ValueError: It is not a percentage between 0 and 100.
    """
    text = str(value).strip().removesuffix("%")
    try:
        share = float("" if isinstance(value, bool) else text)
    except ValueError:
        raise ValueError(f'{value!r} is not a percentage; write 0.1 or "5%"') from None
    if not 0 <= share <= 100:  # noqa: PLR2004 - percent
        raise ValueError(f"{value!r} is not between 0 and 100 percent")
    return share


class Bound(NamedTuple):
    """The limit of a class of findings: a count, or a share of all messages in percent."""

    value: float
    is_share: bool


def _bound(value: Any) -> Bound:
    if isinstance(value, str) and value.strip().endswith("%"):
        return Bound(percent_of(value), is_share=True)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(
            f'{value!r} is not a limit; write a count such as 10, or a share of all messages such as "0.5%"'
        )
    return Bound(value, is_share=False)


_SHARES = [limit.name for limit in fields(Limits) if limit.name.endswith("_pct")]
Percent = Annotated[float, BeforeValidator(percent_of)]
Count = Annotated[int, Field(ge=0, strict=True)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # as `Rules` has them all


class EventGates(_Section):
    """The limits of one event. Only limits that are set are judged; `min_events` messages must be there."""

    max_missing: Percent | None = None
    max_drift: Percent | None = None
    max_duplicates: Percent | None = None
    max_identity: Count | None = None
    max_renamed: Count | None = None
    min_events: Count = 1

    def limits(self) -> Limits:
        """Return the limits; a limit that is not set allows everything."""
        lenient: dict[str, Any] = {"max_missing_pct": 100.0, "max_drift_pct": 100.0, "max_duplicates_pct": 100.0}
        return Limits(**lenient | _limits(self.model_dump(exclude_none=True)))


class ClassGate(_Section):
    """The limit of one class of findings."""

    max: Annotated[Bound, BeforeValidator(_bound)]


class Gates(_Section):
    """The limits over all messages, of single events and of classes of findings. Shares are percent.

    `min_days` UTC days must have their part of `min_events`; `ready_after_days` passing days in a row make *ready*.
    """

    max_missing: Percent | None = None
    max_drift: Percent | None = None
    max_duplicates: Percent | None = None
    max_counts: Percent | None = None
    max_identity: Count | None = None
    max_renamed: Count | None = None
    max_shared_ids: Count | None = None
    max_call_type: Count | None = None
    max_time: Percent | None = None
    max_context: Percent | None = None
    min_events: Count | None = None
    min_days: Count = 0
    ready_after_days: Annotated[int, Field(ge=1, strict=True)] = READY_AFTER_DAYS
    events: dict[str, EventGates] = Field(default_factory=dict)
    classes: dict[str, ClassGate] = Field(default_factory=dict)

    @field_validator("classes")
    @classmethod
    def _known_classes(cls, value: dict[str, ClassGate]) -> dict[str, ClassGate]:
        for name, gate in value.items():
            if name not in BY_NAME:
                raise ValueError(f"there is no class {name!r}; the classes are {', '.join(BY_NAME)}")
            if gate.max.is_share and BY_NAME[name].unit not in SHARED_UNITS:
                raise ValueError(f"{name} counts {BY_NAME[name].unit}: write a count, not a share")
        return value

    def limits(self, **given: float | None) -> Limits:
        """Return the limits over all messages; values that are given override those of the file, None does not."""
        own = self.model_dump(exclude_none=True, exclude={"events", "classes", "ready_after_days"})
        return Limits(**_limits(own | {name: value for name, value in given.items() if value is not None}))


class ExpectedRule(_Section):
    """A known difference: the reason, its owner, and the last UTC day on which it is accepted.

    `path` and `event` may contain `*` for any characters. Without `kind` any difference at the path is expected.
    `missing` is a message that is missing at `side`, or at either side if none is given; it has no path. `library`,
    `write_key` (its last four characters count) and `source` (the id of a Segment source) limit it to one writer.
    """

    path: str = ""
    kind: Literal["missing_key", "null", "type", "value", "missing"] | None = None
    event: str = ANY
    side: Literal["segment", "customerio"] | None = None
    library: str = ""
    write_key: Annotated[str, StringConstraints(pattern="^$|.{4}$")] = ""
    source: str = ""
    reason: Words
    owner: Words
    expiry: DateField
    name: str = ""

    @model_validator(mode="after")
    def _has_a_place(self) -> ExpectedRule:
        if self.kind == MISSING and self.path:
            raise ValueError('a missing message has no path; remove "path", or write another "kind"')
        if self.kind != MISSING and not self.path:
            raise ValueError('"path" is missing; write a path such as "properties.price", or kind = "missing"')
        if self.kind != MISSING and self.side is not None:
            raise ValueError('"side" goes with kind = "missing" only; remove it: a path differs between two sides')
        if self.kind != MISSING and (self.library or self.write_key or self.source):
            raise ValueError('"library", "write_key" and "source" go with kind = "missing" only; remove them')
        return self


class Builtin(_Section):
    """The expected differences that come with the package (FACTS T); `name = false` turns one off."""

    alias: bool = Field(default=True, strict=True)
    groupid_only: bool = Field(default=True, strict=True)
    value_cut: bool = Field(default=True, strict=True)
    long_name: bool = Field(default=True, strict=True)


class Compare(_Section):
    """What is compared besides what always is: `context` has paths of the context, such as `campaign.source`."""

    context: tuple[Words, ...] = ()


_ROWS = re.compile(r"at most ([\d_,]+) rows?")
_NUMBER = re.compile(r"(<=|>=|==|=|<|>)\s*(-?[\d_,]+)")


class Check(_Section):
    """A question in SQL and its expected answer: `no rows`, `at most 10 rows`, or a comparison such as `< 5`."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    reason: str = ""
    sql: str
    expect: str = "no rows"

    @field_validator("expect")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != "no rows" and not _ROWS.fullmatch(value) and not _NUMBER.fullmatch(value):
            raise ValueError(
                f'{value!r} is not an expectation; write "no rows", "at most 10 rows", or "< 5" for a number'
            )
        rows = _ROWS.fullmatch(value)
        if rows is not None and _whole(rows[1]) > MOST_ROWS:
            raise ValueError(
                f"{value!r}: rows are counted up to {MOST_ROWS:,} only; SELECT count(*) and compare the number"
            )
        return value

    @model_validator(mode="after")
    def _is_askable(self) -> Check:
        try:
            self.question()
        except ValueError as error:
            raise ValueError(f"{self.name}: sql: {error}") from None
        return self

    def question(self) -> PlainSelect:
        """Return the SQL that an engine runs."""
        from pipelines_client.parity.check_sql import plain_select  # here, because most runs have no check

        return plain_select(self.sql)

    def most_rows(self) -> int | None:
        """Return how many rows the answer may have; None if a number is expected."""
        if self.expect == "no rows":
            return 0
        rows = _ROWS.fullmatch(self.expect)
        return None if rows is None else _whole(rows[1])

    def comparison(self) -> tuple[str, int]:
        """Return the operator and the number of a comparison."""
        found = _NUMBER.fullmatch(self.expect)
        assert found is not None  # noqa: S101 - as it was read
        return found[1], _whole(found[2])


def _whole(text: str) -> int:
    return int(text.replace(",", "").replace("_", ""))


class Rules(_Section):
    """All of `parity.toml`."""

    gates: Gates = Field(default_factory=Gates)
    expected: tuple[ExpectedRule, ...] = ()
    builtin: Builtin = Field(default_factory=Builtin)
    compare: Compare = Field(default_factory=Compare)
    cures: dict[str, Any] | None = None
    check: tuple[Check, ...] = ()
    complete: tuple[Complete, ...] = ()

    @field_validator("cures")
    @classmethod
    def _known_cures(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is None:
            return None
        from pipelines_client.effects.cures import asked_cures

        return asked_cures(value)

    @field_validator("check")
    @classmethod
    def _unique_names(cls, value: tuple[Check, ...]) -> tuple[Check, ...]:
        twice = [name for name, count in Counter(check.name for check in value).items() if count > 1]
        if twice:
            raise ValueError(f"{twice[0]!r} is the name of two checks; rename one")
        return value

    @field_validator("expected")
    @classmethod
    def _unused_names(cls, value: tuple[ExpectedRule, ...]) -> tuple[ExpectedRule, ...]:
        names = [rule.name for rule in value if rule.name]
        for name in names:
            if name in Builtin.model_fields:
                raise ValueError(f"{name!r} is the name of a built-in rule; choose another name")
            if names.count(name) > 1:
                raise ValueError(f"two rules are called {name!r}; rename one")
        return value


BASELINE = "baseline"
"""Marks a run that tells drift from noise: it is not compared with one that does not."""


def mark_of(rules: Rules, *also: str) -> str:
    """Return a mark of what runs are judged by: gates, limits, checks, and what `also` says.

    Expected differences are not part of it: they are in the report. Nor is how many days make *ready*.
    """
    gates = rules.gates.model_dump(mode="json", exclude={"ready_after_days"}) | asdict(rules.gates.limits())
    checks = sorted((check.name, check.sql, check.expect) for check in rules.check)
    text = json.dumps([gates, checks, sorted(also)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_CHARACTERS]


def read_rules(path: Path) -> Rules:
    """Return the rules in a file.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or has an invalid key or value. Names the file, the key and
            the cure.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return parse_rules(tomllib.loads(read_given(path).decode("utf-8")), str(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML ({error})") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; choose another file with --config") from None


def parse_rules(values: dict[str, Any], where: str) -> Rules:
    """Return the rules in the values of a TOML file.

    Raises:
        ConfigError: As `read_rules`.
    """
    try:
        return Rules.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ConfigError(
            f"{where}: {_key(first['loc'])}: {_cure(first['type'], first['msg'], first['loc'])}"
        ) from None


def _limits(values: dict[str, Any]) -> dict[str, Any]:
    """Return values under the names of `Limits`, in which shares end in their unit."""
    return {f"{name}_pct" if f"{name}_pct" in _SHARES else name: value for name, value in values.items()}


def _key(location: tuple[int | str, ...]) -> str:
    keys = [f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in location]
    return "".join(keys).removeprefix(".")


def _cure(kind: str, message: str, location: tuple[int | str, ...]) -> str:
    if kind == "extra_forbidden":
        return f"unknown key; the keys are {', '.join(_section_of(location).model_fields)}"
    if kind == "missing":
        return f"this key is required; the keys are {', '.join(_section_of(location).model_fields)}"
    if kind == "tuple_type":
        return f"write [[{location[-1]}]] above the keys of each entry"
    if kind in {"model_type", "dict_type"}:
        return "this is a section; write its name in brackets, such as [gates], above its keys"
    return message.removeprefix("Value error, ")


def _section_of(location: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the section that has the last key of a location."""
    head, depth = location[0], len(location)
    if head == "gates" and depth > 3:  # noqa: PLR2004 - gates, events, its name, a key
        return EventGates if location[1] == "events" else ClassGate
    sections: dict[int | str, type[BaseModel]] = {
        "gates": Gates,
        "expected": ExpectedRule,
        "builtin": Builtin,
        "compare": Compare,
        "check": Check,
        "complete": Complete,
    }
    return sections[head] if depth > 1 else Rules
