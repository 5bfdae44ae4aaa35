"""What the application sets, kept in the state directory for commands that send in its place.

A command in another shell lacks the application's settings. What it sends would be forwarded to tools that the
application keeps it from, or reach Customer.io with dates in another spelling than before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from pipelines_client.errors import StateDamagedError
from pipelines_client.files import read_regular, replace_file
from pipelines_client.state.guarded import guarded


@dataclass(frozen=True, slots=True)
class KeptSetting:
    """A setting in a file of the state directory, as a JSON object.

    Attributes:
        file: The file's name.
        cure: What to do if it is damaged.
    """

    file: str
    cure: str

    def keep(self, directory: Path, value: Mapping[str, Any]) -> None:
        """Write down what the application sets, unless it is known.

        Raises:
            OSError: It cannot be written.
        """
        content = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        path = directory / self.file
        if not path.exists() or read_regular(path) != content:
            replace_file(path, content)

    def keep_change(self, directory: Path, value: Mapping[str, Any]) -> None:
        """Write down what the application sets, unless that is nothing and never was something.

        Raises:
            OSError: It cannot be written.
        """
        if value or (directory / self.file).exists():
            self.keep(directory, value)

    def read(self, directory: Path) -> dict[str, Any] | None:
        """Return what the application has set; None if it has set nothing.

        Raises:
            StateDamagedError: The file holds something else.
            OSError: It cannot be read.
        """
        path = directory / self.file
        try:
            data = read_regular(path)
        except FileNotFoundError:
            return None
        try:
            return guarded(_parsed, data, path=path)
        except StateDamagedError:
            raise StateDamagedError(f"{path} is damaged; remove it, and {self.cure}") from None


INTEGRATIONS: Final = KeptSetting(
    "segment-integrations.json", "set PIPELINES_SEGMENT_INTEGRATIONS as the application does"
)
"""The application's `segment_integrations`."""

CURES: Final = KeptSetting(
    "customerio-cures.json", "set PIPELINES_CUSTOMERIO_DATES and other cures as the application does"
)
"""What the application's Customer.io leg changes, as `effects.cures` takes it; empty if it has stopped to."""

CONSENT: Final = KeptSetting("consent.json", "set PIPELINES_CUSTOMERIO_CONSENT and the like as the application does")
"""The consent categories that the application's legs need, by setting; empty if it has stopped to ask for any."""


def _parsed(data: bytes) -> dict[str, Any]:
    return dict(orjson.loads(data))
