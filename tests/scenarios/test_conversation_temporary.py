"""A temporary chat: said to be one, nothing of it on the disk, gone when it is closed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import CTRL, chatting, click, opened, press, send, shows, texts, until, view_of

from chatbench.core.errors import StorageError
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.temporary import TemporaryLine
from chatbench.ui.session import Session

Run = Callable[[Coroutine[Any, Any, None]], None]
WORDS = "Xylophone-marmalade"


async def temporary(session: Session) -> ConversationView:
    """A new temporary chat by its keys."""
    before = view_of(session)
    press(before.composer.editor, Qt.Key.Key_P, CTRL | Qt.KeyboardModifier.ShiftModifier)
    await until(lambda: view_of(session) is not before, "the new chat")
    return view_of(session)


def written(folder: Path, words: str) -> list[str]:
    """The files under a folder that hold these words."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and words.encode() in path.read_bytes()]


def test_it_says_what_it_is_and_writes_no_word_down(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, kept):
            await send(kept, "Kept-words")
            view = await temporary(session)
            (line,) = view.findChildren(TemporaryLine)
            assert line.isVisible()
            assert not kept.findChildren(TemporaryLine)
            tab = session.workspace.tabs.tabs()[-1]
            assert (tab.title, tab.icon) == ("Temporary chat", "ghost")
            assert view.lane.model == kept.lane.model
            session.workspace.new_chat()
            await until(lambda: not shows(session, view.id), "an ordinary new chat")
            assert not view_of(session).temporary
            session.workspace.open(view.id)
            await until(lambda: shows(session, view.id), "the temporary one again")
            await send(view, WORDS)
            assert (await texts(view))[0] == WORDS
            await view.save_draft()
            assert written(tmp_path, "Kept-words")
            assert not written(tmp_path, WORDS)
        assert not written(tmp_path, WORDS)
        async with opened(tmp_path) as session:
            assert view_of(session).id != view.id
            assert not any(one.temporary for one in session.workspace._views.values())

    run_async(scenario())


def test_closed_it_can_be_opened_again_for_a_moment_and_then_is_gone(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, _):
            view = await temporary(session)
            identifier = view.id
            await send(view, WORDS)
            press(view.composer.editor, Qt.Key.Key_W, CTRL)
            await until(lambda: not shows(session, identifier), "it to close")
            await until(lambda: session.window.notices.shown(), "the notice")
            notice = session.window.notices.shown()[-1]
            assert "gone for good" in notice.text
            assert notice.button is not None
            click(notice.button)
            await until(lambda: shows(session, identifier), "it to be there again")
            assert (await texts(view_of(session)))[0] == WORDS
            press(view_of(session).composer.editor, Qt.Key.Key_W, CTRL)
            await until(lambda: not shows(session, identifier), "it to close again")
            going = session.workspace._temporary._going
            await until(lambda: identifier in going, "its last moment")
            going[identifier].setInterval(0)
            await until(lambda: identifier not in going, "the end of it")
            with pytest.raises(StorageError):
                await session.services.history.load(identifier)

    run_async(scenario())
