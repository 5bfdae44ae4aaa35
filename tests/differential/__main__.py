"""`make comparison`: run all cases with all clients, print the table, rewrite the page."""

from __future__ import annotations

import sys

from cases import CASES
from comparison import PAGE, compare, page
from peers import PEERS, PeersUnavailableError


def main() -> int:
    """Return 1 if ours fell short somewhere or nothing could be compared."""
    try:
        outcomes = compare()
    except PeersUnavailableError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's words
        return 1
    short = 0
    for case in CASES:
        print(f"{case.row}  {case.title}")  # noqa: T201 - as above
        for peer in PEERS:
            outcome = outcomes[case.row, peer.title]
            is_short = peer.is_ours and outcome != case.ours
            short += is_short
            wanted = f"   <- FALLS SHORT, wanted: {case.ours}" if is_short else ""
            print(f"     {peer.title:<26}{outcome}{wanted}")  # noqa: T201 - as above
    before = PAGE.read_text("utf-8") if PAGE.exists() else ""
    PAGE.write_text(page(outcomes, before), "utf-8")
    print(f"\n{len(CASES)} rows, {short} where ours falls short; written to {PAGE}")  # noqa: T201 - as above
    return min(short, 1)


if __name__ == "__main__":
    sys.exit(main())
