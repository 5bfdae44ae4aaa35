"""The report as OpenMetrics text. Gauges only, so that older readers (node_exporter's textfile collector) take it too.

No label contains an event, a path or an id from the data, because their number is unlimited. An event with a gate in
`parity.toml` appears under the name of its gate.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pipelines_client.parity.model import Verdict
from pipelines_client.parity.render import words
from pipelines_client.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines_client.parity.model import Gate, ParityReport

MetricSample = tuple[dict[str, str], float]

_RESULTS = ("passed", "failed", "inconclusive")


def render(report: ParityReport) -> str:
    """Return the report's numbers, one gauge a family, ending in `# EOF`."""
    totals, gates, sources = report.totals, report.gates, words.sources(report)
    families: tuple[tuple[str, str, list[MetricSample]], ...] = (
        ("verdict", "1 for the verdict of the run, 0 for the other verdicts.", _verdict(report)),
        (
            "generated_timestamp_seconds",
            "Unix time at which the report was made.",
            [({}, _seconds(report.generated_at))],
        ),
        ("messages", "Messages in the window.", [({}, totals.messages)]),
        ("matched", "Messages that are in every source that was given, and the same.", [({}, totals.matched)]),
        (
            "meant",
            "Messages that a side should have.",
            _by_side(report, "meant"),
        ),
        (
            "same",
            "Messages of a side that were compared and do not differ.",
            _by_side(report, "same"),
        ),
        ("missing", "Messages missing at a side, by cause; some causes do not count as loss.", _missing(report)),
        ("found", "Findings by class.", [({"class": row.name}, row.count) for row in report.classes]),
        ("expected", "Messages with a difference that a rule explains.", _expected(report)),
        ("loss_at_most_percent", "The largest loss at a side that is still possible, in percent.", _bounds(report)),
        ("source_rows", "Rows of a source.", [({"source": name}, counts.rows) for name, _, counts in sources]),
        ("source_unread_lines", "Lines that could not be read.", _unread(report)),
        ("gate_actual", "The value of a gate, in its unit.", [(_gate(gate), gate.actual) for gate in gates]),
        ("gate_limit", "The limit of a gate, in its unit.", [(_gate(gate), gate.limit) for gate in gates]),
        ("gate_result", "1 for the result of a gate, 0 for the other results.", _results(report)),
        ("days_until_ready", "Passing days until ready.", _days_left(report)),
        ("latency_seconds", "How long messages took to a side, by quantile.", _latency(report)),
    )
    return "".join(_family(f"pipelines_parity_{name}", text, samples) for name, text, samples in families) + "# EOF\n"


def _verdict(report: ParityReport) -> list[MetricSample]:
    return [({"verdict": verdict.value}, int(report.verdict is verdict)) for verdict in Verdict]


def _by_side(report: ParityReport, name: str) -> list[MetricSample]:
    return [({"side": side}, getattr(there, name)) for side, there in report.totals.sides.items()]


def _missing(report: ParityReport) -> list[MetricSample]:
    return [
        ({"side": side, "cause": cause}, count)
        for side, causes in report.missing_by_cause.items()
        for cause, count in (causes or {}).items()
    ]


def _expected(report: ParityReport) -> list[MetricSample]:
    return [({"rule": row.name, "expired": str(row.is_expired).lower()}, row.count) for row in report.expected]


def _bounds(report: ParityReport) -> list[MetricSample]:
    return [({"side": bound.side}, bound.at_most_pct) for bound in report.unseen.bounds]


def _unread(report: ParityReport) -> list[MetricSample]:
    return [({"source": name}, source.rejected_lines) for name, source, _ in words.sources(report)]


def _results(report: ParityReport) -> list[MetricSample]:
    return [
        ({**_gate(gate), "result": result}, int(gate.result == result)) for gate in report.gates for result in _RESULTS
    ]


def _days_left(report: ParityReport) -> list[MetricSample]:
    return [] if report.readiness is None else [({}, report.readiness.days_left)]


def _latency(report: ParityReport) -> list[MetricSample]:
    return [
        ({"side": row.side, "measure": row.measure, "quantile": quantile}, ms / 1000)
        for row in report.latency
        for quantile, ms in (("0.5", row.p50_ms), ("0.9", row.p90_ms), ("0.99", row.p99_ms), ("1", row.max_ms))
    ]


def _gate(gate: Gate) -> dict[str, str]:
    return {"gate": gate.name, "event": gate.event, "unit": gate.unit}


def _family(name: str, text: str, samples: Iterable[MetricSample]) -> str:
    lines = [f"# TYPE {name} gauge", f"# HELP {name} {text}"]
    lines += [f"{name}{_labels(labels)} {value}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{{{inside}}}" if inside else ""


def _escaped(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()
