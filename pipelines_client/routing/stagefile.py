"""The stage file: its tables, and how it is parsed and checked. `watch` decides when to read it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pipelines_client.clock import DateField, iso_utc
from pipelines_client.errors import StageFileError
from pipelines_client.files import read_regular
from pipelines_client.routing.plan import LegRules, Names, Plan, Stage, Switch, stage_for
from pipelines_client.signals import let_through

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MARK_CHARS = 16
_MOST_BYTES = 1 << 20


def _number(value: object) -> object:
    """Return a number as it is; a bool is none, though Python takes it for one."""
    if isinstance(value, bool):
        raise ValueError("should be a number")  # noqa: TRY004 - pydantic reports ValueErrors
    return value


def _day(value: object) -> object:
    """Return a day as it is; a number would be taken for seconds since 1970."""
    if isinstance(value, int | float):
        raise ValueError("should be a day, such as 2026-12-07")  # noqa: TRY004 - as above
    return value


def _instant(value: object) -> str:
    """Return an instant as `iso_utc` spells it; the file may have it as text or as TOML's own."""
    try:
        at = datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else value
        if isinstance(at, datetime) and at.tzinfo is not None:
            return iso_utc(at)
    except (ValueError, OverflowError) as error:
        let_through(error)
    raise ValueError("should be an instant with a time zone, such as 2026-12-07T09:00:00Z")


_Share = Annotated[float, Field(ge=0, le=1), BeforeValidator(_number)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LegTable(_Table):
    """`[customerio]` or `[segment]`; a key that is not set there comes from the settings."""

    share: _Share | None = None
    switch: Switch | None = None
    allow: Names = Names()
    deny: Names = Names()

    def rules(self, base: LegRules) -> LegRules:
        """Return the leg's rules: the file's, else those of the settings."""
        share = base.share if self.share is None else self.share
        return LegRules(share, self.allow, self.deny, self.switch or base.switch, base.consent)


class StepTable(_Table):
    """`[plan.<stage>]`: when a stage should begin, and what must be true before the next one.

    `begins` is the planned day. `share` is the share of people at the beginning of a partial stage. `passing_days` is
    the number of days in a row whose parity report must pass while the stage is in force.
    """

    begins: Annotated[DateField, BeforeValidator(_day)] | None = None
    share: _Share | None = None
    passing_days: Annotated[int, Field(ge=0), BeforeValidator(_number)] | None = None


class HandoverTable(_Table):
    """`[handover]`: from when on Customer.io's leg takes over from Segment's Customer.io destination (`Plan`)."""

    at: Annotated[str, BeforeValidator(_instant)]


class StageFile(_Table):
    """The content of a stage file."""

    stage: Stage
    salt: str | None = None
    customerio: LegTable = LegTable()
    segment: LegTable = LegTable()
    handover: HandoverTable | None = None
    plan: Mapping[Stage, StepTable] = Field(default_factory=dict)

    def applied_to(self, base: Plan) -> Plan:
        """Return a client's plan: what the file sets, and for the rest what the settings say.

        Raises:
            ConfigError: The stage needs a leg that the client has no key for.
        """
        rules = {leg: getattr(self, leg).rules(base.rules_of(leg)) for leg in base.legs}
        salt = base.salt if self.salt is None else self.salt
        at = None if self.handover is None else self.handover.at
        stage = stage_for(self.stage, legs=base.legs)
        return replace(base, stage=stage, rules=rules, salt=salt, handover_at=at)


def mark_of(content: bytes) -> str:
    """Return a short mark of a stage file's content: a run file has that of the content that its process follows."""
    return hashlib.sha256(content).hexdigest()[:_MARK_CHARS]


def parse_stage_file(text: bytes) -> StageFile:
    """Parse the content of a stage file; a byte order mark before it is passed over.

    Raises:
        StageFileError: It is not valid TOML, or has a wrong key or value; the text names the key, never the value.
    """
    try:
        return StageFile.model_validate(parse_tables(text))
    except ValidationError as error:
        places = [
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise StageFileError("; ".join(places)) from None


def parse_tables(text: bytes) -> dict[str, Any]:
    """Parse the content of a stage file as TOML.

    Raises:
        StageFileError: It is not valid TOML.
    """
    try:
        return tomllib.loads(text.decode("utf-8-sig"))
    except ValueError as error:  # a TOML error is one, and so is a number with more digits than Python reads
        let_through(error)
        raise StageFileError(f"not valid TOML ({error})") from None
    except Exception as error:  # noqa: BLE001 - what else a damaged file does to the parser
        let_through(error)
        raise StageFileError(f"not valid TOML ({type(error).__name__})") from None


def read_stage_bytes(path: Path) -> bytes:
    """Read the content of a stage file; what is not a file, or is far too large for one, is refused at once.

    Raises:
        OSError: It cannot be read, is a pipe, a folder or a device, or has more than a megabyte.
    """
    return read_regular(path, most_bytes=_MOST_BYTES)


def read_stage_file(path: Path) -> StageFile:
    """Read a stage file.

    Raises:
        StageFileError: It cannot be read or is wrong; the text names the file and the fault.
    """
    try:
        return parse_stage_file(read_stage_bytes(path))
    except OSError as error:
        raise StageFileError(f"{path} cannot be read ({error.strerror or type(error).__name__})") from None
    except StageFileError as error:
        raise StageFileError(f"{path}: {error}") from None
