"""A process that reads its share of the evidence: `python -m pipelines_client.parity.helper`, jobs in, readings out.

One JSON object a line each way; while a job is done, `{"advance": bytes}` says how far it has come.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from pipelines_client.errors import SourceError
from pipelines_client.parity.facts.read import Job, do


def main() -> None:
    """Do the jobs of standard input until it ends."""
    for text in sys.stdin.buffer:
        try:
            _say(asdict(do(Job(**json.loads(text)), lambda count: _say({"advance": count}))))
        except SourceError as error:
            _say({"error": str(error)})


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode("ascii") + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
