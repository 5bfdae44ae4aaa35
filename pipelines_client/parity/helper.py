"""A process that reads its share of the evidence: `python -m pipelines_client.parity.helper`, job in, reading out."""

from __future__ import annotations

import sys
from dataclasses import asdict

import orjson

from pipelines_client.errors import SourceError
from pipelines_client.parity.normalise import Job, do


def main() -> None:
    """Take one job from standard input and answer on standard output."""
    job = Job(**orjson.loads(sys.stdin.buffer.read()))
    try:
        answer = orjson.dumps(asdict(do(job)))
    except SourceError as error:
        answer = orjson.dumps({"error": str(error)})
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # the terminal interrupted the whole group; the parent says so
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    main()
