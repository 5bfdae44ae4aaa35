"""One API of the sandbox: its keys, its planned answers, and what it accepted. Thread-safe; opens no socket."""

from __future__ import annotations

import threading
import uuid
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson

from pipelines_client.sandbox import rules
from pipelines_client.sandbox.auth import KeyStanding, judge_key, read_authorization, region_of_key
from pipelines_client.sandbox.model import (
    JSON,
    Answer,
    Body,
    Call,
    Failure,
    Planted,
    Reply,
    RequestLimits,
    RequestRecord,
    not_found,
)
from pipelines_client.sandbox.people import KeptPeople
from pipelines_client.sandbox.planting import RequestFaults, StorageFaults
from pipelines_client.sandbox.reading import read_body, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipelines_client.sandbox.forwarding import Forwarding
    from pipelines_client.sandbox.scenario import Scenario


@dataclass(frozen=True)
class Vendor:
    """The differences between the two vendors.

    Attributes:
        judge: The function that applies the API's rules to a request.
        limits: The largest request that the API accepts.
        success: Body of a 200.
        commands: The names of tracks that it takes as commands (FACTS C12).
        keys_name_regions: Whether a key such as `pk_eu_…` names its region (FACTS C2).
        dedup_for: How long the API drops repeats of a messageId (FACTS S6); None: it never does (FACTS C14).
        dedup_ids: How many ids it remembers for that.
    """

    judge: Callable[[rules.Submission, RequestLimits, rules.BadItem], rules.Ruling]
    limits: RequestLimits
    success: bytes
    commands: frozenset[str] = frozenset()
    keys_name_regions: bool = False
    dedup_for: timedelta | None = None
    dedup_ids: int = 500_000


CUSTOMERIO = Vendor(rules.judge_customerio, RequestLimits(), b"{}", rules.RESERVED_EVENTS, keys_name_regions=True)
SEGMENT = Vendor(
    rules.judge_segment,
    RequestLimits(items=2500),
    b'{"success": true}',
    dedup_for=timedelta(hours=24),
)


class Api:
    """One of the four APIs. Its properties return snapshots, so a test may read them at any time.

    Attributes:
        name: `customerio`, `customerio-eu`, `segment` or `segment-eu`.
        limits: The largest request that it accepts; may be replaced.
        strict_bad_item: What strict mode does about one bad message of a batch: refuse the `batch`, refuse the `item`,
            or answer `207` (FACTS C5).
        delay_s: A delay of each answer, added to the scenario's. Messages are stored before the delay.
        people: At Customer.io, the people of the workspace as the stored messages leave them; none at Segment.
        forwarding: What forwards the messages that it stores; None: nothing does.
    """

    def __init__(
        self,
        name: str,
        vendor: Vendor,
        *,
        scenario: Scenario,
        now: Callable[[], datetime],
        base_url: Callable[[], str],
        root_url: Callable[[], str],
    ) -> None:
        self.name = name
        self.limits = vendor.limits
        self.strict_bad_item: rules.BadItem = scenario.of(name).strict_bad_item
        self.delay_s = 0.0
        self.sibling: Api | None = None
        self.people = KeptPeople()
        self.forwarding: Forwarding | None = None
        self._vendor = vendor
        self._region = "eu" if name.endswith("-eu") else "us"
        self._now = now
        self._base_url = base_url
        self._root_url = root_url
        self._changed = threading.Condition()
        self._keys: frozenset[str] | None = None
        self._forever: Answer | None = None
        self._next: deque[Answer] = deque()
        self._request_faults = RequestFaults(name, scenario.of(name), scenario.seed)
        self._storage_faults = StorageFaults(name, scenario.of(name), scenario.seed)
        self._calls: list[Call] = []
        self._requests: list[RequestRecord] = []
        self._lost: Counter[str] = Counter()
        self._recent: OrderedDict[str, datetime] = OrderedDict()
        self._started_at: datetime | None = None
        self._handled = 0
        self._sync = 0

    @property
    def url(self) -> str:
        """The value of a client's `host` setting; the client adds `/v1/batch`."""
        return f"{self._base_url()}/{self.name}"

    @property
    def root_url(self) -> str:
        """The same without a path, on a port that only this API has: for clients that drop the path of their `host`."""
        return self._root_url()

    @property
    def accepted(self) -> list[Body]:
        """The accepted messages as received, in order."""
        return [call.message for call in self.calls]

    @property
    def calls(self) -> list[Call]:
        """The accepted messages with their time of receipt and with what is stored of them."""
        with self._changed:
            return list(self._calls)

    @property
    def count(self) -> int:
        """The number of accepted messages."""
        with self._changed:
            return len(self._calls)

    @property
    def commands(self) -> list[Body]:
        """The accepted tracks that Customer.io takes as commands by their name (FACTS C12); empty at Segment."""
        tracks = [message for message in self.accepted if message["type"] == "track"]
        return [message for message in tracks if str(message["event"]).strip() in self._vendor.commands]

    @property
    def requests(self) -> list[RequestRecord]:
        """Every request, in order."""
        with self._changed:
            return list(self._requests)

    @property
    def lost(self) -> Counter[str]:
        """The messages lost behind a 200, counted by reason: the sender does not know of them."""
        with self._changed:
            return Counter(self._lost)

    @property
    def planted(self) -> list[Planted]:
        """The scenario's faults planted on messages so far."""
        with self._changed:
            return list(self._storage_faults.planted)

    def message_ids(self) -> list[str]:
        """Return the ids of the accepted messages in order, with repeats."""
        return [call.message_id for call in self.calls]

    def allow_keys(self, *keys: str) -> None:
        """Accept only these write keys; without arguments, accept any key that is not empty again."""
        with self._changed:
            self._keys = frozenset(keys) or None

    def answer(
        self,
        status: int | Failure,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        times: int | None = None,
        accept: bool | None = None,
    ) -> None:
        """Give this answer to every request, or to the next `times`, instead of the API's own.

        Args:
            status: An HTTP status, `reset` to cut the connection, or `timeout` to never answer.
            body: A JSON value, or text or bytes to send unchanged; None for the API's usual body.
            headers: Added to the answer.
            times: The number of requests; then the API answers as usual. None: until `normal`.
            accept: Whether the messages are stored. None: on a 2xx only. False with a 200 swallows them.
        """
        planned = Answer(status, body, dict(headers or {}), accept)
        with self._changed:
            if times is None:
                self._next.clear()
                self._forever = planned
            else:
                self._next = deque([planned] * times)

    def answer_sequence(self, answers: Iterable[int | Failure | Answer]) -> None:
        """Give these answers to the next requests, in order; then the API answers as usual."""
        planned = deque(answer if isinstance(answer, Answer) else Answer(answer) for answer in answers)
        with self._changed:
            self._next = planned

    def rate_limit(self, retry_after_s: int | None = None, *, times: int | None = None) -> None:
        """Answer 429, with `Retry-After` if given; Segment adds `X-RateLimit-Reset` (FACTS C7, S4)."""
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        if headers and self._vendor is SEGMENT:
            headers["X-RateLimit-Reset"] = str(retry_after_s)
        self.answer(429, headers=headers, times=times)

    def normal(self) -> None:
        """Forget planned answers and delays."""
        with self._changed:
            self._next.clear()
            self._forever = None
            self.delay_s = 0.0

    def sync(self) -> None:
        """End a sync of the storage files: later messages go into files of the next position (FACTS C18)."""
        with self._changed:
            self._sync += 1

    def wait_for(self, count: int, timeout_s: float = 30.0) -> bool:
        """Wait until the API has accepted `count` messages; return False after `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._calls) >= count, timeout_s)

    def wait_for_requests(self, count: int, timeout_s: float = 30.0) -> bool:
        """Wait until `count` requests have come, whatever the answers; return False after `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._requests) >= count, timeout_s)

    def receive(self, call: str | None, path: str, headers: Mapping[str, str], raw: bytes) -> Reply:
        """Handle one request: decide, store, record; return what to answer.

        Args:
            call: `batch`, a call type or `metrics`; None for an unknown path.
            path: The path on the server.
            headers: With lower-case names.
            raw: The body as received.
        """
        body, size = read_body(raw, headers.get("content-encoding", ""))
        scheme, key = self._key_of(headers, body, path)
        with self._changed:
            standing = self._standing(key)
            received_at = self._now().astimezone(timezone.utc)
            submission = rules.Submission(call or "batch", body, size, standing, headers.get("x-strict-mode") == "1")
            reply = not_found(path) if call is None else self._handle(submission, received_at)
            self._requests.append(
                record(
                    submission,
                    path=path,
                    headers=headers,
                    raw=raw,
                    reply=reply,
                    received_at=received_at,
                    scheme=scheme,
                )
            )
            self._changed.notify_all()
        return reply

    def status(self) -> dict[str, Any]:
        """Return counts for the status page."""
        with self._changed:
            by_type = Counter(str(call.message["type"]) for call in self._calls)
            return {"requests": len(self._requests), "accepted": by_type, "lost": dict(self._lost)}

    def _handle(self, submission: rules.Submission, received_at: datetime) -> Reply:
        if self._started_at is None:
            self._started_at = received_at
        number, self._handled = self._handled, self._handled + 1
        planned = self._planned(number, (received_at - self._started_at).total_seconds())
        delay_s = self.delay_s + self._request_faults.delay_s(number)
        ruling = self._vendor.judge(submission, self.limits, self.strict_bad_item)
        if planned is None or planned.is_kept:
            self._store(ruling, submission.body, received_at)
        elif planned.is_success:
            self._lost["swallowed"] += len(submission.items or [None])
        if planned is not None:
            return replace(self._reply_planned(planned), delay_s=delay_s)
        return Reply(ruling.status, self._body(ruling.status, ruling.errors), JSON, delay_s)

    def _planned(self, number: int, elapsed_s: float) -> Answer | None:
        if self._next:
            return self._next.popleft()
        if self._forever is not None:
            return self._forever
        return self._request_faults.answer(number, elapsed_s)

    def _store(self, ruling: rules.Ruling, top: Any, received_at: datetime) -> None:
        self._lost.update(ruling.lost)
        sent_at = top.get("sentAt") if isinstance(top, dict) else None
        is_batch = isinstance(top, dict) and "batch" in top
        for message in ruling.kept:
            given = message.get("messageId")
            message_id = given if isinstance(given, str) and given else str(uuid.uuid4())
            if self._is_repeat(message_id, received_at):
                self._lost["duplicate"] += 1
                continue
            merged = rules.merge_defaults(message, top) if is_batch else message
            stored = self._storage_faults.apply(message_id, merged)
            if not stored:
                self._lost["swallowed"] += 1
                continue
            own = message.get("sentAt", sent_at)
            text = own if isinstance(own, str) else None
            call = Call(message_id, message, stored, received_at, text, self._sync)
            self._calls.append(call)
            if self._vendor is CUSTOMERIO:
                self.people.arrive(stored, received_at)
            if self.forwarding is not None:
                self.forwarding.take(self.name, call)

    def _is_repeat(self, message_id: str, received_at: datetime) -> bool:
        """Return whether the id was stored within the vendor's window, and remember it."""
        window = self._vendor.dedup_for
        if window is None:
            return False
        before = self._recent.get(message_id)
        if before is not None and received_at - before < window:
            return True
        self._recent[message_id] = received_at
        self._recent.move_to_end(message_id)
        if len(self._recent) > self._vendor.dedup_ids:
            self._recent.popitem(last=False)
        return False

    def _key_of(self, headers: Mapping[str, str], body: Any, path: str) -> tuple[str | None, str | None]:
        """Return the scheme of the key and the key (FACTS C1, C2, S2)."""
        scheme, credential = read_authorization(headers.get("authorization"))
        if self._vendor is CUSTOMERIO and path[-2:-1] != "/":  # the short paths of the browser client take both
            return scheme, credential
        in_body = body.get("writeKey") if isinstance(body, dict) else None
        if isinstance(in_body, str) and in_body:
            return scheme or "body", in_body
        return scheme, credential if scheme == "basic" else None

    def _standing(self, key: str | None) -> KeyStanding:
        named = region_of_key(key) if key and self._vendor.keys_name_regions else None
        elsewhere = self.sibling._keys if self.sibling is not None else None  # noqa: SLF001 - the same class
        return judge_key(key, named_region=named, region=self._region, allowed=self._keys, allowed_elsewhere=elsewhere)

    def _body(self, status: int, errors: list[Any]) -> bytes:
        """Return the body of an answer in the vendor's format (FACTS C4)."""
        if status == HTTPStatus.OK:
            return self._vendor.success
        if self._vendor is CUSTOMERIO:
            return orjson.dumps(
                {"errors": errors} if status == HTTPStatus.MULTI_STATUS else {"meta": {"errors": errors}}
            )
        return orjson.dumps({"success": False, "code": str(status), "message": "; ".join(errors)})

    def _reply_planned(self, planned: Answer) -> Reply:
        headers = {name.lower(): value for name, value in planned.headers.items()}
        if not isinstance(planned.status, int):
            return Reply(planned.status)
        if isinstance(planned.body, bytes):
            return Reply(planned.status, planned.body, headers)
        if isinstance(planned.body, str):
            return Reply(planned.status, planned.body.encode(), {"content-type": "text/plain", **headers})
        if planned.body is not None:
            return Reply(planned.status, orjson.dumps(planned.body), {**JSON, **headers})
        usual = self._body(HTTPStatus.OK if planned.is_success else planned.status, ["planned by the sandbox"])
        return Reply(planned.status, usual, {**JSON, **headers})
