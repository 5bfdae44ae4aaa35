"""`Client`: upstream's client with another way out: build → check → route → append → wake.

Subclasses `segment.analytics.client.Client`, so that `isinstance` checks, signatures and argument checks hold: upstream
builds the call's dict, `_enqueue` takes it from there. A call raises upstream's AssertionErrors for misuse, and
PlanViolationError where a check's mode is `raise`; nothing else.
"""

from __future__ import annotations

import logging
import weakref
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from segment.analytics.client import require
from segment.analytics.version import VERSION as _SEGMENT_VERSION

from pipelines_client.client.calls import CallDict, Calls, Express, Taken
from pipelines_client.client.checks import checks_for
from pipelines_client.client.express import express_for
from pipelines_client.client.hooks import BeforeSend, OnDelivery, OnError, Teller
from pipelines_client.client.loading import load_settings, start_logging
from pipelines_client.client.refusing import NO_KEY, check_test_run, silence
from pipelines_client.client.upstream import ConsumerView, Fixed, QueueView, check_durations, oauth_manager
from pipelines_client.clock import monotonic_after, monotonic_s, utc_now_ms
from pipelines_client.errors import PlanViolationError, SentFromTestError
from pipelines_client.keywords import OwnKeywords
from pipelines_client.log import LOGGER_NAME, CallSites, logger
from pipelines_client.message import build as messages
from pipelines_client.message.converters import TooManyValuesError
from pipelines_client.signals import let_through

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from pipelines_client.config import Settings
    from pipelines_client.delivery.pipeline import FlushResult, Pipeline
    from pipelines_client.routing.watch import StageWatch


class ClientKeywords(OwnKeywords, total=False):
    """The keyword-only arguments of `Client`: the settings that upstream does not have, and two hooks."""

    on_delivery: OnDelivery | None
    before_send: BeforeSend | None


_LIBRARY = {"name": "analytics-python", "version": _SEGMENT_VERSION}  # as upstream says it: dashboards filter on it
_call_sites = CallSites()


class Client(Calls):
    """A client for Customer.io Data Pipelines and, while you migrate, for the legacy Segment source.

    Make one for each process and keep it. It is safe for threads and forks, starts no thread before the first call,
    and ends by itself with the process; `shutdown` or a `with` block ends it earlier.

    Args:
        write_key: Customer.io's key.
        host: Customer.io's address; default: the region's.
        on_error: Called with the error and the messages that an API refused, or that the leg that counts gave up;
            the error's `leg` says which side.
        log_handler: Handler for the logger `pipelines_client`.
        max_total_backoff_duration: Accepted for compatibility with upstream; does not limit retries.
        max_rate_limit_duration: Accepted for compatibility with upstream; does not limit retries.
        **options: The settings that upstream does not have: `segment_write_key`, `region`, `stage`, `state_dir`, …
            (`ClientKeywords`); `on_delivery` receives the fate of each message, `before_send` may change or drop it.

    The other arguments are upstream's, in upstream's order. None means "not set here": the `PIPELINES_…` variable
    decides, then the default (`pipelines_client.Settings`).

    Raises:
        AssertionError: There is no `write_key`, neither here nor in the environment, or it is not a text.
        ConfigError: A keyword is misspelt, a value is wrong, or settings contradict each other, for instance a key and
            a host of two regions, or a stage that needs a key which is not set.

    Example:
        ```python
        client = Client("your-customerio-key", segment_write_key="your-segment-key", stage="dual")
        client.track("user-42", "Order Completed", {"total": 42.5})
        client.shutdown()
        ```
    """

    log = logging.getLogger(LOGGER_NAME)
    write_key, host, gzip, timeout, proxies = Fixed(), Fixed(), Fixed(), Fixed(), Fixed()
    oauth_manager = Fixed()

    def __init__(
        self,
        write_key: str | None = None,
        host: str | None = None,
        debug: bool | None = None,
        max_queue_size: int | None = None,
        send: bool | None = None,
        on_error: OnError | None = None,
        gzip: bool | None = None,
        max_retries: int | None = None,
        sync_mode: bool | None = None,
        timeout: float | tuple[float, float] | None = None,
        proxies: Mapping[str, str | None] | None = None,
        thread: int | None = None,
        upload_size: int | None = None,
        upload_interval: float | None = None,
        log_handler: logging.Handler | None = None,
        oauth_client_id: str | None = None,
        oauth_client_key: str | None = None,
        oauth_key_id: str | None = None,
        oauth_auth_server: str | None = None,
        oauth_scope: str | None = None,
        max_total_backoff_duration: float | None = None,
        max_rate_limit_duration: float | None = None,
        **options: Unpack[ClientKeywords],
    ) -> None:
        given: dict[str, Any] = {**options, "write_key": write_key, "host": host, "send": send, "timeout": timeout}
        given |= {"max_queue_size": max_queue_size, "max_retries": max_retries, "sync_mode": sync_mode, "gzip": gzip}
        given |= {"thread": thread, "upload_size": upload_size, "upload_interval": upload_interval, "debug": debug}
        given |= {"oauth_client_id": oauth_client_id, "oauth_client_key": oauth_client_key, "proxies": proxies}
        given |= {"oauth_key_id": oauth_key_id, "oauth_auth_server": oauth_auth_server, "oauth_scope": oauth_scope}
        on_delivery, self._before_send = given.pop("on_delivery", None), given.pop("before_send", None)
        self._is_silent, self._lacks_key = silence(given)
        self.settings = load_settings(given)
        self._set_upstream_attributes(max_total_backoff_duration, max_rate_limit_duration)
        start_logging(self.log, log_handler, is_debugging=self.settings.debug)
        self._start(on_error or None, on_delivery)

    def _start(self, on_error: OnError | None, on_delivery: OnDelivery | None) -> None:
        self.replaced: Counter[str] = Counter()
        """Values that JSON does not have, and naive timestamps, by kind."""
        self.not_taken: Counter[str] = Counter()
        """Calls that returned `(False, call)`, by reason."""
        self.violations: Counter[str] = Counter()
        """What the tracking plan and privacy found in calls, by check and code: `privacy:card`."""
        self._checks = checks_for(self.settings, self.violations)
        self._may_send = False
        self._express: Express | None = None  # from the first call that was taken on
        self._stages = self.settings.stage_watch()
        self._teller = Teller(self._stages, on_error=on_error, on_delivery=on_delivery)
        self._pipeline = _make_pipeline(self.settings, self._stages, self._teller, oauth=self.oauth_manager)
        # Not at exit: the pipelines end there themselves, within one budget for all.
        weakref.finalize(self, self._pipeline.retire).atexit = False

    def __repr__(self) -> str:
        plan = self._stages.plan()
        return f"<pipelines_client.Client stage={plan.name} legs={'+'.join(plan.legs)}>"

    # Waiting

    def flush(self, timeout: float | None = None) -> FlushResult:
        """Deliver the waiting messages now, and wait until they are delivered, no leg can deliver, or time is up.

        Does not wait for a leg that is paused, nor for one that does not count at this stage and has failed for three
        seconds: its messages stay on disk and are delivered when it answers again.

        Args:
            timeout: Seconds to wait at most; default: the setting `flush_timeout_s`.

        Returns:
            What still waits, by leg; true if nothing does. What is left stays on disk and is delivered later.

        Raises:
            Nothing: a failed delivery shows in the result, in the log and in `on_error`.

        Example:
            ```python
            if not (result := analytics.flush(timeout=5)):
                print("still waiting:", dict(result.pending))
            ```
        """
        if not self.send or self._is_silent or not self._may_send_from_here():
            return self._pipeline.nothing_left()
        return self._pipeline.flush(timeout)

    def join(self) -> None:
        """Stop sending after the request in flight; what is left stays on disk. The next call starts it again.

        Returns:
            Nothing; `flush` and `shutdown` say what is left.

        Raises:
            Nothing.

        Example:
            ```python
            analytics.join()
            ```
        """
        self._pipeline.stop()

    def shutdown(self, timeout: float | None = None) -> FlushResult:
        """Flush, then stop, both within `timeout` seconds. The next call starts the client again.

        Args:
            timeout: Seconds to wait at most; default: the setting `flush_timeout_s` for the flush.

        Returns:
            What still waits, by leg; true if nothing does. What is left stays on disk: the next process delivers it.

        Raises:
            Nothing: a failed delivery shows in the result, in the log and in `on_error`.

        Example:
            ```python
            atexit.register(analytics.shutdown, timeout=5)
            ```
        """
        until = None if timeout is None else monotonic_after(timeout)
        left = self.flush(timeout)
        self._pipeline.stop(None if until is None else max(0.0, until - monotonic_s()))
        return left

    async def aflush(self, timeout: float | None = None) -> FlushResult:
        """Flush without blocking the event loop."""
        import asyncio  # costs a seventh of this package's import time

        return await asyncio.to_thread(self.flush, timeout)

    async def ashutdown(self, timeout: float | None = None) -> FlushResult:
        """Shut down without blocking the event loop."""
        import asyncio

        return await asyncio.to_thread(self.shutdown, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ashutdown()

    # Upstream's attributes

    @property
    def on_error(self) -> OnError | None:
        """Called with the error and the messages of a batch that a leg did not deliver; may be set at any time."""
        return self._teller.on_error

    @on_error.setter
    def on_error(self, hook: OnError | None) -> None:
        self._teller.on_error = hook or None

    @property
    def queue(self) -> QueueView:
        """The waiting messages, in the form of upstream's queue; read-only."""
        return QueueView(self._pipeline, maxsize=self.settings.max_queue_size or 0)

    @property
    def consumers(self) -> list[ConsumerView] | None:
        """The senders, in the form of upstream's consumers; read-only; None in `sync_mode`."""
        return None if self.settings.sync_mode else [ConsumerView(self._pipeline, self.settings)]

    # The way of a message

    def _enqueue(self, msg: CallDict) -> Taken:
        try:
            built = messages.build(msg, library=_LIBRARY, now_ms=utc_now_ms())
            if built.notes:
                self._say_replaced(built.notes)
            return self._take(built, msg)
        except Exception as error:  # noqa: BLE001 - an internal error must not reach the caller
            let_through(error)
            return self._failed(error, msg)

    def _take(self, built: messages.Built, given: CallDict) -> Taken:
        is_sent, looked = self.send and not self._is_silent, None
        changed: messages.Built | None = built
        if is_sent and not self._may_send:
            check_test_run(self.settings)
            self._may_send = True
        if self._before_send is not None and (is_sent or self._checks is not None):
            changed = self._changed(built, self._before_send)
        if changed is not None and self._checks is not None:  # what is checked is what is sent
            own_id = {} if changed.message.message_id == built.message.message_id else {"messageId": "the hook's"}
            looked = self._checks.examine(changed, {**given, **own_id})
            changed = looked.built
        built, is_taken, reason = changed or built, False, looked and looked.reason
        try:
            if not is_sent and reason is None:
                return self._not_sent(built)
            reason = reason or self._hand_over(built, is_dropped=changed is None)
            is_taken = reason is None
        finally:
            if looked is not None:
                looked.settle(is_taken=is_taken)
        if reason is not None:
            return self._not_taken(reason, built.call)
        try:
            self._follow_up(built)
        except Exception as error:  # noqa: BLE001 - the message is there, and the call has to say so
            let_through(error)
            logger().error("follow_up_failed", error=type(error).__name__)
        return True, built.call

    def _hand_over(self, built: messages.Built, *, is_dropped: bool) -> str | None:
        """Put a message where senders find it; return the reason for which it was not taken, if there is one."""
        plan = self._stages.plan()
        skips = dict.fromkeys(plan.legs, "before_send") if is_dropped else plan.route(built.message, built.call)
        return self._pipeline.take(built.message, skips, plan)

    def _failed(self, error: Exception, call: CallDict) -> Taken:
        """Return what a call returns after an error; misuse goes through."""
        if isinstance(error, (AssertionError, PlanViolationError)):
            raise error
        if isinstance(error, TooManyValuesError):
            logger().warning("message_dropped", reason="too_large", count=1)
            return self._not_taken("too_large", call)
        logger().error("message_dropped", reason="internal_error", count=1, error=type(error).__name__)
        return self._not_taken("internal_error", call)

    def _follow_up(self, built: messages.Built) -> None:
        if built.message.type == "alias":
            self._stages.note(built.message, built.call)
        if self.sync_mode:
            self._pipeline.flush(self.settings.answer_timeout_s)
        if self._express is None and self._before_send is None:
            ways = self._pipeline, self._stages, self._checks
            self._express = express_for(self, _enqueue, *ways, library=_LIBRARY)

    def _not_sent(self, built: messages.Built) -> Taken:
        """Return what a call returns while nothing is kept or sent: that it was taken, unless there is no key."""
        if self._lacks_key:
            return self._not_taken(NO_KEY, built.call)
        return len(built.message.body) <= self.settings.max_message_bytes, built.call

    def _may_send_from_here(self) -> bool:
        try:
            check_test_run(self.settings)
        except SentFromTestError:
            return False
        return True

    def _not_taken(self, reason: str, call: CallDict) -> Taken:
        self.not_taken[reason] += 1
        return False, call

    def _changed(self, built: messages.Built, before_send: BeforeSend) -> messages.Built | None:
        """Return the message that the hook made of it, unchanged if the hook fails; None if the hook drops it."""
        try:
            call = before_send(orjson.loads(built.message.body))
            return None if call is None else messages.build(call, library=_LIBRARY, now_ms=utc_now_ms())
        except Exception as error:  # noqa: BLE001 - the application's; the message is sent unchanged
            let_through(error)
            self.replaced["before_send_failed"] += 1
            site = _call_sites.first("before_send_failed")
            if site is not None:
                logger().error("hook_failed", hook="before_send", error=type(error).__name__, site=site)
            return built

    def _say_replaced(self, notes: Mapping[str, int]) -> None:
        self.replaced.update(notes)
        for kind in notes:
            site = _call_sites.first(kind)
            if site is not None:
                event = "value_replaced" if kind != "naive_timestamp" else "naive_timestamp_read_as_utc"
                logger().warning(event, kind=kind, site=site)

    def _set_upstream_attributes(
        self, max_total_backoff_duration: float | None, max_rate_limit_duration: float | None
    ) -> None:
        """Check what upstream checks, and set the attributes that code written for upstream may read."""
        require("write_key", self.settings.write_key and self.settings.write_key.get_secret_value(), str)
        check_durations(max_total_backoff_duration, max_rate_limit_duration)
        settings, defaults = self.settings, Calls.DefaultConfig
        self.write_key = (
            "" if self._lacks_key else settings.write_key.get_secret_value() if settings.write_key else None
        )
        self.host = settings.host
        self.debug, self.send, self.sync_mode = settings.debug, settings.send, settings.sync_mode
        self.gzip, self.timeout, self.proxies = settings.gzip, settings.timeout, settings.proxies
        self.max_total_backoff_duration = max_total_backoff_duration or defaults.max_total_backoff_duration
        self.max_rate_limit_duration = max_rate_limit_duration or defaults.max_rate_limit_duration
        self.oauth_manager = oauth_manager(settings)


_enqueue = Client._enqueue  # noqa: SLF001 - ours: what a subclass may override, as upstream's


def _make_pipeline(settings: Settings, stages: StageWatch, teller: Teller, *, oauth: Any) -> Pipeline:
    from pipelines_client.delivery.pipeline import Pipeline

    legs, wants = settings.destinations(), teller.wants_records
    return Pipeline(settings, legs, stages, on_delivery=teller.tell, wants_records=wants, oauth=oauth)
