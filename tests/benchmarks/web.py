"""Our window beside a chat on a web page in headless Chromium: the same conversation, the same streams."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks.measuring import median, percentile
from tests.benchmarks.peers.processes import provided
from tests.benchmarks.peers.web.chromium import Browser, chromium
from tests.benchmarks.peers.web.processes import Processes
from tests.benchmarks.peers.web.server import ANSWER, MODELS, STREAM_S
from tests.benchmarks.profiles import make_profile
from tests.benchmarks.rows import Measured

MESSAGES = 1_000
ROUNDS = 5
REST_S = 0.5
PAUSE_MS = 33
"""How long our window waits between two paintings of an answer."""
SETTLED_S = 5.0
THIRD = 0.33
"""At least three times better."""
_ROOT = Path(__file__).resolve().parents[2]


class Spent(NamedTuple):
    """Milliseconds, by the clock and of CPU time."""

    ms: float
    cpu_ms: float


class Window:
    """Our window in a process of its own; see peers/web/ours.py."""

    def __init__(self, process: subprocess.Popen[str], conversation_id: str) -> None:
        self.processes = Processes(process.pid)
        self._process = process
        self._id = conversation_id

    def open(self) -> float:
        """Shows the long conversation; milliseconds until it was painted."""
        return float(self.ask("open", self._id))

    def close(self) -> None:
        self.ask("close", self._id)

    def ask(self, *words: str) -> Any:
        """The answer to a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        return json.loads(_line(self._process))


class Page:
    """The page in Chromium; see peers/web/page.jsx."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.processes = browser.processes

    def open(self, kind: str) -> float:
        """Shows the long conversation, `whole` or `virtual`; milliseconds until it was painted."""
        took = self.browser.result(f"bench.open('{kind}')")
        if took is None:
            # The virtual list now and then hides its messages for good.
            assert kind == "virtual", "the page never shows the last message"
            return math.inf
        return float(took)

    def close(self) -> None:
        self.browser.result("bench.close()")

    def stream(self, pause_ms: int = 0) -> None:
        """Asks all models beside each other, until all is said; painted each frame, or after each pause."""
        lengths = self.browser.result(f"bench.stream({json.dumps(MODELS)}, {pause_ms})")
        assert lengths == [ANSWER] * len(MODELS), "words are missing"


def open_vs_web() -> Measured:
    """Time from asking for 1,000 messages until the last of them is painted; CPU time with it."""
    with _sides() as (window, page):
        works: dict[str, Callable[[], Spent]] = {
            "ours": lambda: _opened(window.processes, window.open, window.close),
            "page": lambda: _opened(page.processes, lambda: page.open("whole"), page.close),
            "virtualised": lambda: _opened(page.processes, lambda: page.open("virtual"), page.close),
        }
        found = _in_turn(ROUNDS, works)
    took = {name: Spent(*(median(part) for part in zip(*all_, strict=True))) for name, all_ in found.items()}
    notes = [f"{name}: {spent.ms:.0f} ms, {spent.cpu_ms:.0f} ms of CPU" for name, spent in took.items()]
    stuck = sum(math.isinf(spent.ms) for spent in found["virtualised"])
    notes += [f"{stuck} of {ROUNDS} times the virtualised list showed nothing in 10 s"] if stuck else []
    if 2 * stuck > ROUNDS:
        raise RuntimeError("the virtualised list hardly ever shows the conversation")
    ours, whole, virtual = took["ours"], took["page"], took["virtualised"]
    besides = {"cpu": (ours.cpu_ms / whole.cpu_ms, THIRD), "virtualised": (ours.ms / virtual.ms, 1.0)}
    return Measured(ours.ms / whole.ms, besides, tuple(notes))


def memory_vs_web() -> Measured:
    """What all processes take with 1,000 messages open.

    Ours is its resident size, because what it shares with other programs of this computer is not
    to its credit; the page's is the proportional size, so that its processes do not count twice.
    """
    ours, notes, web = 0.0, [], {}
    for kind in ("whole", "virtual"):
        with _sides() as (window, page):
            window.open()
            page.open(kind)
            time.sleep(SETTLED_S)
            ours, web[kind] = window.processes.rss_mib(), page.processes.pss_mib()
            processes, share = page.processes.count(), window.processes.pss_mib()
            notes.append(f"page, {kind}: {web[kind]:.0f} MiB in {processes} processes")
            notes.append(f"ours: {ours:.0f} MiB resident, {share:.0f} proportional, in one")
    return Measured(ours / web["whole"], {"virtualised": (ours / web["virtual"], 1.0)}, tuple(notes))


def stream_cpu_vs_web() -> Measured:
    """CPU time of all processes while four answers come beside each other, 200 tokens a second each."""
    with _sides() as (window, page):
        ours = _spent_s(window.processes, lambda: window.ask("stream"))
        theirs = _spent_s(page.processes, page.stream)
        page.close()
        paused = _spent_s(page.processes, lambda: page.stream(PAUSE_MS))
    said = (("ours", ours), ("page", theirs), (f"page, paused {PAUSE_MS} ms", paused))
    notes = tuple(f"{name}: {spent:.2f} s, {100 * spent / STREAM_S:.0f} % of a core" for name, spent in said)
    return Measured(ours / theirs, {"paused": (ours / paused, 1.0)}, notes)


def stall_vs_web() -> Measured:
    """The longest that the window's thread, and the page's, was at work at a stretch meanwhile."""
    with _sides() as (window, page):
        ours = window.ask("stall")
        with page.browser.traced() as tasks:
            page.stream()
    notes = tuple(
        f"{name}: {max(costs):.1f} ms; the 99.9th percentile {percentile(costs, 0.999):.1f} of {len(costs)}"
        for name, costs in (("ours", ours), ("page", tasks))
    )
    return Measured(max(ours) / max(tasks), notes=notes)


def _opened(processes: Processes, open_: Callable[[], float], close: Callable[[], None]) -> Spent:
    took: list[float] = []
    spent = _spent_s(processes, lambda: took.append(open_()))
    close()
    time.sleep(REST_S)
    return Spent(took[0], spent * 1000)


def _spent_s(processes: Processes, work: Callable[[], object]) -> float:
    before = processes.cpu_s()
    work()
    return processes.cpu_s() - before


def _in_turn(rounds: int, works: dict[str, Callable[[], Spent]]) -> dict[str, list[Spent]]:
    """Each in turn; the first round is dropped."""
    found: dict[str, list[Spent]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            spent = work()
            if number:
                found[name].append(spent)
    return found


@contextmanager
def _sides() -> Iterator[tuple[Window, Page]]:
    """Both started, settled, with nothing open."""
    folder = provided("web")
    with tempfile.TemporaryDirectory(prefix="chatbench-web-", ignore_cleanup_errors=True) as own:
        profile = Path(own, "profile")
        (conversation_id,) = make_profile(profile, MESSAGES)
        with (
            _python("server", str(folder / "page"), str(profile), conversation_id) as server,
            _python("ours", str(profile), url := _line(server)) as ours,
            chromium(folder / "chromium", Path(own, "chromium")) as browser,
        ):
            assert _line(ours) == "ready"
            browser.visit(f"{url}/page/index.html")
            yield Window(ours, conversation_id), Page(browser)


@contextmanager
def _python(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A module of peers/web in a process of its own; it ends when its input does."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.benchmarks.peers.web.{module}", *arguments],
        cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
        process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().rstrip()
    if not line:
        raise RuntimeError("the process has ended; why stands above")
    return line
