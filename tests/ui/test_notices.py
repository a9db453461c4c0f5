"""Notices: how many, how long, and how one acts on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, QTimer
from PySide6.QtGui import QAccessible, QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget, QPushButton, QWidget

from chatbench.ui.notices import Notice, Notices
from chatbench.ui.theme.tokens import NOTICE_MS, NOTICE_WITH_ACTION_MS

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.resize(900, 600)
    # Offscreen, the pointer stands at the screen's corner: keep the notices away from it.
    widget.move(300, 300)
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    return widget


@pytest.fixture
def notices(host: QWidget) -> Notices:
    return Notices(host)


def clock(notice: Notice) -> QTimer:
    return notice.findChildren(QTimer)[0]


def point_at(notice: Notice) -> None:
    place = QPointF(5, 5)
    QApplication.sendEvent(notice, QEnterEvent(place, place, place))


def test_a_notice_stands_at_the_lower_right_above_the_composer(host: QWidget, notices: Notices) -> None:
    composer = QWidget(host)
    notices.stand_above(composer)
    composer.resize(900, 134)
    composer.show()
    notice = notices.show_notice("Chat moved to the trash.")

    def corner() -> QPoint:
        return notice.mapTo(host, QPoint(notice.width(), notice.height()))

    assert corner() == QPoint(900 - 16, 600 - 150)
    assert notice.width() <= 420
    host.resize(500, 400)
    assert corner() == QPoint(500 - 16, 400 - 150)
    composer.resize(500, 84)
    assert corner() == QPoint(500 - 16, 400 - 100)
    composer.hide()
    assert corner() == QPoint(500 - 16, 400 - 16)


def test_the_same_sentence_stands_once_and_longer(notices: Notices) -> None:
    first = notices.show_notice("The text is as large as it gets.")
    clock(first).stop()
    assert notices.show_notice("The text is as large as it gets.") is first
    assert notices.shown() == [first]
    assert first.counting, "anew"
    gone = notices.show_notice("Chat moved to the trash.", action=("Undo", lambda: None))
    assert notices.show_notice("Chat moved to the trash.", action=("Undo", lambda: None)) is not gone
    assert notices.show_notice("The text is as large as it gets.", "error") is not first


def test_an_action_gives_a_notice_more_time(notices: Notices) -> None:
    plain = notices.show_notice("Saved.")
    acting = notices.show_notice("Deleted.", action=("Undo", lambda: None))
    assert (clock(plain).interval(), clock(acting).interval()) == (NOTICE_MS, NOTICE_WITH_ACTION_MS)
    assert plain.counting
    assert acting.counting


def test_a_notice_leaves_when_its_time_is_up(qtbot: QtBot, notices: Notices) -> None:
    notice = notices.show_notice("Saved.")
    clock(notice).start(1)
    qtbot.waitUntil(lambda: notices.shown() == [])
    assert not notices.isVisible()


def test_the_pointer_stops_the_clock(notices: Notices) -> None:
    notice = notices.show_notice("Saved.")
    point_at(notice)
    assert not notice.counting
    QApplication.sendEvent(notice, QEvent(QEvent.Type.Leave))
    assert notice.counting


def test_undo_is_done_once_and_closes(notices: Notices) -> None:
    undone: list[bool] = []
    notice = notices.show_notice("Deleted.", action=("Undo", lambda: undone.append(True)))
    assert notice.button is not None
    QTest.mouseClick(notice.button, LEFT)
    assert undone == [True]
    assert notices.shown() == []


def test_three_show_and_the_rest_wait_counted(notices: Notices) -> None:
    for number in range(5):
        notices.show_notice(f"Notice {number}")
    assert [notice.text for notice in notices.shown()] == ["Notice 0", "Notice 1", "Notice 2"]
    assert [notice.counting for notice in notices.shown()] == [True] * 3
    words = [label.text() for label in notices.findChildren(type(notices._more)) if label.isVisible()]
    assert "2 more" in words
    QTest.mouseClick(notices.shown()[0].close_button, LEFT)
    assert [notice.text for notice in notices.shown()] == ["Notice 1", "Notice 2", "Notice 3"]


def test_a_new_notice_moves_no_older_one(host: QWidget, notices: Notices) -> None:
    first = notices.show_notice("First.")
    before = first.mapTo(host, QPoint(0, 0))
    second = notices.show_notice("Second.")
    assert first.mapTo(host, QPoint(0, 0)) == before
    assert second.mapTo(host, QPoint(0, 0)).y() < before.y()


def test_a_notice_takes_no_focus_until_asked(host: QWidget, notices: Notices) -> None:
    for name in ("Earlier", "Before", "Later"):
        QPushButton(name, host).show()
    _, before, _ = host.findChildren(QPushButton)
    before.setFocus()
    assert notices.focus_newest() is False
    notice = notices.show_notice("Deleted.", action=("Undo", lambda: None))
    assert before.hasFocus()
    assert notices.focus_newest()
    assert notice.button is not None
    assert notice.button.hasFocus()
    assert not notice.counting
    QTest.keyClick(notice.button, Qt.Key.Key_Tab)
    assert notice.close_button.hasFocus()
    assert not notice.counting
    QTest.keyClick(notice.close_button, Qt.Key.Key_Escape)
    assert notices.shown() == []
    assert before.hasFocus()


def test_the_clock_goes_on_when_the_focus_leaves(host: QWidget, notices: Notices) -> None:
    elsewhere = QPushButton("Elsewhere", host)
    elsewhere.show()
    notice = notices.show_notice("Deleted.", action=("Undo", lambda: None))
    notices.focus_newest()
    assert not notice.counting
    elsewhere.setFocus()
    assert notice.counting


def test_what_a_stranger_wrote_is_shown_as_it_is(notices: Notices) -> None:
    notice = notices.show_notice("<b>x</b> was refused", "error")
    assert notice.accessibleName() == "<b>x</b> was refused"


def test_the_shadow_lets_the_pointer_through(host: QWidget, notices: Notices) -> None:
    pressed: list[bool] = []
    notice_corner = QPoint(900 - 16 - 420, 600 - 16)
    button = QPushButton("Under the shadow", host)
    button.setGeometry(notice_corner.x() - 24, 540, 20, 40)
    button.clicked.connect(lambda: pressed.append(True))
    button.show()
    notices.show_notice("Saved.")
    target = host.childAt(button.geometry().center())
    assert target is button
    QTest.mouseClick(target, LEFT)
    assert pressed == [True]


def test_a_screen_reader_hears_it_and_errors_at_once(
    host: QWidget, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, QAccessible.AnnouncementPoliteness]] = []
    monkeypatch.setattr(
        QAccessible, "updateAccessibility", lambda event: heard.append((event.message(), event.politeness()))
    )
    notices.show_notice("Saved.")
    notices.show_notice("The key was refused.", "error")
    politeness = QAccessible.AnnouncementPoliteness
    assert heard == [("Saved.", politeness.Polite), ("The key was refused.", politeness.Assertive)]


def lies_over(notices: Notices, widget: QWidget) -> bool:
    """Whether any notice in view covers a part of a widget."""
    place = QRect(widget.mapTo(widget.window(), QPoint()), widget.size())
    return notices.isVisible() and notices.geometry().intersects(place)


@pytest.mark.parametrize("width", [320, 480, 900])
def test_what_is_kept_clear_is_never_covered(host: QWidget, notices: Notices, width: int) -> None:
    host.resize(width, 600)
    foot = QWidget(host)
    notices.keep_clear(foot)
    foot.setGeometry(width - 300, 500, 300, 100)
    foot.show()
    notices.show_notice("The chat goes on with A.", action=("Undo", lambda: None))
    assert not lies_over(notices, foot)
    assert notices.geometry().bottom() < 500
    foot.setGeometry(width - 300, 420, 300, 60)
    assert not lies_over(notices, foot)
    assert notices.geometry().top() > 480, "below it there is room again"
    foot.hide()
    assert notices.geometry().bottom() == 600 - 16 - 1
    foot.show()
    foot.setGeometry(0, 500, 10, 100)
    assert not lies_over(notices, foot)


def test_as_many_show_as_have_room_between_what_is_kept_clear(host: QWidget, notices: Notices) -> None:
    feet = [QWidget(host) for _ in range(3)]
    for number, foot in enumerate(feet):
        notices.keep_clear(foot)
        foot.setGeometry(0, 200 * number + 100, 900, 100)
        foot.show()
    for number in range(3):
        notices.show_notice(f"Notice {number}")
    assert 0 < len(notices.shown()) < 3
    assert not any(lies_over(notices, foot) for foot in feet)
    words = [label.text() for label in notices.findChildren(type(notices._more)) if label.isVisible()]
    assert f"{3 - len(notices.shown())} more" in words
    for foot in feet:
        foot.hide()
    assert len(notices.shown()) == 3


def test_the_control_that_has_the_focus_is_never_covered(host: QWidget, notices: Notices) -> None:
    near, far = QPushButton("Near", host), QPushButton("Far", host)
    near.setGeometry(700, 550, 100, 30)
    far.setGeometry(0, 0, 100, 30)
    near.show()
    far.show()
    far.setFocus()
    notices.show_notice("Saved.")
    assert lies_over(notices, near)
    QTest.keyClick(far, Qt.Key.Key_Tab)
    near.setFocus()
    assert not lies_over(notices, near)
    far.setFocus()
    assert lies_over(notices, near)


def test_the_row_in_use_of_a_list_is_never_covered(host: QWidget, notices: Notices) -> None:
    rows = QListWidget(host)
    rows.addItems([f"Row {number}" for number in range(12)])
    rows.setGeometry(0, 0, 900, 600)
    rows.setSpacing(14)
    rows.show()
    rows.setFocus()
    notices.show_notice("Saved.")
    seen = [rows.item(n) for n in range(12) if rows.visualItemRect(rows.item(n)).bottom() < 600]
    for _ in seen:
        QTest.keyClick(rows, Qt.Key.Key_Down)
        row = rows.visualRect(rows.currentIndex()).translated(rows.viewport().pos())
        assert not notices.geometry().intersects(row), rows.currentRow()
