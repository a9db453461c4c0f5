"""Shortcuts: every action of the window, its keys changed by pressing them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QKeyCombination, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFocusEvent, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.services import Services
from chatbench.ui.actions import Actions, ShortcutTaken, name_of
from chatbench.ui.settings.form import SettingsPage
from chatbench.ui.theme import ColorRole, FontRole, theme
from chatbench.ui.widgets import (
    Button,
    Divider,
    ElidedLabel,
    IconButton,
    Label,
    Mark,
    PaintedButton,
    SearchField,
    announce,
    box,
    draw_keys,
    keys_width,
)

_MODIFIERS = {
    Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr,
    Qt.Key.Key_unknown,
}  # fmt: skip


class KeyCapture(PaintedButton):
    """Shows a shortcut; pressed, it takes the next keys for it.

    Escape leaves it as it was, Backspace takes it away. `captured(str)` in portable words. In a form it
    has a field's frame, and its keys stand at the beginning.
    """

    captured = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None, *, form: bool = False) -> None:
        super().__init__(parent)
        self._name = name
        self._form = form
        self._keys = QKeySequence()
        self.listening = False
        self.clicked.connect(self._listen)
        self.show_keys(self._keys)

    def show_keys(self, keys: QKeySequence) -> None:
        """The shortcut in force."""
        self._keys = keys
        shown = keys.toString(QKeySequence.SequenceFormat.NativeText) or self.tr("no shortcut")
        self.setAccessibleName(self.tr("{0}: {1}").format(self._name, shown))
        self.setToolTip(self.tr("Press to change"))
        self.updateGeometry()
        self.update()

    def _listen(self) -> None:
        self.listening = True
        announce(self, self.tr("Press the new keys. Escape cancels, Backspace takes them away."))
        self.updateGeometry()
        self.update()

    def _stop(self) -> None:
        self.listening = False
        self.updateGeometry()
        self.update()

    def event(self, event: QEvent) -> bool:
        # The keys pressed must come here and not do what they do now.
        if self.listening and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.listening:
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self.click()
            else:
                super().keyPressEvent(event)
            return
        key = Qt.Key(event.key())
        if key in _MODIFIERS:
            return
        bare = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key == Qt.Key.Key_Escape and not bare:
            self._stop()
        elif key in {Qt.Key.Key_Backspace, Qt.Key.Key_Delete} and not bare:
            self._stop()
            self.captured.emit("")
        elif key in {Qt.Key.Key_Tab, Qt.Key.Key_Backtab} and not bare:
            self._stop()
            super().keyPressEvent(event)
        else:
            self._stop()
            sequence = QKeySequence(QKeyCombination(bare, key))
            self.captured.emit(sequence.toString(QKeySequence.SequenceFormat.PortableText))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self.listening:
            self._stop()

    @property
    def _font(self) -> FontRole:
        return "ui" if self._form else "small"

    def _words(self) -> str:
        return self.tr("Press keys…") if self.listening else self.tr("none")

    def sizeHint(self) -> QSize:
        shown = not self._keys.isEmpty() and not self.listening
        words = theme().metrics(self._font).horizontalAdvance(self._words())
        width = keys_width(self._keys) if shown else words
        height = theme().control("field-form" if self._form else "button")
        return QSize(max(theme().scaled(140 if self._form else 108), width + 16), height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill = self.state_fill("raised" if self._form else None)
        border: ColorRole | None = "accent" if self.listening else "linectl" if self._form else None
        if fill is not None or border is not None:
            box(painter, self.rect(), theme().corner("control"), fill, border)
        inner = self.rect().adjusted(8, 0, -8, 0)
        if self.listening or self._keys.isEmpty():
            painter.setFont(theme().font(self._font))
            color: ColorRole = "text3" if self.isEnabled() else "disabled"
            painter.setPen(theme().color("accenttext" if self.listening else color))
            side = Qt.AlignmentFlag.AlignLeading if self._form else Qt.AlignmentFlag.AlignTrailing
            painter.drawText(inner, side | Qt.AlignmentFlag.AlignVCenter, self._words())
        else:
            rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
            draw_keys(painter, inner, self._keys, trailing=rtl == self._form)
        painter.end()


class _ShortcutRow(QWidget):
    """One action."""

    def __init__(self, page: ShortcutsPage, action: QAction) -> None:
        super().__init__()
        self.action = action
        name = name_of(action)
        self.capture = KeyCapture(name)
        self.capture.captured.connect(lambda keys: page.set_keys(self, keys))
        self.reset = IconButton("undo-2", self.tr("Reset {0}").format(name), size="row")
        self.reset.clicked.connect(lambda: page.set_keys(self, None))
        keep = self.reset.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(keep)
        self.words = f"{name} {action.property('place') or ''}".casefold()
        line = QHBoxLayout()
        line.setContentsMargins(0, 3, 0, 3)
        line.setSpacing(8)
        line.addWidget(Mark(str(action.property("icon_name") or "keyboard")))
        line.addWidget(ElidedLabel(name), 3)
        line.addWidget(ElidedLabel(str(action.property("place") or ""), font="small", color="text3"), 1)
        line.addWidget(self.capture)
        line.addWidget(self.reset)
        self._taken = Label(font="small", color="danger", wrap=True)
        self._take = Button(self.tr("Use it here"), size="small")
        self._conflict = QWidget()
        told = QHBoxLayout(self._conflict)
        told.setContentsMargins(0, 0, 0, 6)
        told.addSpacing(24)
        told.addWidget(self._taken, 1)
        told.addWidget(self._take)
        self._conflict.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(line)
        column.addWidget(self._conflict)
        column.addWidget(Divider())
        self._take.clicked.connect(lambda: page.take_keys(self))
        self.wanted = ""
        self.follow()

    def follow(self) -> None:
        """Shows the action's keys."""
        self.capture.show_keys(self.action.shortcut())
        default = QKeySequence(str(self.action.property("default_shortcut") or ""))
        self.reset.setVisible(self.action.shortcut() != default)

    def show_conflict(self, keys: str, owner: str) -> None:
        """The keys belong to another action; "" for no conflict."""
        self.wanted = keys
        shown = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
        words = self.tr("{0} belongs to “{1}”.").format(shown, owner) if owner else ""
        self._taken.setText(words)
        self._conflict.setVisible(bool(owner))
        if owner:
            announce(self, words, at_once=True)

    def conflict(self) -> str:
        """What is said of a conflict."""
        return self._taken.text() if self._conflict.isVisibleTo(self) else ""


class ShortcutsPage(SettingsPage):
    """A list that can be searched; a change is in force and kept at once."""

    def __init__(self, services: Services, commands: Actions) -> None:
        super().__init__(services)
        self.set_title(self.tr("Shortcuts"))
        self._commands = commands
        self._rows: dict[str, _ShortcutRow] = {}
        self.search = SearchField(self.tr("Search actions"))
        self.search.textChanged.connect(self._filter)
        self.fields["shortcuts"] = self.search
        self.reset_all = Button(self.tr("Reset all"), icon="undo-2")
        self.reset_all.clicked.connect(self._reset_all)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.search, 1)
        head.addWidget(self.reset_all)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self._nothing = Label(self.tr("Nothing is called that."), font="small", color="text3")
        self._nothing.hide()
        self._problem = self.form.add("", QWidget())
        self.form.hide()
        self.body.addLayout(head)
        self.body.addLayout(self._list)
        self.body.addWidget(self._nothing)
        self.body.addStretch(1)
        commands.changed.connect(self.refresh)
        self.refresh()

    def row(self, key: str) -> _ShortcutRow:
        """The row of an action."""
        return self._rows[key]

    def refresh(self) -> None:
        """Follows the window's actions."""
        found = {action.objectName(): action for action in self._commands}
        for key in [key for key in self._rows if key not in found]:
            old = self._rows.pop(key)
            self._list.removeWidget(old)
            old.hide()
            old.deleteLater()
        for key, action in found.items():
            if key in self._rows:
                self._rows[key].follow()
            else:
                self._rows[key] = _ShortcutRow(self, action)
                self._list.addWidget(self._rows[key])
        self.reset_all.setEnabled(bool(self._commands.overrides()))
        self._filter(self.search.text())

    def set_keys(self, row: _ShortcutRow, keys: str | None) -> None:
        """Gives an action other keys, "" for none, None for its own; a conflict is told."""
        key = row.action.objectName()
        row.show_conflict("", "")
        try:
            self._commands.set_shortcut(key, keys)
        except ShortcutTaken as taken:
            default = str(row.action.property("default_shortcut") or "")
            row.show_conflict(default if keys is None else keys, name_of(taken.action))
            return
        self._save()

    def take_keys(self, row: _ShortcutRow) -> None:
        """Takes the wanted keys from the action that has them."""
        owner = self._commands.owner(row.wanted)
        if owner is not None:
            self._commands.set_shortcut(owner.objectName(), "")
        self.set_keys(row, row.wanted)

    def _reset_all(self) -> None:
        for key in self._commands.overrides():
            self._commands.set_shortcut(key, "")
        for key in tuple(self._commands.overrides()):
            self._commands.set_shortcut(key, None)
        for row in self._rows.values():
            row.show_conflict("", "")
        self._save()

    def _save(self) -> None:
        self.form.setVisible(not self.keep(self._problem, shortcuts=self._commands.overrides()))

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        shown = 0
        for row in self._rows.values():
            fits = all(word in row.words for word in words)
            row.setVisible(fits)
            shown += fits
        self._nothing.setVisible(not shown)
