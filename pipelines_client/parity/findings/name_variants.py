"""Event names that were probably meant to be the same: other casing, other separators, typos. Pure.

Names that only look alike are suspected. One message that has both names, in two sources, proves it.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pipelines_client.parity.findings.base import Example, Finding, FindingClass, Material, class_row, places_of
from pipelines_client.parity.questions.rows import Question

RARE = 20
"""A suspected typo is at most 1/20 as frequent as the name it resembles; a proven one may be more frequent."""

_ONE_TYPO_CHARS, _TWO_TYPOS_CHARS = 6, 12  # shorter names differ by a letter and mean another thing: "Seen", "Sent"
_MOST_FREQUENT, _MOST_NAMES = 2_000, 20_000  # compared with each other; a plan has some dozens

VariantKind = Literal["casing", "separators", "typo"]


@dataclass(frozen=True, slots=True)
class Variant:
    """A name that is likely another spelling of a more frequent one."""

    name: str
    like: str
    kind: VariantKind
    is_proven: bool


def variants(counts: Mapping[str, int], together: Iterable[tuple[str, str]] = ()) -> list[Variant]:
    """Return the names that are variants of a more frequent one; one message has both names of a pair in `together`."""
    proven = {frozenset(pair) for pair in together}
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        groups[_form(name)].append(name)
    result = []
    for names in groups.values():
        first, *others = names
        result += [Variant(name, first, _kind(name, first), frozenset((name, first)) in proven) for name in others]
    result += _typos({form: names for form, names in groups.items() if form}, counts, proven)
    return sorted(result, key=lambda variant: (variant.name, variant.like))


def _typos(groups: dict[str, list[str]], counts: Mapping[str, int], proven: set[frozenset[str]]) -> list[Variant]:
    """Compare whole groups of spellings; the name that stands for one is its most frequent.

    A name is compared with those that are so much more frequent that it may be a typo, and with those of one message.
    """
    totals = Counter({form: sum(counts[name] for name in names) for form, names in groups.items()})
    ranked = sorted(totals, key=lambda form: (-totals[form], form))[:_MOST_NAMES]
    rank_of, partners = {form: rank for rank, form in enumerate(ranked)}, _partners(groups, proven)
    typos = []
    for place, form in enumerate(ranked):
        most, limit, known = _typos_allowed(form), min(place, _MOST_FREQUENT), partners[form]
        frequent = bisect_right(ranked, -RARE * totals[form], hi=limit, key=lambda other: -totals[other])
        others = [(other, rank) for other in known if frequent <= (rank := rank_of.get(other, limit)) < limit]
        if not frequent and not others:
            continue
        near = _distances(form, ranked[:frequent], others, most)
        likely = [
            (other not in known, distance, rank, groups[other][0])
            for other, distance, rank in near
            if 0 < distance <= most and _digits(form) == _digits(other)
        ]
        if likely:
            is_suspected, _, _, like = min(likely)
            typos.append(Variant(groups[form][0], like, "typo", not is_suspected))
    return typos


def _distances(
    form: str, frequent: list[str], others: list[tuple[str, int]], most: int
) -> list[tuple[str, float, int]]:
    """Return names with their distance to a form and their rank: the frequent ones that are near, and all others."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    near = process.extract_iter(form, frequent, scorer=OSA.distance, score_cutoff=most)
    return [*near, *((other, OSA.distance(form, other), rank) for other, rank in others)]


def _partners(groups: dict[str, list[str]], proven: set[frozenset[str]]) -> defaultdict[str, set[str]]:
    """Return by form the other forms that one message has beside it."""
    form_of = {name: form for form, names in groups.items() for name in names}
    partners: defaultdict[str, set[str]] = defaultdict(set)
    for pair in proven:
        forms = {form_of[name] for name in pair if name in form_of}
        for form in forms:
            partners[form] |= forms - {form}
    return partners


def _form(name: str) -> str:
    """Return what is left of a name without casing and separators; a name of signs alone is its own form."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in plain if char.isalnum()) or f" {name}"


def _kind(name: str, like: str) -> VariantKind:
    return "casing" if name.casefold() == like.casefold() else "separators"


def _typos_allowed(form: str) -> int:
    return (len(form) >= _ONE_TYPO_CHARS) + (len(form) >= _TWO_TYPOS_CHARS)


def _digits(form: str) -> str:
    """Return the digits of a name: `Step 1` and `Step 2` differ on purpose."""
    return "".join(char for char in form if char.isdigit())


class NamesRow(NamedTuple):
    """Messages that have these names, and one of them."""

    ledger_event: str | None
    segment_event: str | None
    customerio_event: str | None
    day: str
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here
    message_id: str
    segment_file: str | None
    segment_line: int | None
    segment_offset: int | None
    customerio_file: str | None
    customerio_line: int | None
    customerio_offset: int | None


QUESTION = Question("names", NamesRow)


def _find(material: Material) -> list[Finding]:
    by_name: dict[str, list[NamesRow]] = defaultdict(list)
    together: set[tuple[str, str]] = set()
    for row in material.answers[QUESTION]:
        given = (row.ledger_event, row.segment_event, row.customerio_event)
        names = sorted({name for name in given if name is not None})
        for name in names:
            by_name[name].append(row)
        together |= {(one, two) for one in names for two in names if one < two}
    counts = {name: sum(row.count for row in rows) for name, rows in by_name.items()}
    return [
        finding
        for variant in variants(counts, together)
        for finding in _days_of(variant, by_name[variant.name], counts[variant.like])
    ]


def _days_of(variant: Variant, rows: list[NamesRow], like_count: int) -> Iterable[Finding]:
    """Yield a finding for each day on which a variant was used, with the first message of that day."""
    first: dict[str, NamesRow] = {}
    totals: Counter[str] = Counter()
    for row in rows:
        first.setdefault(row.day, row)
        totals[row.day] += row.count
    certainty = "proven: one message has both names" if variant.is_proven else "suspected"
    detail = f"{variant.kind} of “{variant.like}” ({like_count:,}), {certainty}"
    for day, row in sorted(first.items()):
        of_day = class_row(row, detail, side="", event=variant.name, type="track", count=totals[day])
        yield Finding(of_day, Example(row.message_id, places_of(row)), f"like {variant.like}")


CLASS = FindingClass(
    name="name_variants",
    title="Near-duplicate names",
    unit="messages",
    meaning="An event name is probably another spelling of a more frequent one.",
    advice="Rename the rarer one at its source, or alias it, if both mean the same.",
    question=QUESTION,
    sample="name_variant",
    find=_find,
)
