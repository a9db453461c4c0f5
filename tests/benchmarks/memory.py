"""How much memory the whole program takes, at its largest."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from PySide6.QtCore import Qt
from tests.benchmarks.measuring import peak_rss_mib
from tests.benchmarks.profiles import make_profile
from tests.benchmarks.provider import MODEL, loopback_provider
from tests.scenarios.window import opened, press, send, until, view_of

from chatbench.services.profile import ProfileService
from chatbench.ui import aio
from chatbench.ui.app import make_application
from chatbench.ui.chat.conversation import ConversationView

MESSAGES = 10_000


def rss_10000_messages_mib() -> float:
    """After 10,000 messages were opened from the database and scrolled through, page by page.

    The conversation is the tab that was left open, so that nothing but it is shown: no welcome page,
    which looks for servers and for the keyring. The preload of the HTTP stack is held back.
    """
    profile = Path.home() / "profile"
    (conversation_id,) = make_profile(profile, MESSAGES)
    (profile / "preferences.toml").write_text(
        f'[window]\ntabs = ["{conversation_id}"]\ncurrent = "{conversation_id}"\n'
    )
    ProfileService.warm_up = lambda self: None  # type: ignore[method-assign]

    async def scenario() -> int:
        async with opened(profile) as session:
            view = view_of(session)
            assert view.id == conversation_id
            await _at_hand(view)
            await until(lambda: len(view.source.ids()) == MESSAGES, "the outline")
            print(f"{peak_rss_mib():.0f} MiB when opened")
            pages = await _scroll_to_the_beginning(view)
            print(f"{pages} pages")
            assert not {"httpx", "httptools", "keyring"} & set(sys.modules), "a key or the network was used"
        return 0

    aio.run(make_application(), scenario)
    return peak_rss_mib()


def rss_first_answer_mib() -> float:
    """After the first answer: code, a table and a formula, over HTTP, with everything that loads."""
    profile = Path.home() / "profile"

    async def scenario() -> int:
        async with opened(profile) as session:
            view = view_of(session)
            view.choose_model(MODEL)
            await send(view, "Why?")
            await asyncio.sleep(1)
            assert view.conversation.messages[-1].state == "done"
        return 0

    with loopback_provider(profile):
        aio.run(make_application(), scenario)
    return peak_rss_mib()


async def _scroll_to_the_beginning(view: ConversationView) -> int:
    """Presses Page Up until the first message is in view; returns how often."""
    pages = 0
    stack = view.transcript.stack
    while not (stack.rows[0].index == 0 and stack.rows[0].top >= 0):
        press(view.transcript, Qt.Key.Key_PageUp)
        await _at_hand(view)
        pages += 1
        assert pages < 20_000, "the beginning is never reached"
    return pages


async def _at_hand(view: ConversationView) -> None:
    """Waits until every message in view is loaded and painted."""
    stack = view.transcript.stack
    await until(lambda: stack.rows and all(row.item is not None for row in stack.rows), "the messages")
    await asyncio.sleep(0)
