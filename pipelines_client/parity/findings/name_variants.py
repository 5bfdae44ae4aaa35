"""Event names that were probably meant to be one: other casing, other separators, typos. Pure.

What only *looks* alike is suspected. That one message goes by both names, at two sources, proves it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rapidfuzz import process
from rapidfuzz.distance import OSA

from pipelines_client.parity.findings.base import Finding, FindingClass, Row, _row
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RARE = 20
"""A name is a suspected typo of one that is at least so many times as frequent; a proven one needs no such ratio."""

_ONE_TYPO_CHARS, _TWO_TYPOS_CHARS = 6, 12  # shorter names differ by a letter and mean another thing: "Seen", "Sent"
_MOST_FREQUENT, _MOST_NAMES = 2_000, 20_000  # compared with each other; a plan has some dozens

Kind = Literal["casing", "separators", "typo"]


@dataclass(frozen=True, slots=True)
class Variant:
    """A name that is likely another spelling of a more frequent one."""

    name: str
    like: str
    kind: Kind
    is_proven: bool


def variants(counts: Mapping[str, int], together: Iterable[tuple[str, str]] = ()) -> list[Variant]:
    """Return the names that are variants of a more frequent one, by name.

    Args:
        counts: How many messages bear each name.
        together: Pairs of names that one message bears, each at another source.
    """
    proven = {frozenset(pair) for pair in together}
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        groups[_form(name)].append(name)
    found = []
    for names in groups.values():
        first, *others = names
        found += [Variant(name, first, _kind(name, first), frozenset((name, first)) in proven) for name in others]
    found += _typos({form: names for form, names in groups.items() if form}, counts, proven)
    return sorted(found, key=lambda variant: (variant.name, variant.like))


def _typos(groups: dict[str, list[str]], counts: Mapping[str, int], proven: set[frozenset[str]]) -> list[Variant]:
    """Compare whole groups of spellings; the name that stands for one is its most frequent."""
    totals = Counter({form: sum(counts[name] for name in names) for form, names in groups.items()})
    ranked = sorted(totals, key=lambda form: (-totals[form], form))[:_MOST_NAMES]
    found = []
    for place, form in enumerate(ranked):
        most = _typos_allowed(form)
        if not most:
            continue
        name = groups[form][0]
        near = process.extract_iter(form, ranked[: min(place, _MOST_FREQUENT)], scorer=OSA.distance, score_cutoff=most)
        likely = []
        for other, distance, rank in near:
            like = groups[other][0]
            is_proven = any(frozenset((one, two)) in proven for one in groups[form] for two in groups[other])
            is_rare = totals[form] * RARE <= totals[other]
            if distance and _digits(form) == _digits(other) and (is_proven or is_rare):
                likely.append((not is_proven, distance, rank, like))
        if likely:
            is_suspected, _, _, like = min(likely)
            found.append(Variant(name, like, "typo", not is_suspected))
    return found


def _form(name: str) -> str:
    """Return what is left of a name without casing and separators; a name of signs alone is its own form."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in plain if char.isalnum()) or f" {name}"


def _kind(name: str, like: str) -> Kind:
    return "casing" if name.casefold() == like.casefold() else "separators"


def _typos_allowed(form: str) -> int:
    return (len(form) >= _ONE_TYPO_CHARS) + (len(form) >= _TWO_TYPOS_CHARS)


def _digits(form: str) -> str:
    """Return the digits of a name: `Step 1` and `Step 2` differ on purpose."""
    return "".join(char for char in form if char.isdigit())


def _name_variants(rows: list[Row]) -> list[Finding]:
    by_name: dict[str, list[Row]] = defaultdict(list)
    together: set[tuple[str, str]] = set()
    for row in rows:
        names = sorted({row[f"{name}_event"] for name in ("ledger", *SIDES)} - {None})
        for name in names:
            by_name[name].append(row)
        together |= {(one, two) for one in names for two in names if one < two}
    counts = {name: sum(row["count"] for row in named) for name, named in by_name.items()}
    found = []
    for variant in variants(counts, together):
        days: dict[str, Row] = {}
        for row in by_name[variant.name]:
            kept = days.setdefault(row["day"], row | {"count": 0})
            kept["count"] += row["count"]
        certainty = "proven: one message has both names" if variant.is_proven else "suspected"
        detail = f"{variant.kind} of “{variant.like}” ({counts[variant.like]:,}), {certainty}"
        for _, row in sorted(days.items()):
            seen = row | {"side": "", "event": variant.name, "type": "track"}
            found.append(Finding(_row(seen, detail), seen | {"reason": f"like {variant.like}"}))
    return found


CLASS = FindingClass(
    name="name_variants",
    title="Near-duplicate names",
    unit="messages",
    meaning="An event name is probably another spelling of a more frequent one.",
    advice="Rename the rarer one at its source, or alias it, if both mean the same.",
    question="names",
    sample="name_variant",
    find=lambda material: _name_variants(material.answers["names"]),
)
