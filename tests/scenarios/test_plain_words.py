"""Where a message stands in one line (title, tree, context, trash) its words stand without Markdown."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import chatting, send, until

from chatbench.ui.chat.conversation.sent import SentDialog
from chatbench.ui.chat.conversation.tree import TreeDialog
from chatbench.ui.chat.sidebar.trash import TrashDialog

Run = Callable[[Coroutine[Any, Any, None]], None]
ASKED, ASKED_PLAIN = "What does **this** do: `f(**kwargs)`?", "What does this do: f(**kwargs)?"
ANSWERED, ANSWERED_PLAIN = "# In short\n\n```python\nf(a=1)\n```", "In short f(a=1)"


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        running.script(replies.events(openai_chat.stream([{"content": ANSWERED}])))
        yield running


def test_rows_and_titles_are_words(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, ASKED)
            sidebar = session.workspace.sidebar
            assert sidebar is not None
            await until(lambda: ASKED_PLAIN in [title for _, title, _ in sidebar.titles()], "the title")
            commands = session.window.commands

            commands["chat.tree"].trigger()
            await until(lambda: view.findChildren(TreeDialog), "the tree")
            branches = view.findChildren(TreeDialog)[0].view.branches
            await until(lambda: None not in [branches.words(row) for row in branches.rows], "its words")
            assert [branches.words(row) for row in branches.rows] == [ASKED_PLAIN, ANSWERED_PLAIN]
            view.findChildren(TreeDialog)[0].reject()

            commands["chat.context"].trigger()
            await until(lambda: view.findChildren(SentDialog), "what will be sent")
            context = view.findChildren(SentDialog)[0].list.context
            await until(lambda: context.items, "its items")
            shown = [context.index(row).data() for row in range(context.rowCount())]
            assert shown[:2] == [ASKED_PLAIN, ANSWERED_PLAIN]
            view.findChildren(SentDialog)[0].reject()

            answer = view.source.message(view.source.ids()[1])
            assert answer is not None
            view.acts.delete(answer)
            commands["chat.trash"].trigger()
            await until(lambda: session.workspace.findChildren(TrashDialog), "the trash")
            trash = session.workspace.findChildren(TrashDialog)[0].list.model_
            await until(lambda: len(trash.rows) == 2, "the answer in it")
            assert trash.rows[1].title == ANSWERED_PLAIN
            assert trash.rows[1].snippet == f"Answer in {ASKED_PLAIN}"

    run_async(scenario())
