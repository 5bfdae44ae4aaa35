"""Scenarios of faults: the model of the TOML file, and how to read it.

```toml
seed = 7                                  # the same seed plants the same faults

[customerio]                              # also customerio_eu, segment, segment_eu
latency_ms = 40
jitter_ms = 20
shares = { "429" = 0.02, "503" = 0.05, reset = 0.01, timeout = 0.01 }   # of requests
retry_after_s = 1                         # sent with a 429
outage = { after_requests = 10, for_requests = 5, answer = 503 }        # or after_s and for_s

[[customerio.swallow]]                    # answered 200, never stored
event = "Order Completed"
limit = 3

[[customerio.double]]                     # stored twice under one id
every = 200

[[segment.change]]                        # one value differs in the export
path = "properties.total"
kind = "type"                             # value | type | null | missing_key
share = 0.01

[[customerio.rename]]
event = "Trial Started"
to = "Trial Begun"

[[segment.identity]]
limit = 2

[[customerio.missing_file]]               # one export file is not written
type = "track"
position = 2
```

Every fault on messages selects by `event`, `type` and `message_ids`, then by `share` or `every`, up to `limit`. A
message gets at most one such fault, so that planted faults can be counted.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines_client.errors import ConfigError
from pipelines_client.sandbox.model import CallType, size_of

if TYPE_CHECKING:
    from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0)]
FaultName = Literal["429", "500", "503", "reset", "timeout"]
ChangeKind = Literal["value", "type", "null", "missing_key"]


class ScenarioError(ConfigError):
    """An invalid scenario; the text names the file, the key and the cure."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Outage(_Strict):
    """A period in which every request fails, in seconds since the API's first request or in numbers of requests."""

    after_s: Seconds | None = None
    for_s: Seconds | None = None
    after_requests: Annotated[int, Field(ge=0)] | None = None
    for_requests: Count | None = None
    answer: Literal[429, 500, 502, 503, 504, "reset", "timeout"] = 503

    @model_validator(mode="after")
    def _one_pair(self) -> Outage:
        pairs = ((self.after_s, self.for_s), (self.after_requests, self.for_requests))
        given = [pair for pair in pairs if pair != (None, None)]
        if len(given) != 1 or None in given[0]:
            raise ValueError("give either after_s and for_s, or after_requests and for_requests")
        return self


class Selector(_Strict):
    """Which messages a fault affects; omitted conditions always hold."""

    event: str | None = None
    type: CallType | None = None
    message_ids: tuple[str, ...] | None = None
    share: Share | None = None
    every: Count | None = None
    limit: Count | None = None


class SwallowFault(Selector):
    """Answered 200 and never stored."""


class DoubleFault(Selector):
    """Stored twice under one id."""


class ChangeFault(Selector):
    """One value differs in the export.

    `value` sets `value`, or a value near the old one; `type` keeps the meaning and changes the JSON type; `null` sets
    null; `missing_key` removes the key. Messages without the path do not change and do not count.
    """

    path: Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)+$")]
    kind: ChangeKind = "value"
    value: Any = None

    @field_validator("value")
    @classmethod
    def _can_be_written(cls, value: Any) -> Any:
        if size_of(value) is None:
            raise ValueError(
                "cannot be written as JSON; use text, a number up to 64 bits, true or false, a list or a table"
            )
        return value


class RenameFault(Selector):
    """The event has another name in the export."""

    event: str  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride]  # required here
    to: Annotated[str, Field(min_length=1)]


class IdentityFault(Selector):
    """The message belongs to another person in the export: `to`, or the old id followed by `-other`."""

    to: str | None = None


class MissingFile(_Strict):
    """One export file is not written: by call type and position, or at Segment the n-th file of an hour."""

    position: Count
    type: CallType | None = None


class ApiScenario(_Strict):
    """The faults of one API."""

    latency_ms: Annotated[float, Field(ge=0)] = 0
    jitter_ms: Annotated[float, Field(ge=0)] = 0
    shares: dict[FaultName, Share] = Field(default_factory=dict)
    retry_after_s: Annotated[int, Field(ge=0)] | None = None
    accepts_failed: bool = False
    """Whether a request that fails by `shares` or `outage` is stored anyway, so that a retry repeats it."""
    strict_bad_item: Literal["batch", "item", "207"] = "batch"
    outage: Outage | None = None
    swallow: tuple[SwallowFault, ...] = ()
    double: tuple[DoubleFault, ...] = ()
    change: tuple[ChangeFault, ...] = ()
    rename: tuple[RenameFault, ...] = ()
    identity: tuple[IdentityFault, ...] = ()
    missing_file: tuple[MissingFile, ...] = ()

    @model_validator(mode="after")
    def _shares_fit(self) -> ApiScenario:
        if sum(self.shares.values()) > 1 + 1e-9:
            raise ValueError("shares add up to more than 1")
        return self


class Scenario(_Strict):
    """The faults of all four APIs; the default has none."""

    seed: int = 0
    customerio: ApiScenario = ApiScenario()
    customerio_eu: ApiScenario = ApiScenario()
    segment: ApiScenario = ApiScenario()
    segment_eu: ApiScenario = ApiScenario()

    @model_validator(mode="after")
    def _files_have_types(self) -> Scenario:
        for name in ("customerio", "customerio_eu"):
            if any(fault.type is None for fault in getattr(self, name).missing_file):
                raise ValueError(f"{name}.missing_file needs a type: its files are one set per call type")
        return self

    def of(self, api: str) -> ApiScenario:
        """Return the faults of an API by its name, such as `segment` or `customerio-eu`."""
        faults = getattr(self, api.replace("-", "_"))
        if not isinstance(faults, ApiScenario):
            raise TypeError(f"unknown API: {api}")
        return faults

    @classmethod
    def load(cls, path: Path) -> Scenario:
        """Read a scenario file.

        Raises:
            ScenarioError: The file is missing, is not TOML, or has an invalid or unknown key.
        """
        try:
            return cls.model_validate(tomllib.loads(path.read_text("utf-8")))
        except OSError as error:
            raise ScenarioError(f"scenario {path}: cannot be read ({error.strerror}); check the path") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ScenarioError(f"scenario {path}: not valid TOML: {error}") from error
        except ValidationError as error:
            raise ScenarioError(_explain(path, error)) from error


def _explain(path: Path, error: ValidationError) -> str:
    lines = [f"scenario {path}:"]
    for problem in error.errors(include_url=False, include_input=False):
        place = ".".join(str(key) for key in problem["loc"] if key != "[key]") or "the file"
        lines.append(f"  {place}: {_cure(problem['type'], problem['msg'], problem['loc'])}")
    return "\n".join(lines)


def _cure(kind: str, message: str, place: tuple[int | str, ...]) -> str:
    if kind == "string_pattern_mismatch":
        return "write it with dots from the top of the message, such as properties.total"
    if kind != "extra_forbidden":
        return message.removeprefix("Value error, ")
    model = _model_at(place[:-1])
    known = ", ".join(model.model_fields) if model is not None else ""
    return f"unknown key; remove it, or use one of: {known}" if known else "unknown key; remove it"


def _model_at(place: tuple[int | str, ...]) -> type[_Strict] | None:
    """Return the model for a place in the file."""
    names = [key for key in place if isinstance(key, str)]
    if not names:
        return Scenario
    if names[0] not in Scenario.model_fields:
        return None
    if len(names) == 1:
        return ApiScenario
    lists: dict[str, type[_Strict]] = {
        "outage": Outage,
        "swallow": SwallowFault,
        "double": DoubleFault,
        "change": ChangeFault,
        "rename": RenameFault,
        "identity": IdentityFault,
        "missing_file": MissingFile,
    }
    return lists.get(names[1])
