"""Small questions before an edit: tags, a split, duplicates, a sample, a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QSpinBox, QVBoxLayout, QWidget

from chatbench.core.datasets import ColumnRole, ColumnType, DataColumn
from chatbench.ui.quantities import number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, LineField, Select, Switch
from chatbench.ui.widgets.dialogs import last_line
from chatbench.ui.workbench.datasets.words import ROLES, TYPES, role_word, tr, type_word

_WIDTH: Final = 400
_INSET: Final = 6
_MOST_SEED: Final = 2_147_483_647


class Question(QDialog):
    """Fields below each other, what is wrong with them, and two buttons. It deletes itself."""

    def __init__(self, title: str, do: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setMinimumWidth(min(theme().scaled(_WIDTH), max(280, parent.window().width() - 32)))
        self.trouble = Label(font="small", color="danger", wrap=True)
        self.trouble.hide()
        self.do = Button(do, kind="primary")
        self.do.clicked.connect(self._accept)
        cancel = Button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self._fields = QVBoxLayout()
        self._fields.setSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addLayout(self._fields)
        column.addWidget(self.trouble)
        column.addLayout(last_line(cancel, self.do))

    def ask_for(self, words: str, field: QWidget) -> None:
        """One more field, with its words above it."""
        label = Label(words, font="small", color="text2", wrap=True)
        field.setAccessibleName(words)
        self._fields.addWidget(label)
        self._fields.addWidget(field)
        self._fields.addSpacing(6)

    def tell(self, words: str) -> None:
        """Words between the fields."""
        self._fields.addWidget(Label(words, font="small", color="text3", wrap=True))

    def problem(self) -> str:
        """What is wrong with what is written; "" where nothing is."""
        return ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._accept()
        else:
            super().keyPressEvent(event)

    def _accept(self) -> None:
        problem = self.problem()
        self.trouble.setText(problem)
        self.trouble.setVisible(bool(problem))
        if not problem:
            self.accept()


class ColumnQuestion(Question):
    """A column to be made."""

    def __init__(self, taken: Sequence[str], parent: QWidget) -> None:
        super().__init__(tr("New column"), tr("Add"), parent)
        self._taken = taken
        self.name = LineField()
        self.kind = Select()
        for kind in TYPES:
            self.kind.addItem(type_word(kind), kind)
        self.role = Select()
        for role in ROLES:
            self.role.addItem(role_word(role), role)
        self.ask_for(self.tr("Name: the variable that it fills"), self.name)
        self.ask_for(self.tr("Type"), self.kind)
        self.ask_for(self.tr("Role"), self.role)

    def problem(self) -> str:
        name = " ".join(self.name.text().split())
        if not name:
            return self.tr("A column needs a name.")
        return self.tr("There is a column {0} already.").format(name) if name in self._taken else ""

    def told(self) -> tuple[str, ColumnType, ColumnRole]:
        return self.name.text(), self.kind.currentData(), self.role.currentData()


class TagsQuestion(Question):
    """Tags for rows."""

    def __init__(self, rows: int, parent: QWidget) -> None:
        super().__init__(tr("Tag rows"), tr("Tag"), parent)
        words = self.tr("1 row") if rows == 1 else self.tr("{0} rows").format(number(rows))
        self.tell(words)
        self.add = LineField()
        self.remove = LineField()
        self.ask_for(self.tr("Add, with commas between them"), self.add)
        self.ask_for(self.tr("Take away"), self.remove)

    def problem(self) -> str:
        return "" if any(self.told()) else self.tr("Name at least one tag.")

    def told(self) -> tuple[list[str], list[str]]:
        return _listed(self.add.text()), _listed(self.remove.text())


class SplitQuestion(Question):
    """The parts that rows are drawn into."""

    def __init__(self, rows: int, parent: QWidget) -> None:
        super().__init__(tr("Split"), tr("Split"), parent)
        self._rows = rows
        self.parts = LineField("train 80, test 20")
        self.seed = number_field(_MOST_SEED)
        self.shown = Label(font="small", color="text3", wrap=True)
        self.ask_for(self.tr("Parts and their shares"), self.parts)
        self._fields.addWidget(self.shown)
        self.ask_for(self.tr("Seed: the same one draws the same rows"), self.seed)
        self.parts.textChanged.connect(lambda _text: self._show())
        self._show()

    def shares(self) -> dict[str, float]:
        """By name; nothing where it cannot be read."""
        found: dict[str, float] = {}
        for part in _listed(self.parts.text()):
            name, _, share = part.rpartition(" ")
            try:
                value = float(share.rstrip("%"))
            except ValueError:
                return {}
            if not name.strip() or not 0 < value < 1e9 or name.strip() in found:
                return {}
            found[name.strip()] = value
        return found

    def problem(self) -> str:
        return "" if self.shares() else self.tr("Write a name and a share for each part: train 80, test 20.")

    def _show(self) -> None:
        shares = self.shares()
        total = sum(shares.values())
        told = (f"{name} ≈ {number(round(self._rows * share / total))}" for name, share in shares.items())
        self.shown.setText(", ".join(told))


class SampleQuestion(Question):
    """How many rows are drawn."""

    def __init__(self, rows: int, parent: QWidget) -> None:
        super().__init__(tr("Sample"), tr("Make data set"), parent)
        self.count = number_field()
        self.count.setRange(1, max(1, rows))
        self.count.setValue(min(100, rows))
        self.seed = number_field(_MOST_SEED)
        self.tell(self.tr("Rows drawn at random become a data set of their own."))
        self.ask_for(self.tr("Rows"), self.count)
        self.ask_for(self.tr("Seed: the same one draws the same rows"), self.seed)


class DuplicatesQuestion(Question):
    """Which columns tell rows apart."""

    def __init__(self, columns: Sequence[DataColumn], parent: QWidget) -> None:
        super().__init__(tr("Delete duplicates"), tr("Delete duplicates"), parent)
        self.tell(
            self.tr(
                "Of rows that say the same in these columns, letter case and white space around words aside, "
                "the first stays."
            )
        )
        self.switches: dict[str, Switch] = {}
        inside = QWidget()
        listed = QVBoxLayout(inside)
        listed.setContentsMargins(0, 0, 0, 0)
        for column in columns:
            switch = Switch(column.name)
            switch.setChecked(column.role == "input")
            self.switches[column.name] = switch
            listed.addWidget(switch)
        listed.addStretch(1)
        if not self.chosen():
            for switch in self.switches.values():
                switch.setChecked(True)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        self._fields.addWidget(area)

    def chosen(self) -> list[str]:
        return [name for name, switch in self.switches.items() if switch.isChecked()]

    def problem(self) -> str:
        return "" if self.chosen() else self.tr("Choose at least one column.")


def open_question(question: Question, then: Callable[[], object]) -> None:
    """Shows it, and goes on where it was answered."""
    question.accepted.connect(then)
    question.open()


def _listed(text: str) -> list[str]:
    return [one for part in text.split(",") if (one := part.strip())]


def number_field(most: int = 0) -> QSpinBox:
    """A field for a whole number from 0 on."""
    field = QSpinBox()
    field.setRange(0, most)
    field.lineEdit().setTextMargins(_INSET, 0, _INSET, 0)
    return field
