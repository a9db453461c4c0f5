"""How large a dialog is at first, and its last line."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QHBoxLayout, QWidget

from chatbench.ui.theme import theme

_BESIDE, _ABOVE = 32, 48


def fit_dialog(dialog: QDialog, wide: int, high: int) -> None:
    """So large at text size 1, growing with the text, but inside of the window it belongs to."""
    parent = dialog.parentWidget()
    assert parent is not None
    room = parent.window().size()
    dialog.resize(
        min(theme().scaled(wide), room.width() - _BESIDE), min(theme().scaled(high), room.height() - _ABOVE)
    )


def last_line(
    *buttons: QWidget, begins: tuple[QWidget, ...] = (), told: QWidget | None = None
) -> QHBoxLayout:
    """The last line of a dialog: `buttons` at its end, the one that does it last; before them what is `told`,
    which has all the room there is, or what the line `begins` with."""
    line = QHBoxLayout()
    line.setSpacing(6)
    for one in begins:
        line.addWidget(one)
    if told is None:
        line.addStretch(1)
    else:
        line.addWidget(told, 1)
    for button in buttons:
        line.addWidget(button)
    return line
