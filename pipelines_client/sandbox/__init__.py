"""Both APIs on loopback as their vendors document them, with planted faults and both exports.

```python
with Sandbox(out=Path("exports")) as sandbox:
    client = Client("cio-key", host=sandbox.customerio.url, segment_host=sandbox.segment.url, segment_write_key="s")
    client.track("u1", "Order Completed", {"total": 42})
    sandbox.segment.answer(503, times=2)
    assert sandbox.customerio.wait_for(1)
    assert sandbox.customerio.lost == {}
```

The sandbox records what each API truly accepted, whatever it answered, and writes it in the vendors' export layouts. It
stands for the vendors, so it imports neither the client nor parity. A new rule of a vendor goes into `rules`, a new
fault on messages is a class in `faults` and a field in `scenario`, a new export layout goes into `layouts`.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from pipelines_client.sandbox.api import CUSTOMERIO, SEGMENT, Api
from pipelines_client.sandbox.export import Exporter
from pipelines_client.sandbox.forwarding import Forwarded, Forwarding
from pipelines_client.sandbox.model import Answer, Call, Planted, RequestLimits, RequestRecord
from pipelines_client.sandbox.scenario import Scenario, ScenarioError
from pipelines_client.sandbox.server import ServerThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from pipelines_client.sandbox.layouts import TimeForm

__all__ = [
    "Answer",
    "Api",
    "Call",
    "Forwarded",
    "Forwarding",
    "Planted",
    "RequestLimits",
    "RequestRecord",
    "Sandbox",
    "Scenario",
    "ScenarioError",
]

API_NAMES = ("customerio", "customerio-eu", "segment", "segment-eu")


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class Sandbox:
    """One server on 127.0.0.1 with four APIs: `customerio`, `customerio_eu`, `segment`, `segment_eu`.

    Each API has two addresses: `url`, a path on the first port, and `root_url`, the root of a port.

    Args:
        out: The folder for the exports, written on `stop`; None writes none.
        port: The first of four ports; 0 chooses free ones. They stay the same after `stop` and `start`.
        scenario: The faults; None plants none.
        write_keys: The valid keys of each API, such as `{"segment": ["seg-key"]}`; other APIs accept any key.
        now: The clock for times of receipt (aware datetimes). Replace it to simulate days.
        sync_every: How often Customer.io starts new storage files (FACTS C18).
        times: The format of times in those files: `iso` or `unix` seconds (FACTS C19).
        forwarding: Segment's own Customer.io destination; None: it is off.

    Attributes:
        forwarding: The same.
    """

    def __init__(
        self,
        out: Path | None = None,
        port: int = 0,
        scenario: Scenario | None = None,
        write_keys: Mapping[str, Iterable[str]] | None = None,
        *,
        now: Callable[[], datetime] = _utc_now,
        sync_every: timedelta = timedelta(minutes=10),
        times: TimeForm = "iso",
        forwarding: Forwarding | None = None,
    ) -> None:
        self._out = out
        self._ports = [port + number if port else 0 for number in range(len(API_NAMES))]
        self._scenario = scenario or Scenario()
        self._sync_every = sync_every
        self._times: TimeForm = times
        self._exporters: dict[Path, Exporter] = {}
        self._server: ServerThread | None = None
        self._was_started = False
        self._apis = {name: self._make_api(name, now) for name in API_NAMES}
        self.customerio, self.customerio_eu = self._apis["customerio"], self._apis["customerio-eu"]
        self.segment, self.segment_eu = self._apis["segment"], self._apis["segment-eu"]
        for one, other in ((self.customerio, self.customerio_eu), (self.segment, self.segment_eu)):
            one.sibling, other.sibling = other, one
        self.forwarding = self.segment.forwarding = self.segment_eu.forwarding = forwarding
        if forwarding is not None:
            forwarding.people = self.customerio.people
        for name, keys in (write_keys or {}).items():
            self._apis[name.replace("_", "-")].allow_keys(*keys)

    @property
    def apis(self) -> tuple[Api, ...]:
        """All four APIs."""
        return tuple(self._apis.values())

    @property
    def url(self) -> str:
        """Address of the server; a GET there returns its counts.

        Raises:
            RuntimeError: The sandbox was never started, so it has no port.
        """
        return self._root_url(0)

    @property
    def planted(self) -> list[Planted]:
        """The faults planted so far: on messages, and on files since the last export."""
        on_messages = [fault for api in self.apis for fault in api.planted]
        exporters = list(self._exporters.values())
        return on_messages + (exporters[-1].missing if exporters else [])

    def in_workspace(self) -> Counter[str]:
        """Count how often each message reached the workspace: by Data Pipelines, and by Segment's destination."""
        forwarded = self.forwarding.forwarded if self.forwarding is not None else ()
        direct = (id_ for api in (self.customerio, self.customerio_eu) for id_ in api.message_ids())
        return Counter(direct) + Counter(one.message_id for one in forwarded)

    def start(self) -> None:
        """Start serving; do nothing if it already serves.

        Raises:
            OSError: A port is taken.
        """
        if self._server is None:
            server = ServerThread(self._apis, self._ports)
            self._ports, self._was_started = server.ports, True
            server.start()
            self._server = server

    def stop(self) -> None:
        """Cut every connection, close the port and write the exports; accepted messages stay readable."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            if self._out is not None:
                self.export(self._out)

    def sync(self) -> None:
        """End a sync of Customer.io's storage files: later messages go into files of the next position."""
        for api in self.apis:
            api.sync()

    def export(self, out: Path) -> dict[Path, int]:
        """Write both exports and `planted.json` into a folder; call it again to update them.

        Returns:
            The export files that this sandbox wrote there, with their number of messages.

        Raises:
            OSError: A file cannot be written.
        """
        place = out.resolve()
        if place not in self._exporters:
            self._exporters[place] = Exporter(place, self._scenario, sync_every=self._sync_every, times=self._times)
        exporter = self._exporters[place]
        exporter.write(self.apis)
        return exporter.files

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _make_api(self, name: str, now: Callable[[], datetime]) -> Api:
        vendor = CUSTOMERIO if name.startswith("customerio") else SEGMENT
        number = API_NAMES.index(name)
        return Api(
            name,
            vendor,
            scenario=self._scenario,
            now=now,
            base_url=lambda: self.url,
            root_url=lambda: self._root_url(number),
        )

    def _root_url(self, number: int) -> str:
        if not self._was_started:
            raise RuntimeError("the sandbox has no address yet: call start() first")
        return f"http://127.0.0.1:{self._ports[number]}"
