"""A PDF in a viewer's window: its pages, its words beside them, and finding in both."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSplitter, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import FilePart
from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.chat.transcript.find import FindBar
from chatbench.ui.chat.viewer.bodies import Search
from chatbench.ui.chat.viewer.body import Body, with_bar
from chatbench.ui.chat.viewer.pages import PagesView
from chatbench.ui.chat.viewer.sheets import Sheets
from chatbench.ui.chat.viewer.text import Place, TextView
from chatbench.ui.quantities import number
from chatbench.ui.widgets import announce

_BREAK = "\f"


class PdfBody(Body):
    """Its words are read when they are first asked for."""

    zooms = True
    finds = True

    def __init__(self, services: Services, part: FilePart, parent: QWidget) -> None:
        super().__init__(parent)
        self._services = services
        self._part = part
        self._reading: asyncio.Task[None] | None = None
        self._begins: list[int] = []
        """The line of the words in which each page begins."""
        self.pages: PagesView | None = None
        self.text = TextView(self.tr("Text of {0}").format(part.name), self)
        self.text.hide()
        self.text.setMinimumWidth(120)
        self.bar = FindBar(self, self.tr("Find in this file"))
        self.search = _PdfSearch(self)
        spawn(self._read(), owner=self, name="read-pdf")

    async def _read(self) -> None:
        attachments = self._services.attachments
        try:
            facts = await attachments.facts(self._part)
            sent = attachments.pages_sent(self._part, facts.pages) if self._part.pages else None
        except ChatbenchError as error:
            self.refuse(error)
            return
        sheets = Sheets(self._services, self._part, self)
        sheets.failed.connect(self.refuse)
        self.pages = view = PagesView(sheets, facts.sizes, facts.pages, self)
        view.setAccessibleName(self.tr("Pages of {0}").format(self._part.name))
        view.sent = None if sent is None else frozenset(sent)
        view.moved.connect(self._moved)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(view)
        splitter.addWidget(self.text)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 1)
        QWidget.setTabOrder(view, self.text)
        self.show_content(with_bar(self.bar, splitter), view)
        if sent:
            view.go_to(sent[0])
        self._moved()

    def _moved(self) -> None:
        assert self.pages is not None
        place = self.tr("Page {0} of {1}")
        self.pages.setAccessibleDescription(
            place.format(number(self.pages.current()), number(self.pages.count))
        )
        self.changed.emit()

    # Pages

    @property
    def percent(self) -> int | None:
        return round(100 * self.pages.zoom) if self.pages is not None else None

    def zoom_by(self, factor: float) -> None:
        if self.pages is not None:
            self.pages.zoom_by(factor)

    def fit(self) -> None:
        if self.pages is not None:
            self.pages.fit()

    def whole(self) -> None:
        if self.pages is not None:
            self.pages.zoom_to(1.0)

    def go_to(self, page: int) -> None:
        """Show a page, and its words where they are shown."""
        if self.pages is not None:
            self.pages.go_to(page)
            if self.text.isVisible() and page <= len(self._begins):
                self.text.show_line(self._begins[page - 1])

    # Words

    def show_text(self, shown: bool) -> None:
        """The words beside the pages."""
        self.text.setVisible(shown)
        if shown:
            spawn(self._follow_pages(), owner=self, name="show-words")

    async def _follow_pages(self) -> None:
        await self.read_words()
        if self.pages is not None:
            page = self.pages.current()
            if page <= len(self._begins):
                self.text.show_line(self._begins[page - 1])

    async def read_words(self) -> None:
        """Have them in the view of words; several calls read once."""
        if self._reading is None or self._reading.cancelled():
            self._reading = spawn(self._read_words(), owner=self, name="read-words")
        await asyncio.wait({self._reading})

    async def _read_words(self) -> None:
        try:
            words = await self._services.attachments.words(self._part)
        except ChatbenchError as error:
            words = f"{error.message} {error.hint}".strip()
        told = [page.strip() for page in words.split(_BREAK)]
        parts, line = [], 0
        for count, page in enumerate(told, 1):
            head = self.tr("[Page {0}]").format(number(count))
            self._begins.append(line)
            parts.append(f"{head}\n{page}\n")
            line += parts[-1].count("\n") + 1
        if not any(told):
            parts = [self.tr("There is no text in it: it is a scan.")]
        await self.text.show_text("\n".join(parts))

    def page_of(self, line: int) -> int:
        """The page a line of the words belongs to, from 1."""
        return max(1, bisect_right(self._begins, line))

    def line_of(self, page: int) -> int:
        """The line of the words in which a page begins."""
        return self._begins[page - 1] if page <= len(self._begins) else 0

    # Finding and copying

    def open_find(self) -> None:
        self.bar.open()
        spawn(self.read_words(), owner=self, name="read-words-to-find")

    def find_step(self, step: int) -> None:
        self.search.step(step)

    def copy(self) -> None:
        if self.text.textCursor().hasSelection():
            self.text.copy()
        elif self.pages is not None:
            spawn(self._copy_page(self.pages.current()), owner=self, name="copy-page")

    async def _copy_page(self, page: int) -> None:
        """The page as a picture and as words."""
        await self.read_words()
        assert self.pages is not None
        mime = QMimeData()
        sheet = self.pages.sheet(page)
        if sheet is not None:
            mime.setImageData(sheet)
        lines = self.text.lines.shown
        end = self._begins[page] if page < len(self._begins) else len(lines)
        mime.setText("\n".join(lines[self.line_of(page) + 1 : end]).strip())
        QGuiApplication.clipboard().setMimeData(mime)
        announce(self, self.tr("Page {0} copied").format(number(page)))


class _PdfSearch(Search):
    """Finds in the words, and shows the pages."""

    def __init__(self, body: PdfBody) -> None:
        self._body = body
        super().__init__(body.text, body.bar)

    async def _find(self, needle: str) -> None:
        if needle:
            await self._body.read_words()
        await super()._find(needle)

    def found(self, hits: Sequence[Place]) -> None:
        if self._body.pages is not None:
            self._body.pages.show_hits(Counter(self._body.page_of(hit.line) for hit in hits))

    def _first_line(self) -> int:
        return self._body.line_of(self._body.pages.current()) if self._body.pages is not None else 0

    def show(self, hit: Place) -> None:
        page = self._body.page_of(hit.line)
        if self._body.pages is not None and page not in self._body.pages.in_view():
            self._body.pages.go_to(page)
        super().show(hit)
