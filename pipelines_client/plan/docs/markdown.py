"""The plan as Markdown, for a wiki or a repository."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines_client.plan.docs.catalogue import CataloguedCall, catalogue
from pipelines_client.plan.model import TrackingPlan

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def render(plan: TrackingPlan) -> str:
    """Return the plan as Markdown, with a table for the properties of each call."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: TrackingPlan) -> Iterator[str]:
    yield f"# {_plain(plan.name or 'Tracking plan')}"
    if plan.description:
        yield from ("", _plain(plan.description))
    for section in catalogue(plan):
        yield from ("", f"## {_plain(section.title)}")
        for call in section.calls:
            yield from _call(call)


def _call(call: CataloguedCall) -> Iterator[str]:
    yield from ("", f"### {_plain(call.title)}")
    if call.status:
        yield from ("", f"**{call.status[0].upper()}{call.status[1:]}.**")
    if call.description:
        yield from ("", _plain(call.description))
    if call.facts:
        yield ""
        yield from (f"- {word}: {_plain(value)}" for word, value in call.facts)
    if call.properties:
        yield from ("", "| property | holds | always there | meaning |", "|---|---|---|---|")
        for each in call.properties:
            meaning = "; ".join(_plain(text) for text in (each.description, *each.notes) if text)
            always = "yes" if each.is_required else ""
            yield f"| {_plain(each.path)} | {_plain(each.type)} | {always} | {meaning} |"


def _plain(text: str) -> str:
    """Return text on one line in which nothing is markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
