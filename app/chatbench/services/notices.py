"""What the program says to the user by itself. Kept until somebody listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from chatbench.core.errors import ChatbenchError
from chatbench.core.observe import Signal


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence; `action` is the word on its button, `run` what the button does."""

    text: str
    kind: Literal["info", "done", "warning", "error"] = "info"
    hint: str = ""
    action: str = ""
    run: Callable[[], object] | None = None


class Notifier:
    """Says things to whoever shows notices; buffers what is said before anybody does."""

    def __init__(self) -> None:
        self._said: Signal[Notice] = Signal()
        self._waiting: list[Notice] = []
        self._listening = False

    def say(self, notice: Notice) -> None:
        if self._listening:
            self._said.emit(notice)
        else:
            self._waiting.append(notice)

    def error(self, error: ChatbenchError) -> None:
        """Tells of a known error that has no better place to stand."""
        self.say(Notice(text=error.message, hint=error.hint, kind="error"))

    def listen(self, listener: Callable[[Notice], object]) -> None:
        """Hands over what was said so far, then everything as it is said."""
        self._said.connect(listener)
        self._listening = True
        waiting, self._waiting = self._waiting, []
        for notice in waiting:
            listener(notice)
