"""The palette of the real window: what people type, what stands first, and what it does to the looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import (
    CTRL,
    Run,
    add_loopback,
    chatting,
    opened,
    press,
    send,
    until,
    view_of,
    write,
)

from chatbench.services.templates import Template
from chatbench.ui.palette.keywords import keywords
from chatbench.ui.session import Session
from chatbench.ui.theme import theme

ENTER = Qt.Key.Key_Return
FIRST = {
    "dark mode": "Dark colours",
    "dark theme": "Dark colours",
    "night": "Dark colours",
    "light mode": "Light colours",
    "theme": "Dark colours",
    "auto theme": "Colours as the system has them",
    "zoom": "Larger text",
    "zoom in": "Larger text",
    "zoom out": "Smaller text",
    "reset zoom": "Text at 100 %",
    "font size": "Larger text",
    "bigger": "Larger text",
    "animation": "Reduced motion",
    "density": "Long lines",
    "split": "Show another chat beside this one",
    "side by side": "Show another chat beside this one",
    "delete": "Delete this chat",
    "remove chat": "Delete this chat",
    "bin": "Trash",
    "cost": "Inspector",
    "tokens": "What will be sent…",
    "settings": "Go to Settings",
    "preferences": "Go to Settings",
    "api key": "Go to Settings",
    "shortcuts": "Go to Settings",
    "new": "New chat",
    "nc": "New chat",
    "create conversation": "New chat",
    "incognito": "New temporary chat",
    "private": "New temporary chat",
    "find": "Find in this chat",
    "search": "Search chats",
    "history": "Search chats",
    "export markdown": "Export this chat",
    "save": "Save this chat as an assistant…",
    "download": "Export this chat",
    "rename": "Rename this chat",
    "title": "Rename this chat",
    "retry": "Regenerate",
    "regen": "Regenerate",
    "redo": "Regenerate",
    "temperature": "Inspector",
    "stop": "Stop the answer",
    "cancel": "Stop the answer",
    "abort": "Stop the answer",
    "continue": "Continue the answer",
    "resume": "Continue the answer",
    "fork": "Fork to a new chat",
    "duplicate": "Fork to a new chat",
    "branches": "All branches…",
    "tree": "All branches…",
    "toggle sidebar": "Sidebar",
    "hide panel": "Sidebar",
    "right panel": "Inspector",
    "compare": "Add a lane",
    "diff": "Differences from this lane",
    "blind": "Hide names until rated",
    "arena": "Hide names until rated",
    "elo": "Leaderboard",
    "statistics": "Figures of the lanes…",
    "combine": "Merge the answers…",
    "synchronise": "Scroll lanes together",
    "switch model": "Choose a model",
    "upload": "Attach files",
    "image": "Attach files",
    "persona": "Assistants…",
    "template": "Prompts…",
    "snippet": "Prompts…",
    "new template": "New prompt…",
    "compress": "Summarise up to here…",
    "context window": "What will be sent…",
    "reopen": "Open the closed tab again",
    "detach": "Open in a new window",
    "quit": "Quit",
    "exit": "Quit",
    "delte": "Delete this chat",
    "setings": "Go to Settings",
    "regenrate": "Regenerate",
    "temprature": "Inspector",
}


def test_what_people_type_finds_what_they_mean(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            palette = session.window.command_palette
            await session.services.history.rename(view_of(session).id, "Delphi and its oracle")
            found = {}
            for query in FIRST:
                palette.open(query)
                await until(lambda: len(palette.titles()) > 0, query)
                found[query] = palette.titles()[0]
                palette.close_palette()
            wrong = {query: first for query, first in found.items() if first != FIRST[query]}
            assert wrong == {}, str(wrong)

    run_async(scenario())


def test_a_name_that_has_the_words_hides_scattered_letters(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            session.services.templates.save("dlt-notes", Template(prompt="x"))
            palette = session.window.command_palette
            palette.open("dlt")
            await until(lambda: palette.titles() == ["dlt-notes"], "the prompt alone")
            palette.close_palette()

    run_async(scenario())


def test_every_action_that_has_other_words_is_there(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            commands = session.window.commands
            assert [key for key in keywords() if key not in commands] == []
            assert len({key for key in keywords() if commands[key].property("in_palette")}) == len(keywords())
            told = [(action.text(), action.property("place")) for action in commands]
            assert sorted(told) == sorted(set(told)), "the page of shortcuts would name two alike"

    run_async(scenario())


async def do(session: Session, query: str, name: str) -> None:
    """Finds an action and does it, by keys."""
    palette = session.window.command_palette
    palette.open(query)
    await until(lambda: palette.titles()[:1] == [name], name)
    press(palette._field, ENTER)


def test_colours_motion_and_lines_are_chosen_from_the_palette(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            commands, preferences = session.window.commands, session.services.preferences
            await do(session, "dark mode", "Dark colours")
            assert theme().dark
            assert preferences.current.theme == "dark"
            assert commands["appearance.dark"].isChecked()
            await do(session, "dark mode", "Dark colours")
            assert theme().dark
            assert commands["appearance.dark"].isChecked(), "chosen twice it is chosen still"
            await do(session, "light mode", "Light colours")
            assert not theme().dark
            assert not commands["appearance.dark"].isChecked()
            await do(session, "animation", "Reduced motion")
            assert theme().reduced_motion
            assert commands["appearance.motion"].isChecked()
            await do(session, "long lines", "Long lines")
            assert preferences.current.reading_width == "wide"
            preferences.replace(theme="system", reduced_motion=False)
            assert commands["appearance.system"].isChecked(), "it follows the settings"
            assert not commands["appearance.motion"].isChecked()

    run_async(scenario())


@pytest.mark.parametrize("larger", [Qt.Key.Key_Plus, Qt.Key.Key_Equal])
def test_text_grows_and_shrinks_by_the_usual_keys(tmp_path: Path, run_async: Run, larger: Qt.Key) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            session.window.activateWindow()
            await until(session.window.isActiveWindow, "the window to be active")
            write(view_of(session), "words")
            editor = view_of(session).composer.editor
            styled: list[int] = []
            theme().changed.connect(lambda: styled.append(round(theme().text_factor * 100)))
            for _ in range(6):
                press(editor, larger, CTRL)
            await until(lambda: theme().text_factor == 2.0, "the largest text")
            assert styled == [110, 200], "at once, and then once where the key is held"
            (notice,) = session.window.notices.shown()
            assert notice.text == "The text is as large as it gets."
            press(editor, Qt.Key.Key_Minus, CTRL)
            await until(lambda: theme().text_factor == 1.75, "the size below it")
            press(editor, Qt.Key.Key_0, CTRL)
            await until(lambda: theme().text_factor == 1.0, "the usual size")
            assert session.services.preferences.current.text_scale == 1.0
            press(editor, Qt.Key.Key_Minus, CTRL)
            assert session.window.notices.shown()[-1].text == "The text is as small as it gets."
            assert editor.text() == "words"

    run_async(scenario())


def test_the_palette_says_what_is_on(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            session.services.preferences.replace(theme="dark")
            palette = session.window.command_palette
            palette.open("dark mode")
            index = palette._list.currentIndex()
            said = str(index.data(Qt.ItemDataRole.AccessibleTextRole))
            assert said == "Dark colours, Appearance · on"
            palette.close_palette()

    run_async(scenario())


def test_models_and_prompts_are_found_by_name(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            add_loopback(session, server.base_url("openai_chat"))
            session.services.templates.save("review-code", Template(prompt="x"))
            palette = session.window.command_palette
            for query, first in (("model-b", "model-b"), ("@model-a", "model-a"), ("/rev", "review-code")):
                palette.open(query)
                await until(lambda first=first: palette.titles()[:1] == [first], first)  # type: ignore[misc]
                palette.close_palette()

    run_async(scenario())


def details(session: Session) -> list[str]:
    """What stands behind the names of the rows, as assistive technology reads it."""
    model = session.window.command_palette._list.model()
    spoken = Qt.ItemDataRole.AccessibleTextRole
    return [str(model.index(row, 0).data(spoken) or "") for row in range(model.rowCount())]


def test_what_stands_in_messages_and_in_files_is_found_with_its_place(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    """A hit in a file names it, and opens the message."""

    async def scenario() -> None:
        async with chatting(tmp_path / "profile", server) as (session, view):
            (tmp_path / "birds.txt").write_text("the pelican is called Ferdinand", encoding="utf-8")
            session.workspace.attach([tmp_path / "birds.txt"])
            await until(lambda: view.composer.attachments.parts, "the file")
            await send(view, "Who is the quetzal?")
            session.workspace.new_chat()
            await until(lambda: view_of(session) is not view, "another chat")
            palette = session.window.command_palette
            palette.open("quetzal")
            await until(lambda: any("quetzal" in detail for detail in details(session)), "the message")
            palette.close_palette()
            palette.open("Ferdinand")
            words = "birds.txt: the pelican is called Ferdinand"
            await until(lambda: any(words in detail for detail in details(session)), "the file")
            press(palette._field, Qt.Key.Key_Return)
            await until(lambda: view_of(session) is view, "the chat")

    run_async(scenario())
