"""Which key each message of a sandbox's API came with: the API does not tell, since keys are secret."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipelines_client.sandbox.reading import read_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines_client.sandbox.api import Api


class KeysNoted:
    """The arrivals at an API by key, repeats too: from now on it drops none."""

    def __init__(self, api: Api) -> None:
        """Listen to an API; Segment's write keys begin with `s-`, which is left out."""
        self._api, self._receive, self._lock = api, api.receive, threading.Lock()
        self._keys: list[str] = []
        self._begun = 0
        api._vendor = replace(api._vendor, dedup_for=None)
        api.receive = self._noting  # type: ignore[method-assign]  # what a subclass would do

    def begin(self) -> None:
        """Forget what has arrived."""
        self._begun = len(self._keys)

    def at(self, key: str) -> Counter[str]:
        """Count the messages that came with a key, by their ids."""
        with self._lock:
            ids, keys = self._api.message_ids()[self._begun :], self._keys[self._begun :]
        return Counter(each for each, its_key in zip(ids, keys, strict=True) if its_key == key)

    def _noting(self, call: str | None, path: str, headers: Mapping[str, str], raw: bytes) -> Any:
        body, _ = read_body(raw, headers.get("content-encoding", ""))
        _, key = self._api._key_of(headers, body, path)
        with self._lock:
            before = self._api.count
            reply = self._receive(call, path, headers, raw)
            self._keys += [str(key).removeprefix("s-")] * (self._api.count - before)
        return reply
