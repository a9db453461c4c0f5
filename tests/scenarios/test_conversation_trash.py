"""The trash in the window: deleted chats and messages come back, or go for good."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import chatting, click, press, send, shows, texts, until

from chatbench.ui.chat.sidebar import TrashDialog
from chatbench.ui.session import Session

Run = Callable[[Coroutine[Any, Any, None]], None]


async def opened_trash(session: Session, *titles: str) -> TrashDialog:
    """The trash, by its button, when it shows these rows."""
    sidebar = session.workspace.sidebar
    assert sidebar is not None
    click(sidebar.trash_button)
    await until(lambda: session.workspace.findChildren(TrashDialog), "the trash")
    (dialog,) = session.workspace.findChildren(TrashDialog)
    await until(lambda: listed(dialog) == list(titles), f"{titles}")
    return dialog


def listed(dialog: TrashDialog) -> list[str]:
    """The titles of its rows, heads too."""
    return [row.title for row in dialog.list.model_.rows]


def test_a_deleted_message_and_a_deleted_chat_come_back(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "Alpha")
            identifier, before = view.id, list(view.source.ids())
            message = view.source.message(before[0])
            assert message is not None
            view.acts.delete(message)
            await until(lambda: len(view.source.ids()) == 1, "the message to go")
            dialog = await opened_trash(session, "Messages", "Alpha")
            assert dialog.list.current() is not None
            assert dialog.list.model_.rows[1].snippet == "Question in Alpha"
            (told,) = session.window.notices.shown()
            assert told.text == "Message deleted."
            click(dialog.restore)
            await until(lambda: list(view.source.ids()) == before, "the message again")
            await until(lambda: not session.window.notices.shown(), "nothing to bring back any more")
            await until(lambda: listed(dialog) == [], "an empty trash")
            assert dialog.told.text() == "The trash is empty."
            assert not dialog.empty.isEnabled()
            dialog.reject()

            session.workspace.filing.delete(identifier)
            await until(lambda: not shows(session, identifier), "the chat to go")
            dialog = await opened_trash(session, "Chats", "Alpha")
            press(dialog.list, Qt.Key.Key_Return)
            await until(lambda: shows(session, identifier), "the chat again")
            view = session.workspace.current_view()  # type: ignore[assignment]
            assert (await texts(view))[0] == "Alpha"

    run_async(scenario())


def test_nothing_is_deleted_for_good_before_a_second_press(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "Alpha")
            await send(view, "Beta")
            for index in (3, 2):
                message = view.source.message(view.source.ids()[index])
                assert message is not None
                view.acts.delete(message)
                await until(lambda index=index: len(view.source.ids()) == index, "it to go")  # type: ignore[misc]
            answer = (await session.services.history.trashed()).messages[1].beginning
            dialog = await opened_trash(session, "Messages", "Beta", " ".join(answer.split()))
            click(dialog.delete)
            assert dialog.delete.label() == "Yes, delete it for good"
            press(dialog.list, Qt.Key.Key_Down)
            assert dialog.delete.label() == "Delete for good", "asked of another one"
            click(dialog.delete)
            assert len((await session.services.history.trashed()).messages) == 2, "asked first"
            click(dialog.delete)
            await until(lambda: len(listed(dialog)) == 2, "one for good")
            click(dialog.empty)
            assert dialog.empty.label() == "Delete 1 thing for good"
            assert len((await session.services.history.trashed()).messages) == 1, "asked first"
            click(dialog.empty)
            await until(lambda: listed(dialog) == [], "an empty trash")
            assert (await session.services.history.trashed()).messages == ()

    run_async(scenario())
