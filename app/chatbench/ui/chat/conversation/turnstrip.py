"""The question that stands above all lanes, and the way to the turn before and after it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from chatbench.core.conversations import TreeMessage
from chatbench.ui.chat.transcript.facts import ABOUT, clock, token_words
from chatbench.ui.widgets import ElidedLabel, IconButton, Label, Surface


class TurnStrip(Surface):
    """``turn_wanted(step)``: -1 the turn before, 1 the one after. A click on the words unfolds them.
    ``edit_wanted()``: the question is to be edited where it stands."""

    turn_wanted = Signal(int)
    edit_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("sunken", lines=Qt.Edge.BottomEdge, parent=parent)
        self.back = IconButton("chevron-left", self.tr("Turn before"), size="row", shortcut="Alt+PgUp")
        self.on = IconButton("chevron-right", self.tr("Next turn"), size="row", shortcut="Alt+PgDown")
        self.back.clicked.connect(lambda: self.turn_wanted.emit(-1))
        self.on.clicked.connect(lambda: self.turn_wanted.emit(1))
        self.place = Label(font="small", color="text2")
        self.words = ElidedLabel(font="prose")
        policy = self.words.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.words.setSizePolicy(policy)
        self.words.setCursor(Qt.CursorShape.PointingHandCursor)
        self.when = Label(font="small", color="text3")
        self.whole = Label(font="prose", wrap=True)
        self.whole.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._area = QScrollArea(self)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area.setWidget(self.whole)
        self._area.hide()
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.back)
        line.addWidget(self.place)
        line.addWidget(self.on)
        line.addSpacing(12)
        line.addWidget(Label(self.tr("You"), weight=600))
        line.addSpacing(6)
        line.addWidget(self.words, 1)
        line.addWidget(self.when)
        self.edit = IconButton("pencil", self.tr("Edit the question"), size="row", parent=self)
        self.edit.clicked.connect(self.edit_wanted)
        line.addWidget(self.edit)
        self.question: TreeMessage | None = None
        """The question that is shown, whole."""
        self.held: QWidget | None = None
        """What stands in place of its words."""
        column = QVBoxLayout()
        column.setSpacing(6)
        self.set_layout(column, (10, 6, 16, 6))
        column.addLayout(line)
        column.addWidget(self._area)
        self._point()

    def _point(self) -> None:
        """Back is where reading comes from."""
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        self.back.set_icon("chevron-right" if rtl else "chevron-left")
        self.on.set_icon("chevron-left" if rtl else "chevron-right")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._point()

    def show_turn(self, question: TreeMessage | None, place: int, count: int, tokens: int = 0) -> None:
        """The question of the turn in view, the `place`-th of `count`, and about how long it is."""
        self.question = question
        self.setVisible(question is not None)
        if question is None:
            return
        words = question.text
        self.words.set_text(words)
        if self._area.isVisible():
            self.whole.setText(words)
        self.place.setText(self.tr("Turn {0} / {1}").format(place, count))
        when = clock(question.created_at)
        self.when.setText(f"{when} · {token_words(tokens, ABOUT)}" if tokens else when)
        self.back.setEnabled(place > 1)
        self.on.setEnabled(place < count)
        self.setAccessibleName(self.tr("Turn {0} of {1}: {2}").format(place, count, words[:200]))

    def hold(self, sheet: QWidget | None) -> None:
        """Shows something in place of the words, such as a sheet to edit them; None: the words."""
        if sheet is self.held:
            return
        self.held = sheet
        self.unfold(False)
        self.words.setVisible(sheet is None)
        self.edit.setVisible(sheet is None)
        layout = self.layout()
        if sheet is not None and layout is not None:
            layout.addWidget(sheet)
            sheet.show()

    def unfold(self, on: bool) -> None:
        """Shows all the words, up to a third of the window, or one line of them."""
        self.whole.setText(self.words.text() if on else "")
        self._area.setMaximumHeight(max(80, self.window().height() // 3))
        self._area.setVisible(on)

    def toggle(self) -> None:
        """Shows all the words, or one line of them again."""
        self.unfold(not self._area.isVisible())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.held is None and self.words.geometry().contains(event.position().toPoint()):
            self.toggle()
