"""Connections whose answers have a time limit as a whole: status line, headers, interim answers and body.

A socket's timeout starts anew with each byte, so an answer that drips could hold a leg for ever. Interim answers (1xx)
are read past: `http.client` does this for 100 only.
"""

from __future__ import annotations

import http.client
import io
import os
import socket
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from pipelines_client.clock import monotonic_s
from pipelines_client.signals import let_through, suppressing

TIMES_TIMEOUT = 2  # a whole answer, however slowly it drips, may take this many times the timeout of its first byte
_MAX_INTERIM = 100
_INTERIM = range(102, 200)  # 100 is read past by `http.client`, 101 is final
_FINAL = range(200, 600)


class _TimedSocket(io.RawIOBase):
    """Reads a socket until a moment; each read may take the socket's timeout at most."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._timeout_s = sock.gettimeout()
        self._until_s = None if self._timeout_s is None else monotonic_s() + TIMES_TIMEOUT * self._timeout_s
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._timeout_s is not None and self._until_s is not None:
            left = self._until_s - monotonic_s()
            if left <= 0:
                raise TimeoutError("the answer takes too long")
            self._sock.settimeout(min(left, self._timeout_s))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            with suppressing(OSError):  # the socket may be closed already
                self._sock.settimeout(self._timeout_s)  # for the next request
            self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer, read within its time limit, without the interim answers before it."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedSocket(sock))

    def begin(self) -> None:
        for _ in range(_MAX_INTERIM):
            self._begin_once()
            if self.status not in _INTERIM:
                return
            self.headers = None  # type: ignore[assignment]  # what `begin` takes for "nothing was read yet"
        raise http.client.HTTPException("too many interim answers")

    def _begin_once(self) -> None:
        """Read a status and its headers; headers that cannot be used do not undo a final status."""
        self.status = 0
        try:
            super().begin()
        except http.client.HTTPException:
            if self.status not in _FINAL:
                raise
            self.headers = self.msg = http.client.HTTPMessage()
            self.chunked, self.length, self.will_close = False, 0, True
        lengths = ",".join(self.headers.get_all("content-length", ())).split(",")
        if len({length.strip() for length in lengths}) > 1:  # urllib3 refuses the whole answer
            del self.headers["content-length"]
            self.length, self.will_close = None, True


class _Guarded(HTTPConnection):
    """A connection that forgets its socket if the application closed it: the number may be another file's by now."""

    _mark: tuple[int, int] | None = None
    _answer: _Response | None = None

    def response_class(self, sock: socket.socket, *args: Any, **more: Any) -> _Response:  # type: ignore[override]  # a factory
        """Return the answer that is about to be read; `http.client` asks for a class, and calls it."""
        self._answer = _Response(sock, *args, **more)
        return self._answer

    def _tunnel(self) -> None:
        """Have a proxy connect; its answer ends here, which `http.client` forgets before Python 3.12 if it refuses."""
        try:
            super()._tunnel()
        finally:
            if self._answer is not None:
                self._answer.close()

    def connect(self) -> None:
        super().connect()
        self._mark = self._find_mark()

    def close(self) -> None:
        self._forget_if_lost()
        super().close()

    @property
    def is_connected(self) -> bool:
        self._forget_if_lost()
        return super().is_connected

    def _forget_if_lost(self) -> None:
        if self.sock is not None and self._mark is not None and self._find_mark() != self._mark:
            self.sock.detach()
            self.sock = None

    def _find_mark(self) -> tuple[int, int] | None:
        try:
            status = os.fstat(self.sock.fileno())
        except (OSError, AttributeError) as error:
            let_through(error)
            return None
        return status.st_dev, status.st_ino


class _SecureConnection(_Guarded, HTTPSConnection):  # pyright: ignore[reportIncompatibleVariableOverride]  # a factory
    """The same, over TLS."""


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Guarded  # pyright: ignore[reportAssignmentType]  # a protocol that its own class breaks


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection  # pyright: ignore[reportAssignmentType]  # as above


def limit_answers(manager: urllib3.PoolManager) -> None:
    """Have all connections of a manager that has made none yet keep the time limit of answers."""
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
