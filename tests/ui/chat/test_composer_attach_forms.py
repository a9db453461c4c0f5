"""Cards of attachments: what is sent of each, in which form, which pages, to which lane, in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QContextMenuEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from tests.documents import pdfs, recordings
from tests.ui.chat.attaching import Place, Runner, picture, written
from tests.ui.chat.quiet import until_quiet

from chatbench.core.conversations import Draft
from chatbench.core.messages import FilePart, ImagePart
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.ui.chat.composer.filecard import FileCard
from chatbench.ui.chat.composer.options import FileOptions

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

NATIVE = ModelRef("openai", "gpt-4o")
BLIND = ModelRef("openai", "gpt-3.5-turbo")
ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def place(qtbot: QtBot, services: Services, settle: Callable[[], None], run_async: Runner) -> Iterator[Place]:
    place = Place(services, run_async)
    qtbot.addWidget(place)
    place.composer.set_model(NATIVE)
    yield place
    settle()


def pdf(folder: Path, pages: int = 3) -> Path:
    return written(folder / "plan.pdf", pdfs.book(pages))


def opened(place: Place, card: FileCard) -> FileOptions:
    card.setFocus()
    place.do(lambda: QTest.keyClick(card, Qt.Key.Key_Return))
    options = place.composer.strip.acts.options
    assert options is not None
    assert options.isVisible()
    return options


def enter(place: Place, field: QWidget) -> None:
    place.do(lambda: QTest.keyClick(field, Qt.Key.Key_Return))


def part_of(card: FileCard) -> FilePart:
    assert isinstance(card.item.part, FilePart)
    return card.item.part


def test_a_pdf_is_sent_in_the_form_and_the_pages_that_were_chosen(place: Place, tmp_path: Path) -> None:
    place.attach(pdf(tmp_path))
    (card,) = place.cards
    assert card.accessibleName().startswith("plan.pdf, as it is · ≈ ")
    assert card.item.picture is not None, "its first page"
    options = opened(place, card)
    assert list(options.forms) == ["native", "text", "pages"]
    assert options.forms["native"].isChecked()
    assert all("tokens · ≈ $" in row.accessibleName() for row in options.forms.values())
    place.do(lambda: QTest.mouseClick(options.forms["pages"], Qt.MouseButton.LeftButton))
    assert part_of(card).form == "pages"
    assert card.accessibleName().startswith("plan.pdf, 3 pages as pictures · ≈ ")
    before = card.item.tokens
    assert options.pages is not None
    QTest.keyClicks(options.pages, "2-9")
    enter(place, options.pages)
    assert options.pages.accessibleDescription() == "There is no page 9."
    assert part_of(card).pages == "", "a range that is none changes nothing"
    options.pages.selectAll()
    QTest.keyClicks(options.pages, "2-3")
    enter(place, options.pages)
    assert options.pages.accessibleDescription() == ""
    assert part_of(card).pages == "2-3"
    assert card.accessibleName().startswith("plan.pdf, 2 pages as pictures · ≈ ")
    assert card.item.tokens is not None
    assert before is not None
    assert card.item.tokens < before
    draft = place.composer.draft()
    place.do(lambda: place.composer.set_draft(Draft()))
    place.do(lambda: place.composer.set_draft(draft))
    assert part_of(place.cards[0]).form == "pages"
    assert place.told[0].startswith("plan.pdf, 2 pages as pictures")


def test_pages_are_checked_while_they_are_typed(place: Place, tmp_path: Path, qtbot: QtBot) -> None:
    place.attach(pdf(tmp_path))
    options = opened(place, place.cards[0])
    assert options.pages is not None
    QTest.keyClicks(options.pages, "x")
    qtbot.waitUntil(lambda: options.pages is not None and bool(options.pages.accessibleDescription()))


def test_a_form_that_is_none_says_why(place: Place, tmp_path: Path) -> None:
    place.composer.set_model(BLIND)
    place.attach(pdf(tmp_path))
    options = opened(place, place.cards[0])
    assert options.forms["text"].isChecked()
    for form in ("native", "pages"):
        assert not options.forms[form].isEnabled()
        assert "does not take" in options.forms[form].accessibleDescription()


def test_a_scan_says_that_it_has_no_text(place: Place, tmp_path: Path) -> None:
    place.attach(written(tmp_path / "scan.pdf", pdfs.scan(2).data))
    assert "a scan, no text in it" in place.told[0]
    place.do(lambda: place.composer.set_model(BLIND))
    assert place.cards[0].item.state == "refused"
    assert not place.composer.send_button.send.isEnabled()


def test_an_encrypted_pdf_asks_for_its_password_in_its_card(place: Place, tmp_path: Path) -> None:
    place.attach(written(tmp_path / "secret.pdf", pdfs.encrypted(pdfs.book(2), "AES-256", "open me")))
    (card,) = place.cards
    assert card.item.state == "locked"
    place.composer.editor.insertPlainText("What is in it?")
    assert not place.composer.send_button.send.isEnabled()
    assert card.password is not None
    assert card.password.accessibleName() == "Password of secret.pdf"
    card.password.setFocus()
    for key in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete, Qt.Key.Key_Left, Qt.Key.Key_Right):
        QTest.keyClick(card.password, key)
    assert place.cards == [card], "keys in the field are not meant for the card"
    assert card.password.hasFocus()
    QTest.keyClicks(card.password, "wrong")
    enter(place, card.password)
    assert card.item.state == "locked"
    assert "not its password" in card.accessibleName()
    assert card.password.hasFocus(), "another try"
    assert card.password.text() == ""
    QTest.keyClicks(card.password, "open me")
    enter(place, card.password)
    assert card.item.state == "ready"
    assert card.password is None
    assert card.hasFocus()
    assert place.composer.send_button.send.isEnabled()
    assert part_of(card).page_count == 2


def test_the_estimate_counts_files_by_their_form_and_says_what_it_cannot_count(
    place: Place, services: Services, tmp_path: Path
) -> None:
    place.attach(pdf(tmp_path))
    composer, (card,) = place.composer, place.cards

    def estimated() -> str:
        composer.recipients._estimate()
        return composer.line.estimate.text()

    options = opened(place, card)
    place.do(lambda: QTest.mouseClick(options.forms["text"], Qt.MouseButton.LeftButton))
    text = card.item.tokens
    assert text is not None
    low = services.models.estimate(NATIVE, (), on_top_of=text).tokens
    assert f"≈ {low + 4:,}" in estimated() or f"≈ {low:,}" in estimated()
    seen = card.item.gets[0].outlook
    assert seen.chosen is not None
    unknown = replace(seen, chosen=replace(seen.chosen, tokens=None))
    card.item.gets = (card.item.gets[0]._replace(outlook=unknown),)
    assert "≥ " in estimated()
    assert "one file not counted" in estimated()


def test_each_lane_gets_what_its_model_takes(place: Place, tmp_path: Path) -> None:
    lanes = [("a", "A", NATIVE), ("b", "B", BLIND)]
    place.attach(pdf(tmp_path), picture(tmp_path / "a.png"))
    place.do(lambda: place.composer.set_lanes(lanes, "a"))
    assert place.told == ["plan.pdf, A: as it is · B: as text", "a.png, A: as it is · B: nothing"]
    place.do(lambda: place.composer.set_lanes(lanes, "a", blind=True))
    assert not any("GPT" in words or "gpt" in words for words in place.told)
    both = [("a", "A", BLIND), ("b", "B", BLIND)]
    place.do(lambda: place.composer.set_lanes(both, "a", blind=True))
    picture_card = place.cards[1]
    assert picture_card.item.state == "refused"
    assert picture_card.row is None, "no model is named while names are hidden"
    assert picture_card.item.reason == "The model of this lane does not take images."
    place.do(lambda: place.composer.set_lanes(both, "a"))
    assert "would." in picture_card.item.reason


def test_a_refused_picture_offers_a_model_that_takes_it(place: Place, tmp_path: Path) -> None:
    wanted: list[ModelRef] = []
    place.composer.model_chosen.connect(wanted.append)
    place.attach(picture(tmp_path / "a.png"))
    place.do(lambda: place.composer.set_model(BLIND))
    (card,) = place.cards
    assert card.row is not None
    use = card.row.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)[0]
    assert use.accessibleName().startswith("Use ")
    QTest.mouseClick(use, Qt.MouseButton.LeftButton)
    (model,) = wanted
    place.do(lambda: place.composer.set_model(model))
    assert card.item.state == "ready"
    assert card.row is None


def test_the_detail_of_a_picture_changes_what_it_takes(place: Place, tmp_path: Path) -> None:
    place.attach(picture(tmp_path / "a.png", width=1600, height=1200))
    (card,) = place.cards
    before = card.item.tokens
    options = opened(place, card)
    assert options.detail is not None
    place.do(lambda: options.detail.setCurrentIndex(options.detail.findData("low")))  # type: ignore[union-attr]
    assert isinstance(card.item.part, ImagePart)
    assert card.item.part.detail == "low"
    assert card.item.tokens is not None
    assert before is not None
    assert card.item.tokens < before


def test_cards_are_moved_by_keys_and_by_the_pointer(place: Place, tmp_path: Path) -> None:
    place.attach(*(picture(tmp_path / f"{n}.png") for n in range(3)))
    first = place.cards[0]
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Right, ALT)
    assert place.names == ["1.png", "0.png", "2.png"]
    assert first.hasFocus()
    QTest.keyClick(first, Qt.Key.Key_Right, ALT)
    QTest.keyClick(first, Qt.Key.Key_Right, ALT)
    assert place.names == ["1.png", "2.png", "0.png"], "there is no place behind the last"
    target = place.cards[0]
    press, goal = QPoint(30, 20), first.mapFromParent(target.geometry().center())
    _mouse(first, QEvent.Type.MouseButtonPress, press)
    _mouse(first, QEvent.Type.MouseMove, goal)
    _mouse(first, QEvent.Type.MouseButtonRelease, goal)
    assert place.names == ["0.png", "1.png", "2.png"]
    assert place.composer.strip.acts.options is None, "a drag is no click"
    assert [getattr(part, "name", "") for part in place.composer.draft().attachments] == place.names


def _mouse(widget: QWidget, kind: QEvent.Type, at: QPoint) -> None:
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    where = QPointF(at)
    event = QMouseEvent(
        kind, where, QPointF(widget.mapToGlobal(at)), button, held, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(widget, event)


def test_a_sound_keeps_back_the_words_until_it_is_removed(place: Place, tmp_path: Path) -> None:
    place.attach(written(tmp_path / "call.wav", recordings.sound("wav")))
    place.composer.editor.insertPlainText("What is said?")
    assert place.cards[0].item.state == "refused"
    assert not place.composer.send_button.send.isEnabled()
    assert len(place.composer.draft().attachments) == 1, "the draft keeps it for another model"
    QTest.keyClick(place.cards[0], Qt.Key.Key_Delete)
    assert place.composer.send_button.send.isEnabled()


def test_the_first_picture_is_shown_before_the_second_is_decoded(
    place: Place, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[bool]] = []
    reads = services.attachments._reading.thumbnail
    takes = services.attachments._taking.from_path

    async def take(*args: object, **more: object) -> object:
        seen.append([card.item.picture is not None for card in place.cards])
        return await takes(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(services.attachments._taking, "from_path", take)
    place.attach(*(picture(tmp_path / f"{n}.png", ("red", "green", "blue")[n]) for n in range(3)))
    assert seen == [[False] * 3, [True, False, False], [True, True, False]]
    assert reads == services.attachments._reading.thumbnail


def test_what_is_brought_back_before_it_was_counted_is_counted_then(
    place: Place, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attachments, words = place.composer.attachments, services.attachments.words
    begun = asyncio.Event()

    async def slow(*_: object) -> str:
        begun.set()
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr(services.attachments, "words", slow)

    async def scenario() -> None:
        place.composer.attach_paths([pdf(tmp_path)])
        await begun.wait()
        (item,) = attachments.items
        assert item.counting
        assert item.state == "ready", "it may be sent meanwhile"
        assert "counting" in place.told[0]
        assert attachments.tokens(NATIVE) == (0, 1)
        attachments.remove(item)
        await until_quiet()
        monkeypatch.setattr(services.attachments, "words", words)
        attachments.put_back(item, 0)
        await until_quiet()
        assert item.tokens is not None
        assert not item.counting

    place.run(scenario())


def test_removing_ends_the_reading(place: Place, tmp_path: Path) -> None:
    path = pdf(tmp_path, 40)

    def act() -> None:
        place.composer.attach_paths([path])
        place.composer.attachments.remove(place.composer.attachments.items[0])

    place.do(act)
    assert place.cards == []
    assert place.composer.draft() == Draft()


def test_the_menu_of_a_card_shows_saves_moves_and_removes(
    place: Place, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.attach(picture(tmp_path / "a.png"), written(tmp_path / "b.txt", b"the words of b"))
    second = place.cards[1]

    def menu() -> dict[str, QAction]:
        at = QPoint(5, 5)
        event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, at, second.mapToGlobal(at))
        QApplication.sendEvent(second, event)
        (found,) = [one for one in place.composer.strip.findChildren(QMenu) if one.isVisible()]
        found.hide()
        return {action.text(): action for action in found.actions() if action.text()}

    actions = menu()
    assert list(actions) == [
        "Preview", "How it is sent…", "Save a copy…", "Move forward", "Move back", "Remove",
    ]  # fmt: skip
    assert not actions["Move back"].isEnabled()
    actions["Move forward"].trigger()
    assert place.names == ["b.txt", "a.png"]

    async def where(*_: object) -> Path:
        return tmp_path / "copy.txt"

    monkeypatch.setattr("chatbench.ui.chat.saving.ask_where", where)
    place.do(menu()["Save a copy…"].trigger)
    assert (tmp_path / "copy.txt").read_bytes() == b"the words of b"
    place.do(menu()["How it is sent…"].trigger)
    assert place.composer.strip.acts.options is not None
    place.composer.strip.acts.options.close()
    seen: list[object] = []
    monkeypatch.setattr(
        "chatbench.ui.chat.viewer.open_attachment",
        lambda _services, part, siblings, _parent: seen.append((part.name, len(siblings))),
    )
    menu()["Preview"].trigger()
    assert seen == [("b.txt", 2)]
    menu()["Remove"].trigger()
    assert place.names == ["a.png"]
