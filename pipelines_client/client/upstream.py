"""What code written for upstream expects to find: its queue, its consumers, its errors, its OAuth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from segment.analytics.client import ID_TYPES, require

from pipelines_client.client.typed import traits_of
from pipelines_client.message.converters import text_of
from pipelines_client.signals import is_from_signal

if TYPE_CHECKING:
    from pipelines_client.config import Settings
    from pipelines_client.delivery.pipeline import Pipeline


class Fixed:
    """An attribute that upstream's client has and that is decided when ours is made: a later assignment is an error."""

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    def __get__(self, client: Any, _: type | None = None) -> Any:
        if client is None:
            return self
        return vars(client)[self._name]

    def __set__(self, client: Any, value: object) -> None:
        if vars(client).setdefault(self._name, value) != value:
            raise AttributeError(
                f"{self._name} cannot change after the client was made: make a new Client({self._name}=…)"
            )


class QueueView:
    """The waiting messages, with the methods of `queue.Queue`. `maxsize` counts messages; 0 means no limit."""

    def __init__(self, pipeline: Pipeline, *, maxsize: int) -> None:
        self._pipeline = pipeline
        self.maxsize = maxsize

    def qsize(self) -> int:
        """Return the number of waiting messages of the leg that has the most."""
        return max(self._pipeline.pending().values(), default=0)

    def empty(self) -> bool:
        """Return whether no message waits."""
        return self.qsize() == 0

    def full(self) -> bool:
        """Return whether `maxsize` is reached."""
        return bool(self.maxsize) and self.qsize() >= self.maxsize

    def join(self) -> None:
        """Flush."""
        self._pipeline.flush()

    def get(self, *_: object, **__: object) -> Any:
        """Refuse: what waits is on disk, for each leg.

        Raises:
            NotImplementedError: The text names what to use instead.
        """
        raise NotImplementedError(f"the client has no queue in memory: {_INSTEAD_OF_GET}")

    def put(self, *_: object, **__: object) -> None:
        """Refuse: a message enters by its call.

        Raises:
            NotImplementedError: The text names what to use instead.
        """
        raise NotImplementedError("the client has no queue in memory: call track, identify, … to send a message")

    get_nowait, put_nowait = get, put


_INSTEAD_OF_GET = "read messages in on_delivery, or in a test from the sandbox (docs/testing.md)"


class ConsumerView:
    """The senders, with the attributes of upstream's `Consumer`."""

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
        """Return whether a sender's thread runs. The first message starts it."""
        return self._pipeline.is_running

    def pause(self) -> None:
        """Stop sending, as `Client.join` does."""
        self._pipeline.stop()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the senders have stopped, as upstream's thread does after `pause`."""
        self._pipeline.stop(timeout)

    def upload(self) -> bool:
        """Send what waits now; return whether nothing is left."""
        return bool(self._pipeline.flush())


def redact(error: Exception) -> None:
    """Return if an exception of upstream's calls may be raised into the caller unchanged.

    Raises:
        AssertionError: Replaces it otherwise: upstream's text without the offending value, or a text for other misuse.
    """
    if type(error) is AssertionError and ", got: " in str(error):
        text, _, value = str(error).partition(", got: ")
        raise AssertionError(f"{text}, got: {'None' if value == 'None' else 'something else'}") from None
    if error.__traceback__ is None or error.__traceback__.tb_next is None:  # no line of a call has run
        raise AssertionError(str(error)) from None  # Python's text: it names an argument, and no value
    if _is_from_argument(error):
        raise AssertionError(f"an argument has a type that cannot be read ({type(error).__name__})") from None


def _is_from_argument(error: Exception) -> bool:
    """Return whether an argument's own methods failed: `bool()` of an array, `str()` of an id.

    Other exceptions do not concern the arguments, for instance a time limit that a job runner raises from a signal in
    the middle of a call. They reach the application unchanged.
    """
    if isinstance(error, (AssertionError, OSError)):
        return False
    return type(error).__module__ == "builtins" and not is_from_signal(error)


def as_text(value: Any) -> Any:
    """Return the text of a name that is a subclass of `str` or a proxy for one; leave all else to upstream's checks."""
    return text_of(value) if type(value) is not str and isinstance(value, str) else value


def as_dict(value: Any) -> Any:
    """Return a mapping, or typed traits, as the dict that upstream demands; leave all else to upstream's checks."""
    if value is None or isinstance(value, dict):
        return value
    return dict(value.items()) if isinstance(value, Mapping) else traits_of(value)


def require_id(name: str, value: Any) -> None:
    """Refuse an id that is missing or empty, as upstream refuses a missing one."""
    require(name, value or None, ID_TYPES)


def check_durations(max_total_backoff_duration: float | None, max_rate_limit_duration: float | None) -> None:
    """Raise upstream's ValueError for a negative duration. Neither duration limits the retries of this client."""
    for name, value in (
        ("max_total_backoff_duration", max_total_backoff_duration),
        ("max_rate_limit_duration", max_rate_limit_duration),
    ):
        if value is not None and value < 0:
            raise ValueError(f"{name} must be a non-negative number")


def oauth_manager(settings: Settings) -> Any:
    """Return upstream's OAuth manager for Segment's leg; None unless its three settings are there."""
    if not (settings.oauth_client_id and settings.oauth_client_key and settings.oauth_key_id):
        return None
    from segment.analytics.oauth_manager import OauthManager

    from pipelines_client.destinations.segment import Segment

    server = Segment.oauth_server(host=settings.segment_host, region=settings.segment_region)
    return OauthManager(
        settings.oauth_client_id,
        settings.oauth_client_key.get_secret_value(),
        settings.oauth_key_id,
        settings.oauth_auth_server or server,
        settings.oauth_scope,
        settings.timeout,  # pyright: ignore[reportArgumentType]  # inferred from a default; any number of seconds will do
        settings.max_retries,
    )
