"""A forecast of people as lines of text and of Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pipelines_client.wording import one_line, plural

if TYPE_CHECKING:
    from pipelines_client.effects.forecast import ForecastRow, PeopleForecast

_MOST_ROWS: Final = 20
_HEADS: Final = ("added", "left", "no e-mail", "perhaps", "by")
_MARKS: Final = str.maketrans({"|": "\\|", "<": "&lt;", "`": "'"})
HEADING: Final = "People whom the Customer.io leg adds; profiles are billed"


def text_of_forecast(forecast: PeopleForecast) -> Iterator[str]:
    """Yield the lines of a forecast for a terminal."""
    yield f"{HEADING}:"
    yield from (f"  {line}" for line in _sentences(forecast))
    if forecast.rows:
        yield ("    {:>9}  {:>9}  {:>9}  {:>9}  {}").format(*_HEADS)
    for row in forecast.rows[:_MOST_ROWS]:
        yield ("    {:>9,}  {:>9,}  {:>9,}  {:>9,}  {}").format(*_numbers(row), one_line(_source(row)))
    yield from (f"    {line}" for line in _more(forecast))
    yield from (f"  {line}" for line in _questions(forecast))


def markdown_of_forecast(forecast: PeopleForecast) -> Iterator[str]:
    """Yield the lines of a forecast as Markdown."""
    yield from ("", f"### {HEADING}", "")
    yield from (f"- {line}" for line in _sentences(forecast))
    if forecast.rows:
        yield from ("", f"| {' | '.join(_HEADS)} |", "|---:|---:|---:|---:|---|")
    for row in forecast.rows[:_MOST_ROWS]:
        numbers = " | ".join(f"{number:,}" for number in _numbers(row))
        yield f"| {numbers} | {one_line(_source(row)).translate(_MARKS)} |"
    yield ""
    yield from (f"- {line}" for line in (*_more(forecast), *_questions(forecast)))


def _sentences(forecast: PeopleForecast) -> Iterator[str]:
    at_least = "at least " if forecast.is_cut else ""
    yield f"{at_least}{_people(forecast.created)} added (FACTS P7)"
    if forecast.people != forecast.created:
        yield f"{forecast.people:,} are there at the end, after merges and deletions; those who are gone are billed too"
    yield f"{forecast.without_email:,} have no e-mail address at the end"
    if forecast.perhaps:
        yield (
            f"{forecast.perhaps:,} may not exist: no identify call names them, and whether other calls"
            " add people is not documented (FACTS P8)"
        )
    if forecast.existing is None:
        yield "who is in the workspace already is not known: all count as new; pass --existing FILE, a CSV of people"
    else:
        yield f"{_people(forecast.existing)} in the workspace already, and not counted"
    if forecast.visitors:
        stay = "1 anonymous id stays" if forecast.visitors == 1 else f"{forecast.visitors:,} anonymous ids stay"
        yield f"{stay} without a person, and not billed (FACTS P5)"
    if forecast.objects:
        named = "1 object is" if forecast.objects == 1 else f"{forecast.objects:,} objects are"
        yield f"{named} named, and billed like people (FACTS P7)"
    if forecast.is_cut:
        yield "there are more people than a forecast holds; give it fewer days at a time"


def _questions(forecast: PeopleForecast) -> Iterator[str]:
    for row in forecast.unsettled:
        calls = plural(row.calls, "call")
        yield f"not known in {calls}: {row.says}; taken as: {row.taken_as} (FACTS {row.facts})"


def _people(count: int) -> str:
    return "1 person is" if count == 1 else f"{count:,} people are"


def _more(forecast: PeopleForecast) -> Iterator[str]:
    if len(forecast.rows) > _MOST_ROWS:
        rest = sum(row.created for row in forecast.rows[_MOST_ROWS:])
        yield f"and {rest:,} by {len(forecast.rows) - _MOST_ROWS:,} more; JSON has them all"


def _numbers(row: ForecastRow) -> tuple[int, int, int, int]:
    return row.created, row.people, row.without_email, row.perhaps


def _source(row: ForecastRow) -> str:
    return f"{row.type} `{row.event}`" if row.event else row.type
