"""The stage file: read, checked, and watched by every process that has a client; and the aliases that processes share.

Nobody polls. Whoever asks for the plan, a call or a sender, looks into the file if the last look is long enough ago: so
there is no thread to lose in a fork, no lock, and a message is never routed by a plan that is older than `poll_s`
(docs/adr/0008). What cannot be read or is wrong leaves the last good plan in force, and is said once.
"""

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


class NamesTable(_Table):
    """`allow` or `deny` of a leg."""

    events: frozenset[str] = frozenset()
    tenants: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()

    def names(self) -> Names:
        """Return the list that routing asks."""
        return Names(self.events, self.tenants, self.ids)


class LegTable(_Table):
    """`[customerio]` or `[segment]`; what is not said there is left to the settings."""

    share: _Share | None = None
    switch: Switch | None = None
    allow: NamesTable = NamesTable()
    deny: NamesTable = NamesTable()

    def rules(self, base: LegRules) -> LegRules:
        """Return what holds for the leg."""
        return LegRules(
            base.share if self.share is None else self.share,
            self.allow.names(),
            self.deny.names(),
            self.switch or base.switch,
        )


class StepTable(_Table):
    """`[plan.<stage>]`: when a stage is meant to begin, and what must hold before it may be left for the next.

    `begins` is its day; `share` the share of people with which it begins, if it is one for a share; `passing_days` the
    days in a row whose parity report passed, while the stage was in force.
    """

    begins: date | None = None
    share: _Share | None = None
    passing_days: Annotated[int, Field(ge=0)] | None = None


class StageFile(_Table):
    """A stage file's content."""

    stage: Stage
    salt: str | None = None
    customerio: LegTable = LegTable()
    segment: LegTable = LegTable()
    plan: Mapping[Stage, StepTable] = Field(default_factory=dict)

    def applied_to(self, base: Plan) -> Plan:
        """Return the plan of a client: the file's word, and the settings' where it has none.

        Raises:
            ConfigError: The stage needs a leg that the client has no key for.
        """
        rules = {leg: getattr(self, leg).rules(base.rules_of(leg)) for leg in base.legs}
        salt = base.salt if self.salt is None else self.salt
        return replace(base, stage=stage_for(self.stage, legs=base.legs), rules=rules, salt=salt)


def parse_stage_file(text: bytes) -> StageFile:
    """Read a stage file's content.

    Raises:
        StageFileError: It is no TOML, or says what a stage file cannot say; the text names the place, and no value.
    """
    try:
        return StageFile.model_validate(tomllib.loads(text.decode("utf-8")))
    except ValidationError as error:
        places = [
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise StageFileError("; ".join(places)) from None
    except ValueError as error:  # TOML's own error is one, and so is a number with more digits than Python reads
        raise StageFileError(f"no TOML ({error})") from None
    except RecursionError:
        raise StageFileError("no TOML (nested too deep)") from None


def read_stage_file(path: Path) -> StageFile:
    """Read a stage file.

    Raises:
        StageFileError: It cannot be read, or is wrong; the text names it and what to do.
    """
    try:
        return parse_stage_file(path.read_bytes())
    except OSError as error:
        raise StageFileError(f"{path} cannot be read ({error.strerror or type(error).__name__})") from None
    except StageFileError as error:
        raise StageFileError(f"{path}: {error}") from None
