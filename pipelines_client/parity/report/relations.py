"""What to say of sources that do not belong together, and what to give instead. Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.evidence.instants import minute_of
from pipelines_client.parity.judgement.gates import RELATED
from pipelines_client.parity.judgement.relations import ENOUGH, MOST_PCT
from pipelines_client.parity.questions.watermarks import extent_of
from pipelines_client.parity.spell import percent
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipelines_client.parity.judgement.relations import Apart, Relations, Stranger
    from pipelines_client.parity.model import Gate
    from pipelines_client.parity.questions.related import TwinsRow
    from pipelines_client.parity.questions.watermarks import Span
    from pipelines_client.parity.report.inputs import SourceRead

_NOT_AGAIN = "Send nothing again before that."
_HOMES_NAMED = 3
_LIKELY = {
    "ledger": "The ledger looks like another application's: give --ledger the state directory of the application that"
    " these exports are of.",
    "segment": "Segment's evidence looks like another source's or workspace's: give --segment the archive of the source"
    " that has moved (…/segment-logs/<source id>).",
    "customerio": "Customer.io's export looks like another workspace's: give --customerio the export of the workspace"
    " that this application sends to.",
    "": "One of them is of another workspace or application: give two exports of the same calls. If a client for"
    " each side sends the calls, no id can agree: compare how many there are with --counts.",
}
_TWO_CLIENTS = (
    "The same calls were made through two clients, or something on the way gives them new ids: send both sides through"
    " one client, which gives a call one id, or compare how many there are with --counts."
)
_KEYS = {"origin": ("Segment source", "source"), "library": ("library", "library")}
_LIBRARIES = {
    "analytics.js": "the browser snippet",
    "analytics-ios": "the iOS SDK",
    "analytics-android": "the Android SDK",
}


class Instead(NamedTuple):
    """What to give instead of unrelated sources, and the folders of the Segment sources that do belong."""

    advice: str = ""
    moved: tuple[str, ...] = ()


def relation_gates(
    relations: Relations, twins: Sequence[TwinsRow], sources: Mapping[str, SourceRead], spans: Mapping[str, Span]
) -> tuple[tuple[Gate, ...], Instead]:
    """Return a gate if sources do not belong together, and what to give instead."""
    if relations.apart:
        how, advice = _twin_words(relations.apart, twins) or ("", _LIKELY[relations.odd()])
        words = "; ".join([*(_apart_words(apart, spans) for apart in relations.apart), *([how] if how else [])])
        if all(apart.is_by_time for apart in relations.apart):
            advice = "Give evidence of the same days."
        messages = min(min(apart.messages) - apart.shared for apart in relations.apart)
        gate = RELATED.gate(0, messages, "messages", "inconclusive", words[0].upper() + words[1:])
        return (gate,), Instead(f"{advice} {_NOT_AGAIN}")
    if relations.strangers:
        words = "; ".join(map(_stranger_words, relations.strangers))
        words = words[0].upper() + words[1:]
        messages = sum(stranger.messages for stranger in relations.strangers)
        gate = RELATED.gate(0, messages, "messages", "inconclusive", words)
        moved = _moved(relations.strangers, sources)
        return (gate,), Instead(" ".join(_stranger_steps(relations.strangers, moved)), moved)
    return (), Instead()


def _apart_words(apart: Apart, spans: Mapping[str, Span]) -> str:
    (first, second), (one, two) = (TITLES[source] for source in apart.sources), apart.messages
    if apart.is_by_time:
        times = (
            f"{TITLES[source]} is from {minute_of(begin)} to {minute_of(end)}"
            for source in apart.sources
            for begin, end in [extent_of(source, spans)]
        )
        return f"the sources are of other days and share no message: {' and '.join(times)}"
    none = "no message" if not apart.shared else f"only {apart.shared:,} of {min(one, two):,} messages"
    return f"{first} and {second} have {none} in common, of {one:,} and {two:,}, so they cannot be compared by id"


def _twin_words(aparts: Iterable[Apart], twins: Sequence[TwinsRow]) -> tuple[str, str] | None:
    """Return what to say if two sources have the same payloads under other ids."""
    for apart in aparts:
        first, second = apart.sources
        ids = [(getattr(row, f"{first}_id"), getattr(row, f"{second}_id")) for row in twins]
        pairs = [(one, two) for one, two in ids if one is not None and two is not None and one != two]
        alone = min(sum(one is not None for one, _ in ids), sum(two is not None for _, two in ids))
        if len(pairs) >= ENOUGH // 2 and percent(len(pairs), alone) > MOST_PCT:
            return (
                f"the same payloads are in both, under other ids{_pattern(pairs, TITLES[first], TITLES[second])}",
                _TWO_CLIENTS,
            )
    return None


def _pattern(pairs: Sequence[tuple[str, str]], first: str, second: str) -> str:
    """Return how ids of the same payload differ, if most do so in one way."""
    found: Counter[str] = Counter()
    for one, two in pairs:
        if one.casefold() == two.casefold():
            found["which differ in capital letters only"] += 1
        for short, long, who in ((one, two, second), (two, one, first)):
            if len(short) < len(long) and long.endswith(short):
                found[f"which have “{long.removesuffix(short)}” before them in {who}"] += 1
            elif len(short) < len(long) and long.startswith(short):
                found[f"which have “{long.removeprefix(short)}” after them in {who}"] += 1
    words, count = next(iter(found.most_common(1)), ("", 0))
    return f", {words}" if percent(count, len(pairs)) > MOST_PCT else ""


def _stranger_words(stranger: Stranger) -> str:
    if stranger.source == "ledger":
        return (
            f"no side has one of the {stranger.messages:,} messages that the ledger sent to {_spelled(stranger)}, while"
            f" those sent to {', '.join(stranger.homes[:_HOMES_NAMED]) or 'others'} are there; that looks like another"
            " application's ledger or a wrong key, and proves no loss"
        )
    noun, _ = _KEYS.get(stranger.key, ("write key", ""))
    known = [_LIBRARIES.get(name, name) for name in stranger.libraries]
    what = f" ({', '.join(known)})" if known and known != [stranger.name] else ""
    of_homes = f", which has those of {', '.join(stranger.homes[:_HOMES_NAMED])}" if stranger.homes else ""
    return (
        f"{TITLES[stranger.side]}{of_homes}, has none of the {stranger.messages:,} messages of the {noun}"
        f" {_spelled(stranger)}{what}, which looks like one that was not moved; that proves no loss"
    )


def _moved(strangers: Iterable[Stranger], sources: Mapping[str, SourceRead]) -> tuple[str, ...]:
    """Return the folders of the Segment sources whose messages both sides have."""
    ours = (one for one in strangers if one.key == "origin" and one.source != "ledger")
    homes = dict.fromkeys(home for one in ours for home in one.homes)
    return tuple(filter(None, (_path_of(home, sources) for home in homes)))


def _stranger_steps(strangers: Sequence[Stranger], moved: Sequence[str]) -> Iterator[str]:
    if moved:
        options = " ".join(f"--segment {shlex.quote(path)}" for path in moved)
        yield f"If only what is at both sides has moved, compare that alone: {options}."
    senders = [_spelled(one) for one in strangers if one.source == "ledger"]
    strangers = [one for one in strangers if one.source != "ledger"]
    if senders:
        yield (
            "Give --ledger only the state directories of the application that these exports are of: the lines that name"
            f" {', '.join(senders)} are another's. If they are its own, that host or key is wrong."
        )
    if not strangers:
        yield _NOT_AGAIN
        return
    rules = ", ".join(
        f'{{kind = "missing", side = "{one.side}", {_KEYS.get(one.key, ("", "write_key"))[1]} = "{one.name}",'
        ' reason = "not moved", owner = "…", expiry = …}'
        for one in strangers
    )
    names = ", ".join(map(_spelled, strangers))
    yield f"If {names} may be missing there, say so in parity.toml: expected = [{rules}]. {_NOT_AGAIN}"


def _spelled(stranger: Stranger) -> str:
    return f"…{stranger.name}" if stranger.key == "write_key_suffix" else stranger.name


def _path_of(origin: str, sources: Mapping[str, SourceRead]) -> str:
    """Return the folder of a Segment source in the archive that was given."""
    part = f"/{origin}/"
    files = (file.location for read in sources.values() for file in read.listing.files)
    return next((location[: location.index(part) + len(part) - 1] for location in files if part in location), "")
