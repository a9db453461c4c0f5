"""Where the window, the services and the disk meet: nothing a person wrote is lost in between."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.test_editing import editing
from tests.scenarios.window import (
    CTRL,
    Run,
    add_loopback,
    at_loopback,
    chatting,
    click,
    disk,
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

from chatbench.main import build
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.welcome import WelcomeView
from chatbench.ui.session import Session

LONG = "word " * 60_000


def told(session: Session) -> str:
    """All notices in view."""
    return "\n".join(notice.text for notice in session.window.notices.shown())


# Words on their way.


def test_a_question_that_cannot_be_written_stays_in_the_composer(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            await disk(session.services, full=True)
            view.composer.editor.insertPlainText(LONG)
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: "No space" in told(session), "the error")
            assert view.composer.draft().text == LONG
            assert len(view.source.ids()) == 2
            await disk(session.services, full=False)
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: len(view.source.ids()) == 4, "the second try")
            await finished(view)

    run_async(scenario())


def test_what_is_typed_while_a_question_is_being_written_stays(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            await disk(session.services, full=True)
            view.composer.editor.insertPlainText(LONG)
            press(view.composer.editor, Qt.Key.Key_Return)
            write(view, "and more")
            await until(lambda: "No space" in told(session), "the error")
            assert LONG.strip() in view.composer.draft().text
            assert "and more" in view.composer.draft().text
            await disk(session.services, full=False)

    run_async(scenario())


def test_a_question_of_the_welcome_page_leaves_what_was_typed(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = view_of(session)
            write(view, "my own words")
            welcome = view.findChild(WelcomeView)
            assert welcome is not None
            welcome.question_asked.emit("What will it cost me?")
            await until(lambda: len(view.source.ids()) == 2, "the question and its answer")
            await finished(view)
            assert view.composer.editor.toPlainText() == "my own words"
            await view.save_draft()
            stored = await session.services.history.outline(view.id)
            assert stored.draft.text == "my own words"

    run_async(scenario())


def test_closing_the_tab_right_after_enter_sends_all_the_same(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            identifier = view.id
            write(view, "Off you go")
            press(view.composer.editor, Qt.Key.Key_Return)
            press(session.window, Qt.Key.Key_W, CTRL)
            await until(lambda: identifier not in session.workspace.open_ids(), "the tab to close")
            await until(lambda: server.asked, "the question to be asked")
            sidebar = session.workspace.sidebar
            assert sidebar is not None
            await until(
                lambda: any(r.id == identifier and r.unread for r in sidebar.view.rows()), "the answer"
            )
            stored = await session.services.history.load(identifier)
            assert [m.text for m in stored.messages] == ["Off you go", "".join(server.words)]

    run_async(scenario())


@pytest.mark.parametrize("turns_of_the_loop", [0, 1, 2, 4, 8, 16])
def test_quitting_right_after_enter_loses_no_words(
    tmp_path: Path, run_async: Run, server: LoopbackServer, turns_of_the_loop: int
) -> None:
    server.pace = 5.0

    async def first_day() -> None:
        async with chatting(tmp_path, server) as (_, view):
            write(view, "Off you go")
            press(view.composer.editor, Qt.Key.Key_Return)
            for _ in range(turns_of_the_loop):
                await asyncio.sleep(0)

    async def second_day() -> None:
        services = build(tmp_path)
        await services.profile.ready()
        (summary,) = await services.history.summaries()
        stored = await services.history.load(summary.id)
        await services.aclose()
        if stored.messages:
            question, answer = stored.messages
            assert question.text == "Off you go"
            assert answer.state == "interrupted"
        else:
            assert stored.draft.text == "Off you go"

    run_async(first_day())
    run_async(second_day())


# The end of an answer.


def test_an_answer_that_cannot_be_written_stays_on_the_screen(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            server.words = ("Keep ", "this. ", LONG)
            server.pace = 5.0
            write(view, "Go on")
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: len(view.source.ids()) == 2 and view.source.live(1), "the answer to begin")
            await disk(session.services, full=True)
            await until(lambda: "could not be saved" in told(session), "the error")
            entry = view.source.entry(1)
            assert entry is not None
            assert entry.message.text == "".join(server.words)
            assert entry.message.state == "done"
            await disk(session.services, full=False)
            (notice,) = session.window.notices.shown()
            assert notice.button is not None
            click(notice.button)
            await until(lambda: not view.conversation.summary.streaming, "it to be saved")
            assert (await texts(view))[1] == "".join(server.words)

    run_async(scenario())


def test_another_process_makes_nothing_unread(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            first = view_of(session)
            await send(first, "One")
            press(session.window, Qt.Key.Key_N, CTRL)
            await until(lambda: not shows(session, first.id), "the second chat")
            other = build(tmp_path)
            await other.profile.ready()
            conversation = await other.chat.new_conversation(title="From elsewhere")
            sidebar = session.workspace.sidebar
            assert sidebar is not None
            await until(lambda: conversation.id in [r.id for r in sidebar.view.rows()], "the news")
            await other.aclose()
            for _ in range(20):
                await asyncio.sleep(0.01)
            summaries = await session.services.history.summaries()
            assert [s.title for s in summaries if s.unread] == []

    run_async(scenario())


def test_an_answer_out_of_view_is_unread_until_it_is_looked_at(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            server.pace = 100.0
            first = view_of(session)
            write(first, "Slowly")
            press(first.composer.editor, Qt.Key.Key_Return)
            await until(lambda: first.streaming, "the answer")
            press(session.window, Qt.Key.Key_N, CTRL)
            await until(lambda: not shows(session, first.id), "the second chat")
            await finished(first)
            await until(lambda: first.conversation.summary.unread, "the mark")
            session.workspace.open(first.id)
            await until(lambda: not first.conversation.summary.unread, "the mark to go")

    run_async(scenario())


def test_the_chat_in_view_is_never_unread(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            await session.services.history.mark_read(view.id, unread=True)
            await until(lambda: view.conversation.summary.unread, "the mark")
            await until(lambda: not view.conversation.summary.unread, "the mark to go")

    run_async(scenario())


# Two things at once.


def test_opening_a_chat_twice_makes_one_tab(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            other = await session.services.chat.new_conversation(title="Other")
            session.workspace.open(other.id)
            session.workspace.open(other.id)
            await until(lambda: shows(session, other.id), "the other chat")
            for _ in range(20):
                await asyncio.sleep(0.005)
            assert session.workspace.open_ids() == [view.id, other.id]
            assert len(session.workspace._views) == 2

    run_async(scenario())


def test_the_chat_asked_for_last_is_shown(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            other = await session.services.chat.new_conversation(title="Other")
            session.workspace.open(other.id)
            session.workspace.open(view.id)
            await until(lambda: other.id in session.workspace.open_ids(), "the other tab")
            for _ in range(20):
                await asyncio.sleep(0.005)
            assert shows(session, view.id)

    run_async(scenario())


def test_two_new_chats_at_once_are_one(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            await send(view_of(session), "One")
            press(session.window, Qt.Key.Key_N, CTRL)
            press(session.window, Qt.Key.Key_N, CTRL)
            await until(lambda: len(session.workspace.open_ids()) > 1, "the new chat")
            for _ in range(20):
                await asyncio.sleep(0.005)
            assert len(session.workspace.open_ids()) == 2
            assert len(await session.services.history.summaries()) == 2

    run_async(scenario())


def test_closing_a_tab_twice_closes_it_once(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            press(session.window, Qt.Key.Key_N, CTRL)
            await until(lambda: len(session.workspace.open_ids()) == 2, "the new chat")
            write(view_of(session), "a draft to keep")
            closing = session.workspace.current_id()
            session.workspace.close_tab(closing)
            session.workspace.close_tab(closing)
            await until(lambda: session.workspace.open_ids() == [view.id], "the tab to close")
            for _ in range(20):
                await asyncio.sleep(0.005)
            assert told(session) == ""
            kept = await session.services.history.outline(closing)
            assert kept.draft.text == "a draft to keep"

    run_async(scenario())


def test_regenerating_twice_at_once_asks_once(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            await send(view, "One")
            server.pace = 50.0
            press(view.composer.editor, Qt.Key.Key_R, CTRL)
            press(view.composer.editor, Qt.Key.Key_R, CTRL)
            await until(lambda: view.streaming, "the sibling")
            await finished(view)
            assert len([m for m in view.conversation.messages if m.role == "assistant"]) == 2

    run_async(scenario())


def test_another_model_chosen_right_after_enter_does_not_undo_the_question(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            answer = view.lane.leaf
            old = view.lane
            server.pace = 100.0
            write(view, "Two")
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: view.streaming, "the answer")
            assert old.leaf == answer
            # What the pane knew before it heard of the new question.
            view.lanes.current.lane = old
            view.choose_model(add_loopback(session, server.base_url("openai_chat")))
            await finished(view)
            assert (await texts(view))[2] == "Two"
            stored = await session.services.history.outline(view.id)
            assert len(stored.path(stored.lanes[0].leaf)) == 4

    run_async(scenario())


# The sidebar.


def test_a_title_being_written_survives_what_happens_elsewhere(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            session.window.resize(1280, 800)
            at_loopback(session, server)
            first = view_of(session)
            await send(first, "One")
            press(session.window, Qt.Key.Key_N, CTRL)
            await until(lambda: not shows(session, first.id), "the second chat")
            await send(view_of(session), "Two")
            sidebar = session.workspace.sidebar
            assert sidebar is not None
            sidebar.rename(first.id)
            editor = sidebar.view.findChild(QLineEdit)
            assert editor is not None
            editor.setText("A better name")
            await session.services.chat.new_conversation(title="Noise")
            for _ in range(20):
                await asyncio.sleep(0.005)
            editor = sidebar.view.findChild(QLineEdit)
            assert editor is not None
            assert editor.text() == "A better name"
            press(editor, Qt.Key.Key_Return)
            await until(lambda: "A better name" in [r.title for r in sidebar.view.rows()], "the title")
            assert "Noise" in [row.title for row in sidebar.view.rows()]
            await until(lambda: first.conversation.summary.title == "A better name", "the tab's title")

    run_async(scenario())


def test_the_list_stays_where_it_was_scrolled_to(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            session.window.resize(1280, 800)
            for number in range(60):
                await session.services.chat.new_conversation(title=f"Chat {number}")
            sidebar = session.workspace.sidebar
            assert sidebar is not None
            await until(lambda: len(sidebar.view.rows()) > 60, "the list")
            bar = sidebar.view.verticalScrollBar()
            bar.setValue(bar.maximum())
            place = bar.value()
            assert place > 200
            row = sidebar.view.rows()[-1]
            await session.services.history.rename(row.id, "The oldest")
            await session.services.history.pin(sidebar.view.rows()[4].id, True)
            await until(lambda: sidebar.view.rows()[0].icon == "pin", "the pinned chat")
            assert abs(bar.value() - place) < 80

    run_async(scenario())


def test_the_list_reaches_the_oldest_chat(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            session.window.resize(1280, 800)
            sidebar = session.workspace.sidebar
            assert sidebar is not None
            oldest = view_of(session).id
            for number in range(600):
                await session.services.history._store.create(f"Chat {number}", view_of(session).lane)
            sidebar.refresh()
            await until(lambda: len(sidebar.view.rows()) > 400, "the list")
            press(sidebar.view, Qt.Key.Key_Home)
            press(sidebar.view, Qt.Key.Key_End)
            assert oldest not in [row.id for row in sidebar.view.rows()]
            await until(lambda: oldest in [row.id for row in sidebar.view.rows()], "the oldest")

    run_async(scenario())


def test_the_list_is_walked_by_keys_while_answers_come_in(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            session.window.resize(1280, 800)
            at_loopback(session, server)
            view = view_of(session)
            for number in range(3):
                await session.services.chat.new_conversation(title=f"Chat {number}")
            sidebar = session.workspace.sidebar
            assert sidebar is not None
            await until(lambda: len(sidebar.view.rows()) == 5, "the list")
            sidebar.view.setFocus()
            press(sidebar.view, Qt.Key.Key_Home)
            assert sidebar.view.currentIndex().row() == 1
            press(sidebar.view, Qt.Key.Key_Down)
            chosen = sidebar.view.rows()[2].id
            await session.services.chat.new_conversation(title="News")
            await until(lambda: len(sidebar.view.rows()) == 6, "the news")
            assert sidebar.view.rows()[sidebar.view.currentIndex().row()].id == chosen
            press(sidebar.view, Qt.Key.Key_Return)
            await until(lambda: shows(session, chosen), "the chosen chat")
            assert not shows(session, view.id)

    run_async(scenario())


def test_a_title_goes_to_the_chat_whose_row_was_renamed(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            session.window.resize(1280, 800)
            at_loopback(session, server)
            view = view_of(session)
            await send(view, "One")
            other = await session.services.chat.new_conversation(title="Other")
            sidebar = session.workspace.sidebar
            assert sidebar is not None
            await until(lambda: other.id in [r.id for r in sidebar.view.rows()], "the other chat")
            sidebar.rename(other.id)
            editor = sidebar.view.findChild(QLineEdit)
            assert editor is not None
            editor.setText("Better")
            session.workspace.open(view.id)
            press(editor, Qt.Key.Key_Return)
            await until(lambda: "Better" in [r.title for r in sidebar.view.rows()], "the title")
            titles = {s.id: s.title for s in await session.services.history.summaries()}
            assert titles == {view.id: "One", other.id: "Better"}

    run_async(scenario())


def test_a_message_found_far_above_or_on_another_branch_is_shown(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            server.words = ("Yes. " * 40,)
            view = view_of(session)
            await send(view, "Needle")
            press(view.composer.editor, Qt.Key.Key_Up)
            sheet = await editing(session, view)
            QTest.keyClicks(sheet.editor, " in hay")
            press(sheet.editor, Qt.Key.Key_Return)
            await until(lambda: len(view.conversation.messages) == 4, "the branch")
            await finished(view)
            first, second = (m.id for m in view.conversation.messages if m.role == "user")
            for number in range(25):
                await send(view, f"And {number}?")
            identifier = view.id
            session.workspace.close_tab(identifier)
            await until(lambda: identifier not in session.workspace.open_ids(), "the tab to close")
            session.workspace.open(identifier, second)
            await until(lambda: shows(session, identifier), "the chat")
            again = view_of(session)
            await until(lambda: len(again.source.ids()) == 52, "all of it")
            await until(lambda: again.transcript.stack.value() < 100, "the message to be in view")
            session.workspace.open(identifier, first)
            await until(lambda: again.source.ids()[0] == first, "the other branch")

    run_async(scenario())


# The beginning and the end of the window.


def test_closing_before_the_profile_is_open_forgets_no_tab(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            await send(view_of(session), "One")
            kept = session.workspace.open_ids()
        hasty = Session(build(tmp_path))
        hasty.start()
        await hasty.aclose()
        async with opened(tmp_path) as session:
            assert session.workspace.open_ids() == kept

    run_async(scenario())


def test_a_full_disk_at_the_start_still_shows_the_chats(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            await send(view_of(session), "One")
        services = build(tmp_path)
        await services.profile.ready()
        await disk(services, full=True, read_only=True)
        session = Session(services)
        session.start()
        await until(lambda: session.window.windowTitle() == "One – Chatbench", "the chat")
        await until(lambda: "cannot be written" in told(session), "the error")
        await session.aclose()

    run_async(scenario())


def test_a_draft_that_cannot_be_kept_is_told_of_before_the_window_goes(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            await disk(session.services, full=True)
            view.composer.editor.insertPlainText(LONG)
            assert not await session.may_close()
            await until(lambda: "No space" in told(session), "the error")
            assert view.composer.draft().text == LONG
            assert await session.may_close()
            await disk(session.services, full=False)

    run_async(scenario())


def test_quitting_does_not_wait_for_a_provider_that_hangs(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            server.script(replies.events([b"data: {}\n\n"], end="hang"))
            view = view_of(session)
            write(view, "Are you there?")
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: server.asked, "the question")
            identifier, began = view.id, loop.time()
        assert loop.time() - began < 3
        services = build(tmp_path)
        await services.profile.ready()
        stored = await services.history.load(identifier)
        await services.aclose()
        assert [m.state for m in stored.messages] == ["done", "interrupted"]

    run_async(scenario())


def test_a_window_remembered_badly_opens_all_the_same(tmp_path: Path, run_async: Run) -> None:
    (tmp_path / "preferences.toml").write_text(
        '[window]\nsize = ["a", "b"]\ntabs = 7\ncurrent = 1\nmaximized = "x"\n', encoding="utf-8"
    )

    async def scenario() -> None:
        async with opened(tmp_path) as session:
            assert session.window.isVisible()

    run_async(scenario())


# The shape of the pane.


@pytest.mark.parametrize("rtl", [False, True])
@pytest.mark.parametrize("width", [480, 900, 1280])
def test_the_composer_stands_under_the_words(
    tmp_path: Path, run_async: Run, server: LoopbackServer, width: int, rtl: bool
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            session.window.setLayoutDirection(
                Qt.LayoutDirection.RightToLeft if rtl else Qt.LayoutDirection.LeftToRight
            )
            session.window.resize(width, 700)
            at_loopback(session, server)
            view = view_of(session)
            server.words = ("One line.",)
            await send(view, "Short")
            short = spans(view)
            server.words = ("Many words. " * 600,)
            await send(view, "Long")
            await until(lambda: view.transcript.verticalScrollBar().maximum() > 0, "the scroll bar")
            assert spans(view) == short
            assert short[0] == short[1]

    run_async(scenario())


def spans(view: ConversationView) -> tuple[tuple[int, int], tuple[int, int]]:
    """From where to where the messages and the composer reach, in the view."""
    frame, viewport = view.transcript.stack.frame, view.transcript.viewport()
    left = viewport.mapTo(view, QPoint(min(frame.column_x, frame.margin_x), 0)).x()
    far = max(frame.column_x + frame.column, frame.margin_x + frame.margin)
    right = viewport.mapTo(view, QPoint(far, 0)).x()
    composer = view.composer.mapTo(view, QPoint(0, 0)).x()
    return (left, right), (composer, composer + view.composer.width())


def test_an_exported_chat_is_of_the_chosen_kind(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path / "profile") as session:
            at_loopback(session, server)
            view = view_of(session)
            await send(view, "Export me")
            session.workspace.filing.export(view.id)
            await until(lambda: session.window.findChild(QFileDialog), "the dialog")
            dialog = session.window.findChild(QFileDialog)
            assert dialog is not None
            dialog.setDirectory(str(tmp_path))
            dialog.selectNameFilter("JSON (*.json)")
            dialog.filterSelected.emit("JSON (*.json)")
            field = dialog.findChild(QLineEdit, "fileNameEdit")
            assert isinstance(field, QLineEdit)
            field.setText("notes")
            dialog.accept()
            out = tmp_path / "notes.json"
            await until(out.exists, "the file")
            assert json.loads(out.read_bytes())["messages"][0]["text"] == "Export me"

    run_async(scenario())
