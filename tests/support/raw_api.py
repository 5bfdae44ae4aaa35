"""An API on loopback that answers with the very bytes that a test gives it."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

Send = Callable[[socket.socket], object]


class Asked(NamedTuple):
    """One request: its path, its headers with lower-case names, its body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages in it, of a batch or of an endpoint of one call."""
        call = json.loads(self.body)
        found: list[dict[str, Any]] = call.get("batch", [call])
        return found

    @property
    def ids(self) -> list[str]:
        return [message["messageId"] for message in self.messages]

    @property
    def key(self) -> str:
        kind, _, word = self.headers.get("authorization", "").partition(" ")
        return base64.b64decode(word).decode().rstrip(":") if kind == "Basic" else word


def http(status: int, body: bytes = b"{}", *headers: str) -> bytes:
    """Spell an answer."""
    head = [f"HTTP/1.1 {status} Answer", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class RawApi:
    """`answer(asked)` returns a status, bytes, or a function that writes to the connection, which is then closed."""

    def __init__(self, answer: Callable[[Asked], int | bytes | Send]) -> None:
        self.asked: list[Asked] = []
        self._answer = answer
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._threads[0].join(5)

    @property
    def ids(self) -> list[str]:
        """The ids of all messages that came, in order."""
        return [each for asked in list(self.asked) for each in asked.ids]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rb") as lines:
            while head := lines.readline():
                headers = {}
                while line := lines.readline().strip():
                    name, _, value = line.decode().partition(":")
                    headers[name.strip().lower()] = value.strip()
                body = lines.read(int(headers.get("content-length", 0)))
                asked = Asked(head.split()[1].decode(), headers, body)
                self.asked.append(asked)
                answer = self._answer(asked)
                if callable(answer):
                    answer(connection)
                    return
                connection.sendall(http(answer) if isinstance(answer, int) else answer)


@contextmanager
def raw_api(answer: Callable[[Asked], int | bytes | Send] = lambda _: 200) -> Iterator[RawApi]:
    """Serve until the block ends."""
    api = RawApi(answer)
    try:
        yield api
    finally:
        api.close()
