"""What is typed into the composer of the real window: models, prompts, past chats, long pastes, spelling."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from tests.documents.test_spelling import write as write_dictionary
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import (
    CTRL,
    Run,
    chatting,
    click,
    opened,
    press,
    send,
    texts,
    until,
    view_of,
    write,
)

from chatbench.core.messages import FilePart
from chatbench.services.templates import Template
from chatbench.ui.chat.conversation import ConversationView

ENTER = Qt.Key.Key_Return


async def offered(view: ConversationView, title: str) -> None:
    """Waits for a row of the list."""
    completion = view.composer.completion
    await until(
        lambda: completion.shown and completion.list is not None and title in completion.list.titles(), title
    )


async def ended(view: ConversationView, count: int) -> None:
    """Waits for so many messages, the last of them whole."""
    await until(lambda: len(view.source.ids()) >= count and not view.streaming, "the answer")


def test_words_typed_over_the_transcript_go_on_in_the_composer(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            await send(view, "Hello")
            await ended(view, 2)
            editor = view.composer.editor
            view.transcript.setFocus()
            press(view.transcript, Qt.Key.Key_Space)
            press(view.transcript, Qt.Key.Key_Y, CTRL | Qt.KeyboardModifier.AltModifier)
            assert view.transcript.hasFocus()
            assert editor.text() == ""
            press(view.transcript, Qt.Key.Key_W)
            assert editor.hasFocus()
            QTest.keyClicks(editor, "hy?")
            assert editor.text() == "why?"

    run_async(scenario())


def test_a_model_is_added_where_its_name_is_typed(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            write(view, "What is a lane? @model-b")
            await offered(view, "model-b")
            press(view.composer.editor, ENTER)
            await until(lambda: len(view.lanes.views) == 2, "the second lane")
            assert view.composer.editor.text() == "What is a lane? "
            assert not server.asked, "the Enter that chose a model sent nothing"
            write(view, "really")
            press(view.composer.editor, ENTER)
            await until(lambda: len(server.asked) == 2 and not view.streaming, "both answers")
            asked = {request.json["model"] for request in server.asked}
            assert asked == {"model-a", "model-b"}
            words = {request.json["messages"][-1]["content"] for request in server.asked}
            assert words == {"What is a lane? really"}

    run_async(scenario())


def test_a_past_chat_goes_with_the_question_and_stays_in_the_draft(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "Zebra crossings in Prague")
            await session.services.history.rename(view.id, "Zebras")
            past = view.id
            press(session.window, Qt.Key.Key_N, CTRL)
            await until(lambda: view_of(session).id != past, "another chat")
            view = view_of(session)
            write(view, "As in #zeb")
            await offered(view, "Zebras")
            press(view.composer.editor, ENTER)
            await until(lambda: view.composer.draft().attachments, "the past chat")
            write(view, "but in Vienna")
        async with opened(tmp_path) as session:
            view = view_of(session)
            await until(lambda: view_of(session).id != past, "the chat that was open")
            view = view_of(session)
            draft = view.composer.draft()
            assert draft.text == "As in but in Vienna"
            (thumb,) = view.composer.strip.thumbs()
            await until(lambda: "≈ " in thumb.accessibleName(), "its tokens")
            assert thumb.accessibleName().startswith("Zebras, as text · ≈ ")
            press(view.composer.editor, ENTER)
            await ended(view, 2)
            sent = server.asked[-1].json["messages"][-1]["content"]
            assert sent.startswith('<attachment name="Zebras">\n# Zebras')
            assert "Zebra crossings in Prague" in sent
            assert sent.endswith("</attachment>\n\nAs in but in Vienna")
            assert (await texts(view))[0] == "As in but in Vienna", "the file is shown as a file"
            (question, _) = view.conversation.messages
            (question,) = await session.services.history.messages([question.id])
            assert isinstance(question.parts[0], FilePart)

    run_async(scenario())


def test_a_prompt_is_chosen_filled_in_and_sent(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            session.services.templates.save("greet", Template(prompt="Greet {{name}} in {{language}}."))
            write(view, "/gr")
            await offered(view, "greet")
            press(view.composer.editor, Qt.Key.Key_Tab)
            fields = view.composer.variables
            await until(fields.isVisible, "the fields")
            press(view.composer.editor, ENTER)
            assert not view.asking, "a place is empty"
            committed = QInputMethodEvent("", [])
            committed.setCommitString("アン")
            QApplication.sendEvent(fields.field("name"), committed)
            press(fields.field("name"), ENTER)
            assert fields.field("language").hasFocus()
            for key in (Qt.Key.Key_O, Qt.Key.Key_K):
                press(fields.field("language"), key)
            press(fields.field("language"), ENTER)
            assert view.composer.editor.hasFocus()
            press(view.composer.editor, ENTER)
            await ended(view, 2)
            assert server.asked[-1].json["messages"][-1]["content"] == "Greet アン in ok."
            assert not fields.isVisible()

    run_async(scenario())


def test_a_long_paste_is_kept_as_a_file_and_sent(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            QGuiApplication.clipboard().setText("A line.\n" * 3_000)
            write(view, "Summarise this")
            press(view.composer.editor, Qt.Key.Key_V, CTRL)
            QGuiApplication.clipboard().clear()
            await until(view.composer.paste_offer.isVisible, "the offer")
            click(view.composer.paste_offer.keep)
            await until(lambda: view.composer.draft().attachments, "the file")
            press(view.composer.editor, ENTER)
            await ended(view, 2)
            sent = server.asked[-1].json["messages"][-1]["content"]
            assert sent.startswith('<attachment name="Pasted text.txt">\nA line.\n')
            assert sent.endswith("</attachment>\n\nSummarise this")

    run_async(scenario())


def test_nothing_of_a_temporary_chats_files_is_on_the_disk(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, _):
            made = await session.services.chat.new_conversation(temporary=True)
            session.workspace.open(made.id)
            await until(lambda: view_of(session).id == made.id, "the temporary chat")
            view = view_of(session)
            view.composer.attachments.add_text("words that leave no trace", "a.txt")
            await until(lambda: view.composer.draft().attachments, "the file")
            found = [path for path in tmp_path.rglob("*") if path.is_file()]
            assert not [path for path in found if b"leave no trace" in path.read_bytes()]

    run_async(scenario())


def test_a_misspelt_word_is_marked_while_writing_goes_on(
    tmp_path: Path, run_async: Run, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dictionary(tmp_path / "hunspell", "en_US", "what", "is", "a", "lane")
    monkeypatch.setenv("DICPATH", str(tmp_path / "hunspell"))

    async def scenario() -> None:
        async with chatting(tmp_path / "profile", server) as (_, view):
            write(view, "What is a lnae ")
            await until(lambda: view.composer.spelling.marked() == ["lnae"], "the wavy line")
            press(view.composer.editor, ENTER)
            await ended(view, 2)
            assert server.asked[-1].json["messages"][-1]["content"].strip() == "What is a lnae"
            assert view.composer.spelling.marked() == []

    run_async(scenario())
