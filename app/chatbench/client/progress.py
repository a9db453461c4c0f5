"""How far a run of many calls has come: the numbers, and the faces that show them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from decimal import Decimal
from math import ceil
from typing import Any, Literal, Protocol

import msgspec

from chatbench.core.errors import ConfigurationError
from chatbench.core.requests import Response

_REDRAW_S = 0.1
_BAR = 16


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of a run. `total` is None where the prompts are not counted yet; `waiting` are taken
    up and not answered; `rate` is answers a second; `cost` is US dollars over the priced answers
    and `cost_complete` False where some have no price; `left_s` None while nobody can tell."""

    total: int | None
    done: int
    failed: int
    waiting: int
    skipped: int
    rate: float
    input_tokens: int
    output_tokens: int
    cost: Decimal
    cost_complete: bool
    elapsed_s: float

    @property
    def left_s(self) -> float | None:
        if self.total is None or not self.rate:
            return None
        return max(0, self.total - self.skipped - self.done - self.failed) / self.rate

    @property
    def projected_cost(self) -> Decimal | None:
        """US dollars for the whole run, if the rest costs what the answers so far did."""
        if self.total is None or not self.done or not self.cost_complete:
            return None
        return self.cost * (self.total - self.skipped) / self.done

    def words(self) -> str:
        """One line for people, the most wanted first: a narrow terminal cuts its end."""
        of = f"/{self.total:,}" if self.total is not None else ""
        parts = [f"{self.done + self.failed + self.skipped:,}{of} done"]
        counts = ((self.failed, "failed"), (self.skipped, "were there"), (self.waiting, "waiting"))
        parts += [f"{count:,} {what}" for count, what in counts if count]
        if left := self.left_s:
            parts.append(f"{_span(left)} left")
        parts += [
            self._money(), f"{self.rate:.1f}/s", f"{self.input_tokens:,} + {self.output_tokens:,} tokens",
        ]  # fmt: skip
        return " · ".join(parts)

    def _money(self) -> str:
        if not self.cost_complete:
            return f"more than ${self.cost:.4f}" if self.cost else "price unknown"
        projected = self.projected_cost
        about = f" of about ${projected:.4f}" if projected is not None and projected > self.cost else ""
        return f"${self.cost:.4f}{about}"


def _span(seconds: float) -> str:
    minutes, rest = divmod(ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


ProgressFace = Literal["rich", "tqdm", "none"] | Callable[[Progress], object]
"""`rich` and `tqdm` draw on stderr; a callable ("manual") gets every change, at most ten a second."""


class Tally:
    """Counts while a run goes on. `now` is in seconds, monotonic."""

    def __init__(self, total: int | None = None, *, now: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self._now = now
        self._began = now()
        self._done = self._failed = self._taken = self.skipped = 0
        self._input = self._output = 0
        self._cost = Decimal(0)
        self._complete = True

    def take(self) -> None:
        """A prompt was taken up."""
        self._taken += 1

    def drop(self) -> None:
        """One that was taken up was cancelled."""
        self._taken -= 1

    def add(self, response: Response) -> None:
        """An answer, or an error, has come."""
        if response.error is not None:
            self._failed += 1
        else:
            self._done += 1
        usage, spent = response.usage, response.spent
        if usage is not None and not response.local_cache_hit:
            self._input += usage.input_tokens
            self._output += usage.output_tokens
        if spent is None:
            self._complete = False
        else:
            self._cost += spent

    def progress(self) -> Progress:
        elapsed = max(1e-9, self._now() - self._began)
        ended = self._done + self._failed
        return Progress(
            total=self.total,
            done=self._done,
            failed=self._failed,
            waiting=self._taken - ended,
            skipped=self.skipped,
            rate=ended / elapsed,
            input_tokens=self._input,
            output_tokens=self._output,
            cost=self._cost,
            cost_complete=self._complete,
            elapsed_s=elapsed,
        )


class Face(Protocol):
    """Shows a run. `show` is called after every answer and returns soon; `close` shows the end."""

    def show(self, tally: Tally) -> None: ...

    def close(self, tally: Tally) -> None: ...


def face_of(progress: ProgressFace) -> Face:
    """Raises ConfigurationError for a name there is none of, or a library that is not installed."""
    if callable(progress):
        return _Calls(progress)
    if progress == "rich":
        return _Rich()
    if progress == "tqdm":
        return _Tqdm()
    if progress == "none":
        return _Nothing()
    raise ConfigurationError(
        f"There is no progress display called {progress!r}.", "Use rich, tqdm, none, or a function."
    )


class _Nothing:
    def show(self, tally: Tally) -> None:
        """Nothing is shown."""

    def close(self, tally: Tally) -> None:
        """Nothing is shown."""


class _Paced(ABC):
    """Draws at most ten times a second, and at the end."""

    def __init__(self) -> None:
        self._next = 0.0

    def show(self, tally: Tally) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _REDRAW_S
            self._draw(tally.progress())

    def close(self, tally: Tally) -> None:
        self._draw(tally.progress())

    @abstractmethod
    def _draw(self, progress: Progress) -> None: ...


class _Calls(_Paced):
    def __init__(self, function: Callable[[Progress], object]) -> None:
        super().__init__()
        self._function = function

    def _draw(self, progress: Progress) -> None:
        self._function(progress)


class _Rich(_Paced):
    """A live bar with the words below each other's place."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar
        from rich.table import Column

        self._bar = Bar(
            BarColumn(_BAR),
            TextColumn("{task.fields[words]}", markup=False, table_column=Column(no_wrap=True)),
            console=Console(stderr=True), auto_refresh=False,
        )  # fmt: skip
        self._bar.start()
        self._task = self._bar.add_task("", total=None, words="")

    def _draw(self, progress: Progress) -> None:
        ended = progress.done + progress.failed + progress.skipped
        self._bar.update(self._task, completed=ended, total=progress.total, words=progress.words())
        self._bar.refresh()

    def close(self, tally: Tally) -> None:
        super().close(tally)
        self._bar.stop()


class _Tqdm(_Paced):
    def __init__(self) -> None:
        super().__init__()
        try:
            from tqdm import tqdm
        except ImportError as error:
            raise ConfigurationError("tqdm is not installed.", "Run `pip install tqdm`.") from error

        class Bar(tqdm):  # type: ignore[misc]
            """Without tqdm's own thread, which would outlive the run: a run redraws often enough."""

            monitor_interval = 0

        self._bar: Any = Bar(unit="")

    def _draw(self, progress: Progress) -> None:
        self._bar.total = progress.total
        self._bar.n = progress.done + progress.failed + progress.skipped
        self._bar.set_postfix_str(progress.words(), refresh=False)
        self._bar.refresh()

    def close(self, tally: Tally) -> None:
        super().close(tally)
        self._bar.close()
