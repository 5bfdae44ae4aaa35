"""The sandbox's HTTP server: uvicorn in a thread, on 127.0.0.1 only. Handles paths and sockets, not rules.

It listens on one port for each API. Every port serves all APIs below their names (`/segment/v1/batch`), and at its root
the API that the port is for (`/v1/batch`). Pages of any origin may send (CORS), as with both vendors.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import threading
import weakref
from typing import TYPE_CHECKING, Any

import orjson
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipelines_client.sandbox.auth import read_authorization
from pipelines_client.sandbox.model import CALL_TYPES, Reply, not_found
from pipelines_client.sandbox.people import MOST_OF_A_PAGE, PATH, as_json
from pipelines_client.sandbox.reports import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.types import Receive, Scope, Send

    from pipelines_client.sandbox.api import Api
    from pipelines_client.sandbox.people import KeptPeople

_HOST = "127.0.0.1"
_START_TIMEOUT_S = 10.0
_ENDING_TIMEOUT_S = 0.3
_CALLS = (
    {"batch": "batch", "b": "batch"}
    | {name: call for call in CALL_TYPES for name in (call, call[0])}
    | {"m": "metrics"}
)
"""The calls by the last part of their paths; the vendors' browser clients use the short ones (FACTS C1)."""
_WITHOUT_BODY = (204, 304)
_AT_ROOT = ("v1", PATH.removeprefix("/"))
_FOR_PAGES = {"access-control-allow-origin": "*"}
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds


class Application:
    """The ASGI application: passes a request to the API of its path and sends the reply.

    Args:
        apis: The APIs by name.
        at_root: The API of each port.
        cut: Resets the connection of a client.
    """

    def __init__(
        self, apis: Mapping[str, Api], at_root: Mapping[int, Api], cut: Callable[[tuple[str, int]], None]
    ) -> None:
        self._apis = apis
        self._at_root = at_root
        self._cut = cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        api, path = self._find(scope["server"][1], scope["path"])
        answer = _preflight(request) if request.method == "OPTIONS" else None
        if request.method == "GET":
            answer = _status(self._apis) if scope["path"] == "/" else _report(api, path, request)
            if answer is None and api is not None and api.name.startswith("customerio"):
                answer = await _people(api.people, path, request)
        if answer is not None:
            await answer(scope, receive, send)
            return
        if api is None:
            await self._carry_out(not_found(scope["path"]), scope, receive, send)
            return
        is_call = request.method == "POST" and path.startswith("/v1/")
        try:
            raw = await request.body()
        except ClientDisconnect:
            return
        call = _CALLS.get(path.removeprefix("/v1/")) if is_call else None
        reply = api.receive(call, scope["path"], dict(request.headers), raw)
        await self._carry_out(reply, scope, receive, send)

    def _find(self, port: int, path: str) -> tuple[Api | None, str]:
        """Return the API of a request, if any, and the path there."""
        name, slash, rest = path.removeprefix("/").partition("/")
        if name in _AT_ROOT:
            return self._at_root[port], path
        return self._apis.get(name), slash + rest

    async def _carry_out(self, reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
        if reply.delay_s > 0 and await _is_gone_within(receive, reply.delay_s):
            return
        if reply.status == "timeout":
            await _is_gone_within(receive, None)
            return
        if not isinstance(reply.status, int):
            self._cut(tuple(scope["client"]))
            await _is_gone_within(receive, None)
            return
        body = b"" if reply.status in _WITHOUT_BODY else reply.body
        response = Response(body, status_code=reply.status, headers={**_FOR_PAGES, **reply.headers})
        await response(scope, receive, send)


class ServerThread:
    """Runs the application in a thread until stopped; stopping cuts every connection at once."""

    def __init__(self, apis: Mapping[str, Api], ports: Iterable[int]) -> None:
        self._sockets = _listen(ports)
        self.ports: list[int] = [listening.getsockname()[1] for listening in self._sockets]
        config = uvicorn.Config(
            Application(apis, dict(zip(self.ports, apis.values(), strict=True)), self._cut),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_keep_alive=3600,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._run, name="pipelines-sandbox", daemon=True)
        _living.add(self)

    def start(self) -> None:
        """Start serving; return when the server answers."""
        self._thread.start()
        if not self._server.is_up.wait(_START_TIMEOUT_S):
            raise RuntimeError(f"the sandbox did not start on {_HOST}:{self.ports[0]} within {_START_TIMEOUT_S:g} s")

    def stop(self) -> None:
        """Cut every connection and free the ports."""
        self._server.end()
        self._thread.join(_START_TIMEOUT_S)
        for listening in self._sockets:
            listening.close()
        _living.discard(self)

    def forget(self) -> None:
        """Close the sockets in a forked child, which would keep connections open that the parent closes.

        Their file descriptors stay in use: the objects that own them may still be finalised in the child.
        """
        nowhere = os.open(os.devnull, os.O_RDWR)
        numbers = [listening.fileno() for listening in self._sockets]
        for connection in list(self._server.server_state.connections):
            held = connection.transport.get_extra_info("socket")
            numbers.append(held.fileno() if held is not None else -1)
        for number in numbers:
            if number >= 0:
                with contextlib.suppress(OSError):
                    os.dup2(nowhere, number)
        os.close(nowhere)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=self._sockets))

    def _cut(self, client: tuple[Any, ...]) -> None:
        for connection in list(self._server.server_state.connections):
            if isinstance(connection, H11Protocol) and connection.client == client:
                held = connection.transport.get_extra_info("socket")
                if held is not None:
                    held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                connection.transport.abort()


class _Server(uvicorn.Server):
    """uvicorn without its ticks of a tenth of a second, so that it starts and stops at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()
        self._ending: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """Ask the server to stop, from any thread."""
        loop, ending = self._loop, self._ending
        if loop is not None and ending is not None:
            with contextlib.suppress(RuntimeError):  # the loop is already closed
                loop.call_soon_threadsafe(ending.set)

    async def main_loop(self) -> None:
        """Serve until `end`."""
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        self.is_up.set()
        await self._ending.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut open connections and wait briefly for their handlers."""
        # Stop accepting first and close last: asyncio loses a connection whose server closes between `accept` and its
        # task. Such a connection only appears when that task is done, hence more than one round.
        for listening in sockets or ():
            asyncio.get_running_loop().remove_reader(listening)
        for _ in range(3):
            for connection in list(self.server_state.connections):
                connection.transport.abort()
            await asyncio.sleep(0)
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            if tasks:
                await asyncio.wait(tasks, timeout=_ENDING_TIMEOUT_S / 3)
        for late in asyncio.all_tasks() - {asyncio.current_task()}:
            late.cancel()
        for listening in sockets or ():
            with contextlib.suppress(OSError):  # not supported everywhere; where it is, it also affects forked children
                listening.shutdown(socket.SHUT_RDWR)
        for server in self.servers:
            server.close()


def _listen(ports: Iterable[int]) -> list[socket.socket]:
    """Return a listening socket for each port, or none if one of them is taken."""
    with contextlib.ExitStack() as opened:
        sockets = []
        for port in ports:
            # The protocol is explicit: asyncio sets TCP_NODELAY only then, and without it every answer takes 40 ms.
            listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            sockets.append(opened.enter_context(listening))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((_HOST, port))
            listening.listen(512)
        opened.pop_all()
        return sockets


def _preflight(request: Request) -> Response:
    """Allow a page to send: any header that it asks for, because `*` does not cover `Authorization`."""
    asked = request.headers.get("access-control-request-headers", "*")
    allowed = {"access-control-allow-methods": "GET, POST", "access-control-allow-headers": asked}
    return Response(status_code=204, headers={**_FOR_PAGES, **allowed})


def _report(api: Api | None, path: str, request: Request) -> Response | None:
    """Answer for the APIs that count, which need a bearer key; return None for any other path."""
    value = None if api is None else report(api.name, path, api.calls, dict(request.query_params))
    if value is None:
        return None
    scheme, key = read_authorization(request.headers.get("authorization"))
    if scheme != "bearer" or not key:
        return Response(status_code=401)
    return Response(orjson.dumps(value), media_type="application/json")


async def _people(people: KeptPeople, path: str, request: Request) -> Response | None:
    """Answer with all people, or with one; return None for any other path. It needs no key.

    A thread does the work, so that the server goes on receiving.
    """
    if path == PATH:
        query = request.query_params
        start, limit = (
            int(text[:9]) if (text := query.get(name, "")).isdecimal() else 0 for name in ("start", "limit")
        )
        page = await asyncio.to_thread(people.page, start, min(MOST_OF_A_PAGE, limit or MOST_OF_A_PAGE))
        return Response(await asyncio.to_thread(as_json, page), media_type="application/json")
    if not path.startswith(f"{PATH}/"):
        return None
    person = await asyncio.to_thread(people.person, path.removeprefix(f"{PATH}/"))
    no_one = {"person": None, "error": "the workspace has no person with this id, e-mail address or cio_id"}
    found = no_one if person is None else person
    return Response(as_json(found), status_code=404 if person is None else 200, media_type="application/json")


def _status(apis: Mapping[str, Api]) -> Response:
    body = orjson.dumps({"sandbox": "pipelines-client", "apis": {name: api.status() for name, api in apis.items()}})
    return Response(body, media_type="application/json")


async def _is_gone_within(receive: Receive, timeout_s: float | None) -> bool:
    """Wait until the client disconnects; return False after `timeout_s`. The body must have been read."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(receive(), timeout_s)
        return True
    return False


_living: weakref.WeakSet[ServerThread] = weakref.WeakSet()


def _forget_all() -> None:
    for server in list(_living):
        server.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
