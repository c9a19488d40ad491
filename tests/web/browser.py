"""
A real Chromium without a window, spoken to over a pipe as DevTools do.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

NAMES = ("chromium", "chromium-browser", "google-chrome")

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--no-proxy-server",
    "--remote-debugging-pipe",
]

# Chromium reads its commands from file 3 and answers in file 4.
LAUNCH = """
import os, sys
commands, answers = map(int, sys.argv[1:3])
os.dup2(commands, 3)
os.dup2(answers, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


def chromium() -> str | None:
    """
    Find a browser.
    """
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Page:
    """
    A tab.  *said* is what its console had to complain about, *requested* the
    addresses that it asked for.
    """

    commands: IO[bytes]
    answers: IO[bytes]
    session: str = ""
    number: int = 0
    loaded: int = 0
    said: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """
        Send a command and wait for its answer.
        """
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.commands.write(json.dumps(message).encode() + b"\0")
        self.commands.flush()
        while True:
            answer = self.next()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def next(self) -> dict[str, Any]:
        """
        Read what the browser says next, and keep what is of interest.
        """
        text = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            assert byte, "the browser went away"
            text += byte
        message: dict[str, Any] = json.loads(text)
        parameters = message.get("params", {})
        match message.get("method"):
            case "Page.loadEventFired":
                self.loaded += 1
            case "Network.requestWillBeSent":
                self.requested.append(parameters["request"]["url"])
            case "Log.entryAdded":
                self.said.append(parameters["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.said.append(json.dumps(parameters))
        return message

    def open(self, url: str, *, width: int, height: int, scheme: str) -> None:
        """
        Load *url* in a window of this size, on a system that prefers *scheme*.
        """
        self.said.clear()
        self.requested.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 700,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        before = self.loaded
        self.call("Page.navigate", url=url)
        while self.loaded == before:
            self.next()

    def evaluate(self, script: str) -> Any:
        """
        Run *script* beside the page, and return what it gives.
        """
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def screenshot(self) -> bytes:
        """
        Take a picture of the whole page, as PNG.
        """
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(taken["data"])


@contextmanager
def browsing(binary: str) -> Generator[Page]:
    """
    Start a browser with one tab, and end it.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        (their_in, our_out), (our_in, their_out) = _pipe(), _pipe()
        command = [binary, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(their_in), str(their_out), *command],
            pass_fds=(their_in, their_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # What a profile is for, and nothing of the person who runs the tests.
            env={**os.environ, "HOME": profile, "XDG_CONFIG_HOME": profile},
        )
        os.close(their_in)
        os.close(their_out)
        # One that hangs answers nothing: its end lets the one who asked fail.
        watchdog = threading.Timer(600, process.kill)
        watchdog.start()
        with os.fdopen(our_out, "wb") as commands, os.fdopen(our_in, "rb") as answers:
            try:
                yield _tab(Page(commands, answers))
            finally:
                watchdog.cancel()
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _pipe() -> tuple[int, int]:
    """
    Make a pipe whose numbers are out of the way of 3 and 4.
    """
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]


def _tab(page: Page) -> Page:
    target = page.call("Target.createTarget", url="about:blank")["targetId"]
    attached = page.call("Target.attachToTarget", targetId=target, flatten=True)
    page.session = attached["sessionId"]
    for domain in ("Page", "Network", "Log", "Runtime"):
        page.call(f"{domain}.enable")
    return page
