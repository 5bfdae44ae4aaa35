"""A process that reads jobs from standard input: `python -m pipelines_client.parity.facts.worker`.

Each line in is a job, each line out a reading, as JSON. During a job, `{"advance": bytes}` reports progress.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from pipelines_client.errors import SourceError
from pipelines_client.evidence.files.arrow import load_without_numpy


def main() -> None:
    """Do the jobs of standard input until it ends."""
    load_without_numpy()
    from pipelines_client.parity.facts.jobs import Job, do

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
