"""Notices: quiet messages above the composer, with one action, that leave by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtCore import QEasingCurve, QEvent, QObject, QRect, Qt, QTimer, QVariantAnimation
from PySide6.QtGui import QEnterEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHBoxLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from chatbench.ui import icons
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.theme.tokens import NOTICE_MS, NOTICE_WITH_ACTION_MS
from chatbench.ui.widgets.announce import announce
from chatbench.ui.widgets.buttons import Button, IconButton
from chatbench.ui.widgets.chips import Pill
from chatbench.ui.widgets.labels import Label
from chatbench.ui.widgets.paint import SHADOW_MARGINS, box, shadow

if TYPE_CHECKING:
    from collections.abc import Callable

NoticeKind = Literal["info", "success", "warning", "error"]

_MARKS: Final[dict[NoticeKind, tuple[str, ColorRole]]] = {
    "info": ("info", "text2"),
    "success": ("circle-check", "success"),
    "warning": ("triangle-alert", "warning"),
    "error": ("circle-alert", "danger"),
}
_MOST_SHOWN: Final = 3
_WIDEST: Final = 420
_GAP: Final = 8
_EDGE: Final = 16
_MOVES: Final = (QEvent.Type.Show, QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Hide)


class Notice(QWidget):
    """One notice. It takes no focus by itself; Escape inside it closes it."""

    def __init__(
        self,
        parent: QWidget,
        text: str,
        kind: NoticeKind,
        action: tuple[str, Callable[[], object]] | None,
        done: Callable[[Notice], None],
    ) -> None:
        super().__init__(parent)
        self.text = text
        self.kind = kind
        self._done = done
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setInterval(NOTICE_WITH_ACTION_MS if action else NOTICE_MS)
        self._clock.timeout.connect(self.dismiss)
        self.setAccessibleName(text)
        label = Label(text, wrap=True)
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 10, 8, 10)
        row.setSpacing(8)
        row.addSpacing(theme().icon_size(16) + 8)
        row.addWidget(label, 1)
        self.button: Button | None = None
        if action is not None:
            words, do = action
            self.button = Button(words, size="small")
            self.button.clicked.connect(lambda: self._act(do))
            row.addWidget(self.button)
        self.close_button = IconButton("x", self.tr("Close"), size="code")
        self.close_button.clicked.connect(self.dismiss)
        row.addWidget(self.close_button)
        for control in (self.button, self.close_button):
            if control is not None:
                control.installEventFilter(self)

    @property
    def counting(self) -> bool:
        """Whether its clock runs."""
        return self._clock.isActive()

    def start(self) -> None:
        """Start the clock, if the pointer and the focus are elsewhere."""
        if not self.underMouse() and not self.holds_focus():
            self._clock.start()

    def wait(self) -> None:
        """Out of view until there is room; its clock then starts anew."""
        self._clock.stop()
        self.hide()

    def holds_focus(self) -> bool:
        """Whether the focus is inside."""
        focused = QApplication.focusWidget()
        return isinstance(focused, QWidget) and self.isAncestorOf(focused)

    def dismiss(self) -> None:
        """Take the notice away."""
        self._clock.stop()
        self._done(self)

    def _act(self, do: Callable[[], object]) -> None:
        self.dismiss()
        do()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._clock.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.start()
        super().leaveEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            self._clock.stop()
        elif event.type() == QEvent.Type.FocusOut and not self.isHidden():
            self.start()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box(painter, self.rect(), theme().corner("card"), "raised", "btnline")
        name, color = _MARKS[self.kind]
        edge = theme().icon_size(16)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = self.width() - 12 - edge if rtl else 12
        icons.draw(painter, name, QRect(x, 0, edge, self.height()), color)
        painter.end()


class _Shade(QWidget):
    """The shadows of the notices; the pointer passes through, so that they cover no control."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self.cards: list[QRect] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for card in self.cards:
            shadow(painter, card, theme().corner("card"))
        painter.end()


class Notices(QWidget):
    """The stack at the lower right of ``host``, above what it is told to ``stand_above``, and beside what it
    is told to ``keep_clear`` and the control that has the focus.

    A new one stands above the older ones, so that nothing moves under the pointer. At most
    three show, and no more than have room; further ones wait, counted as "2 more".
    ``show_notice`` may be called before the window is visible.
    """

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self._host = host
        self._shade = _Shade(host)
        self._clearance = _EDGE
        self._feet: list[QWidget] = []
        self._clear_of: list[QWidget] = []
        self._focused: QWidget | None = None
        self._before: QWidget | None = None
        self._shown: list[Notice] = []
        self._waiting: list[Notice] = []
        self._more = Pill()
        self._more.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(_GAP)
        self._column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignRight)
        self._slide = QVariantAnimation(self)
        self._slide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._slide.valueChanged.connect(lambda offset: self._place(int(offset)))
        host.installEventFilter(self)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._focus_moved)
        self.hide()

    def show_notice(
        self,
        text: str,
        kind: NoticeKind = "info",
        *,
        action: tuple[str, Callable[[], object]] | None = None,
    ) -> Notice:
        """Show one sentence; ``action`` is (words, function): Undo, Retry or Open. What stands there already
        and offers nothing is shown longer, not twice."""
        said = (one for one in (*self._shown, *self._waiting) if (one.text, one.kind) == (text, kind))
        if action is None and (same := next((one for one in said if one.button is None), None)) is not None:
            announce(self._host, text, at_once=kind == "error")
            if same in self._shown:
                same.start()
            return same
        notice = Notice(self, text, kind, action, self._remove)
        notice.wait()
        self._waiting.append(notice)
        announce(self._host, text, at_once=kind == "error")
        self._fill(entering=True)
        return notice

    def shown(self) -> list[Notice]:
        """The notices in view, oldest first."""
        return list(self._shown)

    def stand_above(self, foot: QWidget) -> None:
        """Leave a widget at the host's foot free (a composer) while it is in view."""
        foot.installEventFilter(self)
        self._feet.append(foot)
        self._stand()

    def keep_clear(self, widget: QWidget) -> None:
        """Never cover a widget below the host."""
        self._clear_of = [one for one in self._clear_of if isValid(one)] + [widget]
        widget.installEventFilter(self)
        parent = widget.parentWidget()
        if parent is not None:
            parent.installEventFilter(self)

    def _focus_moved(self, _before: QWidget | None, now: QWidget | None) -> None:
        if self._focused is not None and isValid(self._focused):
            self._focused.removeEventFilter(self)
        self._focused = now if now is not None and self._host.isAncestorOf(now) else None
        if self._focused is not None:
            # Inside a list or a transcript the keys move what has the focus.
            self._focused.installEventFilter(self)
            self._fill(entering=False)

    def _stand(self) -> None:
        self._feet = [foot for foot in self._feet if isValid(foot)]
        self._clear(max((foot.height() for foot in self._feet if foot.isVisible()), default=0))

    def _clear(self, height: int) -> None:
        self._clearance = height + _EDGE
        self._fill(entering=False)

    def focus_newest(self) -> bool:
        """Move the focus into the newest notice (F6); False when there is none."""
        if not self._shown:
            return False
        newest = self._shown[-1]
        target: QWidget = newest.button or newest.close_button
        before = QApplication.focusWidget()
        if isinstance(before, QWidget) and not self.isAncestorOf(before):
            self._before = before
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return True

    def _fill(self, *, entering: bool) -> None:
        if self.isHidden() and not self._waiting and not self._shown:
            return
        arrived = False
        while self._waiting and len(self._shown) < _MOST_SHOWN:
            notice = self._waiting.pop(0)
            self._shown.append(notice)
            self._column.insertWidget(1, notice)
            notice.show()
            notice.start()
            arrived = True
        self._count()
        self.setVisible(bool(self._shown))
        self.raise_()
        duration = theme().duration("toast")
        if entering and arrived and duration and self.isVisible():
            self._slide.setDuration(duration)
            self._slide.setStartValue(12)
            self._slide.setEndValue(0)
            self._slide.start()
        else:
            self._place()

    def _remove(self, notice: Notice) -> None:
        for group in (self._shown, self._waiting):
            if notice in group:
                group.remove(notice)
        self._column.removeWidget(notice)
        if notice.holds_focus() and self._before is not None and isValid(self._before):
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        notice.hide()
        notice.deleteLater()
        self._fill(entering=False)

    def _count(self) -> None:
        self._more.set_state(self.tr("{0} more").format(len(self._waiting)))
        self._more.setVisible(bool(self._waiting))

    def _put_back(self) -> None:
        """The newest one waits: there is no room for it."""
        notice = self._shown.pop()
        self._column.removeWidget(notice)
        notice.wait()
        self._waiting.insert(0, notice)
        self._count()

    def _high(self, width: int) -> int:
        self._column.activate()
        height = self._column.totalHeightForWidth(width)
        return height if height >= 0 else self._column.totalSizeHint().height()

    def _lowest(self, left: int, width: int, height: int) -> int | None:
        """The lower edge of the lowest place that covers nothing; None where there is no such place."""
        floor = self._host.height() - self._clearance
        covered = [rect for rect in self._kept() if rect.left() < left + width and rect.right() >= left]
        for bottom in sorted([floor, *(rect.top() - _EDGE for rect in covered)], reverse=True):
            place = QRect(left, bottom - height, width, height)
            if bottom <= floor and place.top() >= 0 and not any(place.intersects(one) for one in covered):
                return bottom
        return None

    def _kept(self) -> list[QRect]:
        """What is not to be covered, in the host's coordinates."""
        self._clear_of = [one for one in self._clear_of if isValid(one)]
        kept = [(one, one.rect()) for one in self._clear_of if one.isVisible()]
        focused = self._focused if self._focused is not None and isValid(self._focused) else None
        if focused is not None and focused.isVisible() and not self.isAncestorOf(focused):
            kept.append((focused, _spot(focused, self._host.height() // 3)))
        rects = [
            QRect(one.mapTo(self._host, rect.topLeft()), rect.size())
            for one, rect in kept
            if self._host.isAncestorOf(one) and not rect.isEmpty()
        ]
        return [rect for rect in rects if rect.intersects(self._host.rect())]

    def _place(self, offset: int = 0) -> None:
        self._shade.setVisible(bool(self._shown))
        if not self._shown:
            return
        width = min(theme().scaled(_WIDEST), max(120, self._host.width() - 2 * _EDGE))
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = _EDGE if rtl else self._host.width() - _EDGE - width
        height = self._high(width)
        while (bottom := self._lowest(x, width, height)) is None and len(self._shown) > 1:
            if self._shown[-1].holds_focus():
                break
            self._put_back()
            height = self._high(width)
        if bottom is None:
            bottom = self._host.height() - self._clearance
        self.setGeometry(x, bottom - height + offset, width, height)
        self._column.activate()
        around = self.geometry().marginsAdded(SHADOW_MARGINS)
        self._shade.setGeometry(around)
        origin = self.pos() - around.topLeft()
        self._shade.cards = [notice.geometry().translated(origin) for notice in self._shown]
        self._shade.stackUnder(self)
        self._shade.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._host:
            if event.type() == QEvent.Type.Resize:
                self._fill(entering=False)
        elif event.type() in _MOVES:
            self._stand()
        elif event.type() == QEvent.Type.KeyRelease and watched is self._focused:
            self._place()
        return False


def _spot(focused: QWidget, most: int) -> QRect:
    """Where in a widget the focus is: all of it, or of a high one the row or the line in use; empty where
    that is not known."""
    if focused.height() <= most:
        return focused.rect()
    if isinstance(focused, QAbstractItemView):
        rect = focused.visualRect(focused.currentIndex())
        return rect.translated(focused.viewport().pos())
    cursor: QRect = focused.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle)
    return QRect() if cursor.height() >= focused.height() else cursor
