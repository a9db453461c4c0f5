"""A person's day in the window: every step with real keys and clicks, against a loopback provider."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import (
    CTRL,
    Run,
    at_loopback,
    chatting,
    click,
    finished,
    opened,
    press,
    send,
    shows,
    texts,
    until,
    view_of,
    write,
)

from chatbench.core.models import GUIDE


def test_the_first_start_shows_the_guide_and_answers_a_question(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = view_of(session)
            assert view.lane.model == GUIDE
            assert session.window.windowTitle() == "Welcome – Chatbench"
            await send(view, "What will it cost me?")
            question, answer = await texts(view)
            assert question == "What will it cost me?"
            assert len(answer) > 100

    run_async(scenario())


def test_an_answer_streams_in_is_stored_and_is_there_at_the_next_start(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def first_day() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            server.pace = 100.0
            view = view_of(session)
            write(view, "Tell me about foxes")
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: view.streaming, "the answer to begin")
            assert view.composer.editor.toPlainText() == ""
            await until(lambda: session.workspace.tabs.tabs()[0].state == "streaming", "the tab's gauge")
            await finished(view)
            assert (await texts(view))[1] == "".join(server.words)
            write(view, "half a thought")

    async def second_day() -> None:
        async with opened(tmp_path) as session:
            view = view_of(session)
            assert await texts(view) == ["Tell me about foxes", "".join(server.words)]
            assert view.composer.editor.toPlainText() == "half a thought"
            assert session.workspace.tabs.tabs()[0].title == "Tell me about foxes"

    run_async(first_day())
    run_async(second_day())


def test_stop_keeps_what_came_and_closes_the_connection(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            server.pace = 40.0
            view = view_of(session)
            write(view, "A long story")
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: len(view.source.ids()) == 2 and view.source.live(1), "the answer to begin")
            answer = view.source.live(1)
            assert answer is not None
            await until(lambda: answer.version > 3, "some words")
            press(view.composer.editor, Qt.Key.Key_Period, CTRL)
            await finished(view)
            stored = await session.services.history.load(view.id)
            assert stored.messages[-1].state == "stopped"
            assert "".join(server.words).startswith(stored.messages[-1].text)
            assert stored.messages[-1].text
        server.wait_for_leaving()

    run_async(scenario())


def test_regenerate_makes_a_sibling_and_the_switcher_goes_back(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            assert "nothing has been said" in view.transcript.accessibleDescription().lower()
            assert _has_ink(view.transcript.viewport()), "and it is told to those who see"
            await send(view, "Question")
            assert view.transcript.accessibleDescription() == ""
            first = view.source.ids()[1]
            server.words = ("Another ", "answer.")
            press(view.composer.editor, Qt.Key.Key_R, CTRL)
            await until(lambda: view.source.ids()[1] != first, "the sibling")
            await finished(view)
            assert (await texts(view))[1] == "Another answer."
            entry = view.source.entry(1)
            assert entry is not None
            assert (entry.position, entry.count) == (2, 2)
            view.transcript.action_requested.emit(entry.message.id, "previous-branch")
            await until(lambda: view.source.ids()[1] == first, "the first answer")

    run_async(scenario())


def test_editing_a_question_makes_a_branch(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "First words")
            press(view.composer.editor, Qt.Key.Key_Up)
            await until(lambda: view.edits.reasking, "the words to edit")
            sheet = view.edits.reasking
            assert sheet is not None
            assert sheet.editor.text() == "First words"
            sheet.editor.selectAll()
            QTest.keyClicks(sheet.editor, "Better words")
            press(sheet.editor, Qt.Key.Key_Return)
            await until(lambda: len(view.conversation.messages) == 4, "the branch")
            await finished(view)
            assert (await texts(view))[0] == "Better words"
            stored = await session.services.history.load(view.id)
            questions = [m for m in stored.messages if m.role == "user"]
            assert [m.text for m in questions] == ["First words", "Better words"]
            assert {m.parent_id for m in questions} == {None}

    run_async(scenario())


def test_an_answer_goes_on_while_another_chat_is_in_view(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            server.pace = 20.0
            first = view_of(session)
            write(first, "Slowly, please")
            press(first.composer.editor, Qt.Key.Key_Return)
            await until(lambda: first.streaming, "the first answer")
            press(session.window, Qt.Key.Key_N, CTRL)
            await until(lambda: not shows(session, first.id), "the second chat")
            second = view_of(session)
            write(second, "You too")
            press(second.composer.editor, Qt.Key.Key_Return)
            await until(lambda: second.streaming, "the second answer")
            assert first.streaming
            assert session.services.chat.streaming_count == 2
            session.workspace.close_tab(first.id)
            await until(lambda: session.workspace.open_ids() == [second.id], "the tab to close")
            await finished(second)
            await until(lambda: session.services.chat.streaming_count == 0, "both answers")
            stored = await session.services.history.load(first.id)
            assert stored.messages[-1].state == "done"
            assert stored.messages[-1].text == "".join(server.words)

    run_async(scenario())


def test_a_failed_answer_says_why_and_can_be_tried_again(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            refusal = {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}
            server.script(replies.data(refusal, 401))
            await send(view, "Hello")
            await until(lambda: view.source.entry(1), "the failed answer")
            entry = view.source.entry(1)
            assert entry is not None
            assert entry.message.state == "failed"
            assert entry.message.error is not None
            assert entry.message.error.kind == "Authentication"
            shared = view.transcript.context
            await until(lambda: shared.urged == entry.message.id, "the one primary button")
            write(view, "Another question")
            assert shared.urged == "", "Send is the one primary button now"
            view.composer.editor.clear()
            assert shared.urged == entry.message.id
            view.transcript.action_requested.emit(entry.message.id, "retry")
            await until(
                lambda: len(view.source.ids()) == 2 and view.source.ids()[1] != entry.message.id, "a try"
            )
            await finished(view)
            assert (await texts(view))[1] == "".join(server.words)
            assert shared.urged == ""

    run_async(scenario())


def test_a_chat_is_renamed_pinned_found_deleted_and_brought_back(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "天气怎么样 today")
            sidebar = session.workspace.sidebar
            assert sidebar is not None
            await session.services.history.rename(view.id, "Weather in Beijing")
            await until(
                lambda: session.workspace.tabs.tabs()[0].title == "Weather in Beijing", "the new title"
            )
            sidebar.search.setText("天")
            await until(lambda: any(r.message_id for r in sidebar.view.rows()), "the message to be found")
            sidebar.search.setText("")
            await until(lambda: not any(r.message_id for r in sidebar.view.rows()), "the list again")
            session.workspace.filing.delete(view.id)
            await until(lambda: view.id not in [r.id for r in sidebar.view.rows()], "the chat to go")
            await until(session.window.notices.shown, "the notice with Undo")
            notice = session.window.notices.shown()[-1]
            assert notice.button is not None
            click(notice.button)
            await until(lambda: shows(session, view.id), "the chat to come back")

    run_async(scenario())


def test_a_deleted_message_comes_back_with_undo(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            await send(view, "Two")
            ids = list(view.source.ids())
            view.transcript.action_requested.emit(ids[1], "delete")
            await until(lambda: len(view.source.ids()) == 3, "one message less")
            await until(session.window.notices.shown, "the notice with Undo")
            notice = session.window.notices.shown()[-1]
            assert notice.button is not None
            click(notice.button)
            await until(lambda: list(view.source.ids()) == ids, "the message to come back")

    run_async(scenario())


def test_find_reaches_messages_that_are_not_on_the_screen(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            server.words = ("The needle is here.",)
            await send(view, "Where?")
            server.words = ("Hay. " * 400,)
            await send(view, "And now?")
            press(session.window, Qt.Key.Key_F, CTRL)
            bar = view.transcript.find_bar
            assert bar.isVisible()
            bar.field.setText("needle")
            await until(lambda: view.transcript.marks.current_hit is not None, "the hit")

    run_async(scenario())


def test_copying_an_answer_gives_its_words(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            server.words = ("Some **bold** words.",)
            view = view_of(session)
            QGuiApplication.clipboard().clear()
            await send(view, "Go")
            press(view.transcript, Qt.Key.Key_A, CTRL)
            press(view.transcript, Qt.Key.Key_C, CTRL)
            await until(lambda: QGuiApplication.clipboard().text(), "the words on the clipboard")
            data = QGuiApplication.clipboard().mimeData()
            assert "Some bold words." in data.text()
            assert b"Some **bold** words." in bytes(data.data("text/markdown").data())
            assert data.hasHtml()

    run_async(scenario())


def test_a_message_that_cannot_be_written_is_not_lost(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            write(view, "Keep me")
            await view.save_draft()
            session.workspace.close_tab(view.id)
            await until(lambda: view.id not in session.workspace.open_ids(), "the tab to close")
            session.workspace.open(view.id)
            await until(lambda: shows(session, view.id), "the chat again")
            await until(lambda: view_of(session).composer.editor.toPlainText() == "Keep me", "the draft")

    run_async(scenario())


def test_the_menu_of_a_message_offers_the_rest(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "Hello")
            await texts(view)
            answer = view.source.ids()[1]
            view.transcript.more_requested.emit(answer, QPoint(50, 50))
            menu = QApplication.activePopupWidget()
            assert isinstance(menu, QMenu)
            names = [action.text() for action in menu.actions() if action.text()]
            assert {"Regenerate with another model…", "Edit", "Quote", "Inspect", "Delete"} <= set(names)
            next(action for action in menu.actions() if action.text() == "Inspect").trigger()
            menu.close()
            inspector = session.workspace.inspector
            assert inspector is not None
            await until(lambda: inspector.current_view() == "message", "the inspector to show the message")

    run_async(scenario())


def test_what_is_open_is_kept_while_it_is(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    """A sudden end does not forget it: the tabs are in the preferences soon after they change."""

    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "Hello")
            press(session.window, Qt.Key.Key_N, CTRL)
            await until(lambda: not shows(session, view.id), "the second chat")
            kept = session.services.preferences
            ids = session.workspace.open_ids()
            await until(lambda: list(kept.current.window.get("tabs", ())) == ids, "the tabs to be kept")

    run_async(scenario())


def test_a_provider_that_another_process_adds_is_seen(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            services = session.services
            toml = f'id = "late"\nname = "Late"\nwire = "openai_chat"\nbase_url = "{server.url}/v1"\n'
            await until(lambda: session.watching, "the window to be ready")
            (services.endpoints.folder / "late.toml").write_text(toml, encoding="utf-8")
            await until(lambda: "late" in [r.endpoint.id for r in services.endpoints.rows()], "the provider")

    run_async(scenario())


def test_an_error_about_a_key_leads_to_its_provider(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            server.script(replies.data({"error": {"code": "invalid_api_key"}}, 401))
            await send(view, "Hello")
            await texts(view)
            view.transcript.action_requested.emit(view.source.ids()[1], "settings")
            await until(lambda: session.window.current_section == "settings", "the settings")

    run_async(scenario())


def _has_ink(widget: QWidget) -> bool:
    picture = widget.grab().toImage()
    ground = picture.pixelColor(0, 0)
    rows, columns = range(0, picture.height(), 2), range(0, picture.width(), 2)
    return any(picture.pixelColor(x, y) != ground for y in rows for x in columns)
