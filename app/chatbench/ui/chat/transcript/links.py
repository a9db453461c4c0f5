"""Before a link is opened: a dialog that shows where it really leads."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.rendering.characters import visible
from chatbench.rendering.links import LinkTarget, link_target
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label

_SHOWN = 600


def readable_host(host: str) -> str:
    """A punycode host as a person reads it; "" when it reads the same."""
    if "xn--" not in host.lower():
        return ""
    try:
        return host.encode("ascii").decode("idna")
    except (UnicodeError, ValueError):
        return ""


class LinkDialog(QDialog):
    """Shows the true target of a link; ``chosen(url)`` is emitted when the reader opens it.

    It is opened, never executed, and deletes itself. Open nothing that did not come through it.
    """

    chosen = Signal(str)

    def __init__(self, target: LinkTarget, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._target = target
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Open this link?"))
        self.setMinimumWidth(theme().scaled(420))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(8)
        self._say(column, self.tr("Goes to {0}").format(visible(target.host) or target.address), "ui", 600)
        read = readable_host(target.host)
        if read:
            words_of_host = self.tr("Reads as {0}, written in other letters").format(visible(read))
            self._say(column, words_of_host, "small")
        if target.misleading:
            shown = visible(words)[:_SHOWN]
            warning = self.tr("The words of the link name another place: {0}").format(shown)
            self._say(column, warning, "small", color="danger")
        self._say(column, _wrappable(target.shown[:_SHOWN]), "code")
        column.addSpacing(8)
        column.addLayout(self._buttons())

    def _say(
        self, column: QVBoxLayout, words: str, font: str, weight: int | None = None, color: str = "text"
    ) -> None:
        label = Label(words, font=font, weight=weight, color=color, wrap=True)  # type: ignore[arg-type]
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(label)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        copy = Button(self.tr("Copy address"), kind="quiet")
        cancel = Button(self.tr("Cancel"))
        self.open_button = Button(self.tr("Open"), kind="primary")
        copy.clicked.connect(self._copy)
        cancel.clicked.connect(self.reject)
        self.open_button.clicked.connect(self._open)
        row.addWidget(copy)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.open_button)
        cancel.setFocus()
        return row

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._target.address)

    def _open(self) -> None:
        self.chosen.emit(self._target.address)
        self.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.open_button.hasFocus():
            self._open()
        else:
            super().keyPressEvent(event)


def _wrappable(address: str) -> str:
    """Zero-width breaks after slashes and the like, so that a long address wraps."""
    return "".join(f"{one}\u200b" if one in "/?&=-._" else one for one in address)


def ask_before_opening(url: str, words: str, parent: QWidget) -> LinkDialog | None:
    """Open the dialog for a link; None for what may not be opened at all."""
    target = link_target(url, words)
    if target is None or not QUrl(target.address).isValid():
        return None
    dialog = LinkDialog(target, words, parent)
    dialog.open()
    return dialog
