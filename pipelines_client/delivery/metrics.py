"""Our numbers as OpenTelemetry metrics. Only the API package is needed; without it, or without an SDK, nothing happens.

The instruments are observed, so they cost delivery nothing. Names follow the semantic conventions where one fits
(`messaging.client.sent.messages`).

| instrument | unit | attributes |
|---|---|---|
| `messaging.client.sent.messages` (counter) | `{message}` | `messaging.system`; `error.type` of those refused |
| `pipelines_client.messages.recorded` (counter) | `{message}` | `messaging.system` |
| `pipelines_client.messages.dropped` (counter) | `{message}` | `messaging.system`, `reason` |
| `pipelines_client.messages.skipped` (counter) | `{message}` | `messaging.system`, `reason` |
| `pipelines_client.messages.resent` (counter) | `{message}` | `messaging.system` |
| `pipelines_client.messages.pending` (gauge) | `{message}` | `messaging.system` |
| `pipelines_client.leg.healthy` (gauge, 1 or 0) | `1` | `messaging.system` |
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from pipelines_client.delivery import processes
from pipelines_client.signals import let_through
from pipelines_client.state.runfile import LegReport

MetricRow = tuple[int, dict[str, str]]
Legs = list[tuple[str, LegReport]]
Rows = Callable[[Legs], Iterator[MetricRow]]


@functools.cache
def load() -> ModuleType | None:
    """Return the OpenTelemetry API's module, imported once; None if it is missing or fails to import."""
    try:
        from opentelemetry import metrics
    except Exception as error:  # noqa: BLE001 - metrics must never cost a message
        let_through(error)
        return None
    return metrics


@functools.cache
def register() -> None:
    """Create the instruments, once per process, if the OpenTelemetry API is installed."""
    metrics = load()
    if metrics is None:
        return
    meter = metrics.get_meter("pipelines_client")
    for name, kind, unit, rows in _INSTRUMENTS:
        create = meter.create_observable_counter if kind == "counter" else meter.create_observable_gauge
        create(name, callbacks=[functools.partial(_observe, rows, metrics.Observation)], unit=unit)


def _observe(rows: Rows, make: Callable[[int, dict[str, str]], Any], _: Any) -> Iterator[Any]:
    totals = Counter[tuple[tuple[str, str], ...]]()
    legs = [leg for pipeline in list(processes.LIVE) for leg in pipeline.leg_reports()]
    for count, attributes in rows(legs):
        totals[tuple(sorted(attributes.items()))] += count
    for key, count in totals.items():
        yield make(count, dict(key))


def _sent(legs: Legs) -> Iterator[MetricRow]:
    for leg, report in legs:
        yield report.accepted, {"messaging.system": leg}
        for reason, count in report.rejected.items():
            yield count, {"messaging.system": leg, "error.type": reason}


def _plain(name: str) -> Rows:
    def rows(legs: Legs) -> Iterator[MetricRow]:
        for leg, report in legs:
            yield getattr(report, name), {"messaging.system": leg}

    return rows


def _by_reason(name: str) -> Rows:
    def rows(legs: Legs) -> Iterator[MetricRow]:
        for leg, report in legs:
            for reason, count in getattr(report, name).items():
                yield count, {"messaging.system": leg, "reason": reason}

    return rows


def _healthy(legs: Legs) -> Iterator[MetricRow]:
    worst: dict[str, int] = {}
    for leg, report in legs:
        worst[leg] = min(worst.get(leg, 1), int(report.state == "ok"))
    for leg, value in worst.items():
        yield value, {"messaging.system": leg}


_INSTRUMENTS = (
    ("messaging.client.sent.messages", "counter", "{message}", _sent),
    ("pipelines_client.messages.recorded", "counter", "{message}", _plain("recorded")),
    ("pipelines_client.messages.dropped", "counter", "{message}", _by_reason("dropped")),
    ("pipelines_client.messages.skipped", "counter", "{message}", _by_reason("skipped")),
    ("pipelines_client.messages.resent", "counter", "{message}", _plain("resent")),
    ("pipelines_client.messages.pending", "gauge", "{message}", _plain("pending")),
    ("pipelines_client.leg.healthy", "gauge", "1", _healthy),
)
