"""P16 to P30: what is wrong or surprising without an event being lost at once."""

from __future__ import annotations

import base64
import subprocess
import sys
import textwrap
from typing import Any

from cases import case
from trial import KEY, Trial

ODD_VALUES: dict[str, Any] = {
    "UUID": "00000000-0000-0000-0000-000000000001",
    "timedelta": 90,
    "set": [1],
    "frozenset": [1],
    "dataclass": {"x": 1},
    "pydantic model": {"x": 1},
    "numpy scalar": 1,
}
"""What the odd values of P17 must arrive as."""
MYPY_FINDS = {
    4: "a fault in a right call of the module",
    5: "a fault in a right call of a client",
    6: "the wrong call of a client",
    7: "the wrong call of the module",
}
"""The lines of P30's application."""


@case(16, "the caller's `context` dict", ours="untouched")
def context_of_the_caller(trial: Trial) -> str:
    seen = trial.run("""
        context = {"ip": "192.0.2.1", "page": {"path": "/"}}
        track("u1", "E", {"n": 0}, context)
        say(is_untouched=context == {"ip": "192.0.2.1", "page": {"path": "/"}})
        leave()
        """)
    return "untouched" if seen.said["is_untouched"] else "written into"


@case(
    17,
    "UUID, timedelta, set, frozenset, dataclass, pydantic model, numpy scalar, `object()` as values",
    ours=f"arrive: {', '.join(ODD_VALUES)}; null and counted: object()",
)
def odd_values(trial: Trial) -> str:
    seen = trial.run("""
        import dataclasses, datetime, uuid
        import numpy, pydantic
        @dataclasses.dataclass
        class Point:
            x: int = 1
        class Model(pydantic.BaseModel):
            x: int = 1
        values = {"UUID": uuid.UUID(int=1), "timedelta": datetime.timedelta(seconds=90), "set": {1},
                  "frozenset": frozenset({1}), "dataclass": Point(), "pydantic model": Model(),
                  "numpy scalar": numpy.int64(1), "object()": object()}
        raised = []
        for name, value in values.items():
            if raised_by(lambda: track("u1", name, {"value": value, "list": [7, value]})):
                raised.append(name)
        flush(5)
        say(raised=raised, counted=counted("unsupported_type"))
        leave()
        """)
    arrived = {message["event"]: message["properties"] for message in trial.arrived()}
    fates: dict[str, list[str]] = {}
    for name in (*ODD_VALUES, "object()"):
        fates.setdefault(_fate(name, arrived.get(name), seen.said), []).append(name)
    return "; ".join(f"{fate}: {', '.join(names)}" for fate, names in fates.items())


def _fate(name: str, properties: dict[str, Any] | None, said: Any) -> str:
    """Say what became of an odd value, alone and in a list."""
    if name in said["raised"]:
        return "exception in the caller"
    if properties is None:
        return "event lost"
    if "value" not in properties or "list" not in properties:
        return "left out, with the whole list that holds one"
    if properties == {"value": ODD_VALUES.get(name, ()), "list": [7, ODD_VALUES.get(name, ())]}:
        return "arrive"
    is_null = properties == {"value": None, "list": [7, None]}
    return f"null{' and counted' if said['counted'] == 2 else ''}" if is_null else "changed"


@case(
    18,
    "a complex number, tuple keys, a circular dict, invalid UTF-8, a lone surrogate",
    ours="no exception, no refused batch",
)
def impossible_values(trial: Trial) -> str:
    seen = trial.run("""
        circle = {}
        circle["itself"] = circle
        values = {"complex": 1 + 2j, "tuple keys": {(1, 2): 3}, "circular dict": circle, "invalid UTF-8": b"\\xff\\xfe",
                  "lone surrogate": "\\ud800"}
        raised = []
        for name, value in values.items():
            if raised_by(lambda: track("u1", name, {"value": value})):
                raised.append(name)
            track("u1", f"beside {name}", {"value": 1})
            flush(3)
        say(names=list(values), raised=raised)
        leave()
        """)
    arrived = {message["event"] for message in trial.arrived()}
    names, raised = seen.said["names"], seen.said["raised"]
    refused = [name for name in names if f"beside {name}" not in arrived]
    lost = [name for name in names if name not in arrived and name not in raised and name not in refused]
    fates = {"exception in the caller": raised, "batch refused": refused, "lost": lost}
    said = [f"{fate}: {', '.join(of)}" for fate, of in fates.items() if of]
    return "; ".join(said) or "no exception, no refused batch"


@case(19, "Decimal", ours="a number where that is exact, else its digits as text")
def decimals(trial: Trial) -> str:
    trial.run("""
        from decimal import Decimal
        track("u1", "E", {"price": Decimal("19.99"), "exact": Decimal("12345678901234567890.123456789")})
        flush(5)
        leave()
        """)
    (message,) = trial.arrived()
    exact = {"price": 19.99, "exact": "12345678901234567890.123456789"}
    return "a number where that is exact, else its digits as text" if message["properties"] == exact else "loses digits"


@case(20, "`user_id=0`", ours='arrives as `"0"`')
def user_zero(trial: Trial) -> str:
    seen = trial.run("""
        say(raised=raised_by(lambda: track(0, "E", {"n": 0})))
        flush(5)
        leave()
        """)
    if seen.said["raised"]:
        return seen.said["raised"].partition(":")[0]
    return " ".join(f'arrives as `"{message["userId"]}"`' for message in trial.arrived()) or "all lost"


@case(
    21,
    "a naive datetime, of now and of last year, in Tokyo",
    ours="read as +00:00 and +00:00, a warning for each call site",
)
def naive_datetimes(trial: Trial) -> str:
    seen = trial.run(
        """
        from datetime import datetime
        for n in range(3):
            track("u1", "now", {"n": n}, timestamp=datetime.now())
        track("u1", "last year", {"n": 3}, timestamp=datetime(2025, 1, 2, 3, 4))
        flush(5)
        say(warnings=[line for line in loud() if "naive" in line])
        leave()
        """,
        TZ="JST-9",
    )
    zones = {message["event"]: message["timestamp"][-6:] for message in trial.arrived()}
    warnings = seen.said["warnings"]
    said = "a warning for each call site" if len(warnings) == 2 else "a warning" if warnings else "no warning"
    return f"read as {zones['now']} and {zones['last year']}, {said}"


@case(22, "a message over 32 KB", ours="`(False, message)`, counted, no payload in any text")
def oversize_message(trial: Trial) -> str:
    seen = trial.run("""
        answers = []
        raised = raised_by(lambda: answers.append(track("u1", "E", {"text": "secret " * 6_000})))
        say(raised=raised[:60], taken=answers and answers[0][0], has_payload="secret" in raised + "".join(logs),
            counted=counted("too_large"))
        leave()
        """)
    payload = "the message is in the text" if seen.said["has_payload"] else "no payload in any text"
    if seen.said["raised"]:
        return f"{seen.said['raised'].partition(':')[0]}; {payload}"
    return f"`({seen.said['taken']}, message)`, {'counted' if seen.said['counted'] == 1 else 'not counted'}, {payload}"


@case(23, "12 KB of emoji", ours="arrives: measured as it is sent")
def emoji(trial: Trial) -> str:
    seen = trial.run("""
        say(raised=raised_by(lambda: track("u1", "E", {"text": "\\N{PARTY POPPER}" * 3_000})))
        flush(5)
        leave()
        """)
    if seen.said["raised"]:
        return f"{seen.said['raised'].partition(':')[0]}: counted as over 32 KB"
    return "arrives: measured as it is sent" if trial.arrived() else "all lost"


@case(24, "the log at DEBUG", ours="neither write key nor personal data")
def debug_log(trial: Trial) -> str:
    trial.api.answer(500, times=1)
    seen = trial.run("""
        analytics.debug = True
        logging.getLogger().setLevel(logging.DEBUG)
        analytics.identify("u1", {"email": "ann@example.com"})
        flush(5)
        say(logs=logs)
        leave()
        """)
    text = "\n".join([*seen.said["logs"], seen.words])
    keys = (KEY, base64.b64encode(f"{KEY}:".encode()).decode())
    found = [
        *(["write key"] if any(key in text for key in keys) else []),
        *(["personal data"] if "ann@example.com" in text else []),
    ]
    return " and ".join(found) or ("neither write key nor personal data" if seen.said["logs"] else "nothing is logged")


@case(25, "a `.netrc` entry for the host", ours="never read: the write key is sent")
def netrc(trial: Trial) -> str:
    (trial.folder / ".netrc").write_text("machine 127.0.0.1 login someone password else\n", "utf-8")
    (trial.folder / ".netrc").chmod(0o600)
    seen = trial.run("""
        analytics.host, heard = listen()
        track("u1", "E", {"n": 0})
        flush(5)
        say(authorization=[request["authorization"] for request in heard])
        leave()
        """)
    right = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
    is_right = set(seen.said["authorization"]) == {right}
    return "never read: the write key is sent" if is_right else "replaces the write key"


@case(26, "`sync_mode`, and one 503", ours="retries and delivers; `shutdown()` returns")
def sync_mode(trial: Trial) -> str:
    trial.api.answer(503, times=1)
    seen = trial.run("""
        analytics.sync_mode = True
        raised = raised_by(lambda: track("u1", "E", {"n": 0}))
        say(raised=raised, ended=raised_by(lambda: analytics.shutdown()))
        leave()
        """)
    raised, ended = (seen.said[name].partition(":")[0] for name in ("raised", "ended"))
    call = f"no retry, {raised} in the caller" if raised else "retries and delivers" if trial.arrived() else "all lost"
    return f"{call}; `shutdown()` {f'raises {ended}' if ended else 'returns'}"


@case(
    27,
    "module settings `proxies`, `thread`, `upload_size`, `upload_interval`, `log_handler`",
    ours="honoured: proxies, upload_size, upload_interval, log_handler; taken, but one sender keeps the order: thread",
)
def module_settings(trial: Trial) -> str:
    trial.api.answer(503, times=1)
    seen = trial.run("""
        handler, records = logging.Handler(), []
        handler.emit = records.append
        analytics.debug, analytics.log_handler, analytics.upload_size, analytics.thread = True, handler, 5, 3
        for n in range(20):
            track("u1", "E", {"n": n})
        flush(5)
        own = threading.main_thread(), threading.current_thread()
        senders = [thread for thread in threading.enumerate() if thread not in own and "callbacks" not in thread.name]
        taken = getattr(getattr(analytics.default_client, "settings", None), "thread", None)
        say(log_handler=bool(records), thread=len(senders) == 3, is_taken=taken == 3, first=requests())

        analytics.default_client, analytics.upload_interval = None, 2.0
        count, before = requests(), time.monotonic()
        track("u1", "E", {"n": 20})
        wait_for_requests(count + 1)
        say(upload_interval=time.monotonic() - before > 1.8)
        flush(5)

        proxy, heard = listen()
        analytics.default_client, analytics.upload_interval = None, 0.1
        analytics.proxies, analytics.host = {"http": proxy}, "http://cdp.invalid"
        track("u1", "E", {"n": 21})
        flush(2)
        say(proxies=any(request["path"].startswith("http://cdp.invalid/") for request in heard))
        leave()
        """)
    sizes = [request.items for request in trial.api.requests[: seen.said["first"]]]
    said = {**seen.said, "upload_size": max(sizes) <= 5}
    names = ("proxies", "upload_size", "upload_interval", "log_handler", "thread")
    fates: dict[str, list[str]] = {}
    for name in names:
        is_taken = name == "thread" and said["is_taken"]
        fate = "honoured" if said[name] else "taken, but one sender keeps the order" if is_taken else "ignored"
        fates.setdefault(fate, []).append(name)
    return "; ".join(f"{fate}: {', '.join(of)}" for fate, of in fates.items())


@case(28, "16 threads make the first call at once", ours="one client is made")
def first_calls_at_once(trial: Trial) -> str:
    seen = trial.run("""
        made, made_by = [], analytics.Client
        class Counted(made_by):
            def __init__(self, *args, **kwargs):
                made.append(1)
                super().__init__(*args, **kwargs)
        analytics.Client = Counted
        together = threading.Barrier(16)
        def call(n):
            together.wait()
            track("u1", "E", {"n": n})
        sys.setswitchinterval(0.0001)
        threads = [threading.Thread(target=call, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        say(made=len(made))
        leave()
        """)
    return "one client is made" if seen.said["made"] == 1 else "several clients are made"


@case(29, "30 clients are made, used and dropped", ours="no thread is left, none lost")
def dropped_clients(trial: Trial) -> str:
    seen = trial.run(f"""
        from {trial.peer.client} import Client
        before = threading.active_count()
        for n in range(30):
            client = Client(KEY, host=HOST)
            client.track("u1", "E", {{"n": n}})
            del client
        gc.collect()
        wait_until(lambda: threading.active_count() == before, 5)
        say(threads=threading.active_count() - before)
        leave()
        """)
    return f"{seen.said['threads'] or 'no'} thread{'s are' if seen.said['threads'] else ' is'} left, {trial.lost(30)}"


@case(30, "types", ours="typed: strict mypy takes the right calls and finds the wrong ones")
def types(trial: Trial) -> str:
    application = trial.folder / "application.py"
    application.write_text(
        textwrap.dedent(f"""
        import {trial.peer.module} as analytics
        from {trial.peer.client} import Client
        analytics.track("u1", "E", {{"n": 1}})
        Client("key").track("u1", "E", {{"n": 1}})
        Client("key").track("u1", 5)
        analytics.track("u1", 5)
        """),
        "utf-8",
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--python-executable", trial.peer.python]
    done = subprocess.run(
        [*command, "--cache-dir", trial.folder / "cache", application.name],
        cwd=trial.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "py.typed marker" in done.stdout:
        return "not typed: no `py.typed`"
    lines = [int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line]
    if lines == [6, 7]:
        return "typed: strict mypy takes the right calls and finds the wrong ones"
    found = " and ".join(MYPY_FINDS.get(line, f"line {line}") for line in lines)
    return f"typed, but strict mypy finds {found or 'nothing'}, and no more"
