"""Whether the sources belong together: what only one of two unrelated sources has proves no loss. Pure.

Two sources are *apart* if no more than a quarter of the smaller one is in the other: a loss, however large, leaves what
is there in common, so each must hold messages of another writer. They are apart in time if a day or more lies between.

A writer is a *stranger* to a side that has not one of its messages, while it has most of what others wrote: another
Segment source, a browser snippet, a second client. What our own ledger has is never a stranger's, but for what it sent
to a host and key of whose messages no side has one, while they have most of the others: it is another application's
ledger beside ours, or a key is wrong.

Messages count where both sources have some on that day, and only where nothing else explains that one lacks them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Literal, NamedTuple

from pipelines_client.evidence.instants import DAY_MS
from pipelines_client.parity.questions.related import StrangersRow
from pipelines_client.parity.questions.watermarks import extent_of
from pipelines_client.parity.spell import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pipelines_client.parity.questions.related import RelationsRow
    from pipelines_client.parity.questions.watermarks import Span

ENOUGH = 20
"""Fewer messages may be in one source only by chance: of 20 that two sources share by half, one has them all or none
twice in a million."""

HARDLY_PCT = 25.0
"""Sources of which no larger part is in common are apart: some calls may be made through both, or copied from one to
the other. A loss that leaves so little in common would have to be of three messages in four at both sides."""

NONE_PCT = 1.0
"""A side that has no larger part of a writer's messages has none of them but by accident."""

MOST_PCT = 50.0
"""A side that has a larger part of a writer's messages gets them."""

PAIRS = (("segment", "customerio"), ("ledger", "segment"), ("ledger", "customerio"))
_WAYS: tuple[tuple[str, str], ...] = (("segment", "customerio"), ("customerio", "segment"))

WriterKey = Literal["origin", "library", "write_key_suffix"]
_KEYS: tuple[WriterKey, ...] = ("origin", "library", "write_key_suffix")


class Apart(NamedTuple):
    """Two sources that do not belong together, the messages of each, and how many they share.

    `is_by_time`: a day or more lies between them.
    """

    sources: tuple[str, str]
    messages: tuple[int, int]
    shared: int
    is_by_time: bool


class Stranger(NamedTuple):
    """A writer whose messages only `source` has, and those whose messages `side` has too, by the same key.

    Of a ledger, the writer is what names a host and key, and `side` is empty: no side has its messages.
    """

    source: str
    side: str
    key: WriterKey
    name: str
    messages: int
    libraries: tuple[str, ...]
    homes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relations:
    """What does not belong together."""

    apart: tuple[Apart, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    words: tuple[tuple[str, int], ...] = ()
    recorded_words: tuple[tuple[str, int], ...] = ()

    def rows(self) -> list[StrangersRow]:
        """Return the rows of the table `strangers`."""
        pairs = {frozenset(apart.sources) for apart in self.apart}
        rows = [StrangersRow(side, 0, 1, words) for side, words in self.words]
        rows += [StrangersRow(side, 1, 0, words) for side, words in self.recorded_words]
        for side, other in _WAYS:
            is_apart = {"ledger": {"ledger", side} in pairs, other: {side, other} in pairs}
            for in_ledger, in_other in ((0, 1), (1, 0), (1, 1)):
                if (is_apart["ledger"] or not in_ledger) and (is_apart[other] or not in_other):
                    rows.append(StrangersRow(side, in_ledger, in_other, None))
        return rows

    def odd(self) -> str:
        """Name the source that is apart from each of the others, if it is one; else an empty text."""
        counts = Counter(source for apart in self.apart for source in apart.sources)
        most = [source for source, count in counts.items() if count == len(self.apart)]
        return most[0] if len(most) == 1 else ""


def relate(
    rows: Iterable[RelationsRow], spans: Mapping[str, Span], is_excused: Callable[[RelationsRow], bool]
) -> Relations:
    """Find what does not belong together; `is_excused` says what a team expects to be at one side only."""
    by_way: dict[tuple[str, str], list[RelationsRow]] = defaultdict(list)
    for row in rows:
        if not is_excused(row):
            by_way[row.source, row.side].append(row)
    strangers, words = [], []
    for way in _WAYS:
        here = _in_common_days(by_way[way], by_way[way[1], way[0]])
        for stranger, some in _strangers(way, here):
            strangers.append(stranger)
            words += [(stranger.side, row.words) for row in some]
            by_way[way] = [row for row in by_way[way] if writer_name(row, stranger.key) != stranger.name]
    senders, recorded_words = _take_senders(by_way)
    apart = tuple(found for pair in PAIRS for found in _apart(pair, by_way, spans))
    return Relations(apart, (*strangers, *senders), tuple(words), tuple(recorded_words))


def writer_name(row: RelationsRow, key: WriterKey) -> str | None:
    """Return what a row says of its writer: a library without its version, which a deploy changes."""
    value: str | None = getattr(row, key)
    return value.partition("/")[0] if value is not None and key == "library" else value


def _strangers(way: tuple[str, str], rows: Sequence[RelationsRow]) -> Iterable[tuple[Stranger, list[RelationsRow]]]:
    left = list(rows)
    for key in _KEYS:
        groups: dict[str | None, list[RelationsRow]] = defaultdict(list)
        for row in left:
            groups[writer_name(row, key)].append(row)
        homes = [name for name, some in groups.items() if _is_home(some)]
        for name, some in groups.items() if homes else ():
            if name is not None and _is_stranger(some):
                libraries = tuple(sorted({found for row in some if (found := writer_name(row, "library"))}))
                known = tuple(sorted(home for home in homes if home is not None))
                yield Stranger(*way, key, name, _sum(some, "lacking"), libraries, known), _one_of_each(some)
                left = [row for row in left if writer_name(row, key) != name]


def _take_senders(
    by_way: dict[tuple[str, str], list[RelationsRow]],
) -> tuple[list[Stranger], list[tuple[str, int]]]:
    """Take out what a ledger sent to a host and key of whose messages no side has one, while it has others."""
    ways = [pair for pair in PAIRS if pair[0] == "ledger"]
    groups: dict[str | None, list[RelationsRow]] = defaultdict(list)
    for row in chain.from_iterable(_in_common_days(by_way[way], _all_of(way[1], by_way)) for way in ways):
        groups[row.origin].append(row)
    homes = [name for name, some in groups.items() if _is_home(some)]
    senders, words = [], []
    for name, some in groups.items() if homes else ():
        lacking = _sum(some, "lacking")
        if name is None or lacking < ENOUGH or percent(_sum(some, "shared"), lacking) > NONE_PCT:
            continue
        messages = max(sum(row.lacking for row in some if row.side == side) for _, side in ways)
        known = tuple(sorted(home for home in homes if home is not None))
        senders.append(Stranger("ledger", "", "origin", name, messages, (), known))
        words += [(side, words) for side, words in {row.side: row.words for row in some if row.lacking}.items()]
        for way in ways:
            by_way[way] = [row for row in by_way[way] if row.origin != name]
    return senders, words


def _one_of_each(rows: Iterable[RelationsRow]) -> list[RelationsRow]:
    """Return one row for each way in which a writer is named: `strangers` needs no more."""
    return list({(row.origin, row.library, row.write_key_suffix): row for row in rows if row.words}.values())


def _is_home(rows: Sequence[RelationsRow]) -> bool:
    shared = _sum(rows, "shared")
    return shared >= ENOUGH and percent(shared, shared + _sum(rows, "lacking")) > MOST_PCT


def _is_stranger(rows: Sequence[RelationsRow]) -> bool:
    shared, lacking = _sum(rows, "shared"), _sum(rows, "lacking")
    is_ours = percent(_sum(rows, "recorded"), _sum(rows, "messages")) > NONE_PCT
    return lacking >= ENOUGH and percent(shared, shared + lacking) <= NONE_PCT and not is_ours


def _apart(
    pair: tuple[str, str], by_way: Mapping[tuple[str, str], list[RelationsRow]], spans: Mapping[str, Span]
) -> Iterable[Apart]:
    """Yield the pair if it shares next to nothing of what it should."""
    first, second = pair
    there, back = by_way.get(pair, []), by_way.get((second, first), [])
    if first == "ledger":  # which asks for nothing that it has not written itself
        back = _all_of(second, by_way)
    if _are_days_apart(first, second, spans):
        messages, shared = (_sum(there, "messages"), _sum(back, "messages")), _sum(there, "shared")
        if percent(shared, min(messages)) <= HARDLY_PCT:
            yield Apart(pair, messages, shared, is_by_time=True)
        return
    there, back = _in_common_days(there, back), _in_common_days(back, there)
    shared, asked = _sum(there, "shared"), _expected_of(there)
    messages = asked if first == "ledger" else _sum(there, "messages"), _sum(back, "messages")
    fewest = min(messages) if first == "ledger" else min(asked, _expected_of(back))
    if fewest >= ENOUGH and percent(shared, fewest) <= HARDLY_PCT:
        yield Apart(pair, messages, shared, is_by_time=False)


def _all_of(source: str, by_way: Mapping[tuple[str, str], list[RelationsRow]]) -> list[RelationsRow]:
    return [row for rows in by_way.values() for row in rows if row.source == source]


def _in_common_days(rows: Sequence[RelationsRow], others: Iterable[RelationsRow]) -> list[RelationsRow]:
    """Return the rows of days on which both sources have messages; all of them if there is no such day."""
    days = {row.day for row in others if row.messages}
    return [row for row in rows if row.day in days] or list(rows)


def _are_days_apart(first: str, second: str, spans: Mapping[str, Span]) -> bool:
    """Return whether a day or more lies between all that the two sources hold; less may be an export that lags."""
    (one_from, one_to), (two_from, two_to) = extent_of(first, spans), extent_of(second, spans)
    if one_from is None or one_to is None or two_from is None or two_to is None:
        return False
    return max(two_from - one_to, one_from - two_to) >= DAY_MS


def _expected_of(rows: Iterable[RelationsRow]) -> int:
    """Count the messages that the side should have."""
    return sum(row.shared + row.lacking for row in rows)


def _sum(rows: Iterable[RelationsRow], column: str) -> int:
    return sum(getattr(row, column) for row in rows)
