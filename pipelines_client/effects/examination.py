"""Lines of evidence, which the caller has read → the report on two routes. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from pipelines_client.effects.cures import asked_words, make_cures
from pipelines_client.effects.distinct import Distinct, hash_of
from pipelines_client.effects.forecast import Forecast
from pipelines_client.effects.model import Dates
from pipelines_client.effects.report import EffectsReport, NotLookedAt, report_of
from pipelines_client.effects.routes.data_pipelines import DataPipelines
from pipelines_client.effects.routes.segment_destination import SegmentDestination
from pipelines_client.effects.settings import DestinationSettings
from pipelines_client.effects.tally import ChangeTally

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pipelines_client.effects.cures import Asked
    from pipelines_client.effects.forecast import ExistingPerson
    from pipelines_client.evidence.calls import FoundCall

_IDS: Final = 1 << 17
_MOST_REASONS: Final = 50


def examine(
    lines: Iterable[FoundCall],
    *,
    settings: DestinationSettings | None = None,
    dates: Dates = Dates.UNKNOWN,
    existing: Iterable[ExistingPerson] | None = None,
    cures: Asked | None = None,
    left_out: Collection[str] = (),
    key: bytes = b"",
) -> EffectsReport:
    """Return what changes in the workspace for these calls when the route changes.

    Args:
        lines: What evidence holds, those of ledgers last; only counts are kept.
        settings: The old route as the team has set it.
        dates: What the new route does to dates.
        existing: The people who are in the workspace already, for the forecast; None if that is not known.
        cures: What the Customer.io leg changes on the new route, as `asked_cures` returns it.
        left_out: Names of events that the client keeps from Customer.io: reserved names that it does not allow.
        key: Key of the hashes by which people are counted.

    Example:
        >>> from pipelines_client.evidence.calls import calls_in
        >>> report = examine(calls_in(["exports/segment"]), dates=Dates.UNCHANGED)  # doctest: +SKIP
    """
    forecast, made = Forecast(existing), make_cures(cures or {})
    cure = None if made is None else made.call
    tally = ChangeTally(SegmentDestination(settings), DataPipelines(dates), key=key, cure=cure, left_out=left_out)
    not_found = Distinct(_IDS)
    faults: Counter[str] = Counter()
    bare = 0
    for line in lines:
        if line.call is not None:
            forecast.add(line.call, tally.add(line.call, line.place))
        elif line.message_id is not None:
            hashed = hash_of(line.message_id, key)
            if hashed not in tally.ids:
                not_found.add(hashed)
        elif line.fault:
            faults[line.fault if len(faults) < _MOST_REASONS else "other reasons"] += 1
        else:
            bare += 1
    unseen = NotLookedAt(dict(faults), bare, len(not_found))
    return report_of(tally, dates.value, unseen, forecast.result(), cures=asked_words(cures or {}))
