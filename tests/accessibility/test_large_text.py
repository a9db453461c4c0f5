"""Twice the text size: no control lies over another, no word is cut off, in either direction of reading."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot
from tests.accessibility.clipping import clipped
from tests.accessibility.surfaces import Surface, beginnings, dialogs, menus, surfaces
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import opened

from chatbench.ui.session import Session
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, SearchField, Select

Look = Callable[[Session, LoopbackServer], AsyncIterator[Surface]]
Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
@pytest.mark.parametrize(
    ("looked_at", "size"),
    [
        *product((beginnings, surfaces, dialogs), ((1440, 900), (480, 800))),
        # Those are looked at in either size, whatever the window begins with.
        (menus, (1440, 900)),
    ],
)
def test_at_200_percent_no_word_is_cut_off_and_nothing_lies_over_anything(
    run_async: Run, tmp_path: Path, server: LoopbackServer, qapp: QApplication,
    looked_at: Look, size: tuple[int, int], direction: Qt.LayoutDirection,
) -> None:  # fmt: skip
    async def scenario() -> None:
        faults: set[str] = set()
        seen: set[str] = set()
        looked = 0
        async with opened(tmp_path / "profile") as session:
            session.window.resize(*size)
            theme().apply(text_factor=2.0)
            async for surface in looked_at(session, server):
                seen.add(surface.name)
                faults |= {f"{surface.name}: {one}" for one in clipped(surface.root)}
                controls = _controls(surface.root)
                looked += len(controls)
                faults |= {f"{surface.name}: {_told(a)} and {_told(b)}" for a, b in _overlapping(controls)}
        assert len(seen) > 3
        assert looked > 200 or looked_at is not surfaces
        assert not faults, "\n".join(sorted(faults))

    before = qapp.layoutDirection()
    qapp.setLayoutDirection(direction)
    try:
        run_async(scenario())
    finally:
        qapp.setLayoutDirection(before)
        theme().apply(text_factor=1.0)


def test_what_is_cut_off_is_found(qtbot: QtBot) -> None:
    theme()
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(300, 200)
    words = "Words that are longer than that"
    button, label = Button(words, parent=window), Label(words, parent=window)
    button.setFixedSize(60, 30)
    label.setGeometry(0, 40, 60, 20)
    wrapped = Label(words, wrap=True, parent=window)
    wrapped.setGeometry(0, 80, 60, 16)
    field = SearchField(words, window)
    field.setGeometry(0, 120, 60, 30)
    outside = Label("Outside", parent=window)
    outside.setGeometry(280, 160, 90, 20)
    window.show()
    told = sorted(one.split(" ")[0] for one in clipped(window))
    assert told == ["Button", "Label", "Label", "Label"], "the hint is told in a tooltip"
    field.setToolTip("Something else")
    button.setFixedSize(button.sizeHint())
    label.resize(label.sizeHint())
    wrapped.resize(60, wrapped.heightForWidth(60))
    outside.move(0, 160)
    assert list(clipped(window)) == []


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


def test_a_choice_without_room_is_shortened_and_told_in_whole(qtbot: QtBot) -> None:
    theme()
    select = Select(name="Titles")
    qtbot.addWidget(select)
    select.addItem("The first words of the question")
    select.resize(100, 32)
    select.show()
    short = select.grab().toImage()
    place = select.rect().center()
    QApplication.sendEvent(select, QHelpEvent(QEvent.Type.ToolTip, place, select.mapToGlobal(place)))
    assert select.toolTip() == "The first words of the question"
    select.setItemText(0, "The first…")
    assert select.grab().toImage() == short, "it ends in a mark, not in half a letter"
    select.resize(400, 32)
    QApplication.sendEvent(select, QHelpEvent(QEvent.Type.ToolTip, place, select.mapToGlobal(place)))
    assert select.toolTip() == ""
