"""How large a dialog is at first."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog

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
