"""Answers of the engine → the classes of a report: how many, by event and day, and what to do about them. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pipelines_client.parity import report as parts
from pipelines_client.parity.names import variants
from pipelines_client.parity.spelling import duration
from pipelines_client.parity.verdict import SIDES
from pipelines_client.parity.volume import shifts

ROWS_LISTED = 1000
_SAMPLES_EACH = 3

Row = dict[str, Any]


class About(NamedTuple):
    """What a class is called, what is counted, what it means and what to do about it."""

    title: str
    unit: str
    meaning: str
    advice: str


class Finding(NamedTuple):
    """One row of a class, with a message to look at if there is one."""

    row: parts.ClassRow
    sample: Row | None = None


ABOUT: dict[str, About] = {
    "identity": About(
        "Another identity",
        "messages",
        "The same message names another person at one side.",
        "Find what rewrites the id on the way: no replay repairs a merged person.",
    ),
    "renamed": About(
        "Renamed",
        "messages",
        "The same message has another event name at one side.",
        "Campaigns listen to exact names: remove the rename, or use the new name everywhere.",
    ),
    "empty_days": About(
        "Empty days",
        "days",
        "A side has no message of a day on which it should have many.",
        "Get the export of that day; if it is whole, ask the vendor where the day went.",
    ),
    "holes": About(
        "Holes in an export",
        "files",
        "The sequence of an export's files lacks some.",
        "Copy the files that are named, or have the export written again, then run again.",
    ),
    "missing": About(
        "Missing",
        "messages",
        "A side does not have what it should.",
        "See each cause below; --replay-list writes down what a replay should send.",
    ),
    "drift": About(
        "Drift",
        "messages",
        "The payloads of one message differ.",
        "Start with the first path below and compare its samples.",
    ),
    "conflicting_duplicates": About(
        "Copies that differ",
        "copies",
        "One id arrived again with another payload than the first copy.",
        "Two messages share one id: make the id from what is unique to the message, since all but one may be dropped.",
    ),
    "duplicates": About(
        "Duplicates",
        "rows",
        "A message arrived more than once.",
        "Find who sends twice: a second forwarding destination, or a retry with a new request.",
    ),
    "foreign_writers": About(
        "Foreign writers",
        "messages",
        "An export has messages that our ledger never saw.",
        "Find the sender by its library and write key; move it to this client, or give its ledger too.",
    ),
    "reordered": About(
        "Reordered identity",
        "messages",
        "A track reached a side before the identify that was sent ahead of it.",
        "Send identify and track from one process, identify first; campaigns may have seen a person without traits.",
    ),
    "type_conflicts": About(
        "Type conflicts",
        "values",
        "One property holds values of several types.",
        "Settle on the usual type and convert where the rarer one is sent.",
    ),
    "trait_fights": About(
        "Fights over a trait",
        "overwrites",
        "Two libraries keep overwriting each other's value of one trait.",
        "Let one of them own the trait, and stop the other from setting it.",
    ),
    "name_variants": About(
        "Near-duplicate names",
        "messages",
        "An event name is probably another spelling of a more frequent one.",
        "Rename the rarer one at its source, or alias it, if both mean the same.",
    ),
    "volume_shifts": About(
        "Volume shifts",
        "days",
        "An event was sent far more or far less often than on the days before.",
        "Ask what was released that day; a loop, a lost call and a campaign look alike here.",
    ),
    "late": About(
        "Late",
        "messages",
        "A side received them long after it had taken them.",
        "Wait that much longer before you judge a day, and ask the vendor about the delay.",
    ),
    "slow": About(
        "Slow",
        "messages",
        "They took over 2 minutes from the call to the side.",
        "Look at `pipelines-client status` and at the outages of those hours.",
    ),
    "clock_skew": About(
        "Clock skew",
        "messages",
        "A side received them before they were sent.",
        "Set the sender's clock by NTP: event times and delays are wrong by as much.",
    ),
}
"""The classes, in the order in which one would look at them."""


def find_classes(
    answers: Mapping[str, list[Row]], holes: Mapping[str, Iterable[str]], empty: Mapping[str, Mapping[str, int]]
) -> tuple[tuple[parts.ClassReport, ...], tuple[parts.Sample, ...]]:
    """Return every class, also those of which there is nothing, and samples of those that `samples` does not have.

    Args:
        answers: By question.
        holes: By source, the files that its sequence lacks.
        empty: By side, its empty days with how many messages they lack.
    """
    found: dict[str, list[Finding]] = {
        **_by_event(answers["events"]),
        **_arrivals(answers["arrival_faults"]),
        "conflicting_duplicates": [Finding(_row(row), row) for row in answers["conflicting_duplicates"]],
        "reordered": [Finding(_row(row, f"by up to {duration(row['worst_ms'])}"), row) for row in answers["reordered"]],
        "foreign_writers": [Finding(_row(row, _writer(row)), row) for row in answers["foreign_writers"]],
        "trait_fights": [
            Finding(_row(row, f"traits.{row['path']}: {row['library']} against {row['other']}"), row)
            for row in answers["trait_fights"]
        ],
        "type_conflicts": _type_conflicts(answers["type_conflicts"]),
        "name_variants": _name_variants(answers["names"]),
        "volume_shifts": _volume_shifts(answers["events"]),
        "holes": [
            Finding(parts.ClassRow(side=side, event="", type="", day="", count=1, detail=name))
            for side, names in holes.items()
            for name in names
        ],
        "empty_days": [
            Finding(parts.ClassRow(side=side, event="", type="", day=day, count=1, detail=f"{lacking:,} absent"))
            for side, days in empty.items()
            for day, lacking in days.items()
        ],
    }
    reports = tuple(_report(name, about, found[name]) for name, about in ABOUT.items())
    samples = tuple(sample for name in ABOUT for sample in _samples(name, found[name]))
    return reports, samples


def _report(name: str, about: About, found: list[Finding]) -> parts.ClassReport:
    return parts.ClassReport(
        name=name,
        **about._asdict(),
        count=sum(finding.row.count for finding in found),
        rows=tuple(finding.row for finding in found[:ROWS_LISTED]),
    )


def _row(row: Row, detail: str = "", **more: Any) -> parts.ClassRow:
    fields = {name: row[name] for name in ("side", "event", "type", "day", "count")}
    return parts.ClassRow(**fields | more, detail=detail)


def _by_event(events: list[Row]) -> dict[str, list[Finding]]:
    """Turn the day-by-event counts into rows of the classes that they count."""
    found: dict[str, list[Finding]] = {
        name: [Finding(_row(row | {"side": "", "count": row[name]})) for row in events if row[name]]
        for name in ("identity", "renamed", "drift", "duplicates")
    }
    found["missing"] = [
        Finding(_row(row | {"side": side, "count": row[f"missing_{side}"]}))
        for side in SIDES
        for row in events
        if row[f"missing_{side}"]
    ]
    return found


def _arrivals(rows: list[Row]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {"late": [], "slow": [], "clock_skew": []}
    for row in rows:
        found[row["class"]].append(Finding(_row(row, f"up to {duration(row['worst_ms'])}"), row))
    return found


def _writer(row: Row) -> str:
    key = f", write key …{row['write_key_suffix']}" if row["write_key_suffix"] else ""
    return f"library {row['library'] or 'unknown'}{key}"


def _type_conflicts(rows: list[Row]) -> list[Finding]:
    """Name the usual type of each property, over all sources, and list where it has another."""
    totals: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        totals.setdefault(_property(row), Counter())[row["kind"]] += row["count"]
    usual = {key: min(kinds, key=lambda kind: (-kinds[kind], kind)) for key, kinds in totals.items()}
    return [
        Finding(
            _row(row, f"{row['path']}: {row['kind']}, else {usual[_property(row)]}"),
            row
            | {
                f"{row['side']}_file": row["file"],
                f"{row['side']}_line": row["line"],
                f"{row['side']}_offset": row["byte_offset"],
                "reason": f"{row['path']}: {row['kind']}, else {usual[_property(row)]}",
            },
        )
        for row in rows
        if row["kind"] != usual[_property(row)]
    ]


def _property(row: Row) -> tuple[str, str]:
    return ("page" if row["type"] == "screen" else row["type"], row["path"])


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


def _volume_shifts(events: list[Row]) -> list[Finding]:
    rows = ((row["event"], row["type"], row["day"], row["messages"]) for row in events)
    return [
        Finding(
            parts.ClassRow(
                side="",
                event=shift.event,
                type=shift.type,
                day=shift.day,
                count=1,
                detail=f"{shift.count:,} messages, usually {shift.usual:,}",
            )
        )
        for shift in shifts(rows)
    ]


def _samples(name: str, found: list[Finding]) -> Iterable[parts.Sample]:
    seen: Counter[str] = Counter()
    for row, sample in found:
        seen[row.side] += sample is not None
        if sample is not None and seen[row.side] <= _SAMPLES_EACH:
            yield parts.Sample(
                kind=name if name in ("late", "slow", "clock_skew", "reordered") else name.removesuffix("s"),
                side=row.side,
                cause="",
                reason=sample.get("reason", row.detail),
                message_id=sample["message_id"],
                type=row.type,
                event=row.event,
                day=row.day,
                **places_of(sample),
            )


def places_of(row: Row) -> dict[str, Any]:
    """Return where the lines of a message are: the fields of a sample that say so."""
    places: dict[str, Any] = {}
    for side in SIDES:
        file = row.get(f"{side}_file")
        places[side] = None if file is None else f"{file}:{row[f'{side}_line']}"
        places[f"{side}_offset"] = None if file is None else row[f"{side}_offset"]
    return places
