"""The questions whether sources belong together, and the types of their rows. Pure."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from pipelines_client.parity.questions.rows import Question


class ByWriter(Protocol):
    """A row that says who wrote its messages, as the export that has them names it."""

    @property
    def origin(self) -> str | None:
        """The id of the Segment source; in a ledger, what names the host and key of the message."""

    @property
    def library(self) -> str | None:
        """Name/version."""

    @property
    def write_key_suffix(self) -> str | None:
        """The last four characters of the write key."""


class StrangersRow(NamedTuple):
    """A row of the table `strangers`: what `side` lacks and an unrelated source has.

    With `words`, all that their writer sent, as the ledger says or, where that does not have it, the other export; else
    what the ledger and the other export have, or have not.
    """

    side: str
    in_ledger: int
    in_other: int
    words: int | None


class RelationsRow(NamedTuple):
    """What a source has of a writer, an event and a day, and how many of them a side has or lacks.

    `words` are one of those of the writer.
    """

    source: str
    side: str
    day: str
    event: str
    origin: str | None
    library: str | None
    write_key_suffix: str | None
    words: int
    messages: int
    shared: int
    lacking: int
    recorded: int


class TwinsRow(NamedTuple):
    """The id that each source has for one payload; None where it has none, or several."""

    ledger_id: str | None
    segment_id: str | None
    customerio_id: str | None


NO_STRANGER = StrangersRow("", 0, 0, None)
"""Gives the table `strangers` its columns where there is none."""

RELATIONS = Question("relations", RelationsRow)
TWINS = Question("twins", TwinsRow)
