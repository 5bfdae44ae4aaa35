"""How often a leg differs from itself: it is compared with a second archive of the same messages."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.errors import SourceError
from pipelines_client.evidence.listing import list_files
from pipelines_client.evidence.naming import parse_where
from pipelines_client.evidence.recognise import sort_paths
from pipelines_client.parity.differences.expected import WHOLE_PAYLOAD
from pipelines_client.parity.differences.explain import BaselineDrift
from pipelines_client.parity.differences.reopen import Opener, open_pairs
from pipelines_client.parity.facts.packs import Reading
from pipelines_client.parity.facts.read import read_sources, total_of
from pipelines_client.parity.judgement import causes
from pipelines_client.parity.model import Side
from pipelines_client.parity.questions.engine import EngineSettings
from pipelines_client.parity.questions.open import open_engine
from pipelines_client.parity.questions.rows import DRIFT_PAIRS, TOTALS
from pipelines_client.parity.spell import plural
from pipelines_client.sides import SIDES, TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pipelines_client.evidence.kinds.base import Kind
    from pipelines_client.evidence.listing import Listing
    from pipelines_client.parity.facts.packs import Store

Source = tuple["Kind", "Listing"]


class Second(NamedTuple):
    """The second archive: its side, how to read it, and its path."""

    side: Side
    source: Source
    path: str


def find_second(text: str, own: Mapping[str, Source], make: Callable[[type[Kind], str], Kind]) -> Second:
    """Return the second archive at a path, which may have `kind:` before it; `own` are the sources of the run.

    Raises:
        SourceError: It is not an archive of a side that is compared, or has the same files.
    """
    ((name, given),) = sort_paths([text]).items()
    side: Side = "segment" if name == "segment" else "customerio"
    if name not in SIDES or name not in own:
        sides = " or ".join(TITLES[one] for one in SIDES if one in own)
        raise SourceError(f"--baseline: {text} is not a second archive of {sides}")
    where = parse_where(side, given)
    listing = list_files(where.kind, where.given)
    if {file.location for file in listing.files} & {file.location for file in own[name][1].files}:
        raise SourceError(
            f"--baseline: {text} has files of --{name} itself, which cannot show noise; give a second copy"
        )
    return Second(side, (make(where.kind, _other(side)), listing), where.given[0])


def measure_noise(
    second: Second, own: Source, store: Store, scratch: Path, *, engine: str, processes: int | None
) -> BaselineDrift:
    """Compare a leg with its second archive, message by message, over all that both hold.

    Pairs that could not be opened again are left out of the noise, so more may count as drift.

    Raises:
        SourceError: The second archive cannot be read as a whole.
        EngineError: As for the run itself.
    """
    sources: dict[str, Source] = {second.side: own, _other(second.side): second.source}
    own_scratch = scratch / "baseline"
    own_scratch.mkdir()
    with closing(open_engine(engine, own_scratch)) as asked:
        packs = read_sources(sources, store, processes=processes, read_jobs=asked.read_jobs, find=asked.find)
        asked.load(pack.folder for some in packs.values() for pack in some)
        asked.build(EngineSettings(), causes.TABLE)
        (total,), rows = asked.ask(TOTALS), asked.ask(DRIFT_PAIRS)
    openers = {name: Opener(kind, listing.location_of, Reading()) for name, (kind, listing) in sources.items()}
    result = open_pairs(rows, openers, samples_each=0)
    for signature in [one for one in result.signatures if any(spot.path == WHOLE_PAYLOAD for spot in one.spots)]:
        del result.signatures[signature]
    kind, listing = second.source
    reading = total_of(kind, listing, packs[_other(second.side)])
    gaps = tuple(f"{place.file}: {place.reason}" for place in reading.incomplete)
    damaged = reading.rejected_lines - sum(not place.line for place in reading.incomplete) + reading.unreadable
    gaps += (f"{plural(damaged, 'line')} could not be read",) if damaged else ()
    return BaselineDrift(second.side, second.path, total.paired, total.drift, result, gaps)


def _other(side: Side) -> str:
    return "customerio" if side == "segment" else "segment"
