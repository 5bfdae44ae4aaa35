"""Exceptions that a signal handler raises in the middle of a call, as rq and Celery end a job that takes too long."""

from __future__ import annotations

import functools
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pipelines_client.client.upstream import redact
from pipelines_client.message.values import to_json_value
from pipelines_client.signals import is_from_signal, let_through, suppressing


class JobTimeoutError(Exception):
    """What a job runner raises."""


def end_job(*_: Any) -> None:
    raise JobTimeoutError


class Runner:
    """A job runner that keeps its handler as a method, or is one."""

    def end_job(self, *_: Any) -> None:
        raise JobTimeoutError

    def __call__(self, *_: Any) -> None:
        raise JobTimeoutError


@pytest.fixture(
    params=[end_job, Runner().end_job, functools.partial(end_job, 1), Runner()],
    ids=["function", "method", "partial", "object"],
)
def handler(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A handler of SIGUSR1 that raises."""
    before = signal.signal(signal.SIGUSR1, request.param)
    yield request.param
    signal.signal(signal.SIGUSR1, before)


class Slow:
    """A value that is still being read when the job's time is over."""

    def model_dump(self) -> Any:
        signal.raise_signal(signal.SIGUSR1)

    def __bool__(self) -> bool:
        signal.raise_signal(signal.SIGUSR1)
        return True


@contextmanager
def redacting() -> Iterator[None]:
    """Do as each of the six calls does."""
    try:
        yield
    except Exception as error:
        redact(error)
        raise


@pytest.mark.usefixtures("handler")
def test_a_time_limit_inside_a_value_reaches_the_job() -> None:
    """The value is right, so nothing is replaced."""
    with pytest.raises(JobTimeoutError):
        to_json_value({"slow": Slow()}, lambda _: None)


@pytest.mark.usefixtures("handler")
def test_a_time_limit_inside_an_argument_reaches_the_job() -> None:
    """The argument is right, so no AssertionError is raised."""
    with pytest.raises(JobTimeoutError) as caught, redacting():
        bool(Slow())
    assert is_from_signal(caught.value)


def test_a_builtin_exception_of_a_handler_is_recognised() -> None:
    """`raise TimeoutError` or any other: it counts that a handler raised it."""

    def out_of_time(*_: Any) -> None:
        raise ValueError("time is up")

    before = signal.signal(signal.SIGUSR1, out_of_time)
    try:
        with pytest.raises(ValueError, match="time is up"), redacting():
            bool(Slow())
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_an_exception_class_of_the_job_passes_through_a_call() -> None:
    """Some runners raise in a thread without a signal; only Python's own exceptions are taken for misuse."""
    with pytest.raises(JobTimeoutError), redacting():
        raise JobTimeoutError
    with pytest.raises(TimeoutError), redacting():
        raise TimeoutError
    with pytest.raises(AssertionError, match="TypeError"), redacting():
        raise TypeError


@pytest.mark.usefixtures("handler")
def test_an_exception_of_other_code_is_not_from_a_signal() -> None:
    """Also while an earlier time limit is being handled."""
    try:
        signal.raise_signal(signal.SIGUSR1)
    except JobTimeoutError:
        converted = to_json_value({"bad": 1 + 2j, "worse": Unreadable()}, lambda _: None)
    assert converted == {"bad": None, "worse": None}
    error = RuntimeError("no")
    assert not is_from_signal(error)
    let_through(error)


class Unreadable:
    """A value that fails."""

    def model_dump(self) -> Any:
        raise RuntimeError("no")


def test_suppressing_keeps_errors_of_the_code_and_passes_those_of_a_handler(handler: Any) -> None:
    """Wherever an error is passed over."""
    assert handler
    with suppressing(OSError):
        raise TimeoutError
    with pytest.raises(JobTimeoutError), suppressing(Exception):
        signal.raise_signal(signal.SIGUSR1)
