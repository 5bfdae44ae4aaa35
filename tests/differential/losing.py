"""P1 to P15: events that are lost, sent twice or reordered, and calls that never return."""

from __future__ import annotations

from cases import case
from trial import KEY, Trial

from pipelines_client.sandbox import Answer

EXIT_BUDGET_S = 4.0  # ours may take 2 (`exit_timeout_s`); the rest is for a busy machine
REFUSAL = {"code": "bad_request", "message": "planted"}


@case(1, "1,000 `track()`, then the script ends", ours="none lost")
def ends(trial: Trial) -> str:
    trial.run("""
        for n in range(1_000):
            track("u1", "E", {"n": n})
        """)
    return trial.lost(1_000)


@case(2, "5,000 `track()`, then SIGKILL at once; later the application starts again", ours="none lost")
def is_killed(trial: Trial) -> str:
    trial.run("""
        import signal
        for n in range(5_000):
            track("u1", "E", {"n": n})
        os.kill(os.getpid(), signal.SIGKILL)
        """)
    trial.next_process()
    return trial.lost(5_000)


@case(3, "the client is made, then `fork()`; the child tracks 100 and flushes", ours="none lost; `flush()` returns")
def forks(trial: Trial) -> str:
    seen = trial.run(f"""
        from {trial.peer.client} import Client
        client = Client(KEY, host=HOST)
        child = os.fork()
        if not child:
            for n in range(100):
                client.track("u1", "E", {{"n": n}})
            say(flushed=flush(3, client))
            leave()
        os.waitpid(child, 0)
        leave()
        """)
    return f"{trial.lost(100)}; {_flush(seen.said['flushed'])}"


@case(4, "one NaN and one Infinity among 100 events", ours="none lost; null in their place, counted")
def not_a_number(trial: Trial) -> str:
    seen = trial.run("""
        odd = {50: float("nan"), 51: float("inf")}
        for n in range(100):
            track("u1", "E", {"n": n, "value": odd.get(n, 1.5)})
        say(flushed=flush(), counted=counted("non_finite"))
        leave()
        """)
    lost = trial.lost(100)
    values = {message["properties"]["n"]: message["properties"]["value"] for message in trial.arrived()}
    if not values:
        return f"{lost}: the whole batch is refused"
    is_counted = "counted" if seen.said["counted"] == 2 else "not counted"
    return f"{lost}; {'null' if values[50] is values[51] is None else 'something'} in their place, {is_counted}"


@case(
    5,
    "the server answers 503, or 429, while the script ends; later the application starts again",
    ours="none lost; ends in time",
)
def ends_while_refused(trial: Trial) -> str:
    exits = set()
    told = 0
    for start, status in ((0, 503), (100, 429)):
        trial.api.answer(status)
        seen = trial.run(
            f"""
            analytics.on_error = lambda error, messages: say(told=len(messages))
            for n in range({start}, {start} + 100):
                track("u1", "E", {{"n": n}})
            """,
            seconds=8,
        )
        told += seen.said.get("told", 0)
        is_in_time = seen.has_ended and seen.exit_s < EXIT_BUDGET_S
        exits.add("ends in time" if is_in_time else "has not ended after 5 s" if seen.exit_s > 5 else "ends late")
    trial.next_process()
    lost = trial.lost(200)
    silence = "" if lost == "none lost" or told else ", `on_error` never called"
    return f"{lost}{silence}; {' or '.join(sorted(exits))}"


@case(
    6,
    "a wrong write key; later it is corrected",
    ours="none lost: the leg pauses and says so once, `drain --to-current` sends with the right key",
)
def wrong_key(trial: Trial) -> str:
    trial.api.allow_keys(KEY)
    seen = trial.run(
        """
        analytics.on_error = lambda error, messages: say(told=str(error))
        for n in range(10):
            track("u1", "E", {"n": n})
        flush(3)
        if IS_OURS:
            wait_for_requests(4)
        say(loud=loud())
        leave()
        """,
        key="wrong",
        PIPELINES_PAUSE_S="0.2",  # so that several tries fit into the case
    )
    tries = len(trial.api.requests)
    trial.next_process()
    trial.run("send_with_the_current_key()\nleave()")
    lost = trial.lost(10)
    pauses = [line for line in seen.said["loud"] if "leg_paused" in line]
    if len(pauses) == len(seen.said["loud"]) == 1 and tries >= 4:
        return f"{lost}: the leg pauses and says so once, `drain --to-current` sends with the right key"
    is_told = bool(seen.said["loud"]) or "told" in seen.said
    return f"{lost}, {'said' if is_told else 'behind a 200, without a word'}"


@case(7, "429 with `Retry-After: 2` while more events come", ours="waits; order kept: e0 e1 e2 e3 e4 e5")
def is_rate_limited(trial: Trial) -> str:
    trial.api.rate_limit(2, times=1)
    trial.api.delay_s = 0.5  # the others are queued while the first two are under way
    trial.run("""
        track("u1", "e0", {"n": 0})
        track("u1", "e1", {"n": 1})
        wait_for_requests(1)
        for n in range(2, 6):
            track("u1", f"e{n}", {"n": n})
        flush(10)
        leave()
        """)
    order = [message["event"] for message in trial.arrived()]
    first, second = (request.received_at for request in trial.api.requests[:2])
    waits = "waits" if (second - first).total_seconds() >= 2 + 0.4 else "the header is ignored"
    return f"{waits}; {'order kept' if order == sorted(order) else 'reordered'}: {' '.join(order)}"


@case(8, "a 400 whose JSON has no `code`", ours="read as a 400, sent once")
def refusal_without_code(trial: Trial) -> str:
    trial.api.answer(400, body={"meta": {"errors": ["planted"]}})
    seen = trial.run("""
        analytics.on_error = lambda error, messages: say(status=getattr(error, "status", repr(error)))
        track("u1", "E", {"n": 0})
        flush(5)
        leave()
        """)
    count = len(trial.api.requests)
    return f"{_read_as(seen.said.get('status'))}, {'sent once' if count == 1 else 'sent again and again'}"


@case(9, "`on_error` raises; then another event", ours="contained and logged; the next event is delivered")
def callback_raises(trial: Trial) -> str:
    trial.api.answer(400, body=REFUSAL, times=1)
    seen = trial.run("""
        def on_error(error, messages):
            raise RuntimeError("the application's own")
        analytics.on_error = on_error
        track("u1", "E", {"n": 0})
        flush(3)
        track("u1", "E", {"n": 1})
        say(flushed=flush(3), logs=logs)
        leave()
        """)
    if [message["properties"]["n"] for message in trial.arrived()] != [1]:
        return f"the consumer is dead: the next event is lost; {_flush(seen.said['flushed'])}"
    is_logged = any("callback_failed" in line for line in seen.said["logs"])
    return f"contained{' and logged' if is_logged else ''}; the next event is delivered"


@case(10, "use after `shutdown()`", ours="`track()` returns True; none lost; `flush()` returns")
def used_after_shutdown(trial: Trial) -> str:
    seen = trial.run("""
        track("u1", "E", {"n": 1})
        analytics.shutdown()
        say(taken=track("u1", "E", {"n": 0})[0], flushed=flush(3))
        leave()
        """)
    arrived = 0 in [message["properties"]["n"] for message in trial.arrived()]
    return (
        f"`track()` returns {seen.said['taken']}; {'none' if arrived else 'all'} lost; {_flush(seen.said['flushed'])}"
    )


@case(11, "the queue is full", ours="`(False, message)`, each counted with its reason")
def queue_is_full(trial: Trial) -> str:
    trial.api.answer(503)
    seen = trial.run("""
        analytics.max_queue_size = 10
        answers = [track("u1", "E", {"n": n}) for n in range(300)]
        refused = [message for taken, message in answers if not taken]
        say(refused=len(refused), are_messages=all("messageId" in message for message in refused),
            counted=counted("queue_full"))
        leave()
        """)
    refused, counted = seen.said["refused"], seen.said["counted"]
    if not refused or not seen.said["are_messages"]:
        return "not refused"
    return f"`(False, message)`, {'each counted with its reason' if counted == refused else 'not counted'}"


@case(
    12,
    "redirects, 301 and 302; later the host is right",
    ours="none lost: not followed, nothing counted as delivered",
)
def is_redirected(trial: Trial) -> str:
    elsewhere = {"Location": trial.sandbox.url + "/"}  # answers 200 to a GET, and to nothing else
    trial.api.answer(302, headers=elsewhere)
    trial.api.answer_sequence([Answer(301, headers=elsewhere)])
    seen = trial.run("""
        analytics.on_error = lambda error, messages: say(told=True)
        track("u1", "E", {"n": 0})
        flush(3)
        track("u1", "E", {"n": 1})
        flush(3)
        say(waiting=analytics.default_client.queue.qsize())
        leave()
        """)
    trial.next_process()
    lost = trial.lost(2)
    is_success = not seen.said["waiting"] and "told" not in seen.said
    if is_success:
        return f"{lost}: followed as a GET, counted as delivered"
    return f"{lost}: not followed, {'nothing counted as delivered' if seen.said['waiting'] == 2 else 'told as errors'}"


@case(13, "the answer is 202", ours="delivered once")
def is_accepted(trial: Trial) -> str:
    trial.api.answer(202)
    trial.run("""
        track("u1", "E", {"n": 0})
        flush(4)
        leave()
        """)
    count = len(trial.arrived())
    return "delivered once" if count == 1 else "sent again: duplicates" if count else "all lost"


@case(14, "a batch of 25 events of 31 KB; the limit is 500,000 bytes", ours="none lost; no request is over the limit")
def large_batch(trial: Trial) -> str:
    trial.run("""
        for n in range(25):
            track("u1", "E", {"n": n, "text": "x" * 31_000})
        flush(10)
        leave()
        """)
    lost = trial.lost(25)
    largest = max(request.body_bytes for request in trial.api.requests)
    if largest <= trial.api.limits.body_bytes:
        return f"{lost}; no request is over the limit"
    return f"{lost}; the largest request has {largest:,} bytes"


@case(15, "`flush()` while the server is down", ours="returns at its timeout and says that 5 are left")
def server_is_down(trial: Trial) -> str:
    trial.sandbox.stop()
    seen = trial.run("""
        for n in range(5):
            track("u1", "E", {"n": n})
        before = time.monotonic()
        if IS_OURS:
            say(left=analytics.flush(timeout=1).left, is_in_time=1 <= time.monotonic() - before < 4)
        else:
            say(flushed=flush(5))
        leave()
        """)
    if "left" not in seen.said:
        return "takes no timeout; returns" if seen.said["flushed"] else "takes no timeout; has not returned after 5 s"
    return (
        f"returns {'at' if seen.said['is_in_time'] else 'after'} its timeout and says that {seen.said['left']} are left"
    )


def _flush(returned: bool) -> str:
    return f"`flush()` {'returns' if returned else 'hangs'}"


def _read_as(status: object) -> str:
    return "never told" if status is None else f"read as a {status}" if isinstance(status, int) else str(status)
