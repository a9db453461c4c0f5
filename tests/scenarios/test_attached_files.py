"""Files in a conversation: how they went to the models, and what is done with them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QBuffer, QPoint, Qt
from PySide6.QtGui import QAccessible, QContextMenuEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from tests.documents import pdfs
from tests.harness.portal import portal
from tests.harness.secret_service import session_bus
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import ask, choose, open_menus, tell, two_lanes
from tests.scenarios.window import CTRL, chatting, click, opened, press, send, until, view_of

from chatbench.core.messages import AudioPart, ImagePart, MediaPart
from chatbench.ui.chat.capturecommands import attach_recording
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.recording.dialog import RecordDialog
from chatbench.ui.chat.transcript.boxes.attachments import AttachmentsBox
from chatbench.ui.chat.transcript.boxes.controls import isolated
from chatbench.ui.chat.viewer.window import ViewerWindow
from chatbench.ui.session import Session

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        tell(running, "model-a", "An answer.")
        tell(running, "model-b", "Another answer.")
        yield running


def png() -> bytes:
    image = QImage(300, 200, QImage.Format.Format_RGB32)
    image.fill(0xFF336699)
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "png")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


async def attached(session: Session, view: ConversationView) -> list[MediaPart]:
    """A picture and a PDF in the composer."""
    service = session.services.attachments
    info = session.services.models.info(view.lane.model)  # type: ignore[arg-type]
    parts = [
        await service.attach_bytes(png(), "photo.png", info, conversation_id=view.id),
        await service.attach_bytes(pdfs.single().data, "report.pdf", info, conversation_id=view.id),
    ]
    view.composer.attachments.replace(tuple(parts))
    await until(lambda: len(view.composer.attachments.parts) == 2, "the files")
    return parts


def files_box(view: ConversationView) -> tuple[int, AttachmentsBox, QPoint]:
    """The files of the question: its place in view, they, and where they stand in the viewport."""
    view.transcript.arrange()
    for row in view.transcript.stack.rows:
        for number, box in enumerate(row.item.boxes if row.item else ()):
            if isinstance(box, AttachmentsBox):
                assert row.item is not None
                corner = row.item.box_rect(number).topLeft().toPoint() + QPoint(0, round(row.top))
                return row.index, box, corner
    raise AssertionError("no files in view")


def names(view: ConversationView) -> list[str]:
    """What a screen reader reads of each file."""
    return [spot.name for spot in files_box(view)[1].hotspots()]


def viewers() -> list[ViewerWindow]:
    return [
        one for one in QApplication.topLevelWidgets() if isinstance(one, ViewerWindow) and one.isVisible()
    ]


def middle_of(view: ConversationView, number: int) -> QPoint:
    _index, box, corner = files_box(view)
    return corner + box.hotspots()[number].rects[0].center().toPoint()


def right_click(view: ConversationView, at: QPoint) -> QMenu:
    viewport = view.transcript.viewport()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, viewport.mapToGlobal(at))
    QApplication.sendEvent(viewport, event)
    (menu,) = open_menus()
    return menu


def test_a_question_tells_how_its_files_were_sent(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await attached(session, view)
            await send(view, "What is it?")
            await until(lambda: "sent" in "".join(names(view)), "how they were sent")
            picture, report = (name.split(", ") for name in names(view))
            assert picture == [isolated("photo.png"), "PNG · 300 × 200 · 659 bytes", "sent as a picture"]
            assert (report[0], report[2]) == (isolated("report.pdf"), "sent as text")
            assert report[1].startswith("PDF · 1 page · ")
            message = QAccessible.queryAccessibleInterface(view.transcript).child(0)
            found = message.child(0)
            spoken = [found.child(n).text(QAccessible.Text.Name) for n in range(found.childCount())]
            assert spoken == names(view)
        async with opened(tmp_path) as session:
            again = session.workspace.current_view()
            assert again is not None
            await until(lambda: again.transcript.stack.item(0), "the question")
            await until(lambda: "sent as text" in names(again)[1], "how they were sent")

    run_async(scenario())


def test_files_open_by_pointer_and_keyboard(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await attached(session, view)
            await send(view, "What is it?")
            click(view.transcript.viewport(), middle_of(view, 1))
            (viewer,) = viewers()
            assert viewer.windowTitle() == "report.pdf"
            press(viewer, Qt.Key.Key_Escape)
            assert viewers() == []
            view.transcript.setFocus(Qt.FocusReason.TabFocusReason)
            press(view.transcript, Qt.Key.Key_Up, CTRL)
            press(view.transcript, Qt.Key.Key_Up, CTRL)
            QTest.keyClick(view.transcript, Qt.Key.Key_Tab)
            focused = view.transcript.marks.focused
            assert focused is not None
            assert focused.key == "file:0"
            press(view.transcript, Qt.Key.Key_Right)
            press(view.transcript, Qt.Key.Key_Left)
            press(view.transcript, Qt.Key.Key_Return)
            (viewer,) = viewers()
            assert viewer.windowTitle() == "photo.png"
            press(viewer, Qt.Key.Key_Escape)

    run_async(scenario())


def test_the_menu_at_a_file_copies_and_attaches_it_again(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            _picture, report = await attached(session, view)
            await send(view, "What is it?")
            right_click(view, middle_of(view, 0))
            choose("Copy picture")
            await until(lambda: not QGuiApplication.clipboard().image().isNull(), "the picture")
            assert QGuiApplication.clipboard().image().size().toTuple() == (300, 200)
            right_click(view, middle_of(view, 1))
            choose("Copy its text")
            await until(lambda: "Report of the year" in QGuiApplication.clipboard().text(), "the words")
            menu = right_click(view, middle_of(view, 1))
            words = [action.text() for action in menu.actions() if action.text()]
            assert words[:5] == [
                "Open", "Open with the system's program", "Save as…", "Copy its text", "Attach again",
            ]  # fmt: skip
            choose("Attach again")
            await until(lambda: view.composer.attachments.parts, "the file in the composer")
            (again,) = view.composer.attachments.parts
            assert isinstance(again, MediaPart)
            assert again.source == report.source

    run_async(scenario())


def test_above_lanes_the_files_are_listed_with_what_each_was_sent(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def listed(view: ConversationView) -> list[str]:
        click(view.strip.files)
        await until(open_menus, "the list")
        (menu,) = open_menus()
        return [action.text() for action in menu.actions()]

    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await two_lanes(session, server)
            await attached(session, view)
            await ask(view, "What is it?")
            await until(view.strip.files.isVisible, "the files")
            assert view.strip.files.label() == "2 files"
            assert view.strip.accessibleName().endswith("What is it?. 2 files")
            words = await listed(view)
            assert [one.rpartition(", ")[2] for one in words] == ["sent as a picture", "sent as text"]
            choose(words[1])
            (viewer,) = viewers()
            assert viewer.windowTitle() == "report.pdf"
            press(viewer, Qt.Key.Key_Escape)
            click(view.bar.blind)
            await until(lambda: view.names_hidden, "blind mode")
            words = await listed(view)
            assert [one.rpartition(" · ")[2] for one in words] == ["659 bytes", words[1].rpartition(" · ")[2]]
            assert "sent" not in "".join(words)
            press(open_menus()[0], Qt.Key.Key_Escape)

    run_async(scenario())


def test_the_first_page_of_a_pdf_stands_on_its_card(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await attached(session, view)
            await send(view, "What is it?")
            viewport: QWidget = view.transcript.viewport()
            corner = files_box(view)[2]
            rect = files_box(view)[1].hotspots()[1].rects[0].translated(corner.toPointF()).toRect()

            def dark() -> int:
                """Pixels of print left of the words."""
                image = viewport.grab(rect).toImage().convertToFormat(QImage.Format.Format_Grayscale8)
                return sum(
                    image.pixelColor(x, y).value() < 200
                    for x in range(12, 50)
                    for y in range(12, image.height() - 12)
                )

            await until(lambda: dark() > 20, "the page")

    run_async(scenario())


def test_a_picture_of_the_screen_is_attached(
    home: Path, tmp_path: Path, run_async: Run, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "shot.png"
    path.write_bytes(png())
    monkeypatch.setattr(QGuiApplication, "platformName", staticmethod(lambda: "wayland"))

    async def scenario(address: str) -> None:
        async with portal(address) as desktop, chatting(tmp_path / "profile", server) as (session, view):
            desktop.gives = path.as_uri()
            action = session.window.commands["chat.attach-screenshot"]
            assert action.isEnabled()
            action.trigger()
            await until(lambda: not session.window.isVisible(), "the window out of the way")
            await until(session.window.isVisible, "the window back")
            await until(lambda: view.composer.attachments.parts, "the picture")
            (part,) = view.composer.attachments.parts
            assert isinstance(part, ImagePart)
            assert (part.width, part.height) == (300, 200)
            assert part.name.startswith("Screenshot 20")
            assert desktop.pictures == [True]
            desktop.answer = 2
            session.window.commands["chat.attach-screen"].trigger()
            await until(lambda: len(desktop.pictures) == 2, "the question")
            notices = session.window.notices
            await until(notices.shown, "the reason")
            assert notices.shown()[-1].text == "The desktop gives no picture."
            assert desktop.pictures == [True, False]
            assert len(view.composer.attachments.parts) == 1

    with session_bus(home) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        run_async(scenario(address))


def test_a_recording_that_was_given_up_comes_back(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path / "profile", server) as (session, view):
            dialog = RecordDialog(session.window)
            attach_recording(dialog, view, "Recording.wav")
            dialog.open()
            dialog.microphone.heard.emit(bytes(32_000))
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
            assert view.composer.attachments.items == []
            (notice,) = session.window.notices.shown()
            assert notice.text == "The recording was thrown away."
            assert notice.button is not None
            click(notice.button)
            await until(lambda: view.composer.attachments.parts, "the recording")
            (part,) = view.composer.attachments.parts
            assert isinstance(part, AudioPart)
            assert part.name == "Recording.wav"

    run_async(scenario())


def test_what_was_not_read_says_so_after_a_restart(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    """An encrypted PDF without its password, and what was no file that is known; what was read is there."""
    locked, odd, good = tmp_path / "locked.pdf", tmp_path / "odd.bin", tmp_path / "good.txt"
    locked.write_bytes(pdfs.encrypted(pdfs.single().data, "AES-256", "secret"))
    odd.write_bytes(bytes(range(256)) * 8)
    good.write_text("words")

    async def before() -> None:
        async with chatting(tmp_path / "profile", server) as (_, view):
            items = view.composer.attachments
            items.add_paths([locked, odd, good])
            await until(lambda: not items.loading, "the files to be read")
            assert [item.state for item in items.items] == ["locked", "refused", "ready"]

    async def after() -> None:
        async with opened(tmp_path / "profile") as session:
            view = view_of(session)
            items = view.composer.attachments
            await until(lambda: len(items.items) == 3, "the draft")
            told = {item.name: (item.state, item.reason) for item in items.items}
            lost = "It was not read, and could not be kept. Attach it again."
            assert told["locked.pdf"] == told["odd.bin"] == ("refused", lost)
            assert told["good.txt"][0] == "ready"
            for item in [item for item in items.items if item.part is None]:
                items.remove(item)
        async with opened(tmp_path / "profile") as session:
            items = view_of(session).composer.attachments
            await until(lambda: items.items, "the draft")
            assert [item.name for item in items.items] == ["good.txt"], "what was taken away stays away"

    run_async(before())
    run_async(after())
