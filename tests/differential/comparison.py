"""All cases with all clients, a few at a time, and the page that says what came of them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import losing  # noqa: F401 - registers its cases
import peers
import surprising  # noqa: F401 - registers its cases
from cases import CASES, Case
from peers import PEERS, Peer
from trial import on_trial

PAGE = Path(__file__).parents[2] / "docs" / "comparison.md"
AT_ONCE = 6  # most cases wait for a client that hangs, so there may be more of them than processors

NOT_MEASURED = "could not be measured"

Outcomes = Mapping[tuple[str, str], str]
"""What each case showed, by row and the client's title."""

_HEAD = """# Compared with the clients it replaces

Each row is a situation that two clients were run in, each in a separate environment and in separate processes, against
the [sandbox](usage.md):

- segment-analytics-python {segment}, which speaks to Segment's API,
- customerio-cdp-analytics {customerio}, which speaks to Customer.io's.

The table shows what was measured; where one of them has since fixed a problem, the table shows that too.
pipelines-client ran the same scripts, and a test asserts its column.

```bash
make comparison
```

runs it all again in about a minute, prints the table and rewrites this page. The first time it installs the two clients
from the package index. The tests cite the rows by their number.

How much is lost differs a little from run to run: shares are rounded to tenths. *Hangs* means that the call had not
returned after three seconds, when its process was ended. Customer.io reports a wrong write key (P6) only in strict
mode, which pipelines-client uses; Segment never reports it.
"""


def compare(cases: Iterable[Case] = tuple(CASES), clients: Iterable[Peer] = PEERS) -> dict[tuple[str, str], str]:
    """Bring each client into each case; return what came of it.

    Raises:
        PeersUnavailableError: An old client cannot be installed.
    """
    peers.install()
    pairs = [(case, peer) for case in cases for peer in clients]
    with tempfile.TemporaryDirectory(prefix="comparison-") as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        under_way = {
            (case.row, peer.title): pool.submit(on_trial, case.measure, peer, Path(folder, case.row, peer.title))
            for case, peer in pairs
        }
        return {pair: _outcome(future) for pair, future in under_way.items()}


def _outcome(future: Future[str]) -> str:
    """Return what a case showed; one that broke spoils its own cell only."""
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - whatever broke, it is told where it stands
        return f"{NOT_MEASURED}: {type(error).__name__}: {error}"


def page(outcomes: Outcomes, before: str = "") -> str:
    """Return the page as Markdown.

    Args:
        outcomes: What all cases showed.
        before: The page as it is. Its cells stay where only a share or a size differs: those are of one run.
    """
    standing = rows(before)
    titles = [peer.title for peer in PEERS]
    parts = [_HEAD.format(segment=peers.SEGMENT.version, customerio=peers.CUSTOMERIO.version)]
    for heading, first, last in (("Losing events", 1, 15), ("Wrong or surprising", 16, 30)):
        lines = [f"| | case | {' | '.join(titles)} |", f"|---|---|{'---|' * len(titles)}"]
        for case in CASES:
            if first <= case.number <= last:
                shown = [outcomes[case.row, title] for title in titles]
                old = standing.get(case.row, [""] * (1 + len(titles)))[1:]
                cells = [was if _pattern(was) == _pattern(now) else now for was, now in zip(old, shown, strict=True)]
                lines.append(f"| {case.row} | {case.title} | {' | '.join(cells)} |")
        parts.append(f"## {heading}\n\n" + "\n".join(lines) + "\n")
    parts.append(f"## Level with ours\n\n{_level(outcomes)}\n")
    return "\n".join(parts)


def rows(text: str) -> dict[str, list[str]]:
    """Return the cells of a page's rows, the title first, by the row's name."""
    found = re.findall(r"^\| (P\d+) \| (.+) \|$", text, re.MULTILINE)
    return {row: cells.split(" | ") for row, cells in found}


def _pattern(cell: str) -> str:
    """Return a cell without the numbers that differ from run to run."""
    return re.sub(r"about \d+ %|[\d,]+(?= bytes)", "#", cell)


def _level(outcomes: Outcomes) -> str:
    """Say where an old client showed what ours did."""
    found = []
    for peer in PEERS:
        rows = [case.row for case in CASES if outcomes[case.row, peer.title] == case.ours]
        if not peer.is_ours:
            found.append(f"{peer.title} {peer.version}: {', '.join(rows) or 'none'}.")
    return "In these rows an old client showed the same as ours. " + " ".join(found)
