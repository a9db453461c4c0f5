"""Pictures, texts, sounds and films in a viewer's window."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import AudioPart, FilePart, ImagePart, VideoPart
from chatbench.services import Services
from chatbench.ui import icons
from chatbench.ui.aio import spawn
from chatbench.ui.chat.transcript.find import FindBar
from chatbench.ui.chat.viewer.body import Body, with_bar
from chatbench.ui.chat.viewer.outside import ending_for
from chatbench.ui.chat.viewer.picture import PictureView, decoded
from chatbench.ui.chat.viewer.text import Place, TextView
from chatbench.ui.filefacts import kind_of, length_of
from chatbench.ui.quantities import size
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Label

_FENCED = re.compile(r"\A(`{3,})([\w+#.-]*)[^\n]*\n(.*)\n\1\s*\Z", re.DOTALL)


class PictureBody(Body):
    """A picture, whole."""

    zooms = True

    def __init__(self, services: Services, part: ImagePart, parent: QWidget) -> None:
        super().__init__(parent)
        self._services = services
        self._part = part
        self.view = PictureView(self)
        self.view.setAccessibleName(self.tr("Picture {0}").format(part.name))
        self.view.zoomed.connect(self.changed)
        spawn(self._read(), owner=self, name="read-picture")

    async def _read(self) -> None:
        try:
            data = await self._services.attachments.picture(self._part)
        except ChatbenchError as error:
            self.refuse(error)
            return
        levels = await asyncio.to_thread(decoded, data)
        if levels:
            self.show_content(self.view, self.view)
            self.view.show_levels(levels)
        else:
            self.refuse(self.tr("This picture cannot be read."))

    @property
    def percent(self) -> int | None:
        return round(100 * self.view.scale) if self.view.image is not None else None

    def zoom_by(self, factor: float) -> None:
        self.view.zoom_by(factor)

    def fit(self) -> None:
        self.view.fit()

    def whole(self) -> None:
        self.view.zoom_to(1.0)

    def copy(self) -> None:
        if self.view.image is not None:
            QGuiApplication.clipboard().setImage(self.view.image)


class Search:
    """Finds in a text by a bar, and walks from hit to hit."""

    def __init__(self, view: TextView, bar: FindBar) -> None:
        self._view = view
        self._bar = bar
        self._hits: Sequence[Place] = ()
        self._at = -1
        self._needle = ""
        bar.searched.connect(self._search)
        bar.stepped.connect(self.step)
        bar.closed.connect(lambda: self._search(""))

    def _search(self, needle: str) -> None:
        self._needle = needle
        spawn(self._find(needle), owner=self._view, name="find-in-file")

    async def _find(self, needle: str) -> None:
        hits = await self._view.find_all(needle)
        if needle == self._needle:
            self._hits, self._at = hits, -1
            self.found(hits)
            self._bar.show_count(0, len(hits))

    def found(self, hits: Sequence[Place]) -> None:
        """There are these hits now."""

    def step(self, step: int) -> None:
        """The next one, or the one before; at an end it goes on at the other."""
        if not self._hits:
            return
        if self._at < 0:
            line = self._first_line()
            after = next((n for n, hit in enumerate(self._hits) if hit.line >= line), 0)
            self._at = after if step > 0 else after - 1
        else:
            self._at += step
        self._at %= len(self._hits)
        self.show(self._hits[self._at])
        self._bar.show_count(self._at + 1, len(self._hits))

    def _first_line(self) -> int:
        return self._view.first_line()

    def show(self, hit: Place) -> None:
        """Show one of them."""
        self._view.go_to(hit)


class TextBody(Body):
    """A document's words as a model is sent them, or code."""

    finds = True

    def __init__(self, services: Services, part: FilePart, parent: QWidget) -> None:
        super().__init__(parent)
        self._services = services
        self._part = part
        self.view = TextView(self.tr("Text of {0}").format(part.name), self)
        self.bar = FindBar(self, self.tr("Find in this file"))
        self.search = Search(self.view, self.bar)
        spawn(self._read(), owner=self, name="read-text")

    async def _read(self) -> None:
        try:
            words = await self._services.attachments.words(self._part)
        except ChatbenchError as error:
            self.refuse(error)
            return
        text, language = unfenced(words)
        if not language and PurePath(self._part.name).suffix.lower() not in (".txt", ".log", ""):
            language = "md"
        self.show_content(with_bar(self.bar, self.view), self.view)
        await self.view.show_text(text, language, code=language not in ("", "md"))

    def open_find(self) -> None:
        self.bar.open()

    def find_step(self, step: int) -> None:
        self.search.step(step)

    def copy(self) -> None:
        if self.view.textCursor().hasSelection():
            self.view.copy()
        else:
            QGuiApplication.clipboard().setText(self.view.lines.text)


def unfenced(words: str) -> tuple[str, str]:
    """Code without the fence around it, and its language; other words as they are, and ""."""
    found = _FENCED.match(words)
    if found is None or f"\n{found[1]}" in found[3]:
        return words, ""
    return found[3], found[2]


class SoundBody(Body):
    """What is known of a sound or a film."""

    def __init__(self, part: AudioPart | VideoPart, parent: QWidget) -> None:
        super().__init__(parent)
        content = QWidget(self)
        column = QVBoxLayout(content)
        column.addStretch(1)
        mark = Label()
        edge = theme().icon_size(48)
        name = "file-audio" if isinstance(part, AudioPart) else "film"
        mark.setPixmap(icons.pixmap(name, edge, theme().color("text3"), self.devicePixelRatioF()))
        lines = [
            mark,
            Label(part.name, font="title", weight=600, wrap=True),
            Label(length_of(part) or self.tr("Nobody knows how long it is."), color="text2"),
            Label(f"{kind_of(part)} · {size(part.size)}", color="text2"),
        ]
        if ending_for(part):
            words = self.tr("It is played by the system's program.")
            lines.append(Label(words, font="small", color="text3", wrap=True))
        if isinstance(part, AudioPart) and part.transcript:
            lines.append(Label(part.transcript, wrap=True))
        for line in lines:
            line.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(line)
        column.addStretch(1)
        self.show_content(content)
