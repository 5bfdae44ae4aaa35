"""The report as JUnit XML: each gate is a test case, so that a CI system shows parity next to the tests.

An inconclusive gate is an *error*, not *skipped*: CI systems count skipped tests as fine, and short evidence is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pipelines_client.parity.render import words
from pipelines_client.wording import one_line

if TYPE_CHECKING:
    from pipelines_client.parity.model import Gate, ParityReport

_TAGS = {"failed": "failure", "inconclusive": "error"}


def render(report: ParityReport) -> str:
    """Return the gates as one test suite."""
    results = [gate.result for gate in report.gates]
    counts = {
        "tests": str(len(results)),
        "failures": str(results.count("failed")),
        "errors": str(results.count("inconclusive")),
        "skipped": "0",
        "time": "0",
    }
    suites = Element("testsuites", {"name": "parity", **counts})
    suite = SubElement(suites, "testsuite", {"name": "parity", **counts, "timestamp": report.generated_at[:19]})
    properties = SubElement(suite, "properties")
    for name, value in (("verdict", report.verdict.value), ("window", words.window_line(report))):
        SubElement(properties, "property", {"name": name, "value": one_line(value)})
    for gate in report.gates:
        _case(suite, gate, report)
    missing, steps = words.missing_lines(report), (f"Next: {command}" for command in report.next_step)
    lines = (report.headline, *missing, report.advice, *steps)
    SubElement(suite, "system-out").text = "\n".join(map(one_line, lines))
    alerts = [one_line(f"{words.NAMES[name]}: {text}") for name, text in words.alerts(report)]
    if alerts:
        SubElement(suite, "system-err").text = "\n".join(alerts)
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _case(suite: Element, gate: Gate, report: ParityReport) -> None:
    title, evidence = one_line(words.gate_title(gate)), one_line(gate.evidence)
    case = SubElement(suite, "testcase", {"classname": "parity", "name": title, "time": "0"})
    if gate.result == "passed":
        SubElement(case, "system-out").text = evidence
        return
    found = f"found {words.amount(gate.actual, gate.unit)}, limit {words.limit(gate)}"
    missing = [one_line(line) for line in words.missing_lines(report, gate.side)] if gate.side else []
    message = " ".join((f"{evidence} ({found})", *missing))
    problem = SubElement(case, _TAGS[gate.result], {"type": gate.result, "message": message})
    problem.text = "\n".join((evidence, found, *missing, *(f"Next: {one_line(step)}" for step in report.next_step)))
