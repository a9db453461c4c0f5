"""Attachments in the composer: pasted, read, refused, judged again, taken away."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget
from tests.documents import recordings
from tests.ui.chat.quiet import done

from chatbench.core.conversations import Draft
from chatbench.core.messages import ImagePart, StoredFile
from chatbench.core.models import GUIDE, ModelRef
from chatbench.services import Services
from chatbench.services.notices import Notice
from chatbench.ui.chat.composer import Composer
from chatbench.ui.chat.composer.filecard import FileCard
from chatbench.ui.theme import theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]


def picture(path: Path, width: int = 64, height: int = 40, color: str = "steelblue") -> Path:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    assert image.save(str(path))
    return path


@pytest.fixture
def composer(qtbot: QtBot, services: Services, settle: Callable[[], None]) -> Iterator[Composer]:
    window = QWidget()
    window.resize(820, 700)
    qtbot.addWidget(window)
    before = QPushButton("what stands before it", window)
    composer = Composer(services, window)
    column = QVBoxLayout(window)
    column.addWidget(before)
    column.addStretch(1)
    column.addWidget(composer)
    window.show()
    composer.setFocus()
    QApplication.processEvents()
    yield composer
    settle()


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def thumbs(composer: Composer) -> list[FileCard]:
    return composer.strip.thumbs()


def states(composer: Composer) -> list[str]:
    return [thumb.item.state for thumb in thumbs(composer)]


def attach(composer: Composer, run_async: Runner, *paths: Path) -> None:
    run_async(done(lambda: composer.attach_paths(paths)))


def paste(
    composer: Composer, run_async: Runner, mime: QMimeData, after: Callable[[], None] | None = None
) -> None:
    def press() -> None:
        QGuiApplication.clipboard().setMimeData(mime)
        QTest.keyClick(composer.editor, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        if after is not None:
            after()

    run_async(done(press))
    QGuiApplication.clipboard().clear()


def test_a_pasted_picture_is_attached_as_png(
    composer: Composer, services: Services, run_async: Runner
) -> None:
    drafts: list[Draft] = []
    composer.draft_changed.connect(drafts.append)
    composer.editor.insertPlainText("words")
    image = QImage(30, 20, QImage.Format.Format_RGB32)
    image.fill(QColor("tomato"))
    mime = QMimeData()
    mime.setImageData(image)
    before: list[object] = []
    paste(
        composer,
        run_async,
        mime,
        lambda: before.extend([states(composer), composer.send_button.send.isEnabled()]),
    )
    assert before == [["loading"], False]
    assert states(composer) == ["ready"]
    (part,) = composer.draft().attachments
    assert isinstance(part, ImagePart)
    assert isinstance(part.source, StoredFile)
    assert (part.media_type, part.width, part.height) == ("image/png", 30, 20)
    stored = QImage.fromData(run_async(services.attachments.original(part.source.sha256)))
    assert stored.pixelColor(5, 5) == QColor("tomato")
    assert drafts[-1].attachments == (part,)
    composer.editor.clear()
    assert composer.send_button.send.isEnabled(), "a picture alone may be sent"
    shown = thumbs(composer)[0].item.picture
    assert shown is not None
    assert shown.toImage().pixelColor(20, 20) == QColor("tomato")


def test_pasted_words_win_over_the_picture_of_them(composer: Composer, run_async: Runner) -> None:
    mime = QMimeData()
    mime.setText("cell\tcell")
    mime.setHtml("<table><tr><td>cell</td></tr></table>")
    mime.setImageData(QImage(30, 20, QImage.Format.Format_RGB32))
    paste(composer, run_async, mime)
    assert composer.draft() == Draft(text="cell\tcell")
    assert thumbs(composer) == []


def test_pasted_files_are_attached_and_their_names_are_not_typed(
    composer: Composer, run_async: Runner, tmp_path: Path
) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(picture(tmp_path / "a.png")))])
    mime.setText(str(tmp_path / "a.png"))
    paste(composer, run_async, mime)
    assert composer.editor.text() == ""
    assert [part.name for part in composer.draft().attachments if isinstance(part, ImagePart)] == ["a.png"]


def test_what_cannot_be_attached_says_why_in_its_place_and_is_not_sent(
    composer: Composer, run_async: Runner, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(picture(tmp_path / "whole.png").read_bytes()[:60])
    sound = tmp_path / "call.wav"
    sound.write_bytes(recordings.sound("wav"))
    attach(composer, run_async, tmp_path / "gone.png", broken, sound, tmp_path / "whole.png")
    assert states(composer) == ["refused", "refused", "refused", "ready"]
    reasons = [thumb.item.reason for thumb in thumbs(composer)]
    assert "is not a file" in reasons[0]
    assert "damaged" in reasons[1]
    assert "call.wav, refused. Guide does not take sound" in thumbs(composer)[2].accessibleName()
    assert not composer.send_button.send.isEnabled(), "the sound would be lost"
    QTest.keyClick(thumbs(composer)[2], Qt.Key.Key_Delete)
    assert composer.send_button.send.isEnabled(), "what is broken is not sent"
    assert len(composer.draft().attachments) == 1


def test_another_model_judges_again_what_is_attached(
    composer: Composer, services: Services, run_async: Runner, tmp_path: Path
) -> None:
    blind, seeing = ModelRef("groq", "openai/gpt-oss-20b"), GUIDE
    assert not services.models.info(blind).takes("image")
    attach(composer, run_async, picture(tmp_path / "a.png"))

    def switch(ref: ModelRef) -> None:
        run_async(done(lambda: composer.set_model(ref)))

    switch(blind)
    assert states(composer) == ["refused"]
    assert "does not take images" in thumbs(composer)[0].item.reason
    assert len(composer.draft().attachments) == 1, "the draft keeps it"
    assert composer.attach_button.isVisible()
    sent: list[object] = []
    composer.send_requested.connect(sent.append)
    composer.editor.setPlainText("What is this?")
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    assert sent == [], "the picture would be lost"
    attach(composer, run_async, picture(tmp_path / "b.png"))
    assert states(composer) == ["refused", "refused"]
    switch(seeing)
    assert states(composer) == ["ready", "ready"]
    assert len(composer.draft().attachments) == 2
    assert composer.attach_button.isVisible()


def test_a_model_of_which_nothing_is_known_gets_the_picture(
    composer: Composer, services: Services, run_async: Runner, tmp_path: Path
) -> None:
    unknown = ModelRef("groq", "llama-nobody-knows")
    assert not services.models.info(unknown).takes("image")
    composer.set_model(unknown)
    attach(composer, run_async, picture(tmp_path / "a.png"))
    assert states(composer) == ["ready"]


def test_the_keyboard_reaches_and_removes_attachments(
    composer: Composer, run_async: Runner, tmp_path: Path
) -> None:
    attach(
        composer,
        run_async,
        *(picture(tmp_path / f"{n}.png", color=c) for n, c in enumerate(["red", "green", "blue"])),
    )
    QTest.keyClick(composer.editor, Qt.Key.Key_Backtab)
    last = focused()
    assert isinstance(last, FileCard)
    assert last.item.name == "2.png"
    assert last.cross.isVisible()
    QTest.keyClick(last, Qt.Key.Key_Left)
    middle = focused()
    assert isinstance(middle, FileCard)
    assert middle.item.name == "1.png"
    assert not last.cross.isVisible()
    QTest.keyClick(middle, Qt.Key.Key_Delete)
    assert [thumb.item.name for thumb in thumbs(composer)] == ["0.png", "2.png"]
    assert focused() is last
    QTest.keyClick(last, Qt.Key.Key_Backspace)
    QTest.keyClick(focused(), Qt.Key.Key_Delete)
    assert thumbs(composer) == []
    assert not composer.strip.isVisible()
    assert composer.editor.hasFocus()


def test_the_cross_shows_under_the_pointer_and_takes_away(
    composer: Composer, run_async: Runner, tmp_path: Path
) -> None:
    attach(composer, run_async, picture(tmp_path / "a.png"))
    (thumb,) = thumbs(composer)
    assert not thumb.cross.isVisible()
    QTest.mouseMove(thumb, QPoint(10, 30))
    QApplication.processEvents()
    assert thumb.cross.isVisible()
    assert thumb.cross.accessibleName() == "Remove a.png"
    QTest.mouseClick(thumb.cross, Qt.MouseButton.LeftButton)
    assert composer.draft() == Draft()


def test_a_draft_brings_its_attachments_back(composer: Composer, run_async: Runner, tmp_path: Path) -> None:
    attach(composer, run_async, picture(tmp_path / "a.png"))
    kept = composer.draft()

    def put(draft: Draft) -> None:
        run_async(done(lambda: composer.set_draft(draft)))

    put(Draft(text="other"))
    assert thumbs(composer) == []
    put(kept)
    assert composer.draft() == kept
    assert thumbs(composer)[0].item.picture is not None


def test_many_attachments_stand_in_rows(composer: Composer, run_async: Runner, tmp_path: Path) -> None:
    attach(composer, run_async, *(picture(tmp_path / f"{n}.png") for n in range(12)))
    QApplication.processEvents()
    places = [thumb.geometry() for thumb in thumbs(composer)]
    assert len({place.y() for place in places}) > 2
    assert composer.strip.height() <= composer.window().height() // 4, "the rest scrolls"
    assert not any(a.intersects(b) for n, a in enumerate(places) for b in places[:n])


def hold(widget: QWidget, key: Qt.Key) -> None:
    """What a key that is held down sends again and again."""
    QApplication.sendEvent(
        widget, QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, "", True)
    )


def test_backspace_goes_to_the_last_attachment_before_it_takes_it_away(
    composer: Composer,
    services: Services,
    run_async: Runner,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        "chatbench.ui.chat.composer.strip.announce", lambda _widget, words: said.append(words)
    )
    told: list[Notice] = []
    services.notifier.listen(told.append)
    attach(composer, run_async, *(picture(tmp_path / f"{n}.png") for n in range(3)))
    QTest.keyClicks(composer.editor, "x")
    QTest.keyClick(composer.editor, Qt.Key.Key_Backspace)
    hold(composer.editor, Qt.Key.Key_Backspace)
    assert composer.editor.hasFocus(), "a key that is held down empties the words alone"
    QTest.keyClick(composer.editor, Qt.Key.Key_Backspace)
    last = focused()
    assert isinstance(last, FileCard)
    assert (last.item.name, len(thumbs(composer))) == ("2.png", 3)
    assert theme().keyboard_focused(last), "it shows a ring"
    assert said == [f"{last.accessibleName()}. Backspace again removes it."]
    hold(last, Qt.Key.Key_Backspace)
    assert len(thumbs(composer)) == 3
    QTest.keyClick(last, Qt.Key.Key_Backspace)
    assert [thumb.item.name for thumb in thumbs(composer)] == ["0.png", "1.png"]
    assert theme().keyboard_focused(focused())
    (notice,) = told
    assert (notice.text, notice.action) == ("2.png is removed.", "Undo")
    QTest.keyClick(thumbs(composer)[0], Qt.Key.Key_Delete)
    for one in reversed(told):
        assert one.run is not None
        one.run()
    assert [thumb.item.name for thumb in thumbs(composer)] == ["0.png", "1.png", "2.png"]
    assert len(composer.draft().attachments) == 3


def test_backspace_in_an_empty_field_without_attachments_does_nothing(composer: Composer) -> None:
    QTest.keyClick(composer.editor, Qt.Key.Key_Backspace)
    assert composer.editor.hasFocus()
    assert composer.draft() == Draft()


def test_what_is_brought_back_is_judged_for_the_model_of_now(
    composer: Composer, services: Services, run_async: Runner, tmp_path: Path
) -> None:
    told: list[Notice] = []
    services.notifier.listen(told.append)
    composer.set_model(ModelRef("openai", "gpt-4o"))
    attach(composer, run_async, picture(tmp_path / "a.png"))
    QTest.keyClick(composer.editor, Qt.Key.Key_Backspace)
    QTest.keyClick(focused(), Qt.Key.Key_Backspace)
    composer.set_model(ModelRef("openai", "gpt-3.5-turbo"))
    (notice,) = told
    assert notice.run is not None
    run_async(done(notice.run))
    assert states(composer) == ["refused"]
