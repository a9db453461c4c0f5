"""Read from right to left, lanes, their heads and feet and the bar above them stand mirrored."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from tests.accessibility.surfaces import quiet
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import ask, two_lanes
from tests.scenarios.window import opened

Run = Callable[[Coroutine[Any, Any, None]], None]


def left(widget: QWidget) -> int:
    """Where a widget begins in its window."""
    return widget.mapTo(widget.window(), QPoint()).x()


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_lanes_and_what_belongs_to_them_stand_in_reading_order(
    run_async: Run, tmp_path: Path, server: LoopbackServer, qapp: QApplication, direction: Qt.LayoutDirection
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            await quiet()
            first, second = view.lanes.views
            bar, head, foot, transcript = view.bar, first.head, first.foot, first.transcript
            orders: list[tuple[QWidget, ...]] = [
                (first, second),
                (head.letter, head.model, head.state, head.more),
                (foot.best, foot.bad, foot.go_on),
                (bar.linked, bar.arrangement, bar.differences, bar.figures),
                (transcript.viewport(), transcript.verticalScrollBar()),
            ]
            for order in orders:
                assert all(one.isVisible() for one in order)
                places = [left(one) for one in order]
                assert len(set(places)) == len(places)
                mirrored = direction == Qt.LayoutDirection.RightToLeft
                assert places == sorted(places, reverse=mirrored), [type(one).__name__ for one in order]
            near, far = left(head.letter) - left(first), left(first) + first.width() - left(head.letter)
            assert (near < far) is (direction == Qt.LayoutDirection.LeftToRight), "the letter is at the start"

    before = qapp.layoutDirection()
    qapp.setLayoutDirection(direction)
    try:
        run_async(scenario())
    finally:
        qapp.setLayoutDirection(before)
