"""Files at providers: listed, uploaded, fetched back, deleted after a question in their place."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget
from tests.harness.waiting import until
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.ui.chat.quiet import until_quiet
from tests.ui.settings.conftest import Desk, button

from chatbench.core.conversations import Draft
from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.ui.settings.providerfiles import PAGE, FileRow, ProviderFilesPage
from chatbench.ui.widgets import Label

ROWS = (ModelInfo(ref=ModelRef("keeper", "m"), inputs=frozenset({"text", "file"}), source="user"),)


@pytest.fixture
def keeper(desk: Desk, server: LoopbackServer) -> Endpoint:
    """A provider that keeps files, and needs no key."""
    endpoint = Endpoint(
        id="keeper", name="Keeper", wire="openai_responses", base_url=server.base_url("openai_responses"),
        auth="none", rows=ROWS, quirks=Quirks(file_storage=True),
    )  # fmt: skip
    desk.do(lambda: desk.services.endpoints.save(endpoint))
    return endpoint


def page_of(desk: Desk) -> ProviderFilesPage:
    desk.do(lambda: desk.settings.show_page("files"))
    page = desk.settings.page("files")
    assert isinstance(page, ProviderFilesPage)
    return page


def words(row: FileRow) -> str:
    return row.accessibleDescription()


def choose(desk: Desk, press: QWidget, path: Path | None) -> str:
    """Presses what opens a file dialog and takes a file in it, or none; the name it offered."""
    offered: list[str] = []

    async def chosen() -> None:
        QTest.mouseClick(press, Qt.MouseButton.LeftButton)
        await until(lambda: desk.window.findChild(QFileDialog), "the dialog")
        dialog = desk.window.findChild(QFileDialog)
        assert dialog is not None
        offered.extend(Path(name).name for name in dialog.selectedFiles())
        if path is not None:
            dialog.setDirectory(str(path.parent))
            field = dialog.findChild(QLineEdit, "fileNameEdit")
            assert isinstance(field, QLineEdit)
            field.setText(path.name)
        if path is None:
            dialog.reject()
        else:
            dialog.accept()
        await until_quiet()

    desk.wait(chosen())
    return "".join(offered)


def test_without_a_provider_that_keeps_files(desk: Desk) -> None:
    page = page_of(desk)
    assert "No provider that keeps files has a key." in page.told.text()
    assert not page.upload_button.isEnabled()


def test_what_is_kept_is_told_newest_first(desk: Desk, keeper: Endpoint, server: LoopbackServer) -> None:
    server.files.put("openai", b"x" * 2600, "notes.txt", "text/plain", **{"expires_after[seconds]": "86400"})
    page = page_of(desk)
    assert page.provider.currentText() == "Keeper"
    (row,) = page.rows()
    assert row.accessibleName() == "notes.txt"
    assert words(row).startswith("3 kB · ")
    assert "until " in words(row)
    assert page.told.text() == "1 file · 3 kB"


def test_a_file_is_uploaded_by_the_dialog(
    desk: Desk, keeper: Endpoint, server: LoopbackServer, tmp_path: Path
) -> None:
    (tmp_path / "report.txt").write_text("some words", encoding="utf-8")
    page = page_of(desk)
    assert page.told.text() == "Nothing is kept there."
    choose(desk, page.upload_button, None)
    assert "openai" not in server.files.kept or not server.files.kept["openai"]
    choose(desk, page.upload_button, tmp_path / "report.txt")
    assert [kept.data for kept in server.files.kept["openai"].values()] == [b"some words"]
    assert [row.accessibleName() for row in page.rows()] == ["report.txt"]
    (tmp_path / "empty.txt").write_bytes(b"")
    desk.wait(page.upload([tmp_path / "empty.txt", tmp_path / "report.txt"]))
    desk.settle()
    assert "empty.txt is empty" in page.upload_row.error()
    assert len(server.files.kept["openai"]) == 2


def test_deleting_asks_in_place_and_says_where_it_is_used(
    desk: Desk, keeper: Endpoint, server: LoopbackServer, tmp_path: Path
) -> None:
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.4 not much")
    services = desk.services

    async def used() -> None:
        await services.provider_files.upload("keeper", tmp_path / "report.pdf")
        part = await services.attachments.attach_text("some words", "a.txt")
        conversation = await services.chat.new_conversation(ROWS[0].ref, title="The report")
        sent = msgspec.structs.replace(part, name="a.txt")
        await services.chat.wait(await services.chat.send(conversation.id, Draft(attachments=(sent,))))
        (tmp_path / "a.txt").write_text("some words", encoding="utf-8")
        await services.provider_files.upload("keeper", tmp_path / "a.txt")

    desk.wait(used())
    page = page_of(desk)
    by_name = {row.accessibleName(): row for row in page.rows()}
    assert "in “The report”" in words(by_name["a.txt"])
    assert "in “" not in words(by_name["report.pdf"])
    row = by_name["a.txt"]
    desk.click(row.delete)
    assert row.asking
    assert row.keep.hasFocus(), "Enter is not to delete"
    told = [label.text() for label in row.findChildren(Label) if label.isVisible()]
    assert "It is used in 1 chat: there it will be sent whole again." in told
    desk.key(row.keep, Qt.Key.Key_Space)
    assert not row.asking
    assert row.delete.hasFocus()
    desk.click(row.delete)
    desk.click(row.really)
    assert [kept.name for kept in server.files.kept["openai"].values()] == ["report.pdf"]
    assert [left.accessibleName() for left in page.rows()] == ["report.pdf"]
    assert page.rows()[0].delete.hasFocus()


def test_a_file_is_saved_where_the_provider_gives_it_back(
    desk: Desk, keeper: Endpoint, server: LoopbackServer, tmp_path: Path
) -> None:
    server.files.put("openai", b"their words", "../../evil.txt", "text/plain", purpose="fine-tune-results")
    server.files.put("openai", b"ours", "ours.txt", "text/plain")
    page = page_of(desk)
    theirs, ours = page.rows()
    assert not ours.download.isVisible()
    assert choose(desk, theirs.download, tmp_path / "out.txt") == "_.._evil.txt"
    assert (tmp_path / "out.txt").read_bytes() == b"their words"


def test_what_goes_wrong_stands_on_the_page(
    desk: Desk, keeper: Endpoint, server: LoopbackServer, tmp_path: Path
) -> None:
    kept = server.files.put("openai", b"x", "a.txt", "text/plain", purpose="fine-tune-results")
    page = page_of(desk)
    (row,) = page.rows()
    kept.downloadable = False
    choose(desk, row.download, tmp_path / "out.txt")
    assert page.upload_row.error()
    assert not (tmp_path / "out.txt").exists()
    server.script(replies.data({"error": {"message": "The key is wrong"}}, 401))
    desk.click(page.refresh_button)
    assert "Keeper" in page.provider_row.error()
    assert page.rows() == []
    desk.click(page.refresh_button)
    assert page.provider_row.error() == ""
    assert len(page.rows()) == 1


def test_very_many_are_shown_in_pages(desk: Desk, keeper: Endpoint, server: LoopbackServer) -> None:
    for number in range(PAGE + 5):
        server.files.put("openai", b"x", f"{number}.txt", "text/plain")
    page = page_of(desk)
    assert len(page.rows()) == PAGE
    desk.do(lambda: QTest.mouseClick(button(page, "Show more"), Qt.MouseButton.LeftButton))
    assert len(page.rows()) == PAGE + 5
    assert not page.more.isVisible()
    first = page.rows()[0]
    desk.click(page.refresh_button)
    assert page.rows()[0] is first, "what is there already stays"
