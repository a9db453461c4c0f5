"""The window's frame, before anything is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbench.services.preferences import Preferences
from chatbench.ui.frame import Frame

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.mark.parametrize("remembered", [{}, {"size": [5000, 4000]}])
def test_the_window_is_never_larger_than_its_screen(qtbot: QtBot, remembered: dict[str, object]) -> None:
    frame = Frame(Preferences(window=remembered))
    qtbot.addWidget(frame.window)
    room = frame.window.screen().availableSize()
    assert frame.window.width() < room.width()
    assert frame.window.height() < room.height()


def test_a_size_that_fits_is_kept(qtbot: QtBot) -> None:
    frame = Frame(Preferences(window={"size": [700, 500]}))
    qtbot.addWidget(frame.window)
    assert (frame.window.width(), frame.window.height()) == (700, 500)
