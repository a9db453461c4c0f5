"""Every test of the window starts from the light theme at text size 1, with motion off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbench.ui.theme import Theme, theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


@pytest.fixture(autouse=True)
def plain_theme(qapp: QApplication) -> Theme:
    """The theme, put back to its plain state."""
    current = theme()
    current.apply(scheme="light", text_factor=1.0, touch=False, motion="reduced")
    return current
