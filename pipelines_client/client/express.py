"""The express way of an ordinary call: one function from the caller's arguments to the spool (docs/adr/0023).

It does what the usual way does (upstream's method, `Client._enqueue`, `build`, `Plan.route`, `Pipeline.take`) for calls
that none of them would change or refuse, in a third of the steps. It returns None before anything has happened, and the
call goes the usual way, if

- the call is odd: it brings a time, `integrations` or a message id, an id or name that is not text, a value that is not
  plain JSON, an event name that a leg may not get, too many bytes, or it lacks a person or a name;
- a check of the tracking plan or of privacy finds something in it, or would change it;
- something has changed: `send` or `sync_mode` was set, `_enqueue` replaced, the process forked, another plan is in
  force, another spool is ours or an adopted one beside it;
- the spool is full, or cannot be written.

What holds for the whole life of a client, or as long as a plan, is asked once, by `express_for`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from pipelines_client.clock import iso_of_ms, utc_now_ms
from pipelines_client.delivery.spool.entry import stamp_before
from pipelines_client.errors import PipelinesError
from pipelines_client.log import logger
from pipelines_client.message.build import Message, write_plain
from pipelines_client.message.ids import make_id
from pipelines_client.signals import let_through

if TYPE_CHECKING:
    from pipelines_client.client.calls import CallDict, Taken
    from pipelines_client.client.checks import Checks
    from pipelines_client.client.client import Client
    from pipelines_client.delivery.pipeline import Pipeline
    from pipelines_client.routing.watch import StageWatch

Own = tuple[Any, Any, Any]
"""A call's `timestamp`, `integrations` and `message_id`."""
Express = Callable[["Client", str, Own, Any, Any, "CallDict"], "Taken | Literal[False] | None"]
"""Takes a call: the client, the type, what is its own, context, payload, ids and names by field. None: the call goes
the usual way; False: all do, until there is another express way."""

_FIELDS = {
    "identify": "integrations anonymousId timestamp context type userId traits messageId",
    "track": "integrations anonymousId properties timestamp context userId type event messageId",
    "alias": "integrations previousId timestamp context userId type messageId",
    "group": "integrations anonymousId timestamp groupId context userId traits type messageId",
    "page": "integrations anonymousId properties timestamp category context userId type name messageId",
    "screen": "integrations anonymousId properties timestamp category context userId type name messageId",
}
_FORMS: dict[str, CallDict] = {kind: {**dict.fromkeys(names.split()), "type": kind} for kind, names in _FIELDS.items()}
"""The fields of each call in upstream's order, which is that of the bytes."""
_TEXTS, _OBJECTS = frozenset((str, type(None))), frozenset((dict, type(None)))
_getpid, _new = os.getpid, tuple.__new__


def express_for(  # noqa: C901 - as `take`
    pipeline: Pipeline, stages: StageWatch, checks: Checks | None, *, library: dict[str, str]
) -> Express | None:
    """Return the express way through a pipeline as it is now; None if it has none, or each message has to be routed.

    Args:
        pipeline: The pipeline.
        stages: Its stages.
        checks: What looks at each message; None if nothing does.
        library: The context's `library`.
    """
    steady, plan = pipeline.steady(), stages.plan()
    pid, lanes, bounds, keeps_facts, start = steady
    only = lanes.copy()
    if len(only) != 1 or plan.usual is None:
        return None
    lane = only[0]
    max_message_bytes, max_bytes = bounds.max_message_bytes, bounds.max_bytes
    max_count = sys.maxsize if bounds.max_count is None else bounds.max_count
    skips, held_names = plan.usual
    spool, senders, leg = lane.spool, tuple(lane.senders.values()), plan.authoritative
    stamp = stamp_before(plan.name) if keeps_facts else b""

    def take(  # noqa: C901, PLR0911, PLR0912 - one function, read from top to bottom: each call into another costs it
        client: Client, kind: str, own: Own, context: Any, payload: Any, given: CallDict
    ) -> Taken | Literal[False] | None:
        # Is all as it was?
        if not client.send or client.sync_mode or stages.plan() is not plan or _getpid() != pid:
            return False
        if lanes != only or spool.is_lost:
            return False
        # Is it an ordinary call?
        if not (own[0] is own[1] is own[2] is None and _TEXTS.issuperset(map(type, given.values()))):
            return None
        user_id, anonymous_id, group_id, event = given["userId"], given.get("anonymousId"), given.get("groupId"), None
        if kind == "track":
            event = given["event"]
            is_whole = (user_id or anonymous_id) and event is not None and event.strip() not in held_names
        elif kind == "alias":
            is_whole = user_id and given["previousId"]
        else:
            event = given.get("name")
            is_whole = (user_id or anonymous_id) and (kind != "group" or group_id)
        if not (is_whole and type(payload) in _OBJECTS and type(context) in _OBJECTS):
            return None
        # It becomes a message.
        now_ms = utc_now_ms()
        at, message_id = iso_of_ms(now_ms), make_id(now_ms)
        call = {**_FORMS[kind], **given, "integrations": {}, "timestamp": f"{at[:-1]}+00:00", "messageId": message_id}
        written = write_plain(call, context, payload, library)
        if written is None or (checks is not None and not checks.is_clean(call)):
            return None
        # There is room for it, and it goes into the spool.
        body, payload_bytes = written
        size, (seq, passed) = len(body), spool.place(leg)
        if (
            size > max_message_bytes
            or spool.total_bytes + size - passed > max_bytes
            or spool.last_seq - seq >= max_count
        ):
            return None
        fields = message_id, kind, event, user_id, anonymous_id, group_id, at, at, body, payload_bytes
        message = _new(Message, fields)
        try:
            spool.append(b'%b%b"' % (stamp, at.encode()) if stamp else b"", body, skips, message if stamp else None)
        except (OSError, PipelinesError) as error:  # it is not there: the usual way tries again, or says why not
            let_through(error)
            return False
        try:  # it is there, and the call has to say so
            for sender in senders:
                sender.appended()
                if not sender.is_running:
                    start(lane)
            if kind == "alias":
                stages.note(message, call)
        except Exception as error:  # noqa: BLE001 - as `Client._take`
            let_through(error)
            logger().error("follow_up_failed", error=type(error).__name__)
        return True, call

    return take
