"""Seeing what is attached: a long PDF in its window, and a conversation full of pictures."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from tests.benchmarks.measuring import Passes, percentile, stall
from tests.benchmarks.opening import opening_ratio
from tests.documents import pdfs
from tests.scenarios.window import opened, until, view_of

from chatbench.ui import aio
from chatbench.ui.app import make_application
from chatbench.ui.chat.viewer import open_attachment
from chatbench.ui.chat.viewer.pdf import PdfBody

PAGES = 300
NOTCHES = 600
NOTCH_S = 0.016
IDLE_S = 2.0
JUMPS = (150, 20, 300, 75, 225, 1)
REST_S = 0.5


def open_500_images_vs_none() -> float:
    """CPU time (all threads) to open 1,000 messages, 500 of them with a picture, to the same without."""
    return opening_ratio("1000", "1000+500")


def stall_pdf_300_pages_ms() -> float:
    """A PDF of 300 pages is opened, scrolled by the wheel for 10 s, and jumped through; its text is shown
    beside it and searched."""
    profile = Path.home() / "profile"
    data = pdfs.book(PAGES)
    busy: list[float] = []
    idle: list[float] = []

    async def scenario() -> int:
        async with opened(profile) as session:
            part = await session.services.attachments.attach_bytes(data, "Book.pdf", None)
            await asyncio.sleep(1.0)
            passes = Passes()
            passes.start()
            viewer = open_attachment(session.services, part, (), view_of(session))
            viewer.resize(1200, 1000)
            body = viewer.body
            assert isinstance(body, PdfBody)
            await until(lambda: body.pages is not None and body.pages.sheet(1), "the first page")
            assert body.pages is not None
            viewport = body.pages.viewport()
            for _ in range(NOTCHES):
                _roll(viewport)
                await asyncio.sleep(NOTCH_S)
            reached = body.pages.current()
            for page in JUMPS:
                body.go_to(page)
                await asyncio.sleep(REST_S)
            QTest.keyClicks(viewer, "t")
            await until(lambda: body.text.is_filled and body.text.lines.text, "the words")
            QTest.keyClick(viewer, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
            QTest.keyClicks(body.bar.field, "na")
            await asyncio.sleep(REST_S)
            for _ in range(20):
                QTest.keyClick(body.bar.field, Qt.Key.Key_Return)
                await asyncio.sleep(0.05)
            busy.extend(passes.stop())
            assert reached > 20, reached
            passes.start()
            await asyncio.sleep(IDLE_S)
            idle.extend(passes.stop())
            viewer.close()
        return 0

    aio.run(make_application(), scenario)
    longest = ", ".join(f"{cost:.0f}" for cost in sorted(busy)[:-6:-1])
    print(f"{len(busy)} passes, the longest {longest} ms; idle {percentile(idle, 0.999):.1f} ms")
    return stall(busy, idle)


def _roll(viewport: QWidget) -> None:
    """One notch of the wheel, downwards."""
    at = QPoint(viewport.width() // 2, viewport.height() // 2)
    event = QWheelEvent(
        QPointF(at), QPointF(viewport.mapToGlobal(at)), QPoint(), QPoint(0, -120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(viewport, event)
