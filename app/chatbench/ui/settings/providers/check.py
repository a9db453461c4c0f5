"""The connection check: seven steps down a line, each with what was found and what would help."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Final
from urllib.parse import urlsplit

from PySide6.QtCore import QCoreApplication, QLocale, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from chatbench.core.endpoints import Endpoint
from chatbench.services import Services
from chatbench.services.endpoints import STEPS, CheckStep
from chatbench.ui import icons
from chatbench.ui.aio import spawn
from chatbench.ui.settings.form import time_now
from chatbench.ui.theme import theme
from chatbench.ui.widgets import (
    Button,
    Card,
    Flow,
    Label,
    RawText,
    announce,
    gauge_clock,
)

COSTLY: Final = STEPS[-1]
_DISC: Final = 20


class _StepMark(QWidget):
    """The mark of a step on the line that joins them."""

    def __init__(self, *, last: bool) -> None:
        super().__init__()
        self._last = last
        self._state = "not_tried"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def set_state(self, state: str) -> None:
        self._state = state
        self._follow()
        self.update()

    def _follow(self) -> None:
        if self._state == "running" and self.isVisible():
            gauge_clock().join(self)
        else:
            gauge_clock().leave(self)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        gauge_clock().leave(self)

    def sizeHint(self) -> QSize:
        edge = theme().icon_size(_DISC)
        return QSize(edge, edge)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = theme().icon_size(_DISC)
        disc = QRectF(0, 0, edge, edge)
        if not self._last:
            line = QRectF((edge - 2) / 2, edge, 2, self.height() - edge)
            painter.fillRect(line, theme().color("line"))
        inner = disc.adjusted(4, 4, -4, -4)
        if self._state == "passed":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color("success"))
            painter.drawEllipse(disc)
            icons.draw(painter, "check", inner, "page")
        elif self._state == "failed":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color("danger"))
            painter.drawRoundedRect(disc, 4, 4)
            icons.draw(painter, "x", inner, "page")
        elif self._state == "running":
            icons.draw_gauge(painter, disc, gauge_clock().step)
        else:
            pen = QPen(theme().color("linectl"), 1.5, Qt.PenStyle.DashLine)
            pen.setDashPattern([2.6, 2.0])
            painter.setPen(pen)
            painter.drawEllipse(disc.adjusted(1, 1, -1, -1))
        painter.end()


class StepRow(QWidget):
    """One step; a failed one opens itself with the raw reason and the button that fixes it."""

    fix_wanted = Signal(str)
    copy_wanted = Signal()

    def __init__(self, name: str, *, last: bool) -> None:
        super().__init__()
        self.step = CheckStep(name=name, state="not_tried")  # type: ignore[arg-type]
        self._mark = _StepMark(last=last)
        self._name = Label(_step_title(name), weight=500)
        self._time = Label(font="small", color="text2")
        self._found = Label(font="small", color="text2", wrap=True)
        self._hint = Label(font="small", color="text2", wrap=True)
        self._raw = Card(fill="page")
        self._raw_words = RawText(self.tr("The raw reason"))
        inner = QVBoxLayout(self._raw)
        inner.setContentsMargins(10, 8, 10, 8)
        inner.addWidget(self._raw_words)
        self._buttons = QWidget()
        flow = Flow(self._buttons)
        self.fix = Button("", kind="primary", size="small")
        self.fix.clicked.connect(lambda: self.fix_wanted.emit(self.step.fix))
        self.copy = Button(self.tr("Copy report"), icon="copy", size="small")
        self.copy.clicked.connect(self.copy_wanted)
        flow.addWidget(self.fix)
        flow.addWidget(self.copy)
        self._lay_out()
        self.show_step(self.step)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._name, 1)
        top.addWidget(self._time)
        words = QVBoxLayout()
        words.setContentsMargins(0, 0, 0, 14)
        words.setSpacing(4)
        words.addLayout(top)
        words.addWidget(self._found)
        words.addWidget(self._hint)
        words.addWidget(self._raw)
        words.addWidget(self._buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._mark)
        row.addLayout(words, 1)

    def show_step(self, step: CheckStep) -> None:
        """What is known of the step."""
        self.step = step
        failed = step.state == "failed"
        self._mark.set_state(step.state)
        quiet = step.state == "not_tried"
        self._name.set_color("text2" if quiet else "text")
        self._found.set_color("text3" if quiet else "text2")
        self._found.setText(step.found)
        self._found.setVisible(bool(step.found))
        self._time.setText("" if step.seconds is None or quiet else _milliseconds(step.seconds))
        self._hint.setText(step.hint)
        self._hint.setVisible(failed and bool(step.hint))
        self._raw_words.set_text(step.raw)
        self._raw.setVisible(failed and bool(step.raw))
        fixes = {"key": self.tr("Replace the key…"), "address": self.tr("Change the address…")}
        self.fix.set_label(fixes.get(step.fix, ""))
        self.fix.setVisible(failed and step.fix in fixes)
        self._buttons.setVisible(failed)
        self.setAccessibleName(f"{_step_title(step.name)}: {_state_word(step.state)}. {step.found}")


def _milliseconds(value: float) -> str:
    if value < 1:
        return f"{round(value * 1000)} ms"
    return f"{QLocale().toString(value, 'f', 1)} s"


def _tr(text: str) -> str:
    return QCoreApplication.translate("ConnectionCheck", text)


def _step_title(name: str) -> str:
    titles = {
        "Key": _tr("Key"),
        "Models": _tr("Models"),
        "First streamed token": _tr("First streamed token"),
    }
    return titles.get(name, name)


def _state_word(state: str) -> str:
    words = {"passed": _tr("passed"), "failed": _tr("failed"), "running": _tr("running")}
    return words.get(state, _tr("not tried"))


class ConnectionCheckView(QWidget):
    """`fix_wanted("key" | "address")` from the button of a failed step."""

    fix_wanted = Signal(str)
    finished = Signal(str)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._endpoint: Endpoint | None = None
        self._task: asyncio.Task[None] | None = None
        self._kept: dict[str, tuple[dict[str, CheckStep], str]] = {}
        self.setAccessibleName(self.tr("Connection check"))
        self.button = Button(self.tr("Check"), icon="rotate-cw")
        self.button.clicked.connect(self._press)
        self._summary = Label(font="small", color="text2", wrap=True)
        head = QHBoxLayout()
        head.addWidget(Label(self.tr("Connection check"), weight=600), 1)
        head.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 18)
        column.setSpacing(0)
        column.addLayout(head)
        column.addSpacing(2)
        column.addWidget(self._summary)
        column.addSpacing(14)
        self._rows: dict[str, StepRow] = {}
        for name in STEPS:
            row = StepRow(name, last=name == COSTLY)
            row.fix_wanted.connect(self.fix_wanted)
            row.copy_wanted.connect(self.copy_report)
            self._rows[name] = row
            column.addWidget(row)
        column.addStretch(1)

    @property
    def running(self) -> bool:
        """Whether a check is under way."""
        return self._task is not None and not self._task.done()

    def row(self, name: str) -> StepRow:
        """The row of a step."""
        return self._rows[name]

    def last_failure(self, endpoint_id: str) -> CheckStep | None:
        """The step that failed when this endpoint was last checked."""
        steps, _ = self._kept.get(endpoint_id, ({}, ""))
        return next((step for step in steps.values() if step.state == "failed"), None)

    def show_endpoint(self, endpoint: Endpoint | None) -> None:
        """Turns to an endpoint: its last result, or nothing tried yet."""
        before, self._endpoint = self._endpoint, endpoint
        same_place = before is not None and endpoint is not None and before.id == endpoint.id
        if same_place and before is not None and endpoint is not None and _reach(before) == _reach(endpoint):
            return
        self.cancel()
        if same_place and endpoint is not None:
            self._kept.pop(endpoint.id, None)
        steps, summary = self._kept.get(endpoint.id if endpoint else "", ({}, ""))
        for name, row in self._rows.items():
            row.show_step(steps.get(name) or self._untried(name))
        self._summary.setText(summary or self.tr("Not checked yet."))
        self.button.set_label(self.tr("Check again") if summary else self.tr("Check"))
        self.button.setEnabled(endpoint is not None)

    def _untried(self, name: str) -> CheckStep:
        found = ""
        if name == COSTLY:
            local = self._endpoint is not None and self._endpoint.local
            costly = self.tr("one short question, which costs money")
            found = self.tr("one short question") if local else costly
        return CheckStep(name=name, state="not_tried", found=found)  # type: ignore[arg-type]

    def check(self, *, whole: bool) -> None:
        """Runs the check; only a `whole` one asks the model a question."""
        if self._endpoint is not None and not self.running:
            self._task = spawn(self._run(self._endpoint, whole), name="connection-check")

    def cancel(self) -> None:
        """Ends a running check."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._rest()

    def _press(self) -> None:
        if self.running:
            self.cancel()
            self._summary.setText(self.tr("Cancelled."))
            for row in self._rows.values():
                if row.step.state == "running":
                    gone = CheckStep(name=row.step.name, state="not_tried", found=self.tr("cancelled"))
                    row.show_step(gone)
        else:
            self.check(whole=True)

    def _rest(self) -> None:
        self.button.set_busy(False)
        self.button.set_label(self.tr("Check again"))

    async def _run(self, endpoint: Endpoint, whole: bool) -> None:
        for name, row in self._rows.items():
            row.show_step(self._untried(name))
        self.button.set_busy(True)
        self.button.set_label(self.tr("Cancel"))
        self._summary.setText(self.tr("Checking…"))
        began = asyncio.get_running_loop().time()
        try:
            async with aclosing(self._services.endpoints.check(endpoint)) as steps:
                async for step in steps:
                    if step.name == COSTLY and not whole:
                        break
                    self._rows[step.name].show_step(step)
        finally:
            if self._task is asyncio.current_task():
                self._rest()
        self._conclude(endpoint, asyncio.get_running_loop().time() - began)

    def _conclude(self, endpoint: Endpoint, seconds: float) -> None:
        steps = {name: row.step for name, row in self._rows.items()}
        passed = sum(step.state == "passed" for step in steps.values())
        words = self.tr("{0} of {1} steps passed at {2}, in {3} s")
        summary = words.format(passed, len(STEPS), time_now(), QLocale().toString(seconds, "f", 2))
        self._summary.setText(summary)
        self._kept[endpoint.id] = (steps, summary)
        failed = self.last_failure(endpoint.id)
        announce(self, f"{summary}. {failed.found}" if failed else summary, at_once=failed is not None)
        self.finished.emit(endpoint.id)

    def report(self) -> str:
        """The result as text, for a question to somebody else; no key and no header's value."""
        if self._endpoint is None:
            return ""
        endpoint = self._endpoint
        parts = urlsplit(endpoint.base_url)
        host = parts.netloc.rpartition("@")[2]
        lines = [
            f"{endpoint.name} ({endpoint.id}), wire {endpoint.wire}",
            f"{parts.scheme}://{host}{parts.path}",
            self._summary.text(),
        ]
        for row in self._rows.values():
            step = row.step
            time = "" if step.seconds is None else f" ({_milliseconds(step.seconds)})"
            lines.append(f"- {step.name}: {_state_word(step.state)}{time}. {step.found}".rstrip(" ."))
            if step.raw:
                lines += [f"    {line}" for line in step.raw.splitlines()]
        return "\n".join(lines)

    def copy_report(self) -> None:
        """Puts the report on the clipboard."""
        QGuiApplication.clipboard().setText(self.report())
        announce(self, self.tr("Report copied."))


def _reach(endpoint: Endpoint) -> tuple[object, ...]:
    """What a check depends on."""
    return (endpoint.base_url, endpoint.wire, endpoint.auth, tuple(endpoint.headers.items()), endpoint.models)
