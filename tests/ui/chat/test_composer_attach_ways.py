"""The ways into the composer: HTML and addresses from the clipboard, folders, archives, the web, the chat."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from tests.documents import pdfs
from tests.harness.waiting import until
from tests.loopback.server import LoopbackServer
from tests.ui.chat.attaching import Place, Runner, picture, written
from tests.ui.chat.quiet import until_quiet

from chatbench.client.fetching import Fetcher
from chatbench.core.conversations import Draft
from chatbench.core.models import GUIDE, ModelRef
from chatbench.services import Services
from chatbench.ui.chat.composer.choosing import MOST_AT_ONCE, FileChooser
from chatbench.ui.chat.composer.earlier import EarlierFiles
from chatbench.ui.chat.composer.files import png_of
from chatbench.ui.chat.composer.filetree import KIND, NAME
from chatbench.ui.chat.composer.htmlpictures import pictures_in
from chatbench.ui.chat.composer.web import WebDialog
from chatbench.ui.widgets.tooltips import escape

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def place(qtbot: QtBot, services: Services, settle: Callable[[], None], run_async: Runner) -> Iterator[Place]:
    place = Place(services, run_async)
    qtbot.addWidget(place)
    yield place
    settle()


def small_png() -> bytes:
    image = QImage(8, 6, QImage.Format.Format_RGB32)
    image.fill(QColor("tomato"))
    return png_of(image)


def data_address() -> str:
    return f"data:image/png;base64,{base64.b64encode(small_png()).decode()}"


def html(*sources: str, words: str = "") -> QMimeData:
    mime = QMimeData()
    images = "".join(f'<img alt="x" src="{one}">' for one in sources)
    mime.setHtml(f"<p>{words}</p>{images}")
    if words:
        mime.setText(words)
    return mime


# The clipboard.


def test_pictures_in_html_are_attached(place: Place) -> None:
    place.paste(html(data_address()))
    assert place.names == ["Pasted picture 1.png"]
    assert place.cards[0].item.state == "ready"
    assert place.composer.editor.text() == ""


def test_words_and_the_pictures_among_them_come_both(place: Place) -> None:
    place.paste(html(data_address(), words="Look at this"))
    assert place.composer.editor.text() == "Look at this"
    assert place.names == ["Pasted picture 1.png"]


def test_pictures_on_the_web_are_offered_and_not_fetched(place: Place) -> None:
    place.paste(html("https://example.com/a.png", "https://example.org/b.png", words="two"))
    offer = place.composer.paste_offer
    assert offer.isVisible()
    assert offer.keep.label() == "Attach them"
    assert place.cards == []
    taken: list[list[str]] = []
    offer.addresses_taken.disconnect()
    offer.addresses_taken.connect(taken.append)
    QTest.mouseClick(offer.keep, LEFT)
    assert taken == [["https://example.com/a.png", "https://example.org/b.png"]]
    assert place.composer.editor.text() == "two", "the words stay"
    assert not offer.isVisible()


@pytest.mark.parametrize(
    ("source", "held", "remote"),
    [
        ("https://example.com/a.png", 0, 1),
        ("file:///etc/passwd", 0, 0),
        ("data:text/html,<b>x", 0, 0),
        ("data:image/svg+xml,%3Csvg/%3E", 1, 0),
        ("data:image/png;base64,AAAA", 1, 0),
        ("data:image/png;base64,", 0, 0),
        ("javascript:alert(1)", 0, 0),
        ("https://a b", 0, 0),
    ],
)
def test_what_html_may_bring(source: str, held: int, remote: int) -> None:
    found = pictures_in(f"<IMG width=3 SRC='{source}'>" * 2)
    assert (len(found.held), len(found.remote)) == (2 * held, remote)


def test_html_brings_no_more_than_twenty() -> None:
    page = "".join(f'<img src="https://example.com/{n}.png"><img src="{data_address()}">' for n in range(50))
    found = pictures_in(page)
    assert (len(found.held), len(found.remote)) == (20, 20)


def test_a_pasted_address_can_be_attached(place: Place) -> None:
    mime = QMimeData()
    mime.setText(" https://example.com/paper.pdf\n")
    place.paste(mime)
    offer = place.composer.paste_offer
    assert offer.isVisible()
    assert offer.keep.label() == "Attach it"
    taken: list[list[str]] = []
    offer.addresses_taken.disconnect()
    offer.addresses_taken.connect(taken.append)
    QTest.mouseClick(offer.keep, LEFT)
    assert taken == [["https://example.com/paper.pdf"]]
    assert place.composer.editor.text() == ""
    among = QMimeData()
    among.setText("see https://example.com/paper.pdf")
    place.paste(among)
    assert not offer.isVisible(), "an address among words is a word"


# Folders and archives.


def listed(place: Place) -> FileChooser:
    chooser = place.composer.attaching.chooser
    assert chooser is not None
    assert chooser.isVisible()
    return chooser


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("README.md", "src/a.py", "src/b.py", "src/deep/c.py", "build/out.txt"):
        written(root / name, f"the text of {name}".encode())
    written(root / ".gitignore", b"build/\n")
    return root


def test_of_a_folder_files_are_chosen(place: Place, folder: Path) -> None:
    place.attach(folder)
    chooser = listed(place)
    assert place.cards == []
    assert [file.path for file in chooser.model.files] == [
        "README.md",
        "src/a.py",
        "src/b.py",
        "src/deep/c.py",
    ]
    assert ".gitignore" in chooser.notes.text()
    assert len(chooser.model.chosen) == 4
    assert "4 of 4 files" in chooser.total.text()
    assert "tokens of text" in chooser.total.text()
    QTest.keyClicks(chooser.search, "src")
    assert chooser.model.rowCount() == 3
    QTest.mouseClick(chooser.nothing, LEFT)
    assert "1 of 4 files" in chooser.total.text()
    QTest.keyClick(chooser.search, Qt.Key.Key_Down)
    assert chooser.view.hasFocus()
    QTest.keyClick(chooser.view, Qt.Key.Key_Space)
    assert "2 of 4 files" in chooser.total.text()
    place.do(lambda: QTest.keyClick(chooser.view, Qt.Key.Key_Return))
    assert place.names == ["README.md", "a.py"]
    assert all(card.item.state == "ready" for card in place.cards)


def test_a_folder_in_the_tree_is_chosen_with_all_below_it(place: Place, folder: Path) -> None:
    place.attach(folder)
    chooser = listed(place)
    model = chooser.model
    QTest.mouseClick(chooser.nothing, LEFT)
    assert not chooser.attach.isEnabled()
    source = next(
        model.index(row, 0) for row in range(model.rowCount()) if model.index(row, 0).data() == "src"
    )
    states = Qt.CheckState
    assert source.data(Qt.ItemDataRole.CheckStateRole) == states.Unchecked
    chooser.view.setCurrentIndex(source)
    QTest.keyClick(chooser.view, Qt.Key.Key_Space)
    assert source.data(Qt.ItemDataRole.CheckStateRole) == states.Checked
    chooser.view.setCurrentIndex(model.index(0, 0, source))
    QTest.keyClick(chooser.view, Qt.Key.Key_Space)
    assert source.data(Qt.ItemDataRole.CheckStateRole) == states.PartiallyChecked
    assert len(model.chosen) == 2
    place.do(lambda: QTest.keyClick(chooser, Qt.Key.Key_Escape))
    assert place.cards == []
    assert place.composer.attaching.chooser is None


def test_where_room_is_short_names_have_it(place: Place, folder: Path) -> None:
    place.attach(folder)
    chooser = listed(place)
    assert not chooser.view.isColumnHidden(KIND)
    chooser.resize(360, 500)
    assert chooser.view.isColumnHidden(KIND)
    assert chooser.view.columnWidth(NAME) > 180
    place.do(chooser.reject)


def test_of_an_archive_files_are_chosen(place: Place, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("notes/one.txt", "first")
        archive.writestr("two.txt", "second")
    place.attach(written(tmp_path / "things.zip", packed.getvalue()))
    chooser = listed(place)
    assert [file.path for file in chooser.model.files] == ["notes/one.txt", "two.txt"]
    place.do(lambda: QTest.mouseClick(chooser.attach, LEFT))
    assert place.names == ["one.txt", "two.txt"]


def test_several_folders_are_listed_one_after_the_other(place: Place, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    written(other / "x.txt", b"x")
    place.attach(folder, other)
    first = listed(place)
    assert "project" in first.windowTitle()
    attaching = place.composer.attaching

    async def cancelled() -> None:
        QTest.mouseClick(first.cancel, LEFT)
        await until(lambda: attaching.chooser not in (None, first), "the other's list")
        await until_quiet()

    # On the loop all along: the second list begins to be read when the first is gone.
    place.run(cancelled())
    assert "other" in listed(place).windowTitle()
    place.do(lambda: QTest.mouseClick(listed(place).attach, LEFT))
    assert place.names == ["x.txt"]


def test_of_ten_thousand_files_some_are_chosen(place: Place, tmp_path: Path, run_async: Runner) -> None:
    paths = [tmp_path / f"{number:05}.txt" for number in range(10_000)]
    written(paths[7], b"seven")
    place.attach(*paths)
    chooser = listed(place)
    assert len(chooser.model.files) == 10_000
    assert chooser.model.rowCount() < 1000, "more rows come when they are scrolled to"
    assert chooser.model.chosen == set(), "nobody means so many"
    QTest.mouseClick(chooser.everything, LEFT)
    assert not chooser.attach.isEnabled()
    assert f"{MOST_AT_ONCE} files at most" in chooser.total.text()
    QTest.mouseClick(chooser.nothing, LEFT)
    QTest.keyClicks(chooser.search, "00007")
    QTest.mouseClick(chooser.everything, LEFT)
    place.do(lambda: QTest.mouseClick(chooser.attach, LEFT))
    assert place.names == ["00007.txt"]


def test_an_empty_folder_and_one_that_cannot_be_listed_say_so(place: Place, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    place.attach(tmp_path / "empty")
    assert "no file" in listed(place).notes.text()
    assert not listed(place).attach.isEnabled()
    place.do(lambda: QTest.mouseClick(listed(place).cancel, LEFT))
    place.attach(written(tmp_path / "bad.zip", b"PK\x03\x04" + bytes(200)))
    assert "bad.zip" in listed(place).notes.text()
    place.do(lambda: QTest.mouseClick(listed(place).cancel, LEFT))


# What goes wrong.


def test_a_file_that_is_gone_and_a_pipe_say_so(place: Place, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    whole = picture(tmp_path / "whole.png")
    place.attach(tmp_path / "gone.png", pipe, whole)
    assert [card.item.state for card in place.cards] == ["refused", "refused", "ready"]
    assert "is not a file" in place.told[0]
    assert "is not a file" in place.told[1]
    place.composer.editor.insertPlainText("words")
    assert place.composer.send_button.send.isEnabled()
    assert len(place.composer.draft().attachments) == 1


@pytest.mark.parametrize(
    "name",
    ["a" * 200 + ".txt", "\u202egnp.exe.txt", "מסמך עם שם ארוך.txt", "<b>bold</b> & more.txt", "..txt"],
)
def test_odd_names_are_shown_whole_and_as_they_are(place: Place, tmp_path: Path, name: str) -> None:
    place.attach(written(tmp_path / name, b"words"))
    (card,) = place.cards
    assert card.item.state == "ready"
    assert "<b>" not in card.toolTip()
    assert "\u202e" not in card.accessibleName()
    assert card.width() <= place.width()
    assert not card.grab().isNull()


# The web.


def asked(place: Place, address: str) -> WebDialog:
    place.do(lambda: place.composer.attaching.from_web(address))
    (dialog,) = place.findChildren(WebDialog)
    return dialog


@pytest.fixture
def web(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    """A web that may be asked."""
    fetcher = Fetcher({}, allowed=lambda _address: True, ports=None)
    monkeypatch.setattr(services.attachments, "_fetcher", fetcher)
    with LoopbackServer() as server:
        yield server


def test_what_is_at_an_address_is_attached(place: Place, web: LoopbackServer) -> None:
    kept = web.files.put("openai", pdfs.book(2), "report.pdf", "application/pdf")
    dialog = asked(place, f"{web.url}/v1/files/{kept.id}/content")
    place.do(lambda: QTest.keyClick(dialog.address, Qt.Key.Key_Return))
    assert [card.item.is_pdf for card in place.cards] == [True]
    assert place.cards[0].item.state == "ready"


def test_a_dropped_link_is_fetched_and_one_that_fails_says_so_in_its_card(
    place: Place, web: LoopbackServer
) -> None:
    kept = web.files.put("openai", small_png(), "a.png", "image/png")
    good, bad = f"{web.url}/v1/files/{kept.id}/content", f"{web.url}/v1/files/none/content"
    mime = QMimeData()
    mime.setUrls([QUrl(good), QUrl(bad)])
    place.do(lambda: place.composer.attach_mime(mime, fetch=True))
    assert [card.item.state for card in place.cards] == ["ready", "refused"]
    assert "127.0.0.1 answered" in place.told[1]


def test_cancelling_ends_the_fetching_and_then_the_dialog(
    place: Place, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def never(*_: object, **__: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(services.attachments, "attach_url", never)
    dialog = asked(place, "https://example.com/large.pdf")

    async def cancel() -> None:
        QTest.keyClick(dialog.address, Qt.Key.Key_Return)
        await begun.wait()
        assert dialog.attach.busy
        QTest.mouseClick(dialog.cancel, LEFT)

    place.run(cancel())
    place.do(lambda: None)
    assert dialog.isVisible()
    assert dialog.attach.isEnabled()
    QTest.mouseClick(dialog.cancel, LEFT)
    assert place.cards == []


def test_a_web_dialog_says_what_is_wrong_in_its_place(place: Place) -> None:
    dialog = asked(place, "http://127.0.0.1/secret")
    place.do(lambda: QTest.keyClick(dialog.address, Qt.Key.Key_Return))
    assert dialog.isVisible()
    assert "not on the public internet" in dialog.note.text()
    assert dialog.attach.isEnabled(), "another try"
    dialog.address.setText("nonsense")
    assert not dialog.attach.isEnabled()
    QTest.mouseClick(dialog.cancel, LEFT)
    assert place.cards == []


# From the chat.


def test_files_of_this_chat_are_attached_again(
    qtbot: QtBot, services: Services, settle: Callable[[], None], run_async: Runner, tmp_path: Path
) -> None:
    conversation = run_async(services.chat.new_conversation(GUIDE))
    place = Place(services, run_async, conversation.id)
    qtbot.addWidget(place)
    place.attach(picture(tmp_path / "first.png"), written(tmp_path / "second.txt", b"words"))
    draft = place.composer.draft()

    async def say() -> None:
        for part in draft.attachments:
            said = Draft(text="This", attachments=(part,))
            await services.chat.wait(await services.chat.send(conversation.id, said))

    run_async(say())
    place.do(lambda: place.composer.set_draft(Draft()))
    place.do(place.composer.attaching.from_chat)
    (dialog,) = place.findChildren(EarlierFiles)
    rows = [dialog.list.item(row).text().split("\n")[0] for row in range(dialog.list.count())]
    assert rows == ["second.txt", "first.png"], "the newest first"
    place.do(lambda: QTest.keyClick(dialog.list, Qt.Key.Key_Return))
    assert place.names == ["second.txt"]
    assert place.composer.draft().attachments == draft.attachments[1:]
    settle()


def test_the_paperclip_opens_all_ways(place: Place) -> None:
    QTest.mouseClick(place.composer.attach_button, LEFT)
    (menu,) = place.composer.attach_button.findChildren(QMenu)
    assert menu.accessibleName() == "Attach"
    assert len(menu.actions()) >= 3
    menu.close()


def test_the_paperclip_says_what_the_model_takes(place: Place, services: Services, qtbot: QtBot) -> None:
    """The same as the sheet of a drop, and another model's as soon as that is chosen."""
    button = place.composer.attach_button

    def told() -> list[str]:
        place.do(lambda: None)
        qtbot.waitUntil(lambda: place.composer.info().title in button.accessibleDescription())
        assert button.accessibleName() == "Attach"
        head, *lines = button.accessibleDescription().split("\n")
        assert head == f"What {place.composer.info().title} takes"
        facts = services.attachments.capabilities(place.composer.info())
        assert [line.partition(": ")[2] for line in lines] == [one.words for one in facts]
        assert all(escape(line) in button.toolTip() for line in lines)
        assert button.toolTip().count("<br>") == len(lines) + 1
        return lines

    place.composer.set_model(ModelRef("anthropic", "claude-sonnet-4-5"))
    sees = told()
    assert [line.partition(":")[0] for line in sees] == ["Images", "PDF", "Documents", "Sound", "Film"]
    assert sees[0].endswith("is made smaller")
    assert sees[4] == "Film: not taken by this model"
    place.composer.set_model(ModelRef("gemini", "gemini-2.5-flash"))
    assert told()[4].startswith("Film: ")
    assert told()[4] != sees[4]
    place.composer.set_model(ModelRef("gone", "gone"))
    assert len(told()) == len(sees)
    QTest.mouseClick(button, LEFT)
    (menu,) = button.findChildren(QMenu)
    assert menu.accessibleDescription() == button.accessibleDescription()
    menu.close()
