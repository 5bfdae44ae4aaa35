"""Who sends past messages to a leg now: one run at a time, and which messages it has (docs/adr/0016).

Two locks for each leg, both of open files, so that a killed process lets go of them. A replay or a backfill holds the
lock of the run as long as it lives. Each command that decides what to send, `requeue` too, holds the lock of the choice
from when it looks what waits until others can see what it has chosen: in a spool, or in the claims of the run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

from pipelines_client.clock import monotonic_s, pause
from pipelines_client.errors import SpoolError
from pipelines_client.files import lock, make_folder, open_lock, replacing
from pipelines_client.signals import suppressing
from pipelines_client.wording import plural

CHOICE_TIMEOUT_S = 15.0
_RUN_TIMEOUT_S = 0.5  # for those that only look whether a run lives
_STEP_S = 0.02


@contextmanager
def only_run(folder: Path, leg: str) -> Iterator[None]:
    """Lock a leg for one run, and remove the claims of the last one.

    Raises:
        SpoolError: Another run holds the lock.
        OSError: The folder cannot be written.
    """
    with _locked(folder, f"{leg}.lock", _RUN_TIMEOUT_S) as is_ours:
        if not is_ours:
            held = len(claimed(folder, leg))
            has = f" and has {plural(held, 'message')}" if held else ""
            raise SpoolError(
                f"another replay or backfill to {leg} runs in this state directory{_who(folder / f'{leg}.lock')}{has};"
                " nothing was sent; wait until it ends"
            )
        claims = _claims(folder, leg)
        claims.unlink(missing_ok=True)
        try:
            yield
        finally:
            claims.unlink(missing_ok=True)


@contextmanager
def choosing(folder: Path, leg: str, *, timeout_s: float = CHOICE_TIMEOUT_S) -> Iterator[None]:
    """Hold the choice of messages for a leg.

    Raises:
        SpoolError: Another process has held it for `timeout_s` seconds.
        OSError: The folder cannot be written.
    """
    with _locked(folder, f"{leg}.choice", timeout_s) as is_ours:
        if not is_ours:
            raise SpoolError(
                f"another process chooses messages for {leg} in this state directory{_who(folder / f'{leg}.choice')};"
                " nothing was sent; run it again"
            )
        yield


def claim(folder: Path, leg: str, message_ids: Iterable[str]) -> None:
    """Write down which messages the run has; the caller holds both locks.

    Raises:
        OSError: It cannot be written.
    """
    with replacing(_claims(folder, leg)) as file:
        file.writelines(orjson.dumps(message_id, option=orjson.OPT_APPEND_NEWLINE) for message_id in message_ids)


def claimed(folder: Path, leg: str) -> frozenset[str]:
    """Return the messages that a living run has; none if none lives.

    Raises:
        OSError: The folder cannot be written.
    """
    with _locked(folder, f"{leg}.lock", 0.0, is_shared=True) as is_free, suppress(FileNotFoundError):
        if not is_free:
            return frozenset(map(orjson.loads, _claims(folder, leg).read_bytes().splitlines()))
    return frozenset()


def _who(path: Path) -> str:
    """Return the process that has locked a file, in words; empty if it has not said so."""
    pid = b""
    with suppressing(OSError):
        pid = path.read_bytes()
    return f" (process {pid.decode()})" if pid.isdigit() else ""


def _claims(folder: Path, leg: str) -> Path:
    return folder / f"{leg}.claims"


@contextmanager
def _locked(folder: Path, name: str, timeout_s: float, *, is_shared: bool = False) -> Iterator[bool]:
    """Yield whether the lock of a file could be had within some seconds."""
    make_folder(folder)
    descriptor = open_lock(folder / name)
    until = monotonic_s() + timeout_s
    try:
        while not (is_ours := lock(descriptor, is_shared=is_shared)) and monotonic_s() < until:
            pause(_STEP_S)
        if is_ours and not is_shared:
            with suppressing(OSError):  # a full disk: only what others are told lacks the number
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield is_ours
    finally:
        os.close(descriptor)
