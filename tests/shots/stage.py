"""The real window over a real profile, with loopback providers, and its pictures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import until, view_of

from chatbench.core.models import ModelRef
from chatbench.main import build
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.transcript.worker import worker
from chatbench.ui.session import Session

SONNET = ModelRef("anthropic", "claude-sonnet-5-5")
WIDE = (1440, 900)


class Stage:
    """One window, one provider behind it, and a folder for the pictures."""

    def __init__(self, session: Session, server: LoopbackServer, folder: Path, scheme: str) -> None:
        self.session = session
        self.server = server
        self.window = session.window
        self._folder = folder
        self._scheme = scheme

    @property
    def view(self) -> ConversationView:
        """The conversation in view."""
        return view_of(self.session)

    async def quiet(self, seconds: float = 0.4) -> None:
        """Lets animations, the worker and layouts come to rest."""
        await asyncio.sleep(seconds)
        while worker().busy:
            await until(lambda: not worker().busy, "formulas and code to be drawn")
            await asyncio.sleep(0.1)

    async def shoot(self, name: str) -> None:
        """Saves the window with everything above it as `NAME-SCHEME.png`."""
        await self.quiet()
        picture = self.window.grab().toImage()
        painter = QPainter(picture)
        for other in sorted(QApplication.topLevelWidgets(), key=_depth):
            if other is not self.window and other.isVisible() and other.isWindow():
                place = other.pos() - self.window.pos()
                painter.drawImage(place, _of(other))
        painter.end()
        self._save(picture, name)

    async def shoot_of(self, window: QWidget, name: str) -> None:
        """Saves another window alone as `NAME-SCHEME.png`."""
        await self.quiet()
        self._save(_of(window), name)

    def _save(self, picture: QImage, name: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{name}-{self._scheme}.png"
        assert picture.save(str(path)), f"{path} cannot be written"
        print(path, flush=True)


def _depth(widget: QWidget) -> int:
    """Who was opened by another window lies over it."""
    parent = widget.parentWidget()
    return 0 if parent is None else 1 + _depth(parent)


def _of(widget: QWidget) -> QImage:
    return widget.grab().toImage()


@asynccontextmanager
async def staged(
    profile: Path,
    pictures: Path,
    scheme: str,
    *,
    size: tuple[int, int] = WIDE,
    text_scale: float = 1.0,
    model: ModelRef | None = SONNET,
    keys: bool = True,
) -> AsyncIterator[Stage]:
    """A window on a fresh profile whose vendors all live at one loopback server."""
    profile.mkdir(parents=True, exist_ok=True)
    preferences = f'theme = "{scheme}"\ntext_scale = {text_scale}\nreduced_motion = true\n'
    (profile / "preferences.toml").write_text(preferences)
    with LoopbackServer() as server:
        session = Session(build(profile, environ=_environ(server) if keys else {"HOME": str(profile)}))
        session.window.resize(*size)
        session.start()
        try:
            await until(lambda: session.window.windowTitle() != "Chatbench", "a conversation to show")
            stage = Stage(session, server, pictures, scheme)
            if model is not None:
                stage.view.choose_model(model)
            yield stage
        finally:
            await session.aclose()


def _environ(server: LoopbackServer) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "sk-loopback-000000000000",
        "OPENAI_BASE_URL": server.base_url("openai_responses"),
        "ANTHROPIC_API_KEY": "sk-ant-loopback-00000000",
        "ANTHROPIC_BASE_URL": server.base_url("anthropic"),
        "GEMINI_API_KEY": "loopback-0000000000000000",
        "GOOGLE_GEMINI_BASE_URL": server.base_url("gemini"),
    }


def chart(path: Path, hue: int) -> Path:
    """A picture file: bars on white."""
    image = QImage(640, 400, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    for at in range(12):
        height = 60 + (at * 67 + hue) % 260
        painter.fillRect(40 + at * 48, 370 - height, 34, height, QColor.fromHsv(hue, 150, 200 - at * 5))
    painter.setPen(Qt.GlobalColor.darkGray)
    painter.drawLine(30, 370, 620, 370)
    painter.end()
    assert image.save(str(path))
    return path
