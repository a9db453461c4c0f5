"""What one conversation can do, as it is photographed: branches, context, queue, trash, tabs, quick chat."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication
from tests.loopback import openai_chat, replies
from tests.scenarios.lanes import open_menus
from tests.scenarios.window import add_loopback, click, press, send, until, view_of, write
from tests.shots.lanes import ARABIC, ARABIC_QUESTION, FIRST, QUESTION, SECOND
from tests.shots.stage import SONNET, Stage, staged

from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.sent import SentDialog
from chatbench.ui.chat.conversation.tree import TreeDialog
from chatbench.ui.chat.sidebar.trash import TrashDialog

_TABLE = """| النشر | الطلبات | p95 |
|---|--:|--:|
| قبل | 4,812 | 611 ms |
| بعد | 4,790 | 498 ms |"""


async def branches(profile: Path, pictures: Path, scheme: str) -> None:
    """An answer given twice, the tree of it all, and what will be sent."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        view = await _asked(stage)
        again = view.source.message(view.source.ids()[1])
        assert again is not None
        stage.server.script(_told(SECOND))
        before = len(view.conversation.messages)
        view.acts.regenerate(again)
        await until(lambda: len(view.conversation.messages) > before, "the second answer")
        await until(lambda: not view.streaming, "its end")
        await send(view, "Does it lock the table while it is built?")
        view.transcript.scroll_by(-300)
        await stage.shoot("branch-switcher")
        view.edits.edit_last(view.lanes.current)
        await until(lambda: view.edits.reasking, "the sheet over the question")
        await stage.shoot("question-edited")
        assert view.edits.reasking is not None
        click(view.edits.reasking.cancel)
        viewport = view.transcript.viewport()
        at = QPoint(viewport.width() // 2, viewport.height() // 2)
        mouse = QContextMenuEvent.Reason.Mouse
        QApplication.sendEvent(viewport, QContextMenuEvent(mouse, at, viewport.mapToGlobal(at)))
        await stage.shoot("message-menu")
        open_menus()[0].close()
        stage.window.commands["chat.tree"].trigger()
        await until(lambda: view.findChildren(TreeDialog), "the tree")
        await stage.shoot("branch-tree")
        view.findChildren(TreeDialog)[0].reject()
        stage.window.commands["chat.context"].trigger()
        await until(lambda: view.findChildren(SentDialog), "what will be sent")
        await stage.shoot("context")
        view.findChildren(SentDialog)[0].reject()


async def queued(profile: Path, pictures: Path, scheme: str) -> None:
    """Messages that wait while an answer comes in."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        view = await _asked(stage)
        stage.server.script(
            replies.events(openai_chat.answer(openai_chat.pieces(SECOND), model="model-a"), pace=20)
        )
        write(view, "Now with a soft delete, please.")
        press(view.composer.editor, Qt.Key.Key_Return)
        await until(lambda: [one for one in view.services.chat.live_in(view.id) if one.parts()], "words")
        for number, words in enumerate(("And in MySQL?", "Write the migration as well."), 1):
            write(view, words)
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda number=number: len(view.queue.list.rows) == number, "it to wait")  # type: ignore[misc]
        write(view, "A third one, not sent yet")
        await stage.shoot("queue-while-streaming")


async def leaving(profile: Path, pictures: Path, scheme: str) -> None:
    """A temporary chat, and the trash."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        session = stage.session
        view = await _asked(stage)
        message = view.source.message(view.source.ids()[-1])
        assert message is not None
        view.acts.delete(message)
        stage.window.commands["chat.new"].trigger()
        await until(lambda: view_of(session) is not view, "a new chat")
        await send(stage.view, "An old question about tea")
        session.workspace.filing.delete(stage.view.id)
        await asyncio.sleep(0.3)
        stage.window.commands["chat.trash"].trigger()
        await until(lambda: session.workspace.findChildren(TrashDialog), "the trash")
        await stage.shoot("trash")
        session.workspace.findChildren(TrashDialog)[0].reject()
        stage.window.commands["chat.temporary"].trigger()
        await until(lambda: stage.view.temporary, "a temporary chat")
        await stage.shoot("temporary-empty")
        await send(stage.view, QUESTION)
        await stage.shoot("temporary")


async def beside(profile: Path, pictures: Path, scheme: str) -> None:
    """Two and three conversations beside each other; the quick chat."""
    async with staged(profile, pictures, scheme, model=None) as stage:
        session, first = stage.session, await _asked(stage)
        ref = first.lane.model
        for title in ("Index design, notes", "顧客の契約についての会話"):
            other = await session.services.chat.new_conversation(ref, title=title)
            session.workspace.open(other.id)
            await until(lambda other=other: session.workspace.shows(other.id), "the other")  # type: ignore[misc]
            await send(stage.view, "What is a partial index?")
        session.workspace.beside.split(first.id)
        await stage.shoot("split")
        session.quick_chat.show()
        quick = session.quick
        assert quick is not None
        await until(lambda: quick.pane.view, "the quick chat")
        view = quick.pane.view
        assert view is not None
        view.choose_model(SONNET)
        stage.window.hide()
        await stage.shoot_of(quick, "quick-empty")
        await send(view, "What is a partial index?")
        await stage.shoot_of(quick, "quick")
        stage.window.show()


async def arabic(profile: Path, pictures: Path, scheme: str) -> None:
    """The whole window right to left: a chat with its inspector, the picker, settings, the first start."""
    QApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    async with staged(profile, pictures, scheme) as stage:
        stage.server.words = [f"{ARABIC}\n\n{_TABLE}\n\n> {ARABIC_QUESTION}\n"]
        await send(stage.view, ARABIC_QUESTION)
        stage.window.commands["view.inspector"].trigger()
        await stage.shoot("arabic-chat")
        stage.view.transcript.action_requested.emit(stage.view.source.ids()[1], "inspect")
        await stage.shoot("arabic-inspector-message")
        press(stage.window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
        await stage.quiet(1)
        await stage.shoot("arabic-model-picker")
        press(QApplication.focusWidget() or stage.window, Qt.Key.Key_Escape)
        press(stage.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        await stage.shoot("arabic-palette")
        press(QApplication.focusWidget() or stage.window, Qt.Key.Key_Escape)
        settings: Any = stage.window.show_section("settings").main
        for page in ("general", "shortcuts"):
            settings.show_page(page)
            await stage.shoot(f"arabic-settings-{page}")
        settings.show_provider("openai")
        await stage.shoot("arabic-settings-provider")
    first = profile.with_name("first")
    async with staged(first, pictures, scheme, model=None, keys=False) as stage:
        await stage.quiet(1.5)
        await stage.shoot("arabic-first-start")


CHAT_SCENES = (branches, queued, leaving, beside, arabic)


async def _asked(stage: Stage) -> ConversationView:
    """The conversation in view, in which one question was answered."""
    view = stage.view
    view.choose_model(add_loopback(stage.session, stage.server.base_url("openai_chat")))
    stage.server.told["model-a"] = _told(FIRST)
    await send(view, QUESTION)
    return view


def _told(text: str) -> replies.Reply:
    return replies.events(openai_chat.answer(openai_chat.pieces(text), model="model-a"))
