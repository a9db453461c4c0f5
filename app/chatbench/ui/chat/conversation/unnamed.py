"""Answers without what gives their model away, as blind mode shows them."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from PySide6.QtCore import QCoreApplication

from chatbench.core.errors import ErrorReport
from chatbench.core.holds import Hold
from chatbench.core.messages import Part
from chatbench.core.usage import Timings
from chatbench.ui.chat.transcript.source import Entry, Live


def tr(words: str) -> str:
    """Words of this module, translated."""
    return QCoreApplication.translate("Unnamed", words)


def unnamed(entry: Entry, letter: str, moment: str) -> Entry:
    """An answer as that of the lane ``letter``: no model, provider, price or error of a provider's own
    words. Yours stay as they are; a question that was an answer does not say whose."""
    message = entry.message
    if message.model is None:
        return replace(entry, notes=()) if message.sent_from else entry
    bare = msgspec.structs.replace(
        message,
        model=None,
        model_answered="",
        usage=None,
        cost=None,
        timings=Timings(),
        error=_unnamed_error(message.error),
    )
    return replace(
        entry,
        message=bare,
        author=tr("Lane {0}").format(letter),
        place="",
        title=moment,
        notes=(),
        named_above=True,
    )


def _unnamed_error(error: ErrorReport | None) -> ErrorReport | None:
    if error is None:
        return None
    return ErrorReport(
        kind="Hidden",
        message=tr("There is no whole answer."),
        hint=tr("The reason is shown when the answers are rated."),
        retryable=error.retryable,
    )


class UnnamedLive:
    """An answer that is being written, without the provider's name in what it waits for."""

    def __init__(self, live: Live) -> None:
        self._live = live

    @property
    def version(self) -> int:
        return self._live.version

    @property
    def output_tokens(self) -> int | None:
        return None

    @property
    def retry_at(self) -> float | None:
        return self._live.retry_at

    @property
    def waiting_for(self) -> ErrorReport | None:
        return _unnamed_error(self._live.waiting_for)

    @property
    def held(self) -> Hold | None:
        held = self._live.held
        return None if held is None else msgspec.structs.replace(held, provider=tr("its provider"))

    def parts(self) -> tuple[Part, ...]:
        return self._live.parts()
