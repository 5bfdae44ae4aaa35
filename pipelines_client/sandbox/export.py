"""Writes the exports of all APIs into a folder; each call rewrites only the files that changed.

```
<out>/segment/segment-logs/<source id>/<UTC midnight, ms>/<hour, ms>.<run>.gz    gzip, one JSON call a line
<out>/segment/segment-logs/dummy-object.txt
<out>/customerio/<integration id>.<action id>.<position>.<type>.json             JSON lines: one row a line
<out>/planted.json                                                               the planted faults
```

`segment-eu` and `customerio-eu` appear with their first message. Each file is written under a hidden name and then
renamed, so a reader never meets half a file, even after a kill. In the folder of an earlier run, positions continue
from the highest one.
"""

from __future__ import annotations

import gzip
import secrets
import time
from collections import Counter
from typing import TYPE_CHECKING

import orjson

from pipelines_client.files import replace_file
from pipelines_client.sandbox.layouts import PlannedFile, TimeForm, customerio_files, segment_files
from pipelines_client.sandbox.model import Planted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta
    from pathlib import Path
    from threading import Event

    from pipelines_client.sandbox.api import Api
    from pipelines_client.sandbox.scenario import MissingFile, Scenario

_PLANTED_FILE = "planted.json"
_EXPORT_EVERY_S = 1.0
_PAUSE_PER_EXPORT = 4  # exports take at most about a fifth of the time


class Exporter:
    """Writes one sandbox's exports into one folder. Not thread-safe."""

    def __init__(self, out: Path, scenario: Scenario, *, sync_every: timedelta, times: TimeForm) -> None:
        self.missing: list[Planted] = []
        self._out = out
        self._scenario = scenario
        self._sync_every = sync_every
        self._times: TimeForm = times
        self._run = secrets.token_hex(4)
        self._first: dict[str, dict[str, int]] = {}
        self._written: dict[Path, int] = {}

    @property
    def files(self) -> dict[Path, int]:
        """Every written export file, with its number of calls."""
        return dict(self._written)

    def write(self, apis: Iterable[Api]) -> None:
        """Update the folder.

        Raises:
            OSError: A file cannot be written.
        """
        planted: list[Planted] = []
        self.missing = []
        for api in apis:
            calls = api.calls
            planted += api.planted
            if calls or not api.name.endswith("-eu"):
                self._write_api(api.name, self._plan(api))
        _replace(self._out / _PLANTED_FILE, _planted_json(self._scenario.seed, planted + self.missing))

    def _plan(self, api: Api) -> list[PlannedFile]:
        if api.name.startswith("segment"):
            return segment_files(api.name, api.calls, self._run)
        if api.name not in self._first:
            self._first[api.name] = _next_positions(self._out / api.name)
        return customerio_files(
            api.name, api.calls, sync_every=self._sync_every, first=self._first[api.name], times=self._times
        )

    def _write_api(self, api: str, files: list[PlannedFile]) -> None:
        folder = self._out / api
        folder.mkdir(parents=True, exist_ok=True)
        if api.startswith("segment"):
            _replace(folder / "segment-logs" / "dummy-object.txt", b"")
        gaps = self._scenario.of(api).missing_file
        for file in files:
            if _is_missing(file, gaps):
                detail = {"file": file.path, "position": file.position, "messages": len(file.calls)}
                self.missing.append(Planted(api, "missing_file", None, detail))
                continue
            path = folder / file.path
            if self._written.get(path) != len(file.calls):
                _replace(path, _content(file))
                self._written[path] = len(file.calls)


def _content(file: PlannedFile) -> bytes:
    lines = (
        orjson.dumps(file.line(call, body), option=orjson.OPT_APPEND_NEWLINE)
        for call in file.calls
        for body in call.stored
    )
    content = b"".join(lines)
    return gzip.compress(content, compresslevel=3, mtime=0) if file.path.endswith(".gz") else content


def _is_missing(file: PlannedFile, gaps: tuple[MissingFile, ...]) -> bool:
    return any(gap.position == file.position and gap.type in {None, file.type} for gap in gaps)


def _next_positions(folder: Path) -> dict[str, int]:
    """Return the first free position of each call type in a folder."""
    positions: dict[str, int] = {}
    for path in folder.glob("[0-9]*.json"):
        fields = path.name.split(".")
        if len(fields) == 5 and fields[2].isdigit():  # noqa: PLR2004 - integration, action, position, type, json
            positions[fields[3]] = max(positions.get(fields[3], 1), int(fields[2]) + 1)
    return positions


def _planted_json(seed: int, planted: list[Planted]) -> bytes:
    counts: dict[str, Counter[str]] = {}
    for fault in planted:
        counts.setdefault(fault.api, Counter())[fault.kind] += 1
    return orjson.dumps({"seed": seed, "counts": counts, "planted": planted}, option=orjson.OPT_INDENT_2)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content)


def keep_exporting(count: Callable[[], int], export: Callable[[], object], stopped: Event) -> None:
    """Export about once a second while messages come, until `stopped` is set: a kill loses about a second."""
    exported = -1
    pause_s = _EXPORT_EVERY_S
    while not stopped.wait(pause_s):
        accepted = count()
        if accepted == exported:
            continue
        began = time.monotonic()
        export()
        exported = accepted
        pause_s = max(_EXPORT_EVERY_S, _PAUSE_PER_EXPORT * (time.monotonic() - began))
