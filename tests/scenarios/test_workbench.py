"""The workbench in the whole window: shown, restored at the next start, and handed things by a chat."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import Qt
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import Run, chatting, opened, press, send, until

from chatbench.ui.session import Session
from chatbench.ui.workbench.library.fragmentspage import FragmentsPage
from chatbench.ui.workbench.pane import WorkbenchPane
from chatbench.ui.workbench.prompts.page import PromptPage


def pane_of(session: Session) -> WorkbenchPane:
    main = session.window.show_section("workbench").main
    assert isinstance(main, WorkbenchPane)
    return main


def page_of(pane: WorkbenchPane) -> PromptPage | None:
    page = pane.current_view()
    return page if isinstance(page, PromptPage) and page.is_ready else None


def watchers() -> int:
    """How many of the system's watchers this process holds, where it can be told (Linux)."""
    names = Path("/proc/self/fd").glob("*") if sys.platform == "linux" else ()
    return sum(one.is_symlink() and one.readlink().name == "anon_inode:inotify" for one in names)


def test_what_was_open_and_not_saved_is_there_after_a_restart(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        before = watchers()
        async with opened(tmp_path) as session:
            assert session.desks[0].workbench._pane is None, "the start does not pay for it"
            session.window.commands["workbench.new_prompt"].trigger()
            pane = pane_of(session)
            await until(lambda: page_of(pane), "the new prompt")
            page = page_of(pane)
            assert page is not None
            page.editor.cards.cards[1].text.setPlainText("Half a thought about {{thing}}")
            key = pane.tabs.current()
        await until(lambda: watchers() <= before, "a system has few watchers: they are given back")
        async with opened(tmp_path) as session:
            assert session.window.current_section == "chats"
            press(session.window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
            pane = pane_of(session)
            await until(lambda: page_of(pane), "the prompt that was open")
            page = page_of(pane)
            assert page is not None
            assert pane.tabs.current() == key
            assert page.editor.prompt().messages[1].text == "Half a thought about {{thing}}"
            assert page.is_changed

    run_async(scenario())


def test_a_chat_becomes_a_prompt_and_a_turn_a_row(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "What is {{x}}?")
            answer = view.conversation.messages[-1]
            handing = session.desks[0].handing
            await handing.to_dataset(view.id, answer.id, None)
            (dataset,) = await session.services.datasets.all()
            (row,) = await session.services.datasets.rows(dataset.id, 0, 10)
            (whole,) = await session.services.history.messages([answer.id])
            assert set(row.values.values()) == {"What is {{x}}?", whole.text}
            view.acts.act(view.lanes.current, answer.id, "to-prompt")
            pane = pane_of(session)
            await until(lambda: page_of(pane), "the prompt")
            page = page_of(pane)
            assert page is not None
            prompt = page.editor.prompt()
            filled = await session.services.prompts.filled(prompt, {})
            assert filled.messages[-1].parts[0].text == "What is {{x}}?", "braces mean themselves"  # type: ignore[union-attr]
            found = await session.window.command_palette._sources[-1].rows("")  # type: ignore[misc]
            assert {one.title for one in found} == {page.entry.name, dataset.name}
            await handing.to_fragment(view.id, answer.id)
            fragments = pane.current_view()
            assert isinstance(fragments, FragmentsPage)
            assert fragments.form.wanted() == ("", whole.text, f"answer:{answer.id}")

    run_async(scenario())
