"""Tab reaches every control of the window in view, and where the focus is can be seen."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget
from tests.accessibility.surfaces import surfaces
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import opened, press

from chatbench.ui.theme import theme

Run = Callable[[Coroutine[Any, Any, None]], None]
MOST_STEPS = 200
AROUND = 24
"""The card of a field shows the focus of the field."""
RING = 12
"""Pixels of the accent that are there only with the focus."""


def test_tab_reaches_every_control_and_shows_where_it_is(
    run_async: Run, tmp_path: Path, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        missed: set[str] = set()
        unseen: set[str] = set()
        looked = 0
        async with opened(tmp_path / "profile") as session:
            session.window.resize(1440, 900)
            async for surface in surfaces(session, server):
                if surface.name in ("palette", "picker"):
                    continue
                walked, dark = _walk(surface.root)
                looked += len(walked)
                wanted = {one for one in _stops(surface.root) if one.isVisible()}
                missed |= {f"{surface.name}: {_told(one)}" for one in wanted - walked}
                unseen |= {f"{surface.name}: {_told(one)}" for one in dark}
        assert looked > 100
        assert not missed, "\n".join(sorted(missed))
        assert not unseen, "\n".join(sorted(unseen))

    run_async(scenario())


def _stops(root: QWidget) -> list[QWidget]:
    return [
        one
        for one in root.findChildren(QWidget)
        if one.isVisible() and one.isEnabled() and one.focusProxy() is None
        and one.focusPolicy().value & Qt.FocusPolicy.TabFocus.value and not one.visibleRegion().isEmpty()
    ]  # fmt: skip


def _walk(root: QWidget) -> tuple[set[QWidget], set[QWidget]]:
    """What Tab goes to, until it is round, and what of that shows no ring."""
    walked: set[QWidget] = set()
    dark: set[QWidget] = set()
    at = QApplication.focusWidget()
    after = root.grab().toImage()
    for _ in range(MOST_STEPS):
        before = after
        stood = {one: one.mapTo(root, QPoint(0, 0)) for one in _stops(root)}
        press(at or root, Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        if now is None or (now in walked and now is not at):
            break
        after = root.grab().toImage()
        # What has scrolled stands where the one before it stood, and that had the ring.
        if stood.get(now) != now.mapTo(root, QPoint(0, 0)):
            before.fill(Qt.GlobalColor.white)
        if now is not at and now not in walked and _lit(root, now, before, after) < RING:
            dark.add(now)
        walked.add(now)
        at = now
    return walked, dark


def _lit(root: QWidget, widget: QWidget, before: QImage, after: QImage) -> int:
    """How many pixels in and around a widget have the accent's colour and had not."""
    place = QRect(widget.mapTo(root, QPoint(0, 0)), widget.size())
    place = place.adjusted(-AROUND, -AROUND, AROUND, AROUND) & after.rect()
    inner = place.adjusted(2 * AROUND, 2 * AROUND, -2 * AROUND, -2 * AROUND)
    lit = _newly_accent(before, after, place)
    return lit - _newly_accent(before, after, inner) if inner.isValid() else lit


def _newly_accent(before: QImage, after: QImage, place: QRect) -> int:
    wanted = QColor(theme().color("accent")).rgb()
    pairs = zip(_pixels(before, place), _pixels(after, place), strict=True)
    return sum(new == wanted != old for old, new in pairs)


def _pixels(image: QImage, place: QRect) -> list[int]:
    # The view does not keep its image alive: it has a name until the pixels are copied.
    part = image.copy(place).convertToFormat(QImage.Format.Format_RGB32)
    return memoryview(part.constBits()).cast("I").tolist()


def _told(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.accessibleName()!r}"
