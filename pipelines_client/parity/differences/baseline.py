"""How often a leg differs from itself: it is compared with a second archive of the same messages."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Literal, NamedTuple

from pipelines_client.errors import SourceError
from pipelines_client.evidence.listing import list_files
from pipelines_client.evidence.naming import parse_where
from pipelines_client.evidence.recognise import sort_paths
from pipelines_client.parity.differences.expected import WHOLE_PAYLOAD
from pipelines_client.parity.differences.explain import Baseline
from pipelines_client.parity.differences.reopen import Opener, open_pairs
from pipelines_client.parity.facts.packs import Reading
from pipelines_client.parity.facts.read import read_sources
from pipelines_client.parity.judgement import causes
from pipelines_client.parity.questions.engine import EngineSettings
from pipelines_client.parity.questions.open import open_engine
from pipelines_client.parity.questions.rows import DRIFT_PAIRS, TOTALS
from pipelines_client.sides import SIDES, TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.evidence.listing import Listing
    from pipelines_client.parity.facts.packs import Store

Side = Literal["segment", "customerio"]
Source = tuple["Kind", "Listing"]

_SETTINGS = EngineSettings(
    has_ledger=0,
    has_segment=1,
    has_customerio=1,
    knows_identity=0,
    since_ms=None,
    until_ms=None,
    received_from_ms=None,
    segment_watermark_ms=None,
    customerio_watermark_ms=None,
    settle_ms=0,
    segment_allowance_ms=0,
    customerio_allowance_ms=0,
    slow_ms=0,
    skew_ms=0,
)
"""Everything that is there, whenever it arrived: only which payloads differ is asked."""


class Second(NamedTuple):
    """The second archive: whose it is, how to read it, and where."""

    side: Side
    source: Source
    path: str


def find_second(text: str, own: Mapping[str, Source], make: Callable[[type[Kind], str], Kind]) -> Second:
    """Tell whose second archive is at a path.

    Args:
        text: The path, with `kind:` before it where it cannot be told by what is there.
        own: The sources of the run by name.
        make: Makes a reader of a kind that calls itself by the name of a source.

    Raises:
        SourceError: It is no archive of a side that is given, or the very same files.
    """
    ((name, given),) = sort_paths([text]).items()
    side: Side = "segment" if name == "segment" else "customerio"
    if name not in SIDES or name not in own:
        sides = " or ".join(TITLES[one] for one in SIDES if one in own)
        raise SourceError(f"--baseline: {text} is no second archive of {sides}, which are what is compared")
    where = parse_where(side, given)
    listing = list_files(where.kind, where.given)
    if {file.location for file in listing.files} & {file.location for file in own[name][1].files}:
        raise SourceError(f"--baseline: {text} has files of --{name} itself, which teach no noise; give another copy")
    return Second(side, (make(where.kind, _other(side)), listing), where.given[0])


def measure_noise(
    second: Second, own: Source, store: Store, scratch: Path, *, engine: str, processes: int | None
) -> Baseline:
    """Compare a leg with its second archive, message by message, over all that both hold.

    Pairs that could not be opened again teach no noise: of less noise, more is called drift.

    Raises:
        SourceError: The second archive cannot be read as a whole.
        EngineError: As for the run itself.
    """
    sources: dict[str, Source] = {second.side: own, _other(second.side): second.source}
    own_scratch = scratch / "baseline"
    own_scratch.mkdir()
    with closing(open_engine(engine, own_scratch)) as asked:
        packs = read_sources(sources, store, processes=processes, read_jobs=asked.read_jobs, find=asked.find)
        asked.load(pack.folder for found in packs.values() for pack in found)
        asked.build(_SETTINGS, causes.TABLE)
        (total,), rows = asked.ask(TOTALS), asked.ask(DRIFT_PAIRS)
    openers = {name: Opener(kind, listing.location_of, Reading()) for name, (kind, listing) in sources.items()}
    found = open_pairs(rows, openers, samples_each=0)
    for signature in [one for one in found.signatures if any(spot.path == WHOLE_PAYLOAD for spot in one.spots)]:
        del found.signatures[signature]
    return Baseline(second.side, second.path, total.paired, total.drift, found)


def _other(side: Side) -> str:
    return "customerio" if side == "segment" else "segment"
