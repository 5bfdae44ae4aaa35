"""Parity over what the vendors' own clients sent: no `pipelines_client` in the application, and no ledger.

    python examples/parity_over_vendor_clients.py /tmp/vendors

Two processes send the same messages, one with segment-analytics-python to Segment's API, one with
customerio-cdp-analytics to Customer.io's; parity compares the two exports. Then once more while Customer.io loses five.
Exit code 0: it passed, and then failed for just those five.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from processes import HERE, DemoError, environment, make_afresh, parity, read_json

from pipelines_client.sandbox import Sandbox, Scenario

LOST = 5
LOSSES = {"customerio": {"swallow": [{"event": "Order Completed", "limit": LOST}]}}
PASS, FAIL = 0, 1  # exit codes of `pipelines-client parity`


def main() -> int:
    """Compare without a loss and with one; return the exit code."""
    parser = argparse.ArgumentParser(description="Parity over what the vendors' own clients sent.")
    parser.add_argument("out", type=Path, metavar="DIR", help="folder for exports and reports; made afresh")
    parser.add_argument("--people", type=int, default=60, metavar="N", help="how many (default: %(default)s)")
    options = parser.parse_args()
    try:
        make_afresh(options.out)
        print("Both sides keep what they were sent\n")
        whole = compare(Scenario(), options.people, options.out / "whole")
        print(f"\nCustomer.io loses {LOST}\n")
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
    """Send, export, compare; return the command's exit code and how many messages Customer.io lacks."""
    exports = out / "exports"
    exports.mkdir(parents=True)
    until = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    with Sandbox(out=exports, scenario=scenario) as sandbox:
        # Segment first: what one export holds is only missed in the other if that one reaches further (its watermark).
        send("segment.analytics.client", sandbox.segment.url, people, until)
        send("customerio.analytics.client", sandbox.customerio.url, people, until)
    report = out / "report.json"
    code = parity({side: exports / side for side in ("segment", "customerio")}, report)
    return code, read_json(report)["totals"]["missing"]["customerio"]


def send(module: str, host: str, people: int, until: datetime) -> None:
    """Run `vendor_app.py` in a process of its own, as the application that it stands for."""
    command = [sys.executable, str(HERE / "vendor_app.py"), module, "any-key", host]
    options = ["--people", str(people), "--until", until.isoformat()]
    done = subprocess.run(  # noqa: S603 - our own program
        [*command, *options], env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DemoError(f"{module} failed: {done.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())
