"""What all values of a report share. Pure."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 2


Side = Literal["segment", "customerio"]


Counts = dict[str, int]


class Frozen(BaseModel):
    """A value that cannot change and refuses unknown fields; what checks it is made when the first one is."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
