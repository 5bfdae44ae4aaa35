"""`pipelines-client sandbox people`: who is in the workspace of a running sandbox."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

import typer

from pipelines_client.cli.common import print_text
from pipelines_client.cli.leaving import BAD_INPUT, BAD_NEWS, leave
from pipelines_client.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORMATS: Final = ("text", "json")
_MOST_ROWS: Final = 50
_TIMEOUT_S: Final = 60.0
_OK, _NOT_FOUND = 200, 404


def people(
    person: Annotated[
        str | None, typer.Argument(metavar="ID", help="Show one person: by id, e-mail address or cio_…")
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="PIPELINES_HOST",
            help="Address of the running sandbox's Customer.io API, as the sandbox prints it.",
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=f"Format of standard output: {', '.join(_FORMATS)}.")
    ] = "text",
) -> None:
    """Show who is in the workspace of a running sandbox: everyone, or one person with all attributes.

    Exit code 0: shown, 1: the id is unknown, 2: bad input.
    """
    if form not in _FORMATS:
        raise typer.BadParameter(f"--format must be one of {', '.join(_FORMATS)}")
    if not url:
        leave(BAD_INPUT, "no address; pass --url with the customerio address that the sandbox prints")
    address = url.rstrip("/") + "/people"
    if person is not None:
        found = _get(f"{address}/{_quoted(person)}", url)
        if found is None:
            leave(BAD_NEWS, "the workspace has no person with this id, e-mail address or cio_id")
        print_text(_json(found) if form == "json" else "\n".join((*_text_of_person(found), "")))
        return
    everyone = _all(address, url)
    print_text(_json(everyone) if form == "json" else "\n".join((*_text_of_all(everyone), "")))


def _quoted(person: str) -> str:
    """Return an id as one step of a path, also `.` and `..`, and bytes that are not UTF-8."""
    return quote(os.fsencode(person), safe="").replace(".", "%2E")


def _all(address: str, url: str) -> dict[str, Any]:
    """Return the answer for all people, page by page."""
    everyone = page = _get(f"{address}?start=0", url) or {}
    while page.get("next") is not None:
        page = _get(f"{address}?start={page['next']}", url) or {}
        everyone = {**page, "people": [*everyone["people"], *page["people"]]}
    return {name: value for name, value in everyone.items() if name != "next"}


def _get(address: str, url: str) -> dict[str, Any] | None:
    """Return what the sandbox answers; None for a person who is not there."""
    import urllib3

    if not address.lower().startswith(("http://", "https://")):
        leave(BAD_INPUT, f"{one_line(url)}: not an address; pass the customerio address that the sandbox prints")
    try:
        answer = urllib3.request("GET", address, timeout=_TIMEOUT_S, retries=False, redirect=False)
    except urllib3.exceptions.ReadTimeoutError:
        leave(BAD_INPUT, f"{one_line(url)}: no answer in {_TIMEOUT_S:g} s; it still takes in many calls, so ask again")
    except (urllib3.exceptions.HTTPError, ValueError):
        leave(BAD_INPUT, f"{one_line(url)}: no sandbox answers there; start `pipelines-client sandbox`, or pass --url")
    try:
        found = json.loads(answer.data)
    except ValueError:
        found = None
    is_ours = isinstance(found, dict) and not {"people", "cio_id", "person"}.isdisjoint(found)
    if answer.status == _NOT_FOUND and is_ours:
        return None
    if answer.status != _OK or not is_ours:
        leave(
            BAD_INPUT, f"{one_line(url)}: not a sandbox's Customer.io API; pass the customerio address that it prints"
        )
    return found  # type: ignore[no-any-return]  # JSON


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _text_of_all(everyone: dict[str, Any]) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [("id", "e-mail", "attributes", "events", "added by", "not known")]
    rows += [_row(one) for one in everyone["people"][:_MOST_ROWS]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    yield from ("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    if everyone["count"] > _MOST_ROWS:
        yield f"and {everyone['count'] - _MOST_ROWS:,} more; --format json has them all"
    yield ""
    others = f"{everyone['visitors']:,} anonymous ids without a person; {everyone['objects']:,} objects"
    yield f"{everyone['count']:,} people; {others}"
    if everyone["not_applied"]:
        yield f"{everyone['not_applied']:,} calls that the model could not take are not in this"


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    added = one["created_by"] or {"type": "", "event": ""}
    source = f"{added['type']} {added['event']}".strip()
    unsettled = sorted({*one["unsettled"], *one["unknown_attributes"].values()})
    cells = (one["id"] or "", one["email"] or "", len(one["attributes"]), one["events"], source, ", ".join(unsettled))
    return tuple(one_line(cell) for cell in cells)


def _text_of_person(one: dict[str, Any]) -> Iterator[str]:
    for name, value in one.items():
        if name == "attributes":
            yield "attributes:"
            yield from (
                f"  {one_line(key)}: {one_line(json.dumps(each, ensure_ascii=False))}" for key, each in value.items()
            )
        elif name == "unknown_attributes":
            yield from (f"  {one_line(key)}: not known ({question})" for key, question in value.items())
        else:
            yield f"{name}: {one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))}"
