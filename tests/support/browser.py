"""Chromium without a window, driven over a pipe by its DevTools protocol: no driver, no socket, no network.

python tests/parity/browser.py REPORT.html PICTURE.png --width 1200 --height 1400 --dark
"""

from __future__ import annotations

import argparse
import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars", "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe", "about:blank",
)  # fmt: skip
LAUNCH = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)
"""The browser reads commands from descriptor 3 and answers on 4."""


class BrowserError(Exception):
    """The browser went away, or a script in the page failed."""


class Browser:
    """One page of one browser."""

    def __init__(self, answers: BinaryIO, commands: BinaryIO) -> None:
        self._answers, self._commands = answers, commands
        self._rest, self._last, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; what happens meanwhile is kept in `events`."""
        self._last += 1
        command = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        self._commands.write(json.dumps(command).encode() + b"\0")
        self._commands.flush()
        while (answer := self._next()).get("id") != self._last:
            self.events.append(answer)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return dict(answer["result"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._answers.fileno(), 1 << 20)
            if not part:
                raise BrowserError("the browser has gone")
            self._rest += part
        text, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(text))

    def open(self, page: Path, *, width: int = 1200, height: int = 1400, scheme: str = "light") -> None:
        """Load a page and wait until it is there; events of the page before are forgotten."""
        self.resize(width, height)
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.send("Page.navigate", url=page.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def resize(self, width: int, height: int) -> None:
        """Let the page be so wide and high, in CSS pixels; below 600 it is a phone."""
        is_phone = width < 600
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone
        )

    def run(self, script: str) -> Any:
        """Return what an expression in the page comes to."""
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise BrowserError(json.dumps(result["exceptionDetails"]))
        return result["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key, as a person would."""
        text = {"Enter": "\r", "Tab": "", " ": " "}.get(key, key)
        code = {"Enter": 13, "Tab": 9, " ": 32}.get(key, 0)
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, text=text)

    def picture(self, path: Path) -> None:
        """Save what is to be seen as a PNG."""
        data = self.send("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))


def find_browser() -> str | None:
    """Return the path of a browser of this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser(executable: str) -> Iterator[Browser]:
    """Start a browser with a profile that is thrown away, and end it."""
    with TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        high = [fcntl.fcntl(number, fcntl.F_DUPFD, 10) for number in (theirs_in, theirs_out)]
        command = [sys.executable, "-c", LAUNCH, *map(str, high), executable, f"--user-data-dir={profile}", *OPTIONS]
        environment = {**os.environ, "HOME": profile}
        with (
            os.fdopen(ours_in, "rb") as answers,
            os.fdopen(ours_out, "wb") as commands,
            subprocess.Popen(command, pass_fds=high, stderr=subprocess.DEVNULL, env=environment) as process,
        ):
            for number in (theirs_in, theirs_out, *high):
                os.close(number)
            try:
                driven = Browser(answers, commands)
                yield driven
                driven.send("Browser.close")
                process.wait(timeout=5)
            finally:
                process.kill()


def main() -> int:
    """Take a picture of a page."""
    parser = argparse.ArgumentParser(description="Take a picture of a page.")
    parser.add_argument("page", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--width", type=int, default=1200)
    parser.add_argument("--height", type=int, default=1400)
    parser.add_argument("--scroll", type=int, default=0, help="pixels from the top")
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    executable = find_browser()
    if executable is None:
        parser.error("there is no Chromium: apt-get install chromium")
    with browser(executable) as opened:
        scheme = "dark" if options.dark else "light"
        opened.open(options.page, width=options.width, height=options.height, scheme=scheme)
        opened.run(f"scrollTo(0, {options.scroll})")
        opened.picture(options.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
