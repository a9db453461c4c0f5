"""Asking for a summary that stands for the beginning of a chat from now on."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from chatbench.core.errors import ChatbenchError
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.services.context import Summary
from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer.line import place_icon
from chatbench.ui.chat.picker import ModelPicker
from chatbench.ui.quantities import ABOUT, estimate, tokens
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Chip, Label


class SummariseDialog(QDialog):
    """`made(Summary)` when it is written; closing it before stops the model. It deletes itself."""

    made = Signal(object)
    key_wanted = Signal(str)

    def __init__(
        self, services: Services, conversation_id: str, message_id: str, model: ModelRef, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Summarise up to here"))
        self.setMinimumWidth(theme().scaled(420))
        self._services = services
        self._id, self._message_id, self._model = conversation_id, message_id, model
        self._tokens = 0
        self._writing: asyncio.Task[None] | None = None
        words = self.tr(
            "A model writes a summary of everything down to this message. From now on the summary is sent "
            "in its place. Nothing is deleted, and you can withdraw it at any time."
        )
        self.model = Chip(menu=True, parent=self)
        self.model.clicked.connect(self._pick)
        self.estimate = Label(font="small", color="text3")
        self.problem = Label(font="small", color="danger", wrap=True)
        self.problem.hide()
        self.cancel = Button(self.tr("Cancel"))
        self.cancel.clicked.connect(self.reject)
        self.write = Button(self.tr("Summarise"), kind="primary", icon="list-collapse")
        self.write.clicked.connect(self._write)
        chosen, foot = QHBoxLayout(), QHBoxLayout()
        chosen.addWidget(self.model)
        chosen.addWidget(self.estimate, 1)
        foot.addStretch(1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.write)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        column.addWidget(Label(words, color="text2", wrap=True))
        column.addLayout(chosen)
        column.addWidget(self.problem)
        column.addLayout(foot)
        self.write.setFocus()
        self._show()
        spawn(self._count(), owner=self, name="count")

    async def _count(self) -> None:
        path = await self._services.history.outline(self._id)
        leaf = {lane.leaf: lane.id for lane in path.lanes}
        shown = next(
            (one for end, one in leaf.items() if any(m.id == self._message_id for m in path.path(end))), ""
        )
        if not shown:
            return
        view = await self._services.context.view(self._id, shown)
        places = [n for n, item in enumerate(view.items) if item.message_id == self._message_id]
        before = view.items[: places[-1] + 1] if places else ()
        self._tokens = sum(item.tokens for item in before if not item.why and item.kind != "system")
        self._show()

    def _show(self) -> None:
        info = self._services.models.info(self._model)
        self.model.set_label(info.title)
        self.model.set_icon(place_icon(info))
        told = self._services.models.estimate(self._model, (), on_top_of=self._tokens)
        price = estimate(told.cost, free=told.free)
        words = self.tr("reads {0} · {1}").format(tokens(self._tokens, ABOUT), price)
        self.estimate.setText(words if self._tokens else "")

    def _pick(self) -> None:
        picker = ModelPicker(self._services, self)
        picker.chosen.connect(self._choose)
        picker.key_wanted.connect(self.key_wanted)
        picker.closed.connect(picker.deleteLater)
        picker.open_for(self._model, self.model)

    def _choose(self, model: ModelRef) -> None:
        self._model = model
        self._show()

    def _write(self) -> None:
        if self._writing is None or self._writing.done():
            self.problem.hide()
            self.write.set_busy(True)
            self.model.setEnabled(False)
            self._writing = spawn(self._have_written(), owner=self, name="summarise")

    async def _have_written(self) -> None:
        try:
            summary: Summary = await self._services.context.summarise(
                self._id, self._message_id, model=self._model
            )
        except ChatbenchError as error:
            self.problem.setText(" ".join(filter(None, (error.message, error.hint))))
            self.problem.show()
        else:
            self.made.emit(summary)
            self.accept()
        finally:
            if isValid(self):
                self.write.set_busy(False)
                self.model.setEnabled(True)

    def done(self, result: int) -> None:
        """Closing stops the model; what it has cost is counted."""
        if self._writing is not None and result != QDialog.DialogCode.Accepted:
            self._writing.cancel()
        super().done(result)
