"""Tells people of a verdict, through apprise: Slack, PagerDuty, Teams, mail and a hundred others.

Told is what is new: a failure, an inconclusive run, and the pass after either; each once, however often parity runs.
What each receiver was told last is in a small file. A receiver that could not be told hears of it after the next run.

The addresses carry keys: none is printed, logged or stored, here or by apprise. The file knows a receiver by a hash.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines_client.errors import ConfigError
from pipelines_client.files import replace_file
from pipelines_client.parity.model import Verdict
from pipelines_client.parity.render.message import render_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipelines_client.parity.model import ParityReport

STATE_FILE = "parity-notified.json"
"""Where it stands what was told, unless another file is named: beside the history, or in the working directory."""

_HASH_CHARACTERS = 16
_KINDS = {Verdict.FAIL: "failure", Verdict.INCONCLUSIVE: "warning", Verdict.PASS: "success"}


class Receiver(NamedTuple):
    """Someone to be told; `name` is safe to print, `key` tells it from others in the file."""

    name: str
    key: str
    service: Any


class Told(BaseModel):
    """What each receiver was told last, by its key."""

    model_config = ConfigDict(extra="forbid")

    receivers: dict[str, Verdict] = {}


def read_receivers(addresses: Sequence[str]) -> list[Receiver]:
    """Return who the addresses name.

    Raises:
        ConfigError: apprise is not installed, or it does not know an address; which one is said by its place.
    """
    try:
        with _silence():
            import apprise

            services = [apprise.Apprise.instantiate(address) for address in addresses]
    except ModuleNotFoundError:
        raise ConfigError("--notify needs more packages: pip install 'pipelines-client[notify]'") from None
    receivers = []
    for place, (address, service) in enumerate(zip(addresses, services, strict=True), 1):
        if not service:
            raise ConfigError(
                f"address {place} of {len(addresses)} to notify is none that apprise knows (not shown: it may hold a"
                " key); such as json://host/path, slack://…, pagerduty://…, msteams://…, mailto://…"
            )
        key = sha256(address.encode()).hexdigest()[:_HASH_CHARACTERS]
        receivers.append(Receiver(f"{service.service_name} (address {place} of {len(addresses)})", key, service))
    return receivers


def is_news(last: Verdict | None, now: Verdict) -> bool:
    """Say whether a verdict is worth telling who was told `last`, None for nothing: a pass only ends something."""
    return now is not last and (now is not Verdict.PASS or last is not None)


def notify(report: ParityReport, receivers: Sequence[Receiver], state: Path) -> list[str]:
    """Tell the receivers for whom the verdict is news, and remember it.

    Returns:
        What did not work, a line each, without an address. Nothing is raised: the verdict stands whoever hears of it.
    """
    told = _read(state)
    message = render_message(report)
    problems = []
    for receiver in receivers:
        if not is_news(told.receivers.get(receiver.key), report.verdict):
            continue
        if _send(receiver, message.title, message.body, _KINDS[report.verdict]):
            told.receivers[receiver.key] = report.verdict
        else:
            problems.append(f"{receiver.name} could not be notified; the next run tries again")
    try:
        replace_file(state, told.model_dump_json(indent=2).encode() + b"\n")
    except OSError as error:
        problems.append(f"{state}: cannot be written ({error.strerror}): the next run tells again what was told now")
    return problems


def _send(receiver: Receiver, title: str, body: str, kind: str) -> bool:
    with _silence():
        import apprise

        told = apprise.Apprise(receiver.service)
        try:
            return bool(told.notify(title=title, body=body, notify_type=kind, body_format=apprise.NotifyFormat.TEXT))
        except Exception:  # noqa: BLE001 - a service's own mistake; its text may hold the address
            return False


@contextmanager
def _silence() -> Iterator[None]:
    """Keep apprise's log from showing an address, which it does where one is broken."""
    logger = logging.getLogger("apprise")
    was_disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = was_disabled


def _read(state: Path) -> Told:
    """Return what was told; a file that is not there or broken is none: twice is better than never."""
    try:
        return Told.model_validate_json(state.read_bytes())
    except (OSError, ValidationError):
        return Told()
