"""The messages of a prompt, one card below the other, in an order that can be changed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.core.prompts import PromptMessage
from chatbench.ui.widgets import announce
from chatbench.ui.workbench.prompts.card import MessageCard


class MessageCards(QWidget):
    """`changed()` with every edit; `deleted(PromptMessage, place)` so that it can be put back;
    `attach_wanted(MessageCard)`, `fragment_wanted(MessageCard)`."""

    changed = Signal()
    deleted = Signal(object, int)
    attach_wanted = Signal(object)
    fragment_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: list[MessageCard] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)

    @property
    def cards(self) -> Sequence[MessageCard]:
        """In their order."""
        return tuple(self._cards)

    def messages(self) -> tuple[PromptMessage, ...]:
        """As they stand."""
        return tuple(card.message() for card in self._cards)

    def show_messages(self, messages: Sequence[PromptMessage]) -> None:
        """Shows others; cards that say the same stay as they are."""
        if tuple(messages) == self.messages():
            return
        for card in list(self._cards):
            self._drop(card)
        for message in messages:
            self._insert(message, len(self._cards))

    def add(self, message: PromptMessage, place: int | None = None, *, focus: bool = True) -> MessageCard:
        """Adds one, at the end unless a place is told."""
        card = self._insert(message, len(self._cards) if place is None else place)
        if focus:
            card.text.setFocus(Qt.FocusReason.OtherFocusReason)
        self.changed.emit()
        return card

    def current(self) -> MessageCard | None:
        """The one that has the keyboard, else the last."""
        focus: QWidget | None = self.window().focusWidget()
        focused = next((card for card in self._cards if focus is not None and card.isAncestorOf(focus)), None)
        return focused or (self._cards[-1] if self._cards else None)

    def _insert(self, message: PromptMessage, place: int) -> MessageCard:
        card = MessageCard(message, self)
        card.changed.connect(self.changed)
        card.move_wanted.connect(lambda step: self.move_card(card, self._cards.index(card) + step))
        card.dragged.connect(lambda point: self._drag(card, point))
        card.delete_wanted.connect(lambda: self._delete(card))
        card.duplicate_wanted.connect(lambda: self.add(card.message(), self._cards.index(card) + 1))
        card.examples_wanted.connect(lambda: self._add_example(card))
        card.attach_wanted.connect(lambda: self.attach_wanted.emit(card))
        card.fragment_wanted.connect(lambda: self.fragment_wanted.emit(card))
        self._cards.insert(place, card)
        self._column.insertWidget(place, card)
        return card

    def move_card(self, card: MessageCard, place: int) -> None:
        """To another place; beyond the ends it stays."""
        at = self._cards.index(card)
        if place == at or not 0 <= place < len(self._cards):
            return
        focused: QWidget | None = self.window().focusWidget()
        self._cards.insert(place, self._cards.pop(at))
        self._column.insertWidget(place, card)
        if focused is not None and card.isAncestorOf(focused):
            focused.setFocus(Qt.FocusReason.OtherFocusReason)
        announce(self, self.tr("Message {0} of {1}").format(place + 1, len(self._cards)))
        self.changed.emit()

    def _drag(self, card: MessageCard, point: QPoint) -> None:
        y = self.mapFromGlobal(point).y()
        at = self._cards.index(card)
        if at and y < self._cards[at - 1].geometry().center().y():
            self.move_card(card, at - 1)
        elif at + 1 < len(self._cards) and y > self._cards[at + 1].geometry().center().y():
            self.move_card(card, at + 1)

    def _add_example(self, card: MessageCard) -> None:
        """A question and how it should be answered."""
        place = self._cards.index(card) + 1
        self.add(PromptMessage(role="user"), place)
        self.add(PromptMessage(role="assistant"), place + 1, focus=False)

    def _delete(self, card: MessageCard) -> None:
        place, message = self._cards.index(card), card.message()
        self._drop(card)
        if self._cards:
            self._cards[min(place, len(self._cards) - 1)].text.setFocus(Qt.FocusReason.OtherFocusReason)
        self.changed.emit()
        self.deleted.emit(message, place)

    def _drop(self, card: MessageCard) -> None:
        self._cards.remove(card)
        self._column.removeWidget(card)
        card.hide()
        card.deleteLater()
