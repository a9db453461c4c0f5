"""The attachments above the words: their cards in rows, in their order."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QSizePolicy, QStyle, QWidget

from chatbench.ui.chat.composer.attachment import Attachment
from chatbench.ui.chat.composer.attachments import THUMB_SIZE, Attachments
from chatbench.ui.chat.composer.fileacts import FileActs
from chatbench.ui.chat.composer.filecard import FileCard
from chatbench.ui.theme import theme
from chatbench.ui.widgets import announce

_GAP: Final = 6
_MOST_SHARE: Final = 4
"""It takes this part of the window's height at the most; beyond it scrolls."""


class AttachmentStrip(QScrollArea):
    """Shows the list in rows as wide as it is; hidden while there is nothing. ``removed(Attachment, int)``
    with its place when the reader has taken one away, ``emptied()`` when the focus was on the last,
    ``model_wanted(ModelRef)`` when they would rather have another model."""

    emptied = Signal()
    removed = Signal(object, int)
    model_wanted = Signal(object)

    def __init__(
        self, attachments: Attachments, parent: QWidget | None = None, *, offers_models: bool = False
    ) -> None:
        """`offers_models`: somebody listens to ``model_wanted``."""
        super().__init__(parent)
        self._offers_models = offers_models
        self._attachments = attachments
        self._cards: list[FileCard] = []
        self._shown: dict[int, object] = {}
        self.acts = FileActs(attachments, self)
        self.acts.remove_wanted.connect(self._remove)
        self._content = QWidget()
        self._content.setObjectName("attachments")
        self.setAccessibleName(self.tr("Attachments"))
        self.setWidget(self._content)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self._content.setAutoFillBackground(False)
        self.setSizePolicy(QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed))
        attachments.changed.connect(self._follow)
        attachments.redrawn.connect(self._redraw)
        self.hide()

    def thumbs(self) -> list[FileCard]:
        """The cards in view, in order."""
        return list(self._cards)

    def focus_last(self) -> None:
        """Puts the focus on the last one, and tells how it is taken away."""
        if self._cards:
            last = self._cards[-1]
            self._focus(last, Qt.FocusReason.BacktabFocusReason)
            announce(last, self.tr("{0}. Backspace again removes it.").format(last.accessibleName()))

    def _focus(self, card: FileCard, reason: Qt.FocusReason = Qt.FocusReason.TabFocusReason) -> None:
        card.setFocus(reason)
        theme().show_keyboard_focus(card)
        self.ensureWidgetVisible(card, 0, _GAP)

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(THUMB_SIZE[0]), max(1, self.minimumHeight()))

    # Following the list.

    def _follow(self) -> None:
        known = {id(card.item): card for card in self._cards}
        before = self._cards
        self._cards = [known.get(id(item)) or self._made(item) for item in self._attachments.items]
        changed = [card for card in self._cards if self._follow_one(card)]
        if self._cards != before:
            self._sort()
        elif not changed:
            return
        for card in before:
            if card not in self._cards:
                self._shown.pop(id(card.item), None)
                card.hide()
                card.deleteLater()
        self.setVisible(bool(self._cards))
        self._arrange()

    def _made(self, item: Attachment) -> FileCard:
        card = FileCard(item, self._content)
        card.remove_wanted.connect(self._remove)
        card.step_wanted.connect(self._step)
        card.moved.connect(self._move)
        card.dragged.connect(self._drag)
        card.opened.connect(lambda one: self.acts.open(one, self._card_of(one)))
        card.menu_wanted.connect(self.acts.open_menu)
        card.unlocked.connect(self._attachments.unlock)
        card.model_wanted.connect(self.model_wanted)
        card.show()
        return card

    def _follow_one(self, card: FileCard) -> bool:
        """Whether it shows something else now."""
        item = card.item
        told = (item.state, item.reason, item.part, item.gets, item.counting, item.scan, item.name)
        if self._shown.get(id(item)) == told:
            return False
        self._shown[id(item)] = told
        card.follow(self._attachments.ways_out(item) if self._offers_models else ())
        return True

    def _sort(self) -> None:
        # Qt sorts only after what takes the focus; otherwise new cards end the window's order.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        before: QWidget = self
        for card in self._cards:
            QWidget.setTabOrder(before, card)
            before = card
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _redraw(self, item: Attachment) -> None:
        for card in self._cards:
            if card.item is item:
                card.update()

    def _card_of(self, item: Attachment) -> FileCard:
        return next(card for card in self._cards if card.item is item)

    # What the reader does.

    def _remove(self, item: Attachment) -> None:
        place = next((n for n, card in enumerate(self._cards) if card.item is item), 0)
        card = self._cards[place] if self._cards else None
        focused = card is not None and (
            card.hasFocus() or card.isAncestorOf(QApplication.focusWidget() or self)
        )
        self._attachments.remove(item)
        self.removed.emit(item, place)
        if focused and self._cards:
            self._focus(self._cards[min(place, len(self._cards) - 1)])
        elif focused:
            self.emptied.emit()

    def _step(self, item: Attachment, step: int) -> None:
        place = self._cards.index(self._card_of(item))
        self._focus(self._cards[(place + step) % len(self._cards)])

    def _move(self, item: Attachment, step: int) -> None:
        place = self._attachments.items.index(item) + step
        if 0 <= place < len(self._cards):
            self._attachments.move(item, place)
            card = self._card_of(item)
            self._focus(card)
            told = self.tr("{0}, {1} of {2}")
            announce(card, told.format(card.accessibleName(), place + 1, len(self._cards)))

    def _drag(self, item: Attachment, at: QPoint) -> None:
        for place, card in enumerate(self._cards):
            if card.item is not item and card.geometry().contains(at):
                self._attachments.move(item, place)
                return

    # Its size.

    def _arrange(self) -> None:
        inner = self.width() - (theme().scaled(14) if self._scrolls else 0)
        height = self._place(max(1, inner))
        most = max(theme().scaled(THUMB_SIZE[1]), self.window().height() // _MOST_SHARE)
        scrolls = height > most
        if scrolls != self._scrolls:
            self._scrolls = scrolls
            height = self._place(max(1, self.width() - (theme().scaled(14) if scrolls else 0)))
        shown = min(height, most)
        if shown != self.minimumHeight() or shown != self.maximumHeight():
            self.setFixedHeight(shown)

    _scrolls = False

    def _place(self, width: int) -> int:
        """Puts the cards into rows so wide; returns how high they are."""
        x = y = line = 0
        whole = QRect(0, 0, width, 1)
        for card in self._cards:
            size = card.sizeHint()
            fitting = min(size.width(), width)
            if x and x + fitting > width:
                x, y, line = 0, y + line + _GAP, 0
            place = QRect(x, y, fitting, size.height())
            card.setGeometry(QStyle.visualRect(self.layoutDirection(), whole, place))
            x, line = x + fitting + _GAP, max(line, size.height())
        height = y + line
        self._content.resize(width, height)
        return height

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.LayoutDirectionChange) and hasattr(
            self, "_cards"
        ):
            self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._arrange()
