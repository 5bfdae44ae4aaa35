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
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import Field, ValidationError, model_validator

from pipelines_client.errors import ConfigError
from pipelines_client.files import read_given
from pipelines_client.sandbox.faults import (
    ChangeFault,
    Count,
    DoubleFault,
    IdentityFault,
    MessageFault,
    RenameFault,
    ScenarioTable,
    Share,
    SwallowFault,
)
from pipelines_client.sandbox.model import CallType

if TYPE_CHECKING:
    from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Seconds = Annotated[float, Field(ge=0)]
FaultName = Literal["429", "500", "503", "reset", "timeout"]


class ScenarioError(ConfigError):
    """An invalid scenario; the text names the file, the key and the cure."""


class Outage(ScenarioTable):
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


class MissingFile(ScenarioTable):
    """One export file is not written: by call type and position, or at Segment the n-th file of an hour."""

    position: Count
    type: CallType | None = None


class ApiScenario(ScenarioTable):
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

    @property
    def on_messages(self) -> list[MessageFault]:
        """The faults on messages; the first that fits a message is planted on it."""
        return [*self.swallow, *self.double, *self.change, *self.rename, *self.identity]

    @model_validator(mode="after")
    def _shares_fit(self) -> ApiScenario:
        if sum(self.shares.values()) > 1 + 1e-9:
            raise ValueError("shares add up to more than 1")
        return self


class Scenario(ScenarioTable):
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
            return cls.model_validate(tomllib.loads(read_given(path).decode("utf-8")))
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


def _model_at(place: tuple[int | str, ...]) -> type[ScenarioTable] | None:
    """Return the model for a place in the file."""
    model: type[ScenarioTable] | None = Scenario
    for name in (key for key in place if isinstance(key, str)):
        field = model.model_fields.get(name) if model is not None else None
        kinds = (get_args(field.annotation) or (field.annotation,)) if field is not None else ()
        model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, ScenarioTable)), None)
    return model
