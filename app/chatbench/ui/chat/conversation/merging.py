"""The dialog that has a model make one answer out of several: which model, and the words it is asked with."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from chatbench.core.messages import user
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.ui.chat.composer.line import place_icon
from chatbench.ui.chat.picker import ModelPicker
from chatbench.ui.quantities import ABOUT, estimate, tokens
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Chip, Label, Select


class MergeDialog(QDialog):
    """``merge_wanted(ModelRef, prompt, lane_id)``; ``key_wanted(provider)``. It deletes itself."""

    merge_wanted = Signal(object, str, str)
    key_wanted = Signal(str)

    def __init__(
        self,
        services: Services,
        model: ModelRef,
        prompt: str,
        lanes: Sequence[tuple[str, str]],
        current: str,
        parent: QWidget | None = None,
    ) -> None:
        """``lanes`` are (id, letter); the merged answer stands in the one that is chosen."""
        super().__init__(parent)
        self._services = services
        self._model = model
        self._prompt = prompt
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Merge answers"))
        self.model = Chip(menu=True)
        self.model.clicked.connect(self._pick)
        self.lane = Select(name=self.tr("Where the merged answer stands"), compact=True)
        for lane_id, letter in lanes:
            self.lane.addItem(self.tr("Lane {0}").format(letter), lane_id)
        self.lane.setCurrentIndex(max(0, self.lane.findData(current)))
        self.prompt = QPlainTextEdit(prompt)
        self.prompt.setAccessibleName(self.tr("What the model is asked"))
        self.prompt.setTabChangesFocus(True)
        self.prompt.textChanged.connect(self._changed)
        self.estimate = Label(font="small", color="text3")
        self._lay_out()
        self._choose(model)
        self.prompt.setFocus()

    def _lay_out(self) -> None:
        self.resize(theme().scaled(640), theme().scaled(480))
        first = QHBoxLayout()
        first.setSpacing(6)
        first.addWidget(Label(self.tr("Ask")))
        first.addWidget(self.model)
        first.addSpacing(12)
        first.addWidget(Label(self.tr("Put the answer in")))
        self.lane.setMaximumWidth(theme().scaled(120))
        first.addWidget(self.lane)
        first.addStretch(1)
        self.reset = Button(self.tr("Reset"), kind="quiet")
        self.reset.setAccessibleName(self.tr("Put the words back as they were"))
        cancel = Button(self.tr("Cancel"))
        self.merge = Button(self.tr("Merge"), kind="primary")
        self.reset.clicked.connect(lambda: self.prompt.setPlainText(self._prompt))
        cancel.clicked.connect(self.reject)
        self.merge.clicked.connect(self._merge)
        last = QHBoxLayout()
        last.setSpacing(6)
        for widget in (self.reset, self.estimate):
            last.addWidget(widget)
        last.addStretch(1)
        for widget in (cancel, self.merge):
            last.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        column.addLayout(first)
        column.addWidget(self.prompt, 1)
        column.addLayout(last)

    def _pick(self) -> None:
        picker = ModelPicker(self._services, self)
        picker.chosen.connect(self._choose)
        picker.key_wanted.connect(self.key_wanted)
        picker.closed.connect(picker.deleteLater)
        picker.open_for(self._model, self.model)

    def _choose(self, model: ModelRef) -> None:
        self._model = model
        info = self._services.models.info(model)
        self.model.set_label(info.title)
        self.model.set_icon(place_icon(info))
        self.model.setToolTip(str(model))
        self.model.setAccessibleName(self.tr("Model that merges: {0}").format(info.title))
        self._changed()

    def _changed(self) -> None:
        text = self.prompt.toPlainText()
        self.reset.setEnabled(text != self._prompt)
        self.merge.setEnabled(bool(text.strip()))
        self.merge.setToolTip("" if text.strip() else self.tr("Write something first."))
        told = self._services.models.estimate(self._model, [user(text)])
        price = estimate(told.cost, free=told.free)
        self.estimate.setText(f"{tokens(told.tokens, ABOUT)} · {price}")
        self.estimate.setToolTip(self.tr("Tokens in: these words, with the answers that they quote"))

    def _merge(self) -> None:
        if self.merge.isEnabled():
            self.merge_wanted.emit(self._model, self.prompt.toPlainText(), str(self.lane.currentData()))
            self.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._merge()
        elif not enter:
            super().keyPressEvent(event)
