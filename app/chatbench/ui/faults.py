"""Errors that reach nobody else: a known one becomes a notice, any other is a bug with a report."""

from __future__ import annotations

import logging
import platform
import sys
import traceback
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, qVersion
from PySide6.QtGui import QGuiApplication

from chatbench import __version__
from chatbench.core.errors import ChatbenchError
from chatbench.services.notices import Notice
from chatbench.ui import aio

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbench.ui.window import MainWindow

log = logging.getLogger(__name__)


def report_of(error: BaseException) -> str:
    """What a person can send us: versions and the stack, without any variable's value."""
    stack = "".join(traceback.format_exception(error))
    return (
        f"Chatbench {__version__}, Qt {qVersion()}, Python {platform.python_version()}, "
        f"{platform.platform()}\n\n{stack}"
    )


def show_error(window: MainWindow, error: BaseException) -> None:
    """Tells of an error that has no better place to stand."""
    if isinstance(error, ChatbenchError):
        window.notices.show_notice(" ".join(filter(None, (error.message, error.hint))), "error")
        return
    log.error("unexpected error", exc_info=error)
    report = report_of(error)
    window.notices.show_notice(
        _tr("Something went wrong in Chatbench itself. What you wrote is kept."),
        "error",
        action=(_tr("Copy report"), lambda: QGuiApplication.clipboard().setText(report)),
    )


def show_service_notice(window: MainWindow, notice: Notice) -> None:
    """What a service says by itself."""
    kind = "success" if notice.kind == "done" else notice.kind
    action = (notice.action, notice.run) if notice.action and notice.run else None
    words = " ".join(filter(None, (notice.text, notice.hint)))
    window.notices.show_notice(words, kind, action=action)


def catch_everything(window: Callable[[], MainWindow]) -> Callable[[], None]:
    """Routes the errors of tasks and slots to `show_error` in the window in front; the returned
    function ends that."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            before(kind, error, trace)
        else:
            show_error(window(), error)

    sys.excepthook = hook
    aio.set_error_handler(lambda error: show_error(window(), error))

    def stop() -> None:
        sys.excepthook = before
        aio.set_error_handler(None)

    return stop


def _tr(text: str) -> str:
    return QCoreApplication.translate("faults", text)
