"""The windows that show attached files, by real keys, wheels and drags."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from time import thread_time
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QBuffer, QObject, QPoint, QPointF, Qt, QUrl, Slot
from PySide6.QtGui import QColor, QDesktopServices, QGuiApplication, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from tests.documents import pdfs
from tests.scenarios.window import until
from tests.ui.chat.quiet import until_quiet

from chatbench.core.messages import AudioPart, FilePart, ImagePart, MediaPart, StoredFile
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.services import Services
from chatbench.ui.chat.transcript.pages import pages as kept_files
from chatbench.ui.chat.viewer import open_attachment
from chatbench.ui.chat.viewer.bodies import PictureBody, SoundBody, TextBody, unfenced
from chatbench.ui.chat.viewer.outside import ending_for, name_for
from chatbench.ui.chat.viewer.pdf import PdfBody
from chatbench.ui.chat.viewer.text import LONGEST_LINE, TextView, cut, found_in
from chatbench.ui.chat.viewer.window import ViewerWindow
from chatbench.ui.theme import theme

Run = Callable[[Coroutine[Any, Any, None]], None]
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_Key = Qt.Key


@pytest.fixture
def info(services: Services) -> ModelInfo:
    return services.models.info(ModelRef.parse("anthropic/claude-sonnet-4-5"))


@pytest.fixture
def owner(qapp: QApplication) -> Iterator[QWidget]:
    """The window whose files are looked at."""
    window = QWidget()
    window.resize(900, 700)
    window.show()
    yield window
    window.close()
    window.deleteLater()
    kept_files().remove()


def png(width: int = 400, height: int = 300, color: str = "#2255aa", *, clear: bool = False) -> bytes:
    image = QImage(width, height, QImage.Format.Format_ARGB32)
    image.fill(QColor(0, 0, 0, 0) if clear else QColor(color))
    image.setPixelColor(0, 0, QColor("#ff0000"))
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "png")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


async def picture_window(
    services: Services, part: MediaPart, owner: QWidget, *others: MediaPart
) -> ViewerWindow:
    window = open_attachment(services, part, (part, *others), owner)
    await shown(window)
    return window


async def shown(window: ViewerWindow) -> PictureBody:
    body = window.body
    assert isinstance(body, PictureBody)
    await until(lambda: body.view.image is not None, "the picture")
    return body


async def pdf_window(services: Services, part: MediaPart, owner: QWidget) -> tuple[ViewerWindow, PdfBody]:
    window = open_attachment(services, part, (), owner)
    body = window.body
    assert isinstance(body, PdfBody)
    await until(lambda: body.pages is not None, "the pages")
    return window, body


def wheel(widget: QWidget, at: QPoint, notches: int, held: Qt.KeyboardModifier) -> None:
    place = QPointF(at)
    event = QWheelEvent(
        place, QPointF(widget.mapToGlobal(at)), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, held, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def color_at(widget: QWidget, x: int, y: int) -> QColor:
    return widget.grab().toImage().pixelColor(x, y)


async def closed(window: ViewerWindow) -> None:
    """Shut as a reader does."""
    QTest.keyClick(window, _Key.Key_Escape)
    assert not window.isVisible()
    await until_quiet()


# Windows


def test_a_file_has_one_window_that_closes_at_escape_and_remembers_its_size(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        part = await services.attachments.attach_bytes(png(), "a.png", info)
        first = open_attachment(services, part, (), owner)
        assert first.windowTitle() == "a.png"
        assert not first.isModal()
        assert open_attachment(services, part, (), owner) is first
        assert open_attachment(services, part, (), first) is first
        await shown(first)
        first.resize(512, 444)
        await closed(first)
        again = open_attachment(services, part, (), owner)
        assert again is not first
        assert (again.width(), again.height()) == (512, 444)
        await closed(again)

    run_async(scenario())


def test_pictures_of_a_message_are_turned_through(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        colors = ("#cc0000", "#00cc00", "#0000cc")
        parts = [
            await services.attachments.attach_bytes(png(40, 30, color), f"{color[1:]}.png", info)
            for color in colors
        ]
        text = await services.attachments.attach_text("words", "words.txt")
        window = open_attachment(services, parts[0], (parts[0], text, *parts[1:]), owner)
        titles = []
        for key in (_Key.Key_Right, _Key.Key_PageDown, _Key.Key_Right, _Key.Key_Left, _Key.Key_PageUp):
            body = await shown(window)
            titles.append(window.windowTitle())
            QTest.keyClick(body.view, key)
        assert titles == ["cc0000.png", "00cc00.png", "0000cc.png", "cc0000.png", "0000cc.png"]
        body = await shown(window)
        middle = body.view.viewport().rect().center()
        assert color_at(body.view.viewport(), middle.x(), middle.y()) == QColor("#00cc00")
        # What it shows now is what is found again.
        assert open_attachment(services, parts[1], parts, owner) is window
        await closed(window)

    run_async(scenario())


# Pictures


def test_a_picture_fits_and_is_zoomed_by_keys(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        part = await services.attachments.attach_bytes(png(3000, 2000), "large.png", info)
        window = await picture_window(services, part, owner)
        view = (await shown(window)).view
        room = view.viewport().size()
        assert view.fits
        assert view.scale == pytest.approx(min(room.width() / 3000, room.height() / 2000), rel=0.01)
        fitted = window.percent.text()
        QTest.keyClicks(view, "1")
        assert view.scale == 1.0
        assert window.percent.text() == "100 %"
        QTest.keyClicks(view, "+")
        assert view.scale == 1.25
        QTest.keyClicks(view, "-")
        QTest.keyClicks(view, "-")
        assert view.scale == 0.8
        QTest.keyClicks(view, "0")
        assert view.fits
        assert window.percent.text() == fitted
        small = await services.attachments.attach_bytes(png(30, 20), "small.png", info)
        beside = await picture_window(services, small, owner)
        assert (await shown(beside)).view.scale == 1.0
        await closed(beside)
        await closed(window)

    run_async(scenario())


def test_the_wheel_zooms_at_the_pointer_and_a_drag_moves(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        image = QImage(1600, 1200, QImage.Format.Format_RGB32)
        image.fill(QColor("#ffffff"))
        for x in range(780, 820):
            for y in range(280, 320):
                image.setPixelColor(x, y, QColor("#ee0000"))
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        image.save(buffer, "png")  # type: ignore[call-overload]
        part = await services.attachments.attach_bytes(bytes(buffer.data().data()), "spot.png", info)
        window = await picture_window(services, part, owner)
        view = (await shown(window)).view
        viewport = view.viewport()
        left = (viewport.width() - 1600 * view.scale) / 2
        top = (viewport.height() - 1200 * view.scale) / 2
        spot = QPoint(round(left + 800 * view.scale), round(top + 300 * view.scale))
        red = QColor("#ee0000")
        assert color_at(viewport, spot.x(), spot.y()) == red
        before = view.scale
        for _ in range(6):
            wheel(viewport, spot, 1, Qt.KeyboardModifier.NoModifier)
        assert view.scale > 3 * before
        assert color_at(viewport, spot.x(), spot.y()) == red
        start = spot + QPoint(0, 60)
        QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
        QTest.mouseMove(viewport, start + QPoint(30, 50))
        QTest.mouseMove(viewport, start + QPoint(120, 100))
        QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start + QPoint(120, 100))
        moved = spot + QPoint(120, 100)
        assert color_at(viewport, moved.x(), moved.y()) == red
        assert color_at(viewport, spot.x(), spot.y()) != red
        x = view.horizontalScrollBar().value()
        QTest.keyClick(view, _Key.Key_Right)
        assert view.horizontalScrollBar().value() == x + 60
        assert window.windowTitle() == "spot.png"
        await closed(window)

    run_async(scenario())


def test_what_is_clear_shows_squares_and_copies_clear(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        part = await services.attachments.attach_bytes(png(200, 200, clear=True), "clear.png", info)
        window = await picture_window(services, part, owner)
        view = (await shown(window)).view
        grabbed = view.viewport().grab().toImage()
        middle = grabbed.rect().center()
        seen = {grabbed.pixelColor(middle.x() + x, middle.y()).name() for x in range(-20, 20)}
        assert seen == {theme().hex("page").lower(), theme().hex("line").lower()}
        QTest.keyClick(view, _Key.Key_C, CTRL)
        copied = QGuiApplication.clipboard().image()
        assert copied.size() == view.image.size()  # type: ignore[union-attr]
        assert copied.pixelColor(100, 100).alpha() == 0
        await closed(window)

    run_async(scenario())


def test_a_picture_that_is_gone_says_so(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        gone = ImagePart(source=StoredFile(sha256="0" * 64), media_type="image/png", name="gone.png")
        window = open_attachment(services, gone, (), owner)
        note = window.body.note
        await until(lambda: note.text() != "Reading…", "the reason")
        assert note.isVisible()
        assert note.text()
        await closed(window)

    run_async(scenario())


# PDFs


def test_pages_are_drawn_as_they_come_into_view(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        part = await services.attachments.attach_bytes(pdfs.book(30), "book.pdf", info)
        window, body = await pdf_window(services, part, owner)
        view = body.pages
        assert view is not None
        assert window.of_pages.text() == "of 30"
        await until(lambda: view.sheet(1) is not None, "the first page")
        assert view.sheet(20) is None
        window.page.selectAll()
        QTest.keyClicks(window.page, "20")
        QTest.keyClick(window.page, _Key.Key_Return)
        assert view.current() == 20
        await until(lambda: view.sheet(20) is not None, "page 20")
        assert view.sheet(10) is None
        assert view.accessibleDescription() == "Page 20 of 30"
        QTest.keyClick(view, _Key.Key_End)
        await until(lambda: view.sheet(30) is not None, "the last page")
        QTest.keyClick(view, _Key.Key_Home)
        assert view.current() == 1
        wide = view.zoom
        wheel(view.viewport(), QPoint(200, 200), 1, CTRL)
        assert view.zoom == pytest.approx(1.25 * wide)
        QTest.keyClicks(view, "1")
        assert window.percent.text() == "100 %"
        QTest.keyClicks(view, "0")
        assert view.fits
        await closed(window)

    run_async(scenario())


def test_pages_that_were_passed_over_are_not_drawn(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        part = await services.attachments.attach_bytes(pdfs.book(30), "book.pdf", info)
        window, body = await pdf_window(services, part, owner)
        view = body.pages
        assert view is not None
        await until(lambda: view.sheet(1) is not None, "the first page")
        await until_quiet()
        for page in (6, 12, 18, 24, 30):
            view.go_to(page)
        await until(lambda: view.sheet(30) is not None, "the last page")
        await until_quiet()
        drawn = {page for page in range(1, 31) if view.sheet(page) is not None}
        assert not drawn & set(range(10, 22)), drawn
        await closed(window)

    run_async(scenario())


def test_the_pages_that_are_sent_are_marked(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        part = await services.attachments.attach_bytes(pdfs.book(6), "book.pdf", info)
        assert isinstance(part, FilePart)
        part = msgspec.structs.replace(part, pages="3-4")
        window, body = await pdf_window(services, part, owner)
        view = body.pages
        assert view is not None
        assert view.sent == {3, 4}
        assert view.current() == 3
        assert "pages 3-4 are sent" in window.status.text()
        await until(lambda: view.sheet(3) is not None and view.sheet(4) is not None, "the pages")
        accent = QColor(theme().hex("accent"))

        def marked() -> bool:
            image = view.viewport().grab().toImage()
            return any(image.pixelColor(x, 200) == accent for x in range(image.width() // 2))

        assert marked()
        view.go_to(6)
        assert not marked()
        await closed(window)

    run_async(scenario())


def test_words_of_a_pdf_are_found_and_shown_beside(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        data = pdfs.joined(pdfs.blank(), pdfs.single().data, pdfs.blank(2), pdfs.single().data)
        part = await services.attachments.attach_bytes(data, "report.pdf", info)
        window, body = await pdf_window(services, part, owner)
        view = body.pages
        assert view is not None
        QTest.keyClick(view, _Key.Key_F, CTRL)
        assert body.bar.isVisible()
        QTest.keyClicks(body.bar.field, "report of the YEAR")
        await until(lambda: body.bar._count.text() == "2 hits", "the hits")
        QTest.keyClick(body.bar.field, _Key.Key_Return)
        assert view.current() == 2
        assert body.bar._count.text() == "1 of 2"
        QTest.keyClick(body.bar.field, _Key.Key_Return)
        assert view.in_view()[-1] == 5
        QTest.keyClick(window, _Key.Key_F3)
        assert body.bar._count.text() == "1 of 2"
        QTest.keyClick(body.bar.field, _Key.Key_Escape)
        QTest.keyClick(body.bar.field, _Key.Key_Escape)
        assert not body.bar.isVisible()
        assert window.isVisible()
        assert not body.text.isVisible()
        QTest.keyClicks(view, "t")
        assert body.text.isVisible()
        await until(lambda: "[Page 2]" in body.text.toPlainText(), "the words")
        await until(lambda: view.sheet(view.current()) is not None, "the page")
        QTest.keyClick(view, _Key.Key_C, CTRL)
        clipboard = QGuiApplication.clipboard()
        await until(lambda: "Report of the year" in clipboard.text(), "the copy")
        assert clipboard.mimeData().hasImage()
        await closed(window)

    run_async(scenario())


# Texts


def test_code_is_coloured_and_found_in(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        code = "def one(x):\n    return x  # ﷽ 𝒳 one\n" * 100
        part = await services.attachments.attach_bytes(code.encode(), "code.py", info)
        window = open_attachment(services, part, (), owner)
        body = window.body
        assert isinstance(body, TextBody)
        view = body.view
        await until(lambda: view.is_filled and view.toPlainText().startswith("def one"), "the words")
        keyword = theme().color("code-keyword")
        first = view.document().firstBlock().layout()
        await until(
            lambda: any(one.format.foreground().color() == keyword for one in first.formats()), "the colours"
        )
        QTest.keyClick(view, _Key.Key_F, CTRL)
        QTest.keyClicks(body.bar.field, "ONE")
        await until(lambda: body.bar._count.text() == "200 hits", "the hits")
        QTest.keyClick(body.bar.field, _Key.Key_Return, SHIFT)
        assert body.bar._count.text() == "200 of 200"
        marked = [one.cursor.selectedText() for one in view.extraSelections()]
        assert set(marked) == {"one"}
        await closed(window)

    run_async(scenario())


@pytest.mark.parametrize(
    "line", ["A line of a log that says nothing.\n", "0123456789 "], ids=["lines", "one"]
)
def test_ten_megabytes_do_not_hold_up_the_window(owner: QWidget, run_async: Run, line: str) -> None:
    async def scenario() -> None:
        view = TextView("All of it", owner)
        view.resize(owner.size())
        view.show()
        filling = asyncio.ensure_future(view.show_text(line * (10_000_000 // len(line)) + "needle"))
        worst = 0.0
        while not (filling.done() and view.is_filled):
            began = thread_time()
            await asyncio.sleep(0)
            worst = max(worst, thread_time() - began)
        assert worst < 0.1
        hits = await view.find_all("NEEDLE")
        assert len(hits) == 1
        view.go_to(hits[0])
        assert [one.cursor.selectedText() for one in view.extraSelections()] == ["needle"]
        view.deleteLater()

    run_async(scenario())


def test_long_lines_are_broken_and_copied_whole(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        text = "ab😀" * LONGEST_LINE + "\nsecond"
        part = await services.attachments.attach_text(text, "one.txt")
        window = open_attachment(services, part, (), owner)
        body = window.body
        assert isinstance(body, TextBody)
        await until(lambda: body.view.is_filled and body.view.lines.text, "the words")
        assert body.view.blockCount() >= 4
        body.view.selectAll()
        QTest.keyClick(body.view, _Key.Key_C, CTRL)
        assert QGuiApplication.clipboard().text().removesuffix("\n") == text
        await closed(window)

    run_async(scenario())


@pytest.mark.parametrize(
    "text", ["", "\n", "a\nb", "x" * (2 * LONGEST_LINE), "x" * (2 * LONGEST_LINE + 1) + "\ny\n"]
)
def test_lines_are_the_text(text: str) -> None:
    lines = cut(text)
    told = "".join(line + ("" if at in lines.broken else "\n") for at, line in enumerate(lines.shown))
    assert told == f"{text}\n"
    assert [text[at : at + len(line)] for at, line in zip(lines.begins, lines.shown, strict=True)] == list(
        lines.shown
    )


def test_hits_are_all_found_across_slices() -> None:
    text = ("😀" * 3 + "Needle" + "." * 1000 + "\n") * 700
    hits = found_in(cut(text), "nEEDLE")
    assert len(hits) == 700
    assert {(hit.start, hit.end) for hit in hits} == {(6, 12)}
    assert [hit.line for hit in hits] == list(range(700))
    edge = "." * ((1 << 18) - 3) + "needle" + "." * 20
    assert len(found_in(cut(edge), "needle")) == 1
    assert len(found_in(cut("aaaa"), "aa")) == 2


def test_a_fence_around_code_is_taken_off() -> None:
    assert unfenced("```python\nx = 1\n```\n") == ("x = 1", "python")
    assert unfenced("words\n```python\nx\n```") == ("words\n```python\nx\n```", "")
    two = "```python\nx\n```\nand\n```python\ny\n```"
    assert unfenced(two) == (two, "")


# Other programs


class Opener(QObject):
    """Stands for the desktop."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[QUrl] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(url)


def test_another_program_gets_a_private_copy(
    services: Services, info: ModelInfo, owner: QWidget, run_async: Run
) -> None:
    async def scenario() -> None:
        opener = Opener()
        QDesktopServices.setUrlHandler("file", opener, "open")  # type: ignore[arg-type]
        try:
            data = png()
            part = await services.attachments.attach_bytes(data, "../../a b.exe.png", info)
            window = await picture_window(services, part, owner)
            QTest.keyClick(window, _Key.Key_O, CTRL)
            await until(lambda: opener.opened, "the program")
        finally:
            QDesktopServices.unsetUrlHandler("file")
        path = Path(opener.opened[0].toLocalFile())
        assert path.read_bytes() == data
        assert path.parent == kept_files().folder
        assert path.suffix == ".png"
        assert path.stat().st_mode & 0o777 == 0o600
        await closed(window)

    run_async(scenario())


def test_nothing_that_runs_is_handed_to_another_program() -> None:
    source = StoredFile(sha256="0" * 64)
    script = FilePart(source=source, media_type="text/x-shellscript", name="run.sh")
    page = FilePart(source=source, media_type="text/html", name="page.html")
    unknown = FilePart(source=source, media_type="application/x-desktop", name="a.desktop")
    assert name_for(script) == "run.txt"
    assert name_for(page) == "page.txt"
    assert ending_for(unknown) == ""
    assert (
        name_for(FilePart(source=source, media_type="application/pdf", name="a/../..\\b.exe"))
        == "a_.._.._b.pdf"
    )


def test_sound_says_what_is_known(services: Services, owner: QWidget, run_async: Run) -> None:
    async def scenario() -> None:
        part = AudioPart(
            source=StoredFile(sha256="0" * 64),
            media_type="audio/mpeg",
            name="talk.mp3",
            size=2_400_000,
            seconds=3_729.4,
        )
        window = open_attachment(services, part, (), owner)
        assert isinstance(window.body, SoundBody)
        assert window.status.text() == "MP3 · 1:02:09 · 2.4 MB"
        assert window.actions_here["outside"].isEnabled()
        assert not window.actions_here["find"].isVisible()
        await closed(window)

    run_async(scenario())
