"""An answer while it comes in: what drawing it costs, and how long the window is not at hand."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPlainTextEdit, QWidget
from tests.benchmarks.answers import TOKEN, answer_of, fence_of, list_of, table_of
from tests.benchmarks.measuring import Passes, stall

from chatbench.core.conversations import TreeMessage
from chatbench.core.errors import ErrorReport
from chatbench.core.holds import Hold
from chatbench.core.messages import Part, TextPart
from chatbench.core.streams import Accumulator, PartDelta
from chatbench.rendering.highlight import warm
from chatbench.ui.app import make_application
from chatbench.ui.chat.transcript.source import Entry, ListSource
from chatbench.ui.chat.transcript.view import TranscriptView

TOKENS = 20_000
FLUSH_TOKENS = 7
"""What comes between two flushes at 200 tokens a second and 33 ms."""
FEED_MS = 10
IDLE_S = 2.0
STREAMS_S = 20.0
BLOCK_TOKENS_PER_S = 1_000


class Growing:
    """A living answer: deltas of one token each, folded by the accumulator the program uses."""

    retry_at: float | None = None
    held: Hold | None = None
    waiting_for: ErrorReport | None = None
    output_tokens: int | None = None

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._accumulator = Accumulator()

    @property
    def version(self) -> int:
        return self._accumulator.version

    def is_done(self) -> bool:
        """Whether everything has come."""
        return self._at >= len(self._text)

    def grow(self, tokens: int) -> None:
        """Lets more tokens come."""
        for _ in range(tokens):
            token = self._text[self._at : self._at + TOKEN]
            self._at += TOKEN
            if token:
                self._accumulator.apply(PartDelta(0, token))

    def parts(self) -> tuple[Part, ...]:
        return self._accumulator.parts()


def flush_last_vs_first_tenth() -> float:
    """The mean cost of a flush in the last tenth of a 20,000-token answer, to that in the first."""
    costs = _flushes()
    tenth = len(costs) // 10
    print(f"a flush costs {sum(costs[:tenth]) / tenth:.2f} ms, then {sum(costs[-tenth:]) / tenth:.2f} ms")
    return sum(costs[-tenth:]) / sum(costs[:tenth])


def stream_vs_append() -> float:
    """All flushes of a 20,000-token answer, to appending the same words to a plain text field.

    The field comes first, in an application as Qt makes it: under our theme it costs twice as much.
    """
    application = QApplication(["floor"])
    appends = _appends()
    flushes = _flushes()
    assert QApplication.instance() is application
    print(f"{len(flushes)} flushes: {sum(flushes):.0f} ms against {sum(appends):.0f} ms")
    return sum(flushes) / sum(appends)


def stall_four_streams_ms() -> float:
    """Four answers side by side, 200 tokens a second each, at four stages of their lives."""
    make_application()
    warm()
    idle = _idle()
    window = QWidget()
    window.resize(1600, 900)
    row = QHBoxLayout(window)
    growing: list[Growing] = []
    for begun in (0, 5_000, 10_000, 14_000):
        view, answer = _living(answer_of(TOKENS * TOKEN))
        answer.grow(begun)
        growing.append(answer)
        row.addWidget(view)
    window.show()
    _run(1.0)
    feed = _feed(*growing, tokens_per_s=200)
    _run(2.0)
    busy = _measured(lambda: _run(STREAMS_S))
    feed.stop()
    print(f"{len(busy)} passes, the longest {max(busy):.1f} ms")
    return stall(busy, idle)


def stall_huge_block_ms() -> float:
    """The worst of one open table of 400 rows, list of 600 items and fence of 2,000 lines."""
    make_application()
    warm()
    idle = _idle()
    worst = 0.0
    blocks = {"table": table_of(400), "list": list_of(600), "fence": fence_of(2_000)}
    for name, text in blocks.items():
        view, growing = _living(text)
        view.resize(900, 800)
        view.show()
        _run(0.5)
        feed = _feed(growing, tokens_per_s=BLOCK_TOKENS_PER_S)
        busy = _measured(partial(_run, 120.0, until=growing.is_done))
        feed.stop()
        found = stall(busy, idle)
        print(f"{name}: {found:.1f} ms; {len(busy)} passes, the longest {max(busy):.1f} ms")
        worst = max(worst, found)
        view.close()
        view.deleteLater()
    return worst


def _living(text: str) -> tuple[TranscriptView, Growing]:
    """A conversation whose last answer is being written."""
    growing = Growing(text)
    before = [_entry(at, answer_of(900) if at % 2 else "A question. " * 12) for at in range(6)]
    source = ListSource([*before, _entry(6, "", streaming=True)])
    source.living["m6"] = growing
    view = TranscriptView()
    view.set_source(source)
    return view, growing


def _entry(number: int, text: str, *, streaming: bool = False) -> Entry:
    asked = number % 2 == 0 and not streaming
    message = TreeMessage(
        id=f"m{number}",
        conversation_id="c",
        parent_id=None,
        turn_id="t",
        role="user" if asked else "assistant",
        parts=(TextPart(text=text),) if text else (),
        state="streaming" if streaming else "done",
        created_at=1_760_000_000_000,
    )
    return Entry(message, "You" if asked else "Model")


def _flushes() -> list[float]:
    """CPU milliseconds of each flush, painting included."""
    make_application()
    warm()
    view, growing = _living(answer_of(TOKENS * TOKEN))
    view.resize(900, 800)
    view.show()
    _run(0.5)
    costs: list[float] = []
    gc.collect()
    while not growing.is_done():
        growing.grow(FLUSH_TOKENS)
        began = time.thread_time()
        view.step()
        QApplication.processEvents()
        costs.append((time.thread_time() - began) * 1000)
    return costs


def _appends() -> list[float]:
    """The same for a plain text field of the same size that stays at its end."""
    text = answer_of(TOKENS * TOKEN)
    field = QPlainTextEdit()
    field.setReadOnly(True)
    field.resize(900, 800)
    field.show()
    _run(0.5)
    costs: list[float] = []
    for at in range(0, len(text), FLUSH_TOKENS * TOKEN):
        began = time.thread_time()
        cursor = QTextCursor(field.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text[at : at + FLUSH_TOKENS * TOKEN])
        bar = field.verticalScrollBar()
        bar.setValue(bar.maximum())
        QApplication.processEvents()
        costs.append((time.thread_time() - began) * 1000)
    return costs


def _feed(*growing: Growing, tokens_per_s: int) -> QTimer:
    """Lets tokens come as a connection does: some every 10 ms, on the GUI thread."""
    feed = QTimer()
    each = tokens_per_s * FEED_MS // 1000

    def more() -> None:
        for one in growing:
            one.grow(each)

    feed.timeout.connect(more)
    feed.start(FEED_MS)
    return feed


def _idle() -> list[float]:
    """The passes of a window in which nothing happens."""
    window = QWidget()
    window.resize(900, 800)
    window.show()
    _run(0.5)
    found = _measured(lambda: _run(IDLE_S))
    window.close()
    return found


def _measured(work: Callable[[], None]) -> list[float]:
    gc.collect()
    passes = Passes()
    passes.start()
    work()
    return passes.stop()


def _run(seconds: float, until: Callable[[], bool] | None = None) -> None:
    """Runs the event loop for that long, or until something holds."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    if until is not None:
        look = QTimer(loop)
        look.timeout.connect(lambda: loop.quit() if until() else None)
        look.start(100)
    loop.exec()
