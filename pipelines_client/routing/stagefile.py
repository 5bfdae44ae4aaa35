"""The stage file: its tables, and how it is parsed and checked. `watch` decides when to read it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines_client.errors import StageFileError
from pipelines_client.routing.plan import LegRules, Names, Plan, Stage, Switch, stage_for

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_Share = Annotated[float, Field(ge=0, le=1)]


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
        return LegRules(share, self.allow, self.deny, self.switch or base.switch)


class StepTable(_Table):
    """`[plan.<stage>]`: when a stage should begin, and what must be true before the next one.

    `begins` is the planned day. `share` is the share of people at the beginning of a partial stage. `passing_days` is
    the number of days in a row whose parity report must pass while the stage is in force.
    """

    begins: date | None = None
    share: _Share | None = None
    passing_days: Annotated[int, Field(ge=0)] | None = None


class StageFile(_Table):
    """The content of a stage file."""

    stage: Stage
    salt: str | None = None
    customerio: LegTable = LegTable()
    segment: LegTable = LegTable()
    plan: Mapping[Stage, StepTable] = Field(default_factory=dict)

    def applied_to(self, base: Plan) -> Plan:
        """Return a client's plan: what the file sets, and for the rest what the settings say.

        Raises:
            ConfigError: The stage needs a leg that the client has no key for.
        """
        rules = {leg: getattr(self, leg).rules(base.rules_of(leg)) for leg in base.legs}
        salt = base.salt if self.salt is None else self.salt
        return replace(base, stage=stage_for(self.stage, legs=base.legs), rules=rules, salt=salt)


def parse_stage_file(text: bytes) -> StageFile:
    """Parse the content of a stage file.

    Raises:
        StageFileError: It is not valid TOML, or has a wrong key or value; the text names the key, never the value.
    """
    try:
        return StageFile.model_validate(tomllib.loads(text.decode("utf-8")))
    except ValidationError as error:
        places = [
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise StageFileError("; ".join(places)) from None
    except ValueError as error:  # a TOML error is one, and so is a number with more digits than Python reads
        raise StageFileError(f"not valid TOML ({error})") from None
    except RecursionError:
        raise StageFileError("not valid TOML (nested too deeply)") from None


def read_stage_file(path: Path) -> StageFile:
    """Read a stage file.

    Raises:
        StageFileError: It cannot be read or is wrong; the text names the file and the fault.
    """
    try:
        return parse_stage_file(path.read_bytes())
    except OSError as error:
        raise StageFileError(f"{path} cannot be read ({error.strerror or type(error).__name__})") from None
    except StageFileError as error:
        raise StageFileError(f"{path}: {error}") from None
