"""Named assistants in the window: saved from a chat, begun with, taken for a chat, changed, deleted."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import CTRL, chatting, click, press, send, until, view_of

from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.presets import Preset
from chatbench.ui.chat.assistanteditor import AssistantEditor
from chatbench.ui.chat.assistantlist import AssistantList
from chatbench.ui.chat.assistants import AssistantSource
from chatbench.ui.session import Session

Run = Callable[[Coroutine[Any, Any, None]], None]
MODEL = ModelRef("loopback", "model-b")
TERSE = Preset(
    name="Zyxer", icon="scale", system="One word.", model=MODEL, parameters=Parameters(temperature=0)
)


async def new_menu(session: Session) -> QMenu:
    """The menu beside New chat."""
    sidebar = session.workspace.sidebar
    assert sidebar is not None
    session.window.activateWindow()
    click(sidebar.kinds_button)
    await until(lambda: isinstance(QApplication.activePopupWidget(), QMenu), "the menu")
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def choose(menu: QMenu, words: str) -> None:
    """An entry of a menu, with the keyboard."""
    menu.setActiveAction(next(one for one in menu.actions() if one.text() == words))
    press(menu, Qt.Key.Key_Return)


def test_what_was_typed_is_thrown_away_only_when_that_is_said(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, _view):
            session.window.activateWindow()
            session.workspace.assistants.save_current()
            (editor,) = session.workspace.findChildren(AssistantEditor)
            await until(editor.isActiveWindow, "the editor")
            QTest.keyClicks(editor.system, "Words that took an hour.")
            editor.system.setFocus()
            press(editor.system, Qt.Key.Key_Escape)
            assert editor.isVisible()
            assert editor.go_on.hasFocus()
            assert not editor.save.isVisible()
            press(editor.go_on, Qt.Key.Key_Escape)
            assert editor.isVisible(), "no answer is not yes"
            assert editor.system.hasFocus()
            assert editor.save.isVisible()
            editor.close()
            assert editor.isVisible()
            click(editor.discard)
            await until(lambda: not session.workspace.findChildren(AssistantEditor), "it to be gone")
            assert not await session.services.presets.all()

            session.workspace.assistants.save_current()
            (editor,) = session.workspace.findChildren(AssistantEditor)
            press(editor.name, Qt.Key.Key_Escape)
            assert not editor.isVisible(), "nothing was typed"

    run_async(scenario())


def test_a_chat_is_saved_as_an_assistant_and_another_begun_with_it(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            view.change_lane(replace(view.lane, system="Be brief.", parameters=Parameters(temperature=0.3)))
            await send(view, "One")
            menu = await new_menu(session)
            choose(menu, "Save this chat as an assistant…")
            (editor,) = session.workspace.findChildren(AssistantEditor)
            assert not editor.save.isEnabled(), "it has no name yet"
            assert editor.system.toPlainText() == "Be brief."
            assert (editor.model.label(), editor.parameters.text()) == ("model-a", "Temperature 0.3")
            press(editor.name, Qt.Key.Key_Return)
            assert editor.isVisible(), "without a name Enter does nothing"
            QTest.keyClicks(editor.name, "Brief one")
            click(editor.icons["pencil"])
            press(editor.name, Qt.Key.Key_Return)
            await until(lambda: session.window.notices.shown(), "the notice")
            (saved,) = await session.services.presets.all()
            assert (saved.name, saved.icon, saved.system) == ("Brief one", "pencil", "Be brief.")

            menu = await new_menu(session)
            choose(menu, "Brief one")
            await until(lambda: view_of(session) is not view, "the new chat")
            other = view_of(session)
            assert (other.lane.system, other.lane.parameters.temperature) == ("Be brief.", 0.3)
            await send(other, "Two")
            asked = server.asked[-1].json
            assert asked["messages"][0] == {"role": "system", "content": "Be brief."}
            assert asked["temperature"] == 0.3

    run_async(scenario())


def test_the_palette_takes_an_assistant_for_the_chat_in_view_with_undo(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await session.services.presets.save(TERSE)
            source = AssistantSource(session.services, session.workspace.assistants)
            (row,) = await source.rows("")
            assert (row.title, row.icon, row.detail) == ("Zyxer", "scale", "loopback/model-b")
            press(view.composer.editor, Qt.Key.Key_K, CTRL)
            palette = session.window.command_palette
            await until(palette.isVisible, "the palette")
            QTest.keyClicks(palette._field, "Zyxer")
            found = palette._list.currentIndex
            await until(lambda: (one := palette._row(found())) and one.title == "Zyxer", "the assistant")
            press(palette._field, Qt.Key.Key_Return, CTRL)
            await until(lambda: view.lane.model == MODEL, "the assistant's model")
            assert (view.lane.system, view.lane.parameters) == ("One word.", Parameters(temperature=0))
            assert view_of(session) is view
            notice = session.window.notices.shown()[-1]
            assert notice.button is not None
            click(notice.button)
            await until(lambda: view.lane.model != MODEL, "the chat's own model again")
            assert view.lane.system == ""

    run_async(scenario())


def test_assistants_are_ordered_changed_and_deleted_with_undo(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, _):
            presets = session.services.presets
            for name in ("First", "Second"):
                await presets.save(replace(TERSE, name=name))
            session.window.commands["chat.assistants"].trigger()
            (listed,) = session.workspace.findChildren(AssistantList)

            def names() -> list[str]:
                return [row.preset.name for row in listed.rows]

            await until(lambda: names() == ["First", "Second"], "both")
            assert not listed.rows[0].up.isEnabled()
            click(listed.rows[1].up)
            await until(lambda: names() == ["Second", "First"], "the other order")
            click(listed.rows[0].edit)
            (editor,) = session.workspace.findChildren(AssistantEditor)
            press(editor.name, Qt.Key.Key_End)
            QTest.keyClicks(editor.name, "!")
            editor.emoji.setText("🦉")
            click(editor.save)
            await until(lambda: names() == ["Second!", "First"], "the other name")
            assert listed.rows[0].preset.icon == "🦉"
            click(listed.rows[0].delete)
            await until(lambda: names() == ["First"], "it to go")
            notices = session.window.notices
            await until(lambda: "deleted" in notices.shown()[-1].text, "the notice")
            notice = notices.shown()[-1]
            assert notice.button is not None
            press(notice.button, Qt.Key.Key_Return)
            await until(lambda: names() == ["Second!", "First"], "it in its place again")

    run_async(scenario())
