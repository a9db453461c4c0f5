"""The inspector on the files of a message: forms, tokens, digests, uploads; what was sent, opened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from tests.documents import office, pdfs, pictures
from tests.loopback.server import LoopbackServer
from tests.ui.chat.test_inspector import Desk, Runner

from chatbench.core.conversations import Draft, TreeMessage
from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.core.messages import Part
from chatbench.core.models import Modality, ModelInfo, ModelRef
from chatbench.services import Services
from chatbench.ui.chat.viewer.window import ViewerWindow
from chatbench.ui.widgets import Button, ElidedLabel

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

ALL: frozenset[Modality] = frozenset({"text", "image", "file"})
READS = ModelInfo(ref=ModelRef("keeper", "m"), inputs=ALL, source="user")
REPORT = pdfs.joined(pdfs.single().data, pdfs.single().data)
LETTER = office.letter()
PICTURE = pictures.saved(pictures.corner(), "BMP")


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture
def desk(services: Services, server: LoopbackServer, run_async: Runner, qtbot: QtBot) -> Desk:
    services.endpoints.save(
        Endpoint(
            id="keeper", name="Keeper", wire="openai_responses", base_url=server.base_url("openai_responses"),
            auth="none", rows=(READS,), quirks=Quirks(file_storage=True),
        )
    )  # fmt: skip
    return Desk(services, run_async, qtbot)


async def asked(services: Services, *parts: Part) -> tuple[TreeMessage, TreeMessage]:
    """The question and its answer."""
    conversation = await services.chat.new_conversation(READS.ref)
    turn = await services.chat.send(conversation.id, Draft(text="Look", attachments=parts))
    await services.chat.wait(turn)
    question, answer = await services.history.messages([turn.user_message_id, turn.answers[0].id])
    assert answer.error is None
    return question, answer


def names(desk: Desk) -> list[str]:
    return [label.text() for label in desk.frame.findChildren(ElidedLabel) if label.isVisible()]


def press(desk: Desk, name: str) -> None:
    (button,) = [b for b in desk.frame.findChildren(Button) if b.accessibleName() == name and b.isVisible()]
    desk.do(lambda: QTest.mouseClick(button, Qt.MouseButton.LeftButton))


def test_each_file_with_its_form_tokens_and_digest(desk: Desk) -> None:
    async def made() -> tuple[TreeMessage, TreeMessage]:
        attach = desk.services.attachments.attach_bytes
        report = await attach(REPORT, "report.pdf", READS)
        pages = msgspec.structs.replace(report, form="pages", pages="2")
        return await asked(
            desk.services, pages, await attach(LETTER, "letter.docx", READS),
            await attach(PICTURE, "p.bmp", READS),
        )  # fmt: skip

    question, answer = desk.wait(made())
    desk.do(lambda: desk.frame.show_message(answer))
    assert {"report.pdf", "letter.docx", "p.bmp"} <= set(names(desk))
    facts = desk.facts()
    assert "Sent: as pictures of its pages, pages 2" in facts
    assert "Sent: as text" in facts
    assert "Sent: as a picture" in facts
    assert sum(fact.startswith("Tokens: ≈ ") for fact in facts) == 3
    for data in (REPORT, LETTER, PICTURE):
        assert f"SHA-256: {hashlib.sha256(data).hexdigest()[:12]}…" in facts
    press(desk, "Copy what was sent of letter.docx")
    assert QGuiApplication.clipboard().text().startswith('<attachment name="letter.docx">')
    desk.do(lambda: desk.frame.show_message(question))
    assert {"report.pdf", "letter.docx", "p.bmp"} <= set(names(desk))
    assert not [fact for fact in desk.facts() if fact.startswith("Sent: as")]


def test_what_was_sent_is_opened_beside_the_original(desk: Desk) -> None:
    async def made() -> TreeMessage:
        return (
            await asked(desk.services, await desk.services.attachments.attach_bytes(PICTURE, "p.bmp", READS))
        )[1]

    answer = desk.wait(made())
    desk.do(lambda: desk.frame.show_message(answer))
    press(desk, "Open p.bmp")
    press(desk, "Open what was sent of p.bmp")
    opened = [child for child in desk.frame.window().children() if isinstance(child, ViewerWindow)]
    assert [window.part.source.sha256 for window in opened] == [  # type: ignore[union-attr]
        answer.sent_files[0].original, answer.sent_files[0].sent[0],
    ]  # fmt: skip
    for window in opened:
        desk.do(window.close)


def test_how_long_the_provider_keeps_it(desk: Desk, server: LoopbackServer, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(REPORT)

    async def made() -> TreeMessage:
        await desk.services.provider_files.upload("keeper", tmp_path / "report.pdf")
        return (
            await asked(desk.services, await desk.services.attachments.attach_bytes(REPORT, "a.pdf", READS))
        )[1]

    answer = desk.wait(made())
    desk.do(lambda: desk.frame.show_message(answer))
    assert "Uploaded: kept until it is deleted" in desk.facts()
    desk.wait(desk.services.provider_files.delete("keeper", answer.sent_files[0].file_id))
    desk.do(lambda: desk.frame.show_message(answer))
    assert "Uploaded: no longer kept" in desk.facts()


def test_a_message_without_files_has_no_such_section(desk: Desk) -> None:
    answer = desk.wait(asked(desk.services))[1]
    desk.do(lambda: desk.frame.show_message(answer))
    assert not [fact for fact in desk.facts() if fact.startswith("SHA-256")]
