"""Headless Chromium, driven over the DevTools protocol through two pipes; no socket is opened for it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.peers.web.processes import Processes

LIMIT_S = 60.0
WIDTH, HEIGHT = 1_440, 900
_ARGUMENTS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-features=SpareRendererForSitePerProcess,MediaRouter,Translate,OptimizationHints",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--no-first-run",
    "--password-store=basic",
    f"--window-size={WIDTH},{HEIGHT}",
)
_LAUNCH = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads commands from descriptor 3 and writes to 4, numbers that may be in use here."""


class Browser:
    """One page of a running Chromium."""

    def __init__(self, process: subprocess.Popen[bytes], commands: int, answers: int) -> None:
        self.processes = Processes(process.pid)
        self._commands = commands
        self._answers = answers
        self._received = b""
        self._asked = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        """What the browser told without being asked, in order."""

    def visit(self, address: str) -> None:
        """Shows an address in the one page there is, and waits until it has `window.bench`."""
        targets = self.call("Target.getTargets")["targetInfos"]
        (target,) = [one["targetId"] for one in targets if one["type"] == "page"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.call("Runtime.enable")
        self.call("Runtime.addBinding", name="bench_told")
        self.call("Page.navigate", url=address)
        end = time.monotonic() + LIMIT_S
        while not self.run("document.readyState === 'complete' && 'bench' in window"):
            assert time.monotonic() < end, f"{address} never loads"
            time.sleep(0.05)

    def run(self, script: str) -> Any:
        """The value of an expression in the page. Raises RuntimeError."""
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in told:
            raise RuntimeError(f"{script}: {json.dumps(told['exceptionDetails'])[:800]}")
        return told["result"].get("value")

    def result(self, script: str) -> Any:
        """What a promise in the page comes to, which the page calls back with. Raises RuntimeError."""
        self.events = [one for one in self.events if one.get("method") != "Runtime.bindingCalled"]
        failed = "error => bench_told(JSON.stringify({error: String(error)}))"
        self.run(f"void {script}.then(value => bench_told(JSON.stringify({{value}})), {failed})")
        told = json.loads(self._event("Runtime.bindingCalled")["payload"])
        if "error" in told:
            raise RuntimeError(f"{script}: {told['error']}")
        return told.get("value")

    def call(self, method: str, **parameters: Any) -> Any:
        """A command's answer. Raises RuntimeError where it is refused or none comes."""
        self._asked += 1
        command = {"id": self._asked, "method": method, "params": parameters}
        if self._session and not method.startswith("Target."):
            command["sessionId"] = self._session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while (message := self._read()).get("id") != self._asked:
            self.events.append(message)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return message["result"]

    @contextmanager
    def traced(self) -> Iterator[list[float]]:
        """The CPU milliseconds of each task of the page's main thread in the block, there when it ends."""
        costs: list[float] = []
        self.events.clear()
        self.call("Tracing.start", traceConfig={"includedCategories": ["toplevel"]})
        yield costs
        self.call("Tracing.end")
        self._event("Tracing.tracingComplete")
        told = [one["params"]["value"] for one in self.events if one.get("method") == "Tracing.dataCollected"]
        costs += _tasks([event for some in told for event in some])

    def _event(self, method: str) -> dict[str, Any]:
        """The parameters of an event, once it has come."""
        while True:
            for event in self.events:
                if event.get("method") == method:
                    return dict(event["params"])
            self.events.append(self._read())

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            if not select.select([self._answers], [], [], LIMIT_S)[0]:
                raise RuntimeError(f"Chromium says nothing for {LIMIT_S:g} s")
            more = os.read(self._answers, 1 << 20)
            if not more:
                raise RuntimeError("Chromium has ended")
            self._received += more
        told, _, self._received = self._received.partition(b"\0")
        message: dict[str, Any] = json.loads(told)
        return message


def _tasks(events: list[dict[str, Any]]) -> list[float]:
    """The CPU milliseconds of each task of the renderer's main thread."""
    named = {
        (one["pid"], one["tid"]): one["args"]["name"]
        for one in events
        if one["ph"] == "M" and one["name"] == "thread_name"
    }
    return [
        one["tdur"] / 1000
        for one in events
        if one["name"].endswith("RunTask")
        and named.get((one["pid"], one["tid"])) == "CrRendererMain"
        and "tdur" in one
    ]


@contextmanager
def chromium(folder: Path, profile: Path) -> Iterator[Browser]:
    """Runs the Chromium below `folder` (see packaging/peers.py) with a new profile until the block ends."""
    there, commands = os.pipe()
    answers, back = os.pipe()
    program = folder / "usr/lib/chromium/chromium"
    libraries = {str(file.parent) for file in (folder / "usr/lib").glob("*-linux-*/**/*.so*")}
    own = {"LD_LIBRARY_PATH": os.pathsep.join(sorted(libraries)), "DBUS_SESSION_BUS_ADDRESS": "disabled:"}
    launch = [sys.executable, "-S", "-E", "-c", _LAUNCH, str(there), str(back)]
    process = subprocess.Popen(
        [*launch, str(program), *_ARGUMENTS, f"--user-data-dir={profile}", "about:blank"],
        env={**os.environ, **own}, pass_fds=(there, back), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(there)
    os.close(back)
    browser = Browser(process, commands, answers)
    try:
        yield browser
        browser.call("Browser.close")
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        os.close(commands)
        os.close(answers)
