"""Send the verdict of a run to people through apprise: Slack, PagerDuty, Teams, mail and a hundred others.

A receiver gets a message when the verdict changes: to fail, to inconclusive, and back to pass. A small file remembers
the last verdict that each receiver was sent. If a message cannot be sent, the next run tries again.

The addresses contain keys: neither this module nor apprise prints, logs or stores one. The file has a hash of each.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines_client.errors import ConfigError
from pipelines_client.files import read_regular, replace_file
from pipelines_client.parity.model import Verdict
from pipelines_client.parity.render.message import render_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipelines_client.parity.model import ParityReport

STATE_FILE = "parity-notified.json"
"""Default name of the file that remembers what each receiver was sent; it lies beside the history."""

_HASH_CHARACTERS = 16
_KINDS = {Verdict.FAIL: "failure", Verdict.INCONCLUSIVE: "warning", Verdict.PASS: "success"}


class Receiver(NamedTuple):
    """A receiver of messages. `name` is safe to print; `key` identifies it in the file."""

    name: str
    key: str
    service: Any


class LastSent(BaseModel):
    """The last verdict that each receiver was sent, by the receiver's key."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    receivers: dict[str, Verdict] = {}


def read_receivers(addresses: Sequence[str]) -> list[Receiver]:
    """Return the receivers at the addresses.

    Raises:
        ConfigError: apprise is not installed, or does not know an address; the error gives its position, not its text.
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
                f"--notify: apprise does not know address {place} of {len(addresses)} (not shown, it may contain a"
                " key); write an address such as json://host/path, slack://…, pagerduty://…, msteams://…, mailto://…"
            )
        key = sha256(address.encode()).hexdigest()[:_HASH_CHARACTERS]
        receivers.append(Receiver(f"{service.service_name} (address {place} of {len(addresses)})", key, service))
    return receivers


def is_news(last: Verdict | None, now: Verdict) -> bool:
    """Return whether to send a verdict to a receiver that was last sent `last`; a first pass is not sent."""
    return now is not last and (now is not Verdict.PASS or last is not None)


def notify(report: ParityReport, receivers: Sequence[Receiver], state: Path) -> list[str]:
    """Send the verdict to the receivers for which it is news, and remember it.

    Returns:
        A line for each problem, without an address. Nothing is raised: a failed message does not change the verdict.
    """
    sent = _read(state)
    message = render_message(report)
    problems = []
    for receiver in receivers:
        if not is_news(sent.receivers.get(receiver.key), report.verdict):
            continue
        if _send(receiver, message.title, message.body, _KINDS[report.verdict]):
            sent.receivers[receiver.key] = report.verdict
        else:
            problems.append(f"{receiver.name} could not be notified; the next run tries again")
    try:
        replace_file(state, sent.model_dump_json(indent=2).encode() + b"\n")
    except OSError as error:
        problems.append(f"{state}: cannot be written ({error.strerror}); the next run sends the same message again")
    return problems


def _send(receiver: Receiver, title: str, body: str, kind: str) -> bool:
    with _silence():
        import apprise

        sender = apprise.Apprise(receiver.service)
        try:
            return bool(sender.notify(title=title, body=body, notify_type=kind, body_format=apprise.NotifyFormat.TEXT))
        except Exception:  # noqa: BLE001 - whatever a service raises; the text may contain the address
            return False


@contextmanager
def _silence() -> Iterator[None]:
    """Turn off apprise's log, which shows an address that is broken."""
    logger = logging.getLogger("apprise")
    was_disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = was_disabled


def _read(state: Path) -> LastSent:
    """Return what the file remembers; nothing if it is missing or broken: twice is better than never."""
    try:
        return LastSent.model_validate_json(read_regular(state))
    except (OSError, ValidationError):
        return LastSent()
