"""The question that stands above all lanes, and the way to the turn before and after it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from chatbench.core.conversations import TreeMessage
from chatbench.core.messages import MediaPart
from chatbench.rendering.beginnings import beginning
from chatbench.rendering.document import parse
from chatbench.rendering.export import plain_text
from chatbench.ui.chat.transcript.facts import clock
from chatbench.ui.quantities import ABOUT, number
from chatbench.ui.quantities import tokens as token_words
from chatbench.ui.widgets import Button, ElidedLabel, IconButton, Label, Surface

_GAP: Final = 4
_AROUND: Final = 6
_SIDES: Final = (10, 16)
_BEGINNING: Final = 400
"""Characters of an answer that was sent on: more than a line holds."""


class TurnStrip(Surface):
    """``turn_wanted(step)``: -1 the turn before, 1 the one after. A click on the words unfolds them.
    ``edit_wanted()``: the question is to be edited where it stands; ``menu_wanted(QPoint)``: what else can
    be done with it is to be offered there; ``files_wanted(QPoint)``: its files are."""

    turn_wanted = Signal(int)
    edit_wanted = Signal()
    menu_wanted = Signal(QPoint)
    files_wanted = Signal(QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("sunken", lines=Qt.Edge.BottomEdge, parent=parent)
        self._folded = False
        self.question: TreeMessage | None = None
        """The question that is shown, whole."""
        self.held: QWidget | None = None
        """What stands in place of its words."""
        column = QVBoxLayout()
        column.setSpacing(6)
        self.set_layout(column, (_SIDES[0], _AROUND, _SIDES[1], _AROUND))
        column.addLayout(self._make_line())
        column.addLayout(self._make_below())
        self._point()

    def _make_line(self) -> QHBoxLayout:
        """Which turn it is, and the question in one line."""
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
        line = QHBoxLayout()
        line.setSpacing(_GAP)
        line.addWidget(self.back)
        line.addWidget(self.place)
        line.addWidget(self.on)
        line.addSpacing(8)
        self.you = Label(self.tr("You"), weight=600)
        line.addWidget(self.you)
        line.addSpacing(6)
        line.addWidget(self.words, 1)
        self.files = Button("", icon="paperclip", size="small", kind="quiet")
        self.files.clicked.connect(
            lambda: self.files_wanted.emit(self.files.mapToGlobal(self.files.rect().bottomLeft()))
        )
        self.files.hide()
        line.addWidget(self.files)
        line.addWidget(self.when)
        self.edit = IconButton("pencil", self.tr("Edit the question"), size="row", parent=self)
        self.edit.clicked.connect(self.edit_wanted)
        line.addWidget(self.edit)
        return line

    def _make_below(self) -> QHBoxLayout:
        """All the words, or what stands in their place."""
        self.whole = Label(font="prose", wrap=True)
        self.whole.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._area = QScrollArea(self)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area.setWidget(self.whole)
        self._area.hide()
        below = QHBoxLayout()
        below.setSpacing(0)
        # The arrow's picture stands where words begin; what is below has no room around it.
        below.addSpacing(_SIDES[1] - _SIDES[0])
        self._below = QVBoxLayout()
        self._below.addWidget(self._area)
        below.addLayout(self._below, 1)
        return below

    def _point(self) -> None:
        """Back is where reading comes from."""
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        self.back.set_icon("chevron-right" if rtl else "chevron-left")
        self.on.set_icon("chevron-left" if rtl else "chevron-right")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._point()
        elif event.type() == QEvent.Type.StyleChange:
            self._fold()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def _fold(self) -> None:
        """As room ends, first the time leaves, then who asks: the words have a third of the line at least."""
        files = () if self.files.isHidden() else (self.files,)
        always = (self.back, self.place, self.on, self.edit, *files)
        turn = sum(one.sizeHint().width() + _GAP for one in always)
        room = self.width() - turn - 8 - sum(_SIDES)
        for label in (self.you, self.when):
            room -= label.sizeHint().width() + _GAP
        self.when.setVisible(room >= self.width() // 3)
        room += 0 if self.when.isVisibleTo(self) else self.when.sizeHint().width() + _GAP
        self.you.setVisible(room >= self.width() // 3)

    def set_folded(self, folded: bool) -> None:
        """Whether it gives its room to the answers, until the whole question is asked for."""
        self._folded = folded
        self._appear()

    def _appear(self) -> None:
        needed = not self._folded or self.held is not None or not self._area.isHidden()
        self.setVisible(self.question is not None and needed)

    def least_height(self) -> int:
        """How high it is with one line of the question."""
        line = max(one.sizeHint().height() for one in (self.back, self.place, self.words))
        return line + 2 * _AROUND

    def show_turn(
        self, question: TreeMessage | None, place: int, count: int, tokens: int = 0, origin: str = ""
    ) -> None:
        """The question of the turn in view, the `place`-th of `count`, and about how long it is. `origin`
        says whose words it is made of, where it was an answer: those are Markdown, and read without its
        marks."""
        self.question = question
        self._appear()
        if question is None:
            return
        words = beginning(question.text, _BEGINNING) if origin else question.text
        self.you.setText(origin or self.tr("You"))
        count_files = sum(isinstance(part, MediaPart) for part in question.parts)
        told = self.tr("1 file") if count_files == 1 else self.tr("{0} files").format(number(count_files))
        self.files.set_label(told)
        self.files.setVisible(bool(count_files))
        self.words.set_text(words)
        if self._area.isVisible():
            self.whole.setText(self._whole())
        self.place.setText(self.tr("Turn {0} / {1}").format(place, count))
        when = clock(question.created_at)
        self.when.setText(f"{when} · {token_words(tokens, ABOUT)}" if tokens else when)
        self.when.setToolTip(self.tr("When it was asked, and about how long the question is"))
        self._fold()
        self.back.setEnabled(place > 1)
        self.on.setEnabled(place < count)
        said = f"{origin}: {words[:200]}" if origin else words[:200]
        spoken = self.tr("Turn {0} of {1}: {2}").format(place, count, said)
        self.setAccessibleName(f"{spoken}. {told}" if count_files else spoken)

    def hold(self, sheet: QWidget | None) -> None:
        """Shows something in place of the words, such as a sheet to edit them; None: the words."""
        if sheet is self.held:
            return
        self.held = sheet
        self.unfold(False)
        self.words.setVisible(sheet is None)
        self.edit.setVisible(sheet is None)
        self._appear()
        if sheet is not None:
            self._below.addWidget(sheet)
            sheet.show()

    def unfold(self, on: bool) -> None:
        """Shows all the words, up to a third of the window, or one line of them."""
        self.whole.setText(self._whole() if on else "")
        self._area.setMaximumHeight(max(80, self.window().height() // 3))
        self._area.setVisible(on)
        self._appear()

    def _whole(self) -> str:
        """All the words."""
        if self.question is None:
            return ""
        text = self.question.text
        return plain_text(parse(text)) if self.question.sent_from else text

    def toggle(self) -> None:
        """Shows all the words, or one line of them again."""
        self.unfold(self._area.isHidden())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(event.globalPos())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.held is None and self.words.geometry().contains(event.position().toPoint()):
            self.toggle()
