"""Switches (on or off) and segment controls (one of a few)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QWidget

from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets.buttons import PaintedButton
from chatbench.ui.widgets.paint import base_direction, box, draw_title, ring_inside

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST_TARGET: Final = 24
_BESIDE: Final = 8


class Switch(PaintedButton):
    """A switch with words after it; ``toggled(bool)`` tells of a change.

    Without ``label`` it needs a ``name`` for screen readers. ``form`` is the larger size.
    """

    def __init__(
        self, label: str = "", *, name: str = "", form: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._label = label
        self._form = form
        self.setCheckable(True)
        self.setText(label.replace("&", "&&"))
        self.setAccessibleName(name or label)
        policy = QSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(bool(label))
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        return bool(self._label)

    def heightForWidth(self, width: int) -> int:
        """Words wrap where they have too little room."""
        room = QRect(0, 0, max(1, width - self._track().width() - _BESIDE), 10_000)
        words = theme().metrics("ui").boundingRect(room, Qt.TextFlag.TextWordWrap, self._label).height()
        return max(self.sizeHint().height(), words + 4)

    def minimumSizeHint(self) -> QSize:
        metrics = theme().metrics("ui")
        longest = max((metrics.horizontalAdvance(one) for one in self._label.split()), default=0)
        return QSize(self._track().width() + _BESIDE + longest + 1, self.sizeHint().height())

    def _track(self) -> QSize:
        role, width, height = ("switch-form", 30, 16) if self._form else ("switch", 26, 14)
        grown = theme().icon_size(height)
        return QSize(round(width * grown / height), grown) if role else QSize()

    def sizeHint(self) -> QSize:
        track = self._track()
        width, height = track.width(), max(_LEAST_TARGET, track.height() + 4)
        if self._label:
            width += _BESIDE + theme().metrics("ui").horizontalAdvance(self._label) + 1
            height = max(height, theme().line("ui") + 4)
        return QSize(max(width, _LEAST_TARGET), height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        track = QRect(0, 0, 0, 0)
        track.setSize(self._track())
        track.moveTop((self.height() - track.height()) // 2)
        words = QRect(track.width() + _BESIDE, 0, self.width() - track.width() - _BESIDE, self.height())
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            track.moveLeft(self.width() - track.width())
            words.moveLeft(0)
        self._draw_track(painter, track)
        if self._label:
            painter.setFont(theme().font("ui"))
            painter.setPen(theme().color("text" if self.isEnabled() else "disabled"))
            if self.sizeHint().width() <= self.width():
                draw_title(painter, words, self._label, self.layoutDirection())
            else:
                start = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(words, start | Qt.TextFlag.TextWordWrap, self._label)
        painter.end()

    def _draw_track(self, painter: QPainter, track: QRect) -> None:
        fill: ColorRole = "linectl"
        if self.isChecked():
            fill = "accentpressed" if self.isDown() else "accenthover" if self.hovered() else "accent"
        if not self.isEnabled():
            fill = "btnline"
        box(painter, track, track.height() / 2, fill)
        knob = track.height() - 4
        at_end = self.isChecked() != (self.layoutDirection() == Qt.LayoutDirection.RightToLeft)
        x = track.right() + 1 - 2 - knob if at_end else track.x() + 2
        box(painter, QRectF(x, track.y() + 2, knob, knob), knob / 2, "knob")


class _Segment(QAbstractButton):
    focus_ring = "inside"

    def __init__(self, label: str, form: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._form = form
        self.setCheckable(True)
        self.set_label(label)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def set_label(self, label: str, name: str = "") -> None:
        """What stands on it, and what a screen reader says instead."""
        self._label = label
        self.setText(label.replace("&", "&&"))
        self.setAccessibleName(name or label)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        width = theme().metrics("small", 600).horizontalAdvance(self._label) + 2 * theme().scaled(10)
        return QSize(width + 1, theme().control("segment-form" if self._form else "segment"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill: ColorRole | None = None
        if self.isEnabled():
            over: ColorRole | None = "hover" if self.underMouse() else None
            fill = "selected" if self.isChecked() else "pressed" if self.isDown() else over
        if fill is not None:
            box(painter, self.rect(), 5, fill)
        words: ColorRole = "text" if self.isChecked() else "text2"
        painter.setFont(theme().font("small", 600 if self.isChecked() else 400))
        painter.setPen(theme().color(words if self.isEnabled() else "disabled"))
        painter.setLayoutDirection(base_direction(self._label))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._label)
        ring_inside(painter, self, self.rect(), 5)
        painter.end()


class SegmentControl(QWidget):
    """One of a few, side by side; arrow keys move, Tab passes. ``changed(id)`` on a choice."""

    changed = Signal(str)

    def __init__(
        self,
        options: Sequence[tuple[str, str]],
        *,
        name: str = "",
        form: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """``options`` are (id, label); the first one is chosen."""
        super().__init__(parent)
        self._form = form
        self._group = QButtonGroup(self)
        self._segments: dict[str, _Segment] = {}
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(0)
        for key, label in options:
            segment = _Segment(label, form, self)
            self._segments[key] = segment
            self._group.addButton(segment)
            layout.addWidget(segment)
            segment.clicked.connect(lambda _checked=False, key=key: self.changed.emit(key))
        if self._segments:
            next(iter(self._segments.values())).setChecked(True)

    def current(self) -> str:
        """The chosen id."""
        return next((key for key, segment in self._segments.items() if segment.isChecked()), "")

    def set_current(self, key: str) -> None:
        """Choose without emitting ``changed``."""
        self._segments[key].setChecked(True)

    def set_label(self, key: str, label: str, name: str) -> None:
        """Other words on one of them; `name` is what a screen reader says, and what hovering shows."""
        self._segments[key].set_label(label, name)
        self._segments[key].setToolTip(name)

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width(), theme().control("segments-form" if self._form else "segments"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box(painter, self.rect(), theme().corner("control"), "raised", "btnline")
        painter.end()
