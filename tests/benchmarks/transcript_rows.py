"""Measurements of the transcript with synthetic sources; each function needs a QApplication.

A stall is the GUI thread's CPU time between two passes of the event loop: its 99.9th percentile, less
that of an idle window measured in the same run. Ratios compare CPU time within one run.
"""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

from chatbench.core.conversations import TreeMessage
from chatbench.core.errors import ErrorReport
from chatbench.core.messages import Part, TextPart
from chatbench.rendering.highlight import warm
from chatbench.ui.chat.transcript.source import Entry, ListSource
from chatbench.ui.chat.transcript.view import TranscriptView

SIZE = (900, 700)
TOKEN = 4
"""Characters a token, as in the answers these rows are named after: 20,000 tokens are 80 KB."""
_FLUSH_TOKENS = 7
"""At 200 tokens a second and 33 ms an interval."""

_PROSE = (
    "A paragraph of an answer with **bold words**, `inline code`, *emphasis* and a [link](https://example.com/a)"
    " that goes on for some lines, because that is what answers are mostly made of, sentence after sentence. "
)
_SECTION = f"""## A heading

{_PROSE * 3}

- a first point with `code` in it
- a second point that is **longer** and wraps onto another line of the column when it is drawn
- a third point

```python
def quantile(values, q=0.95):
    ordered = sorted(values)  # a comment
    return ordered[int(len(ordered) * q)]
```

{_PROSE * 4}

| name | value | unit |
|---|--:|---|
| alpha | 12.5 | ms |
| beta | 2,048 | MiB |

{_PROSE * 5}

"""


class Growing:
    """A living answer that is as long as the clock of a measurement says."""

    def __init__(self, text: str) -> None:
        self.version = 0
        self.output_tokens: int | None = None
        self.retry_at: float | None = None
        self.waiting_for: ErrorReport | None = None
        self._text = text
        self._shown = 0

    @property
    def done(self) -> bool:
        """Whether everything has come."""
        return self._shown >= len(self._text)

    def grow(self, tokens: float) -> None:
        """Let more tokens come."""
        self._shown = min(len(self._text), self._shown + round(tokens * TOKEN))
        self.version += 1

    def parts(self) -> tuple[Part, ...]:
        return (TextPart(text=self._text[: self._shown]),)


def answer_of(characters: int) -> str:
    """Markdown of headings, prose, lists, code and tables."""
    return (_SECTION * (characters // len(_SECTION) + 1))[:characters]


def huge_blocks() -> dict[str, str]:
    """The three blocks that grow longest while they are open."""
    row = "| {0} | a cell of words | {0}.5 | `code` | **bold** words |"
    table = "| # | words | number | code | bold |\n|--:|---|--:|---|---|\n"
    return {
        "table_400_rows": table + "\n".join(row.format(at) for at in range(400)),
        "list_600_items": "\n".join(
            f"- item {at} with some **words** and `code` in it" for at in range(600)
        ),
        "fence_2000_lines": "```python\n" + "\n".join(
            f"value_{at} = compute({at}, 'text')  # why" for at in range(2000)
        ),
    }  # fmt: skip


def _entry(number: int, role: str, text: str, state: str = "done") -> Entry:
    message = TreeMessage(
        id=f"m{number}",
        conversation_id="c",
        parent_id=None,
        turn_id="t",
        role="user" if role == "user" else "assistant",
        parts=(TextPart(text=text),) if text else (),
        state="streaming" if state == "streaming" else "done",
        created_at=1_760_000_000_000,
    )
    return Entry(message, "You" if role == "user" else "Model")


class Stored(ListSource):
    """A source that knows ids and sizes beforehand, as one that reads them from a database does."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__(entries)
        self._ids = list(super().ids())
        self._sizes = list(super().sizes())

    def ids(self) -> Sequence[str]:
        return self._ids

    def sizes(self) -> Sequence[int]:
        return self._sizes


def conversation(messages: int) -> ListSource:
    """Questions and answers of about 600 characters each."""
    answers = [answer_of(900 + 37 * at) for at in range(8)]
    return Stored(
        [
            _entry(at, "assistant" if at % 2 else "user", answers[at % 8] if at % 2 else "A question. " * 12)
            for at in range(messages)
        ]
    )


def living(text: str, before: int = 6) -> tuple[ListSource, Growing]:
    """A conversation whose last answer is being written."""
    growing = Growing(text)
    source = ListSource([*conversation(before).entries, _entry(10_000, "assistant", "", "streaming")])
    source.living["m10000"] = growing
    return source, growing


def _shown(source: ListSource) -> TranscriptView:
    view = TranscriptView()
    view.resize(*SIZE)
    view.set_source(source)
    view.show()
    _passes(0.3)
    return view


def _close(*widgets: QWidget) -> None:
    for widget in widgets:
        widget.close()
        widget.deleteLater()
    _passes(0.05)


def _passes(seconds: float, until: Callable[[], bool] | None = None) -> list[float]:
    """GUI-thread CPU milliseconds of each pass of the event loop."""
    found = []
    heart = QTimer()
    heart.start(2)
    end = time.monotonic() + seconds
    flags = QEventLoop.ProcessEventsFlag.AllEvents | QEventLoop.ProcessEventsFlag.WaitForMoreEvents
    while time.monotonic() < end and not (until is not None and until()):
        began = time.thread_time()
        QCoreApplication.processEvents(flags)
        found.append((time.thread_time() - began) * 1000)
    heart.stop()
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def _stall(run: Callable[[], list[float]]) -> float:
    idle = QWidget()
    idle.resize(*SIZE)
    idle.show()
    _passes(0.3)
    rest = percentile(_passes(1.5), 0.999)
    _close(idle)
    return max(0.0, percentile(run(), 0.999) - rest)


def open_10000_vs_1000(rounds: int = 5) -> float:
    """CPU of opening a conversation and painting it, 10,000 messages against 1,000; the best of rounds."""
    sources = {count: conversation(count) for count in (1_000, 10_000)}
    best = dict.fromkeys(sources, float("inf"))
    for _ in range(rounds + 1):
        for count, source in sources.items():
            view = TranscriptView()
            view.resize(*SIZE)
            view.show()
            QApplication.processEvents()
            began = time.thread_time()
            view.set_source(source)
            view.viewport().repaint()
            best[count] = min(best[count], time.thread_time() - began)
            _close(view)
    return best[10_000] / best[1_000]


def _flushes(tokens: int = 20_000) -> list[float]:
    """CPU milliseconds of each flush of one long answer, painting included."""
    warm()
    source, growing = living(answer_of(tokens * TOKEN))
    view = _shown(source)
    costs = []
    while not growing.done:
        growing.grow(_FLUSH_TOKENS)
        began = time.thread_time()
        view.step()
        QApplication.processEvents()
        costs.append((time.thread_time() - began) * 1000)
    _close(view)
    return costs


def _appends(tokens: int = 20_000) -> list[float]:
    """The same words appended to a plain text field, following its end."""
    text = answer_of(tokens * TOKEN)
    field = QPlainTextEdit()
    field.setReadOnly(True)
    field.resize(*SIZE)
    field.show()
    _passes(0.3)
    costs = []
    for at in range(0, len(text), _FLUSH_TOKENS * TOKEN):
        began = time.thread_time()
        cursor = QTextCursor(field.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text[at : at + _FLUSH_TOKENS * TOKEN])
        bar = field.verticalScrollBar()
        bar.setValue(bar.maximum())
        QApplication.processEvents()
        costs.append((time.thread_time() - began) * 1000)
    _close(field)
    return costs


def streaming_costs() -> dict[str, float]:
    """``flush_last_vs_first_tenth`` and ``stream_vs_append``, with the milliseconds behind them."""
    flushes, appends = _flushes(), _appends()
    tenth = len(flushes) // 10
    first, last = sum(flushes[:tenth]) / tenth, sum(flushes[-tenth:]) / tenth
    return {
        "flush_last_vs_first_tenth": last / first,
        "stream_vs_append": sum(flushes) / sum(appends),
        "flush_ms": sum(flushes) / len(flushes),
        "append_ms": sum(appends) / len(appends),
    }


def stall_four_streams_ms(seconds: float = 6.0, tokens_per_second: int = 200) -> float:
    """Four views side by side, each growing by 200 tokens a second."""
    warm()
    pairs = [living(answer_of(40_000)) for _ in range(4)]
    views = [_shown(source) for source, _growing in pairs]
    feed = QTimer()

    def more() -> None:
        for _source, growing in pairs:
            growing.grow(tokens_per_second / 100)

    feed.timeout.connect(more)

    def run() -> list[float]:
        gc.collect()
        feed.start(10)
        found = _passes(seconds)
        feed.stop()
        return found

    stall = _stall(run)
    _close(*views)
    return stall


def stall_huge_block_ms(tokens_per_second: int = 2_000) -> dict[str, float]:
    """One open block that grows to its whole length, each kind by itself."""
    warm()
    found = {}
    for name, text in huge_blocks().items():
        source, growing = living(text)
        view = _shown(source)
        feed = QTimer()
        feed.timeout.connect(lambda growing=growing: growing.grow(tokens_per_second / 100))

        def run(growing: Growing = growing, feed: QTimer = feed) -> list[float]:
            gc.collect()
            feed.start(10)
            found = _passes(60.0, lambda: growing.done)
            feed.stop()
            return found + _passes(0.3)

        found[name] = _stall(run)
        _close(view)
    return found


def scroll_through(messages: int = 10_000) -> dict[str, float]:
    """Open and scroll through all of it: CPU of a step, and the most memory the process ever had (MiB)."""
    view = _shown(conversation(messages))
    costs = list(_scrolled(view))
    _close(view)
    return {
        "scroll_median_ms": percentile(costs, 0.5),
        "scroll_p999_ms": percentile(costs, 0.999),
        "rss_max_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _scrolled(view: TranscriptView) -> Iterator[float]:
    while view.stack.rows[0].index > 0:
        began = time.thread_time()
        view.scroll_by(-view.viewport().height() * 0.9)
        view.viewport().repaint()
        yield (time.thread_time() - began) * 1000
