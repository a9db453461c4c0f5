"""Asking once more with another model or other parameters: what holds for this answer alone."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.ui.chat.composer.line import place_icon
from chatbench.ui.chat.inspector.parameters import ParameterRow, choices, refused, specs
from chatbench.ui.chat.picker import ModelPicker
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Chip, Label


class AskOtherwise(QDialog):
    """Begins with what the answer was asked with. `asked(ModelRef, Parameters)`; it deletes itself."""

    asked = Signal(object, object)
    key_wanted = Signal(str)

    def __init__(self, services: Services, model: ModelRef, parameters: Parameters, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Regenerate with other parameters"))
        self.setMinimumWidth(theme().scaled(380))
        self._services = services
        self._model = model
        self.parameters = parameters
        self.model = Chip(menu=True, parent=self)
        self.model.clicked.connect(self._pick)
        self.rows = {spec.name: ParameterRow(spec, self) for spec in specs()}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(20, 18, 20, 16)
        self._column.setSpacing(10)
        words = self.tr("For this answer alone: the chat keeps its own model and parameters.")
        self._column.addWidget(Label(words, font="small", color="text2", wrap=True))
        self._column.addWidget(self.model, 0, Qt.AlignmentFlag.AlignLeading)
        area = self._scrolled_rows()
        self._column.addWidget(area, 1)
        self._column.addLayout(self._buttons())
        self._show()
        room = QGuiApplication.primaryScreen().availableGeometry().height() // 2
        rows = area.widget()
        assert rows is not None
        area.setMinimumHeight(min(room, rows.sizeHint().height()))

    def _scrolled_rows(self) -> QScrollArea:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(0)
        for row in self.rows.values():
            row.changed.connect(self._change)
            column.addWidget(row)
        column.addStretch(1)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        return area

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.cancel = Button(self.tr("Cancel"))
        self.regenerate = Button(self.tr("Regenerate"), kind="primary", icon="refresh-cw")
        self.cancel.clicked.connect(self.reject)
        self.regenerate.clicked.connect(self._ask)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.regenerate)
        return row

    def _show(self) -> None:
        info = self._services.models.info(self._model)
        self.model.set_label(info.title)
        self.model.set_icon(place_icon(info))
        self.model.setToolTip(str(info.ref))
        for name, row in self.rows.items():
            refusal = refused(name, self.parameters, info)
            row.show_value(getattr(self.parameters, name), choices(name, info), refusal)

    def _change(self, name: str, value: Any) -> None:
        self.parameters = msgspec.structs.replace(self.parameters, **{name: value})
        self._show()

    def _pick(self) -> None:
        picker = ModelPicker(self._services, self)
        picker.chosen.connect(self._choose)
        picker.key_wanted.connect(self.key_wanted)
        picker.closed.connect(picker.deleteLater)
        picker.open_for(self._model, self.model)

    def _choose(self, model: ModelRef) -> None:
        self._model = model
        self._show()

    def _ask(self) -> None:
        right = [row.commit() for row in self.rows.values()]
        if all(right):
            self.asked.emit(self._model, self.parameters)
            self.accept()
