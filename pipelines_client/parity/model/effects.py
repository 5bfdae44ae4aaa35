"""What the routes change in the workspace, in short: out of a report of `pipelines-client effects`. Pure."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from pipelines_client.parity.model.base import Frozen


class EffectsRow(Frozen):
    """One change: what it means for conditions, what it says, and its cure."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    weight: Literal["breaks", "unknown", "minor"]
    says: str
    messages: int = Field(ge=0)
    people: int = Field(ge=0)
    cure: str


class EffectsSection(Frozen):
    """The verdict on the routes, and the gravest changes.

    `verdict` is not part of parity's: it is about what the workspace makes of the calls, and not about whether they
    arrived. `count` changes were found, of which `changes` are the first. `cures` were taken into account.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str = ""
    verdict: Literal["same", "breaks", "unknown"]
    today: str
    then: str
    dates: str
    cures: str = ""
    calls: int = Field(ge=0)
    people: int = Field(ge=0)
    count: int = Field(default=0, ge=0)
    changes: tuple[EffectsRow, ...] = ()
