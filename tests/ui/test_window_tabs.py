"""The tab strip, by mouse and keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from chatbench.ui.theme import theme
from chatbench.ui.widgets import gauge_clock
from chatbench.ui.window import Tab, TabStrip

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from chatbench.ui.theme import Theme

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def strip(qtbot: QtBot) -> TabStrip:
    tabs = TabStrip()
    qtbot.addWidget(tabs)
    for number in (1, 2, 3):
        tabs.add_tab(Tab(str(number), f"Conversation number {number}"))
    tabs.resize(1000, 40)
    tabs.show()
    tabs.chosen.connect(tabs.set_current)
    tabs.close_requested.connect(tabs.remove_tab)
    return tabs


def test_a_click_chooses_and_the_cross_closes(strip: TabStrip) -> None:
    rects = strip._bar.rects()
    QTest.mouseClick(strip._bar, LEFT, pos=rects[1].center())
    assert strip.current() == "2"
    QTest.mouseClick(strip._bar, LEFT, pos=strip._bar._cross(rects[1]).center())
    assert [tab.id for tab in strip.tabs()] == ["1", "3"]
    assert strip.current() == "3"


def test_the_middle_button_closes_and_leaving_the_cross_does_not(strip: TabStrip) -> None:
    rects = strip._bar.rects()
    QTest.mouseClick(strip._bar, Qt.MouseButton.MiddleButton, pos=rects[0].center())
    assert [tab.id for tab in strip.tabs()] == ["2", "3"]
    rects = strip._bar.rects()
    QTest.mousePress(strip._bar, LEFT, pos=strip._bar._cross(rects[0]).center())
    QTest.mouseRelease(strip._bar, LEFT, pos=rects[1].center())
    assert [tab.id for tab in strip.tabs()] == ["2", "3"]


def test_arrows_move_and_delete_closes(strip: TabStrip) -> None:
    QTest.keyClick(strip._bar, Qt.Key.Key_Right)
    QTest.keyClick(strip._bar, Qt.Key.Key_Right)
    QTest.keyClick(strip._bar, Qt.Key.Key_Right)
    assert strip.current() == "3"
    QTest.keyClick(strip._bar, Qt.Key.Key_Delete)
    assert strip.current() == "2"


def test_tabs_can_be_dragged(strip: TabStrip, qtbot: QtBot) -> None:
    rects = strip._bar.rects()
    QTest.mousePress(strip._bar, LEFT, pos=rects[0].center())
    with qtbot.waitSignal(strip.moved) as moved:
        QTest.mouseMove(strip._bar, rects[1].center())
    QTest.mouseRelease(strip._bar, LEFT, pos=rects[1].center())
    assert moved.args == ["1", 1]
    assert [tab.id for tab in strip.tabs()] == ["2", "1", "3"]


def test_plus_and_menu_tell(strip: TabStrip, qtbot: QtBot) -> None:
    with qtbot.waitSignal(strip.new_requested):
        QTest.mouseClick(strip._plus, LEFT)
    strip.set_menu_visible(True)
    with qtbot.waitSignal(strip.menu_requested):
        QTest.mouseClick(strip.menu_button, LEFT)


def test_many_tabs_share_the_room(strip: TabStrip) -> None:
    for number in range(4, 14):
        strip.add_tab(Tab(str(number), "A rather long title of a conversation"))
    rects = strip._bar.rects()
    assert rects[-1].right() <= strip._bar.width()
    assert all(rect.width() <= 250 for rect in rects)
    with pytest.raises(ValueError, match="'4'"):
        strip.add_tab(Tab("4", "Again"))


def test_the_current_tab_covers_the_line_below(strip: TabStrip) -> None:
    image = strip.grab().toImage()
    rects = strip._bar.rects()
    origin = strip._bar.pos()
    foot = image.height() - 1
    current, other = (origin + rects[place].center() for place in (0, 1))
    assert image.pixelColor(current.x(), foot) == theme().color("page")
    assert image.pixelColor(current.x(), 0) == theme().color("accent")
    assert image.pixelColor(other.x(), foot) == theme().color("line")


def test_a_streaming_tab_moves_only_while_in_view(strip: TabStrip, plain_theme: Theme) -> None:
    plain_theme.apply(motion="full")
    strip.update_tab("2", state="streaming")
    assert gauge_clock().running
    strip.hide()
    assert not gauge_clock().running
    strip.show()
    assert gauge_clock().running
    strip.remove_tab("2")
    assert not gauge_clock().running


def test_right_to_left_starts_at_the_right(strip: TabStrip) -> None:
    strip.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    rects = strip._bar.rects()
    assert rects[0].x() > rects[1].x()
    QTest.mouseClick(strip._bar, LEFT, pos=rects[2].center())
    QTest.keyClick(strip._bar, Qt.Key.Key_Right)
    assert strip.current() == "2"


def test_compact_shows_how_many_there_are(strip: TabStrip, qtbot: QtBot) -> None:
    strip.set_compact(True)
    assert not strip._bar.isVisible()
    assert strip._count.text() == "3 tabs"
    with qtbot.waitSignal(strip.tabs_requested):
        QTest.mouseClick(strip, LEFT, pos=QPoint(200, 20))
