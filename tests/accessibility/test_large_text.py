"""Twice the text size: no control lies over another, in either direction of reading."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget
from tests.accessibility.surfaces import surfaces
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import opened

from chatbench.ui.theme import theme

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_at_200_percent_nothing_lies_over_anything(
    run_async: Run, tmp_path: Path, server: LoopbackServer, direction: Qt.LayoutDirection, qapp: QApplication
) -> None:
    async def scenario() -> None:
        faults: set[str] = set()
        looked = 0
        async with opened(tmp_path / "profile") as session:
            session.window.resize(1440, 900)
            theme().apply(text_factor=2.0)
            async for surface in surfaces(session, server):
                controls = _controls(surface.root)
                looked += len(controls)
                faults |= {f"{surface.name}: {_told(a)} and {_told(b)}" for a, b in _overlapping(controls)}
        assert looked > 200
        assert not faults, "\n".join(sorted(faults))

    before = qapp.layoutDirection()
    qapp.setLayoutDirection(direction)
    try:
        run_async(scenario())
    finally:
        qapp.setLayoutDirection(before)
        theme().apply(text_factor=1.0)


def _controls(root: QWidget) -> list[QWidget]:
    return [
        one
        for one in root.findChildren(QWidget)
        if isinstance(one, QAbstractButton | QLabel | QLineEdit) and not one.visibleRegion().isEmpty()
    ]


def _overlapping(controls: list[QWidget]) -> list[tuple[QWidget, QWidget]]:
    """Pairs of siblings that share pixels; what stands inside another control is meant to."""
    return [
        (a, b)
        for a, b in combinations(controls, 2)
        if a.parentWidget() is b.parentWidget()
        and not isinstance(a.parentWidget(), QLineEdit)
        and a.geometry().intersects(b.geometry())
    ]


def _told(widget: QWidget) -> str:
    words = widget.accessibleName() or getattr(widget, "text", str)()
    return f"{type(widget).__name__} {words!r} {widget.geometry().getRect()}"
