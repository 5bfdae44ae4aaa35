"""The seam where each message is looked at before it is taken: by the tracking plan and for privacy (docs/adr/0025).

The order is fixed: build → `before_send` → checks → route → append. What is checked is what is sent. The checks run one
after the other, in the order of `checks_for`; each sees what the one before it made of the call. One more check is one
more class with `MessageCheck`'s methods and a line in `checks_for`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, get_args

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.client.findings import CheckFinding, Examined, Settle
from pipelines_client.errors import ConfigError, PlanViolationError
from pipelines_client.keywords import CheckMode
from pipelines_client.log import CallSites, logger
from pipelines_client.message import build as messages
from pipelines_client.signals import let_through

if TYPE_CHECKING:
    from pipelines_client.client.calls import CallDict
    from pipelines_client.config import Settings
    from pipelines_client.privacy.guard import Guard

_SEVERITY: Final[tuple[CheckMode, ...]] = get_args(CheckMode)
"""The modes, the mildest first."""
_call_sites = CallSites()
_MADE: Final = ("messageId", "timestamp")


class CheckedMessage(NamedTuple):
    """The message to send, the reason for which it must not be taken, if there is one, and what then waits to hear."""

    built: messages.Built
    reason: str | None = None
    settles: Sequence[Settle] = ()

    def settle(self, *, is_taken: bool) -> None:
        """Tell the checks whether the message was taken."""
        for settle in self.settles:
            settle(is_taken)


class MessageCheck(Protocol):
    """Looks at each message of one client. It changes nothing that it is given, and keeps no value.

    An exception of a check is counted and logged by its type, and the message goes out as it was.
    """

    name: str
    """One word for counts, reasons and the log: `plan`, `privacy`."""

    def is_clean(
        self, kind: str, fields: Mapping[str, Any], payload: Mapping[str, Any] | None, context: Mapping[str, Any] | None
    ) -> bool:
        """Return whether `examine` would find and change nothing; False also if that is too dear to say.

        The express way asks it for each ordinary call, and leaves the call to the usual way on False.

        Args:
            kind: Type of the call: `track`, ...
            fields: All fields of the call by their names on the wire: `userId`, `event`, `messageId`, ...
            payload: Properties or traits; None for an alias.
            context: The context.
        """
        ...

    def examine(self, call: CallDict, made: frozenset[str]) -> Examined:
        """Return what is to be sent, and all that was found, in the order of the call.

        Args:
            call: The fields of the call by their names on the wire.
            made: Which of `messageId` and `timestamp` the client made, since the caller gave none.
        """
        ...


class Checks:
    """The checks of one client, in their order, with what they found.

    Args:
        checks: The checks; at least one.
        found: Counts findings by check and code: `privacy:card`; and failures of a check: `privacy:failed`.
    """

    def __init__(self, checks: Sequence[MessageCheck], found: Counter[str]) -> None:
        self._checks = tuple(checks)
        self._found = found

    def is_clean(self, call: CallDict) -> bool:
        """Return whether no check would find or change anything; never raises."""
        kind, context = call["type"], call["context"]
        payload = call.get(PAYLOAD_FIELD.get(kind, ""))
        try:
            for check in self._checks:
                if not check.is_clean(kind, call, payload, context):
                    return False
        except Exception as error:  # noqa: BLE001 - the usual way asks again, and counts it
            let_through(error)
            return False
        return True

    def examine(self, built: messages.Built, given: Mapping[str, Any]) -> CheckedMessage:
        """Return the message to send, and the reason for which it must not be taken, if there is one.

        Args:
            built: The message.
            given: The call as the caller made it: what is null there, the client made.

        Raises:
            PlanViolationError: A finding has the mode `raise`.
        """
        call, worst = built.call, None
        made = frozenset(name for name in _MADE if given.get(name) is None)
        settles: list[Settle] = []
        for check in self._checks:
            try:
                examined = check.examine(call, made)
                if examined.settle is not None:
                    settles.append(examined.settle)
                changed = built if examined.call is call else messages.rewritten(built, examined.call)
            except Exception as error:  # noqa: BLE001 - a check must not cost a message
                let_through(error)
                self._say_failed(check, error)
                continue
            built, call = changed, examined.call
            worst = self._noted(check, examined.findings, worst)
        if worst is None:
            return CheckedMessage(built, None, settles)
        reason, finding = worst
        if finding.mode == "raise":
            CheckedMessage(built, None, settles).settle(is_taken=False)
            hint = f" ({finding.hint})" if finding.hint else ""
            raise PlanViolationError(f"{reason} at {finding.path or 'the call'}{hint}: its mode is `raise`")
        return CheckedMessage(built, reason if finding.mode == "reject" else None, settles)

    def _noted(
        self, check: MessageCheck, findings: Iterable[CheckFinding], worst: tuple[str, CheckFinding] | None
    ) -> tuple[str, CheckFinding] | None:
        """Count and log what was found; return the finding with the hardest mode so far, the first of its like."""
        for finding in findings:
            if finding.mode == "off":
                continue
            reason = f"{check.name}:{finding.code}"
            self._found[reason] += 1
            site = _call_sites.first(reason)
            if site is not None:
                hint = {"hint": finding.hint} if finding.hint else {}
                logger().warning(
                    "violation_found", check=reason, mode=finding.mode, path=finding.path, **hint, site=site
                )
            if worst is None or _SEVERITY.index(finding.mode) > _SEVERITY.index(worst[1].mode):
                worst = reason, finding
        return worst

    def _say_failed(self, check: MessageCheck, error: Exception) -> None:
        kind = f"{check.name}:failed"
        self._found[kind] += 1
        site = _call_sites.first(kind)
        if site is not None:
            logger().error("check_failed", check=check.name, error=type(error).__name__, site=site)


class _PrivacyCheck:
    """What the guard finds, as the seam has it."""

    name = "privacy"

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def is_clean(self, kind: str, fields: Mapping[str, Any], payload: object, context: object) -> bool:  # noqa: ARG002
        return self._guard.is_clean(fields)

    def examine(self, call: CallDict, made: frozenset[str]) -> Examined:  # noqa: ARG002
        looked = self._guard.examine(call)
        return Examined(looked.call, [CheckFinding(*hit) for hit in looked.hits])


def _privacy_check(table: Mapping[str, Any]) -> MessageCheck:
    try:
        from pipelines_client.privacy.guard import Guard
    except ImportError as error:
        cure = "pip install 'pipelines-client[privacy]'"
        raise ConfigError(f"privacy (or PIPELINES_PRIVACY) needs the package {error.name}: {cure}") from None
    return _PrivacyCheck(Guard(table))


def checks_for(settings: Settings, found: Counter[str]) -> Checks | None:
    """Return the checks that the settings ask for, the tracking plan's before privacy's; None if they ask for none.

    What a check needs is imported here, when the client is made, and only if it is asked for.

    Raises:
        ConfigError: The plan cannot be read, or an extra is missing; the text names the file or the extra.
    """
    checks: list[MessageCheck] = []
    if settings.plan is not None:
        from pipelines_client.client.plan_check import plan_check

        checks.append(plan_check(settings.plan, settings))
    if settings.privacy is not None:
        checks.append(_privacy_check(settings.privacy))
    return Checks(checks, found) if checks else None
