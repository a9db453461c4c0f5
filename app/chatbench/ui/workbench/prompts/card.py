"""One message of a prompt, as a card: who says it, its words, and what is attached."""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMenu, QSizePolicy, QWidget

from chatbench.core.messages import MediaPart
from chatbench.core.prompts import PromptMessage, PromptRole
from chatbench.ui.quantities import tokens as tokens_of
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Chip, ElidedLabel, IconButton, Label, flowing
from chatbench.ui.workbench.prompts.focused import FocusCard
from chatbench.ui.workbench.prompts.text import PromptText

ROLES: Final[tuple[PromptRole, ...]] = ("system", "user", "assistant")


class Grip(IconButton):
    """`dragged(point)` while the card is held by it, in the screen's coordinates; a press without moving is a
    click, as of any button."""

    dragged = Signal(QPoint)

    def __init__(self, name: str) -> None:
        super().__init__("grip-vertical", name, size="row")
        self._pressed_at: QPoint | None = None
        self._moved = False
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self._pressed_at, self._moved = event.globalPosition().toPoint(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.globalPosition().toPoint()
        if self._pressed_at is not None and event.buttons() & Qt.MouseButton.LeftButton:
            far = (at - self._pressed_at).manhattanLength() >= QApplication.startDragDistance()
            self._moved = self._moved or far
            if self._moved:
                self.setDown(False)
                self.dragged.emit(at)
                return
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._moved:
            self.setDown(False)
        self._pressed_at = None
        super().mouseReleaseEvent(event)


class MessageCard(FocusCard):
    """`changed()` with every edit; `move_wanted(step)`, `dragged(point)`, `duplicate_wanted()`,
    `delete_wanted()`, `examples_wanted()`, `attach_wanted()`, `fragment_wanted()` from its menu and keys."""

    changed = Signal()
    move_wanted = Signal(int)
    dragged = Signal(QPoint)
    duplicate_wanted = Signal()
    delete_wanted = Signal()
    examples_wanted = Signal()
    attach_wanted = Signal()
    fragment_wanted = Signal()

    def __init__(self, message: PromptMessage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._message = message
        self.role = Chip(menu=True, bordered=False, strong=True)
        self.role.clicked.connect(self._open_roles)
        self.role.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.tokens = ElidedLabel(font="small", color="text3", align=Qt.AlignmentFlag.AlignRight)
        self.grip = Grip(self.tr("Move the message, and more"))
        self.grip.clicked.connect(self._open_menu)
        self.grip.dragged.connect(self.dragged)
        self.text = PromptText(self.tr("Words of the message"), message.text)
        self.text.textChanged.connect(self._written)
        self.follow(self.text)
        self.fault = Label(font="small", color="danger", wrap=True)
        self.fault.hide()
        self._chips = flowing()
        self._lay_out()
        self._show()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(4, 2, 4, 2)
        head.setSpacing(4)
        head.addWidget(self.role)
        head.addWidget(self.tokens, 1)
        head.addWidget(self.grip)
        self.lay_out(head, self.text, self._chips, self.fault)

    def message(self) -> PromptMessage:
        """As it stands."""
        return msgspec.structs.replace(self._message, text=self.text.text())

    def controls(self) -> list[QWidget]:
        """What the keyboard reaches, from the top."""
        return [self.role, self.grip, self.text, *self._chips.findChildren(Chip)]

    def set_tokens(self, count: int) -> None:
        """About how many tokens it is."""
        self.tokens.set_text(tokens_of(count))

    def set_fault(self, words: str) -> None:
        """Says below the words what is wrong with them; "" for nothing."""
        self.fault.setText(words)
        self.fault.setVisible(bool(words))

    def attach(self, parts: tuple[MediaPart, ...]) -> None:
        """Attaches more."""
        self._replace(attachments=(*self._message.attachments, *parts))

    def _replace(self, **changes: object) -> None:
        self._message = msgspec.structs.replace(self._message, **changes)
        self._show()
        self.changed.emit()

    def _written(self) -> None:
        self.set_fault("")
        self.changed.emit()

    def _show(self) -> None:
        label = role_label(self._message.role)
        self.role.set_label(label)
        self.role.setAccessibleName(self.tr("Said by: {0}").format(label))
        self.text.setAccessibleName(self.tr("Words of the message: {0}").format(label))
        flow = self._chips.layout()
        assert flow is not None
        while (item := flow.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.hide()
                gone.deleteLater()
        for part in self._message.attachments:
            name = getattr(part, "name", "") or self.tr("attachment")
            chip = Chip(name, icon="image" if part.__struct_config__.tag == "image" else "paperclip")
            chip.setToolTip(self.tr("Take {0} away").format(name))
            chip.setAccessibleName(self.tr("Take {0} away").format(name))
            chip.clicked.connect(partial(self._detach, part))
            flow.addWidget(chip)
        self._chips.setVisible(bool(self._message.attachments))

    def _detach(self, part: MediaPart) -> None:
        self._replace(attachments=tuple(one for one in self._message.attachments if one is not part))

    # Menus and keys.

    def _open_roles(self) -> None:
        menu = self._menu(self.tr("Who says it"))
        for role in ROLES:
            action = menu.addAction(role_label(role), partial(self._replace, role=role))
            action.setCheckable(True)
            action.setChecked(role == self._message.role)
        menu.popup(self.role.mapToGlobal(self.role.rect().bottomLeft()))

    def _open_menu(self) -> None:
        menu = self._menu(self.tr("The message"))
        menu.addAction(self.tr("Move up"), "Alt+Up", partial(self.move_wanted.emit, -1))
        menu.addAction(self.tr("Move down"), "Alt+Down", partial(self.move_wanted.emit, 1))
        menu.addSeparator()
        menu.addAction(self.tr("Attach files…"), self.attach_wanted.emit)
        menu.addAction(self.tr("Insert a fragment…"), self.fragment_wanted.emit)
        menu.addAction(self.tr("Add an example after it"), self.examples_wanted.emit)
        menu.addAction(self.tr("Duplicate"), self.duplicate_wanted.emit)
        menu.addSeparator()
        menu.addAction(self.tr("Delete"), self.delete_wanted.emit)
        menu.popup(self.grip.mapToGlobal(self.grip.rect().bottomLeft()))

    def _menu(self, name: str) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(name)
        menu.setMinimumWidth(theme().scaled(180))
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is not None and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.move_wanted.emit(step)
        else:
            super().keyPressEvent(event)


def role_label(role: PromptRole) -> str:
    """How the interface calls whoever says something."""
    from PySide6.QtCore import QCoreApplication

    names = {"system": "System", "user": "User", "assistant": "Assistant"}
    return QCoreApplication.translate("Workbench", names[role])
