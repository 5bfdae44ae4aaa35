"""`Client`: upstream's client with another way out: build → check → route → append → wake.

Subclasses `segment.analytics.client.Client`, so that `isinstance` checks, signatures and argument checks hold: upstream
builds the call's dict, `_enqueue` takes it from there. Beyond upstream's AssertionErrors for misuse nothing is ever
raised into the caller.
"""

from __future__ import annotations

import functools
import logging
import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from segment.analytics.client import require
from segment.analytics.version import VERSION as _SEGMENT_VERSION

from pipelines_client.client.calls import Call, Calls, Taken
from pipelines_client.client.upstream import ConsumerView, QueueView, api_error, check_durations, oauth_manager
from pipelines_client.clock import monotonic_s, utc_now_ms
from pipelines_client.log import LOGGER_NAME, CallSites, logger
from pipelines_client.message import build as messages
from pipelines_client.signals import let_through
from pipelines_client.state.ledger import DeliveryRecord, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

    from pipelines_client.config import Region, Settings
    from pipelines_client.delivery.callbacks import Callbacks
    from pipelines_client.delivery.pipeline import FlushResult, Pipeline
    from pipelines_client.delivery.sending.fates import Delivery
    from pipelines_client.routing.plan import Plan
    from pipelines_client.routing.watch import StageWatch

OnError = Callable[[Exception, list[Call]], object]
BeforeSend = Callable[[Call], Call | None]
OnDelivery = Callable[[Sequence[DeliveryRecord]], object]

_LIBRARY = {"name": "analytics-python", "version": _SEGMENT_VERSION}  # as upstream says it: dashboards filter on it
_call_sites = CallSites()


class Client(Calls):
    """A client for Customer.io Data Pipelines and, while you migrate, for the legacy Segment source.

    Upstream's parameters come first, in upstream's order; `write_key` and `host` are Customer.io's. Ours are
    keyword-only. None means "not set here": the `PIPELINES_…` variable decides, else the default (`Settings`).

    Raises:
        AssertionError: `write_key` is no text (as upstream), here and in the environment.
        ConfigError: Settings contradict each other: a key and a host of two regions, a stage without its key.
    """

    log = logging.getLogger(LOGGER_NAME)

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
        timeout: float | None = None,
        proxies: Mapping[str, str] | None = None,
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
        *,
        region: Region | None = None,
        segment_write_key: str | None = None,
        segment_host: str | None = None,
        segment_region: Region | None = None,
        segment_integrations: Mapping[str, Any] | str | None = None,
        stage: str | None = None,
        stage_file: str | Path | None = None,
        state_dir: str | Path | None = None,
        spool: str | None = None,
        on_delivery: OnDelivery | None = None,
        before_send: BeforeSend | None = None,
        **more: Any,
    ) -> None:
        from pipelines_client.config import Settings

        _import_all()
        given = {name: value for name, value in locals().items() if name in Settings.model_fields}
        self.settings = settings = Settings.load(**given, **more)
        require("write_key", settings.write_key and settings.write_key.get_secret_value(), str)
        check_durations(max_total_backoff_duration, max_rate_limit_duration)
        self._set_upstream_attributes(host, on_error, max_total_backoff_duration, max_rate_limit_duration)
        self._start_logging(log_handler)
        self.replaced: Counter[str] = Counter()
        """Values that had no JSON form, and naive timestamps, by kind."""
        self.not_taken: Counter[str] = Counter()
        """Calls that were answered `(False, call)`, by reason."""
        self._before_send = before_send
        self._stages = settings.stage_watch()
        self._pipeline = _make_pipeline(
            settings, self._stages, on_error=on_error or None, on_delivery=on_delivery, oauth=self.oauth_manager
        )
        # Not at exit: the pipelines end there themselves, within one budget for all.
        weakref.finalize(self, self._pipeline.retire).atexit = False

    def __repr__(self) -> str:
        plan = self._stages.plan()
        return f"<pipelines_client.Client stage={plan.name} legs={'+'.join(plan.legs)}>"

    # Waiting

    def flush(self, timeout: float | None = None) -> FlushResult:
        """Deliver what is there; return when it is delivered, when no leg can, or after `timeout` seconds.

        A leg that is paused, and one that does not count at this stage and has failed for three seconds, is not waited
        for: its messages stay on disk and go when it answers again.

        Returns:
            What still waits, by leg; true if nothing does. It stays on disk and goes when it can.
        """
        return self._pipeline.flush(timeout)

    def join(self) -> None:
        """Stop sending after the request in flight. What is left stays; the next call starts it again."""
        self._pipeline.stop()

    def shutdown(self, timeout: float | None = None) -> FlushResult:
        """Flush, then stop, both within `timeout` seconds. The client may still be used afterwards: it starts again."""
        until = None if timeout is None else monotonic_s() + timeout
        left = self.flush(timeout)
        self._pipeline.stop(None if until is None else max(0.0, until - monotonic_s()))
        return left

    async def aflush(self, timeout: float | None = None) -> FlushResult:
        """Flush without blocking the event loop."""
        import asyncio  # a seventh of the time that importing us takes: for those who have it anyway

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

    # Upstream's windows, to look through

    @property
    def queue(self) -> QueueView:
        """What waits, as upstream's queue shows it; read-only."""
        return QueueView(self._pipeline, maxsize=self.settings.max_queue_size or 0)

    @property
    def consumers(self) -> list[ConsumerView] | None:
        """The senders, as upstream's consumers show themselves; read-only; None in `sync_mode`."""
        return None if self.settings.sync_mode else [ConsumerView(self._pipeline, self.settings)]

    # The way of a message

    def _enqueue(self, msg: Call) -> Taken:
        try:
            built = messages.build(msg, library=_LIBRARY, now_ms=utc_now_ms())
            if built.notes:
                self._say_replaced(built.notes)
            if not self.settings.send:
                return len(built.message.body) <= self.settings.max_message_bytes, built.call
            plan = self._stages.plan()
            skips = plan.route(built.message, built.call)
            if self._before_send is not None:
                built, skips = self._changed(built, skips, plan, self._before_send)
            reason = self._pipeline.take(built.message, skips, plan)
            if reason is not None:
                self.not_taken[reason] += 1
                return False, built.call
            if built.message.type == "alias":
                self._stages.note(built.message, built.call)
            if self.settings.sync_mode:
                self._pipeline.flush(self.settings.timeout)
        except AssertionError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in here, it is not the caller's
            let_through(error)
            self.not_taken["internal_error"] += 1
            logger().error("message_dropped", reason="internal_error", count=1, error=type(error).__name__)
            return False, msg
        return True, built.call

    def _changed(
        self, built: messages.Built, skips: Mapping[str, str], plan: Plan, before_send: BeforeSend
    ) -> tuple[messages.Built, Mapping[str, str]]:
        """Return what the application's hook makes of a message, the same if it fails, and what skips that."""
        try:
            call = before_send(orjson.loads(built.message.body))
            if call is None:
                return built, dict.fromkeys(plan.legs, "before_send")
            changed = messages.build(call, library=_LIBRARY, now_ms=utc_now_ms())
        except Exception as error:  # noqa: BLE001 - the application's; the message goes as it was
            let_through(error)
            self.replaced["before_send_failed"] += 1
            site = _call_sites.first("before_send_failed")
            if site is not None:
                logger().error("hook_failed", hook="before_send", error=type(error).__name__, site=site)
            return built, skips
        return changed, plan.route(changed.message, changed.call)

    def _say_replaced(self, notes: Mapping[str, int]) -> None:
        self.replaced.update(notes)
        for kind in notes:
            site = _call_sites.first(kind)
            if site is not None:
                logger().warning(
                    "value_replaced" if kind != "naive_timestamp" else "naive_timestamp_read_as_utc",
                    kind=kind,
                    site=site,
                )

    def _set_upstream_attributes(
        self,
        host: str | None,
        on_error: OnError | None,
        max_total_backoff_duration: float | None,
        max_rate_limit_duration: float | None,
    ) -> None:
        """Set what code written for upstream may read."""
        settings, defaults = self.settings, Calls.DefaultConfig
        self.write_key = settings.write_key.get_secret_value() if settings.write_key else None
        self.host = host or settings.host
        self.on_error = on_error
        self.debug, self.send, self.sync_mode = settings.debug, settings.send, settings.sync_mode
        self.gzip, self.timeout, self.proxies = settings.gzip, settings.timeout, settings.proxies
        self.max_total_backoff_duration = max_total_backoff_duration or defaults.max_total_backoff_duration
        self.max_rate_limit_duration = max_rate_limit_duration or defaults.max_rate_limit_duration
        self.oauth_manager = oauth_manager(settings)

    def _start_logging(self, handler: logging.Handler | None) -> None:
        if handler:
            self.log.addHandler(handler)
        if self.settings.debug:
            self.log.setLevel(logging.DEBUG)
            if not handler and not self.log.handlers:
                self.log.addHandler(logging.StreamHandler())


@functools.cache
def _import_all() -> None:
    """Import what calls and senders need later.

    A fork that catches another thread inside a first import leaves the child with a lock that nobody opens.
    """
    import encodings.idna  # noqa: F401 - the first look-up of a host needs it

    import dateutil.parser  # noqa: F401
    import rfc8785  # noqa: F401
    import segment.analytics.request  # noqa: F401

    from pipelines_client.delivery import metrics

    metrics.load()
    logger()


def _make_pipeline(
    settings: Settings, stages: StageWatch, *, on_error: OnError | None, on_delivery: OnDelivery | None, oauth: Any
) -> Pipeline:
    from pipelines_client.delivery.pipeline import Pipeline

    def tell(delivery: Delivery, callbacks: Callbacks) -> None:
        """Hand on what became of messages; holds no client, so that a client can be let go."""
        if on_delivery is not None:
            records = [record for record, _ in delivery.records(*Outcome)]
            callbacks.run(lambda: on_delivery(records))
        if on_error is not None and delivery.leg == stages.plan().authoritative:
            failed = [orjson.loads(body) for body in delivery.bodies(Outcome.REJECTED, Outcome.DROPPED)]
            if failed:
                callbacks.run(lambda: on_error(api_error(delivery), failed))

    destinations = settings.destinations()
    return Pipeline(settings, destinations, stages, tell=tell, tells_records=on_delivery is not None, oauth=oauth)
