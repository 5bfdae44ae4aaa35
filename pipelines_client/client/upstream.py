"""What code written for upstream expects to find: its queue, its consumers, its errors, its OAuth."""

from __future__ import annotations

from numbers import Number
from typing import TYPE_CHECKING, Any

from pipelines_client.signals import is_from_signal

if TYPE_CHECKING:
    from pipelines_client.config import Settings
    from pipelines_client.delivery.pipeline import Pipeline
    from pipelines_client.delivery.sending.fates import Delivery


class QueueView:
    """What waits, in the words of `queue.Queue`. `maxsize` is in messages; 0: no limit but that of bytes."""

    def __init__(self, pipeline: Pipeline, *, maxsize: int) -> None:
        self._pipeline = pipeline
        self.maxsize = maxsize

    def qsize(self) -> int:
        """Return how many messages wait on the leg that has most of them."""
        return max(self._pipeline.pending().values(), default=0)

    def empty(self) -> bool:
        """Return whether nothing waits."""
        return self.qsize() == 0

    def full(self) -> bool:
        """Return whether `maxsize` is reached."""
        return bool(self.maxsize) and self.qsize() >= self.maxsize

    def join(self) -> None:
        """Flush."""
        self._pipeline.flush()


class ConsumerView:
    """The senders, in the words of upstream's `Consumer`."""

    def __init__(self, pipeline: Pipeline, settings: Settings) -> None:
        self._pipeline = pipeline
        self.retries = settings.max_retries
        self.timeout = settings.timeout
        self.upload_size = settings.upload_size
        self.upload_interval = settings.upload_interval
        self.gzip = settings.gzip
        self.proxies = settings.proxies
        self.host = settings.host

    @property
    def running(self) -> bool:
        """Whether a sender runs."""
        return self.is_alive()

    def is_alive(self) -> bool:
        """Return whether a sender's thread runs; none does before the first message."""
        return self._pipeline.is_running

    def pause(self) -> None:
        """Stop sending, as `Client.join` does."""
        self._pipeline.stop()


def redact(error: Exception) -> None:
    """Return if an exception of upstream's calls may go as it is.

    Raises:
        AssertionError: In its place: upstream's without the offending value in its text, or one for other misuse.
    """
    if type(error) is AssertionError and ", got: " in str(error):
        text, _, value = str(error).partition(", got: ")
        raise AssertionError(f"{text}, got: {'None' if value == 'None' else 'something else'}") from None
    if _is_of_reading(error):
        raise AssertionError(f"an argument is of a type that cannot be read ({type(error).__name__})") from None


def _is_of_reading(error: Exception) -> bool:
    """Say whether an argument's own methods fail: `bool()` of an array, an id that has no text.

    Anything else is no word about the arguments: a time limit that the application's job runner raises in the middle
    of a call, from a signal or otherwise. It goes on to the application as it is.
    """
    if isinstance(error, (AssertionError, OSError)):
        return False
    return type(error).__module__ == "builtins" and not is_from_signal(error)


def as_id(value: Any) -> Any:
    """Make text of a number, so that 0 is an id like any other; leave the rest to upstream's checks."""
    if value is None or type(value) is str:
        return value
    return str(value) if isinstance(value, Number) and not isinstance(value, bool) else value


def check_durations(max_total_backoff_duration: float | None, max_rate_limit_duration: float | None) -> None:
    """Refuse what upstream refuses; neither ends a retry here."""
    for name, value in (
        ("max_total_backoff_duration", max_total_backoff_duration),
        ("max_rate_limit_duration", max_rate_limit_duration),
    ):
        if value is not None and value < 0:
            raise ValueError(f"{name} must be a non-negative number")


def oauth_manager(settings: Settings) -> Any:
    """Return upstream's own OAuth manager if its three settings are there: Segment's leg uses it."""
    if not (settings.oauth_client_id and settings.oauth_client_key and settings.oauth_key_id):
        return None
    from segment.analytics.oauth_manager import OauthManager

    return OauthManager(
        settings.oauth_client_id,
        settings.oauth_client_key.get_secret_value(),
        settings.oauth_key_id,
        settings.oauth_auth_server,
        settings.oauth_scope,
        settings.timeout,
        settings.max_retries,
    )


def api_error(delivery: Delivery) -> Exception:
    """Return what upstream's `on_error` receives."""
    from segment.analytics.request import APIError

    from pipelines_client.destinations.base import ApiAnswer, Decision

    verdict = delivery.answer or ApiAnswer(Decision.SPLIT, "dropped", 0, "given up before it was sent")
    error: Exception = APIError(verdict.status, verdict.reason, verdict.words)
    return error
