"""The express way of an ordinary call: one function from the caller's arguments to the spool (docs/adr/0023).

It does what the usual way does (upstream's method, `Client._enqueue`, `build`, `Plan.route`, `Pipeline.take`) for calls
that none of them would change or refuse, in a third of the steps. It returns None before anything has happened, and the
call goes the usual way, if

- the call is odd: it brings a time, `integrations` or a message id, an id or name that is not text, a value that is not
  plain JSON, an event name that a leg may not get, too many bytes, or it lacks a person or a name;
- a check of the tracking plan or of privacy finds something in it, or would change it;
- another method stands in for ours or upstream's, on the client, its class, or upstream's;
- the spool is full.

If something has changed (`send` or `sync_mode` was set, the process forked, another plan is in force, another spool is
ours or an adopted one beside it, the spool cannot be written), all calls go the usual way until one of them has made
another express way. What holds for the whole life of a client, or as long as a plan, is asked once, by `express_for`.
"""

from __future__ import annotations

import os
import sys
from types import MethodType
from typing import TYPE_CHECKING, Any

from segment.analytics.client import Client as _SegmentClient

from pipelines_client.client.calls import UPSTREAM, Calls
from pipelines_client.clock import iso_of_ms, utc_now_ms
from pipelines_client.delivery.spool.entry import stamp_before
from pipelines_client.errors import PipelinesError
from pipelines_client.log import logger
from pipelines_client.message.build import Message, write_plain
from pipelines_client.message.ids import make_id
from pipelines_client.signals import let_through

if TYPE_CHECKING:
    from pipelines_client.client.calls import CallDict, Express, Own, Taken
    from pipelines_client.client.checks import Checks
    from pipelines_client.client.client import Client
    from pipelines_client.delivery.pipeline import Pipeline
    from pipelines_client.routing.watch import StageWatch

_getpid, _new = os.getpid, tuple.__new__


def express_for(  # noqa: C901, PLR0915 - as `take`
    owner: Client,
    enqueue: Any,
    pipeline: Pipeline,
    stages: StageWatch,
    checks: Checks | None,
    *,
    library: dict[str, str],
) -> Express | None:
    """Return the express way through a pipeline as it is now; None if it has none, or each message has to be routed.

    Args:
        owner: Its client: it is not kept, only its class.
        enqueue: The function that the express way stands for, with upstream's methods: `Client._enqueue`.
        pipeline: The client's pipeline.
        stages: Its stages.
        checks: What looks at each message; None if nothing does.
        library: The context's `library`.
    """
    steady, plan = pipeline.steady(), stages.plan()
    pid, lanes, bounds, keeps_facts, start = steady
    only, order, theirs = lanes.copy(), type(owner).__mro__, vars(_SegmentClient)
    if len(only) != 1 or plan.usual is None or order[order.index(Calls) + 1] is not _SegmentClient:
        return None
    lane = only[0]
    max_message_bytes, max_bytes = bounds.max_message_bytes, bounds.max_bytes
    max_count = sys.maxsize if bounds.max_count is None else bounds.max_count
    skips, held_names = plan.usual
    spool, senders, leg = lane.spool, tuple(lane.senders.values()), plan.authoritative
    stamp = stamp_before(plan.name)

    def take(  # noqa: C901, PLR0911, PLR0912, PLR0915 - one function, read from top to bottom: each into another costs it
        client: Client,
        kind: str,
        own: Own,
        payload: Any,
        user_id: Any,
        anonymous_id: Any,
        name: Any,
        category: Any = None,
    ) -> Taken | None:
        call: CallDict = {"type": kind, "userId": user_id}
        try:
            # Is all as it was?
            is_same = client.send and not client.sync_mode and stages.plan() is plan and _getpid() == pid
            if not is_same or lanes != only or spool.is_lost:
                client._express = None  # noqa: SLF001 - ours
                return None
            found = client._enqueue  # noqa: SLF001 - as above
            if not (type(found) is MethodType and found.__func__ is enqueue and found.__self__ is client):
                return None
            if theirs[kind] is not UPSTREAM.get(kind) or type(client).__mro__ is not order:
                return None
            # Is it an ordinary call?
            timestamp, integrations, message_id, context = own
            if not (timestamp is integrations is message_id is None):
                return None
            if not (
                (type(user_id) is str or user_id is None)
                and (type(anonymous_id) is str or anonymous_id is None)
                and (type(name) is str or name is None)
                and (type(category) is str or category is None)
                and (type(payload) is dict or payload is None)
                and (type(context) is dict or context is None)
            ):
                return None
            # It becomes a message, with upstream's fields in upstream's order, which is that of the bytes.
            now_ms = utc_now_ms()
            at, message_id, event, group_id = iso_of_ms(now_ms), make_id(now_ms), name, None
            sent_at = f"{at[:-1]}+00:00"
            if kind == "track":
                is_whole: object = (user_id or anonymous_id) and name is not None and name.strip() not in held_names
                call = {
                    "integrations": {},
                    "anonymousId": anonymous_id,
                    "properties": payload,
                    "timestamp": sent_at,
                    "context": context,
                    "userId": user_id,
                    "type": kind,
                    "event": name,
                    "messageId": message_id,
                }
            elif kind == "identify":
                is_whole = user_id or anonymous_id
                call = {
                    "integrations": {},
                    "anonymousId": anonymous_id,
                    "timestamp": sent_at,
                    "context": context,
                    "type": kind,
                    "userId": user_id,
                    "traits": payload,
                    "messageId": message_id,
                }
            elif kind == "group":
                is_whole, event, group_id = (user_id or anonymous_id) and name, None, name
                call = {
                    "integrations": {},
                    "anonymousId": anonymous_id,
                    "timestamp": sent_at,
                    "groupId": group_id,
                    "context": context,
                    "userId": user_id,
                    "traits": payload,
                    "type": kind,
                    "messageId": message_id,
                }
            elif kind == "alias":
                is_whole, event = user_id and name, None
                call = {
                    "integrations": {},
                    "previousId": name,
                    "timestamp": sent_at,
                    "context": context,
                    "userId": user_id,
                    "type": kind,
                    "messageId": message_id,
                }
            else:
                is_whole = user_id or anonymous_id
                call = {
                    "integrations": {},
                    "anonymousId": anonymous_id,
                    "properties": payload,
                    "timestamp": sent_at,
                    "category": category,
                    "context": context,
                    "userId": user_id,
                    "type": kind,
                    "name": name,
                    "messageId": message_id,
                }
            if not is_whole:
                return None
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
            message = _new(Message, fields) if keeps_facts or kind == "alias" else None
            try:
                if keeps_facts:
                    spool.append(b'%b%b"' % (stamp, at.encode()), body, skips, message)
                else:
                    spool.append(b"", body, skips)
            except (OSError, PipelinesError) as error:  # it is not there: the usual way tries again, or says why not
                let_through(error)
                client._express = None  # noqa: SLF001 - as above
                return None
            try:  # it is there, and the call has to say so
                for sender in senders:
                    sender.appended()
                    if not sender.is_running:
                        start(lane)
                if kind == "alias" and message is not None:
                    stages.note(message, call)
            except Exception as error:  # noqa: BLE001 - as `Client._take`
                let_through(error)
                logger().error("follow_up_failed", error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - an internal error must not reach the caller
            let_through(error)
            return client._failed(error, call)  # noqa: SLF001 - as above
        return True, call

    return take
