"""The hand-over from Segment's Customer.io destination to our leg: each message reaches the workspace once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import pytest
from stage_files import NOW, make_state

from pipelines_client import Client
from pipelines_client.clock import iso_utc, unix_ms
from pipelines_client.cutover.handover import hand_over
from pipelines_client.cutover.journal import journal_path, read_journal
from pipelines_client.cutover.moving import BlockedError, Why
from pipelines_client.delivery.sending.http import HttpResponse
from pipelines_client.delivery.sending.requester import Requester
from pipelines_client.delivery.sending.tokens import Tokens
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.destinations.base import FORWARDING, Decision, Destination
from pipelines_client.destinations.customerio import CustomerIo
from pipelines_client.destinations.registry import make_destination
from pipelines_client.destinations.segment import FORWARDS_TO_CUSTOMERIO, Segment
from pipelines_client.errors import ConfigError, LedgerError, StageFileError
from pipelines_client.message.build import Built, build
from pipelines_client.routing.consent import has_mark
from pipelines_client.routing.plan import LegRules, Plan, Stage
from pipelines_client.sandbox import Forwarding, Sandbox
from pipelines_client.sandbox.api import Api
from pipelines_client.sides import CUSTOMERIO, SEGMENT
from pipelines_client.state.kept import INTEGRATIONS

BOTH = (CUSTOMERIO, SEGMENT)
START = datetime(2026, 12, 7, 6, tzinfo=timezone.utc)
HOUR_S = 3600.0
EVENTS_OF_A_HOST = 8


class Wire:
    """Takes the place of the socket: requests go to an API of a sandbox without a server."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def post(self, body: bytes, headers: dict[str, str], *, url: str | None = None) -> HttpResponse:
        call = (url or "batch").rpartition("/")[2]
        given = {name.lower(): value for name, value in headers.items()}
        reply = self.api.receive(call, f"/v1/{call}", given, body)
        assert isinstance(reply.status, int)
        return HttpResponse(reply.status, reply.headers, reply.body)


class Rehearsal:
    """Hosts with wrong clocks, which learn of the hand-over at different times and deliver late and twice."""

    def __init__(self, seed: int, *, is_marking: bool = True, is_filtering: bool = False) -> None:
        self.random = Random(seed)
        self.now = START
        self.at = START + timedelta(seconds=self.random.uniform(0.5, 4) * HOUR_S)
        name = self.random.choice(FORWARDS_TO_CUSTOMERIO)
        forwarding = Forwarding(name, before=self.at if is_filtering else None)
        self.box = Sandbox(now=lambda: self.now, forwarding=forwarding)
        self.is_marking = is_marking
        stage, share = self.random.choice(
            [(Stage.DUAL, 1.0), (Stage.DUAL, 1.0), (Stage.SHADOW, 0.4), (Stage.LIVE, 0.5)]
        )
        rules = dict.fromkeys(BOTH, LegRules(share))
        self.before = Plan(Stage.SEGMENT, BOTH, rules)
        self.after = Plan(stage, BOTH, rules, handover_at=iso_utc(self.at))
        self.ids: list[str] = []

    def run(self) -> Counter[str]:
        """Return how often each message reached the workspace."""
        for host in range(self.random.randint(2, 4)):
            self.run_host(f"host{host}")
        found = self.box.in_workspace()
        return Counter({id_: found[id_] for id_ in self.ids})

    def run_host(self, host: str) -> None:
        skew_s = self.random.choice([0.0, self.random.uniform(-120, 120), self.random.choice([-1, 1]) * HOUR_S])
        learns_at = START + timedelta(seconds=self.random.uniform(0, 5) * HOUR_S)
        queues: dict[str, list[tuple[datetime, Entry]]] = {leg: [] for leg in BOTH}
        moments = sorted(self.random.uniform(0, 6) * HOUR_S for _ in range(EVENTS_OF_A_HOST))
        for number, second in enumerate(moments):
            at = START + timedelta(seconds=second)
            built = self.built(f"{host}-{number}", at + timedelta(seconds=skew_s))
            skips = dict((self.before if at < learns_at else self.after).route(built.message, built.call))
            if not self.is_marking:
                skips.pop(FORWARDING, None)
            if not skips.keys() >= set(BOTH):  # a group without a person, at the stage `segment`: the call says so
                self.ids.append(built.message.message_id)
            entry = Entry(number + 1, 0, b"", built.message.body, skips)
            for leg in BOTH:
                if leg not in skips:
                    queues[leg].append((at, entry))
        self.deliver(make_destination(Segment, "s"), self.box.segment, queues[SEGMENT], repeats=0.2)
        self.deliver(make_destination(CustomerIo, "c"), self.box.customerio, queues[CUSTOMERIO], repeats=0.0)

    def built(self, id_: str, host_time: datetime) -> Built:
        """Return a message of any type, some that state a time, long ago or to come."""
        person = f"u{self.random.randint(1, 9)}"
        stated = self.random.choice([None, None, START - timedelta(days=99), START + timedelta(days=9)])
        asked = dict.fromkeys(FORWARDS_TO_CUSTOMERIO, True)
        own = self.random.choice([{}, {}, {}, {"Mixpanel": False}, asked, {"All": True}])
        call = {"messageId": id_, "userId": person, "timestamp": stated, "context": {}, "integrations": own}
        more: dict[str, Any] = self.random.choice(
            [
                {"type": "track", "event": "Order Completed", "properties": {"total": 42}},
                {"type": "track", "event": "User Suppressed", "properties": {}},
                {"type": "identify", "traits": {"email": "kim@example.com", "created_at": "2026-11-02T09:30:00Z"}},
                {"type": "page", "name": "Pricing", "properties": {"url": "https://example.com/pricing"}},
                {"type": "screen", "name": "Home", "properties": {}},
                {"type": "group", "groupId": "acme", "traits": {"seats": 12}},
                {"type": "group", "groupId": "acme", "traits": {"seats": 12}, "userId": None},
                {"type": "alias", "previousId": "visitor-7"},
            ]
        )
        return build({**call, **more}, library={"name": "analytics-python", "version": "2"}, now_ms=unix_ms(host_time))

    def deliver(
        self, destination: Destination, api: Api, queue: Sequence[tuple[datetime, Entry]], *, repeats: float
    ) -> None:
        """Send a queue in order, each request at once, or hours later; some of them twice."""
        requester = Requester(destination, Wire(api), Tokens(None))  # type: ignore[arg-type]  # as `Http` is used
        self.now = START
        while queue:
            waiting = [entry for _, entry in queue[: self.random.randint(1, 20)]]
            waiting = waiting[: requester.fitting(waiting)]
            last_at = queue[len(waiting) - 1][0]
            delay_s = self.random.choice([0.05, 2.0, self.random.uniform(0, 3) * HOUR_S])
            self.now = max(self.now, last_at) + timedelta(seconds=delay_s)
            for _ in range(1 + (self.random.random() < repeats)):
                assert requester.post(waiting, attempts=1).decision is Decision.ACCEPT
            queue = queue[len(waiting) :]


def test_at_200_random_instants_each_message_reaches_the_workspace_once() -> None:
    """Skewed clocks, late retries, repeats, several hosts, stated times, every stage with two legs."""
    counts: Counter[int] = Counter()
    for seed in range(200):
        counts.update(Rehearsal(seed).run().values())
    assert set(counts) == {1}
    assert counts[1] > 200 * 2 * EVENTS_OF_A_HOST


def test_a_filter_by_the_time_of_receipt_loses_some_and_sends_some_twice() -> None:
    """Why there are marks: the same hosts, with Segment's filter in their place."""
    counts: Counter[int] = Counter()
    for seed in range(120):
        counts.update(Rehearsal(seed, is_marking=False, is_filtering=True).run().values())
    assert counts[0] > 0
    assert counts[2] > 0


@pytest.fixture
def forwarding_box() -> Iterator[Sandbox]:
    """A sandbox whose Segment forwards."""
    with Sandbox(forwarding=Forwarding()) as box:
        yield box


def test_over_http_a_running_client_hands_over_with_what_waits_for_segment(
    make_client: Callable[..., Client], forwarding_box: Sandbox, tmp_path: Path, ledger: Any
) -> None:
    """Segment is down across the instant: what was taken before it and after it goes in one request."""
    path, box = tmp_path / "stage.toml", forwarding_box
    path.write_text('stage = "dual"\n[handover]\nat = "2999-01-01T00:00:00Z"\n')
    client = make_client(
        host=box.customerio.url, segment_host=box.segment.url, stage_file=path, stage_poll_s=0.001, spool="disk"
    )
    client.track("u1", "Order Completed", message_id="early")
    assert client.flush(10)
    box.segment.answer(503)
    client.track("u1", "Order Completed", message_id="waits")
    hand_over(path, NOW - timedelta(days=365))
    _wait_until(lambda: client._stages.plan().handover_at == iso_utc(NOW - timedelta(days=365)))
    client.track("u1", "Order Completed", message_id="late")
    client.track("u1", "Raw", message_id="own", integrations={"Customer.io": True, "Actions Customerio": True})
    assert box.customerio.wait_for(1)
    box.segment.normal()
    assert client.flush(10)
    assert box.in_workspace() == Counter(["early", "waits", "late", "own"])
    assert box.customerio.message_ids() == ["late"]
    assert [ledger.reasons(id_)["customerio"] for id_ in ("early", "waits", "late", "own")] == [
        *("handover", "handover", None, "handover")
    ]
    archived = {call.message_id: call.stored[0]["integrations"] for call in box.segment.calls}
    marked = [id_ for id_, integrations in archived.items() if has_mark(integrations)]
    assert marked == ["late"]


@pytest.mark.parametrize("own", [{}, {"Mixpanel": False}, {"Actions Customerio": True}])
@pytest.mark.parametrize("more", [[], [{"integrations": {}}]])
def test_a_person_who_refuses_is_kept_from_both_ways_whatever_the_call_asks_for(
    make_client: Callable[..., Client], forwarding_box: Sandbox, own: dict[str, Any], more: list[dict[str, Any]]
) -> None:
    """In a request of such messages, and in one with others: a word of the message's own would win over its batch's."""
    box = forwarding_box
    client = make_client(host=box.customerio.url, segment_host=box.segment.url, customerio_consent={"Marketing"})
    refused = {"consent": {"categoryPreferences": {"Marketing": False}}}
    box.segment.answer(503)
    client.track("u1", "Order Completed", context=refused, integrations=own, message_id="refused")
    for each in more:
        client.track("u1", "Order Completed", message_id="other", **each)
    box.segment.normal()
    assert client.flush(10)
    assert "refused" not in box.in_workspace()
    assert "refused" in box.segment.message_ids()


def test_what_all_batches_keep_from_the_destination_is_not_left_to_it(
    make_client: Callable[..., Client], forwarding_box: Sandbox, tmp_path: Path, ledger: Any
) -> None:
    """A process with `segment_integrations` in spite of the hand-over: our leg takes it, or a replay can send it."""
    path, box = tmp_path / "stage.toml", forwarding_box
    path.write_text('stage = "dual"\n[handover]\nat = "2999-01-01T00:00:00Z"\n')
    client = make_client(
        host=box.customerio.url, segment_host=box.segment.url, stage_file=path, segment_integrations="customerio_off"
    )
    client.track("u1", "Order Completed", message_id="early")
    assert client.flush(10)
    assert box.in_workspace() == Counter(["early"])
    assert ledger.reasons("early")["customerio"] is None


def _wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if is_so():
            return
    raise AssertionError("it never was so")


def test_it_is_written_once_with_its_line_in_the_journal(tmp_path: Path) -> None:
    """The same instant changes nothing; another one is a change; comments stay."""
    path, state = tmp_path / "stage.toml", make_state(tmp_path / "state")
    path.write_text('# ours\nstage = "dual"\n')
    at = datetime(2026, 12, 12, 10, tzinfo=timezone(timedelta(hours=1)))
    first = hand_over(path, at, states=[state], skew_s=2, poll_s=5, why=Why("agreed", "kim"), now=NOW)
    again = hand_over(path, at.astimezone(timezone.utc), states=[state], now=NOW)
    assert (first.is_new, again.is_new, first.waiting) == (True, False, 0)
    assert path.read_text() == '# ours\nstage = "dual"\n\n[handover]\nat = "2026-12-12T09:00:00.000Z"\n'
    assert [iso_utc(each) for each in (first.first_at, first.last_at)] == [
        *("2026-12-12T08:59:58.000Z", "2026-12-12T09:00:07.000Z")
    ]
    assert hand_over(path, None, now=NOW).at == at
    hand_over(path, at + timedelta(days=1), now=NOW)
    changes = [each for each in read_journal(journal_path(path)).changes if each.action == "handover"]
    assert [each.detail[-24:-14] for each in changes] == ["2026-12-12", "2026-12-13"]
    assert (changes[0].by, changes[0].reason, changes[0].after) == ("kim", "agreed", Stage.DUAL)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    """Neither file nor journal has it."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "dual"\n')
    assert not hand_over(path, NOW, is_dry_run=True, now=NOW).is_new
    assert path.read_text() == 'stage = "dual"\n'


def test_it_is_blocked_where_messages_would_take_no_way(tmp_path: Path) -> None:
    """An application that keeps all its messages from the destination; a stage at which Segment takes none."""
    path, state = tmp_path / "stage.toml", make_state(tmp_path / "state")
    path.write_text('stage = "dual"\n')
    for kept in ({"All": False}, {"Customer.io": False}):
        INTEGRATIONS.keep(state, kept)
        with pytest.raises(BlockedError, match="segment_integrations"):
            hand_over(path, NOW, states=[state], now=NOW)
    with pytest.raises(ConfigError, match="reason"):
        hand_over(path, NOW, states=[state], why=Why(force=True), now=NOW)
    assert hand_over(path, NOW, states=[state], why=Why("a test", force=True), now=NOW).is_new
    INTEGRATIONS.keep(state, {"Mixpanel": False})
    assert hand_over(path, NOW + timedelta(hours=1), states=[state], now=NOW).is_new
    path.write_text('stage = "dual"\n[customerio]\nswitch = "discard"\n')
    with pytest.raises(BlockedError, match="leg discards what it takes"):
        hand_over(path, NOW, states=[state], now=NOW)
    path.write_text('stage = "complete"\n')
    with pytest.raises(BlockedError, match="Segment takes nothing"):
        hand_over(path, NOW, why=Why("a test", force=True), now=NOW)


def test_without_a_file_or_an_instant_there_is_nothing_to_plan(tmp_path: Path) -> None:
    """Each error says what to give."""
    with pytest.raises(StageFileError, match="cutover start"):
        hand_over(tmp_path / "stage.toml", NOW)
    (tmp_path / "stage.toml").write_text('stage = "dual"\n')
    with pytest.raises(ConfigError, match="--at"):
        hand_over(tmp_path / "stage.toml", None)


def test_a_wrong_path_is_bad_input_before_anything_is_written(tmp_path: Path) -> None:
    """A command that fails has changed nothing."""
    (tmp_path / "stage.toml").write_text('stage = "dual"\n')
    with pytest.raises(LedgerError, match="not a state directory"):
        hand_over(tmp_path / "stage.toml", NOW, states=[tmp_path / "missing"])
    assert (tmp_path / "stage.toml").read_text() == 'stage = "dual"\n'


def test_the_ends_of_the_calendar_are_instants_too(tmp_path: Path) -> None:
    """To take a hand-over back for ever is to plan it for then."""
    (tmp_path / "stage.toml").write_text('stage = "dual"\n')
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
    planned = hand_over(tmp_path / "stage.toml", last, skew_s=1e300, poll_s=9, now=NOW)
    assert (planned.first_at.year, iso_utc(planned.last_at)) == (1, "9999-12-31T23:59:59.999Z")
