"""Parity for an application that uses the vendors' clients: no `pipelines_client` in it, and no ledger.

    python examples/parity_over_vendor_clients.py /tmp/vendors

Two processes send the same messages, one with segment-analytics-python to Segment's API, one with
customerio-cdp-analytics to Customer.io's; parity compares the two exports. Then the same while Customer.io loses five.
Exit code 0: parity passed, and then failed with exactly those five missing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from processes import HERE, DemoError, environment, make_empty, parity, read_json

from pipelines_client.sandbox import Sandbox, Scenario

LOST = 5
LOSSES = {"customerio": {"swallow": [{"event": "Order Completed", "limit": LOST}]}}
PASS, FAIL = 0, 1  # exit codes of `pipelines-client parity`


def main() -> int:
    """Compare without a loss and with one; return the exit code."""
    parser = argparse.ArgumentParser(description="Parity for an application that uses the vendors' clients.")
    parser.add_argument("out", type=Path, metavar="DIR", help="folder for exports and reports; emptied first")
    parser.add_argument("--people", type=int, default=60, metavar="N", help="number of people (default: %(default)s)")
    options = parser.parse_args()
    try:
        make_empty(options.out)
        print("Without a loss\n")
        whole = compare(Scenario(), options.people, options.out / "whole")
        print(f"\nCustomer.io loses {LOST} messages\n")
        short = compare(Scenario.model_validate(LOSSES), options.people, options.out / "short")
    except DemoError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    for lost, (code, missing) in ((0, whole), (LOST, short)):
        print(f"\n{lost} lost: {missing} missing, exit code {code}", end="")
    print()
    return 0 if (whole, short) == ((PASS, 0), (FAIL, LOST)) else 1


def compare(scenario: Scenario, people: int, out: Path) -> tuple[int, int]:
    """Send, export, compare; return parity's exit code and the number of messages missing at Customer.io."""
    exports = out / "exports"
    exports.mkdir(parents=True)
    until = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    with Sandbox(out=exports, scenario=scenario) as sandbox:
        # Segment first: a message counts as missing only if the other export reaches beyond its time (the watermark).
        send("segment.analytics.client", sandbox.segment.url, people, until)
        send("customerio.analytics.client", sandbox.customerio.url, people, until)
    report = out / "report.json"
    code = parity({side: exports / side for side in ("segment", "customerio")}, report)
    return code, read_json(report)["totals"]["missing"]["customerio"]


def send(module: str, host: str, people: int, until: datetime) -> None:
    """Run `vendor_app.py` in a separate process."""
    command = [sys.executable, str(HERE / "vendor_app.py"), module, "any-key", host]
    options = ["--people", str(people), "--until", until.isoformat()]
    done = subprocess.run(  # noqa: S603 - our own program
        [*command, *options], env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DemoError(f"{module} failed: {done.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())
