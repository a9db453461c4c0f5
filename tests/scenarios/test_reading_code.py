"""Line numbers of code: chosen once, wherever one reads."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import ask, tell, two_lanes
from tests.scenarios.window import CTRL, at_loopback, chatting, opened, press, send, until, view_of

from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.settings.appearance import AppearancePage
from chatbench.ui.settings.workspace import SettingsWorkspace

Run = Callable[[Coroutine[Any, Any, None]], None]
CODE = "Here it is:\n\n```python\nfor at in range(3):\n    print(at)\n```\n"


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        tell(running, "model-a", CODE)
        tell(running, "model-b", CODE)
        yield running


def code_left(view: ConversationView, lane: int = 0) -> float:
    """How far the code of a lane's answer is from its box's edge."""
    transcript = view.lanes.views[lane].transcript
    transcript.arrange()
    boxes = [box for item in transcript.stack.items() for box in item.boxes if "print" in box.text]
    return boxes[-1].rects(0, 1)[0].left()


def press_numbers(view: ConversationView) -> None:
    """The control of the code, reached by the keyboard."""
    transcript = view.transcript
    transcript.setFocus()
    press(transcript, Qt.Key.Key_Down, CTRL)
    press(transcript, Qt.Key.Key_Down, CTRL)
    press(transcript, Qt.Key.Key_Tab)
    assert transcript.marks.focused is not None
    assert transcript.marks.focused.key == "numbers"
    press(transcript, Qt.Key.Key_Return)


def test_line_numbers_are_kept_for_every_lane_and_chat_and_the_next_start(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            first = await two_lanes(session, server)
            await ask(first, "Code, please")
            plain = code_left(first, 0)
            assert code_left(first, 1) == plain
            session.workspace.new_chat()
            await until(lambda: view_of(session) is not first, "the second chat")
            second = view_of(session)
            at_loopback(session, server)
            await send(second, "Code, please")
            press_numbers(second)
            assert session.services.preferences.current.line_numbers
            numbered = code_left(second)
            assert numbered > plain + 10
            assert code_left(first, 0) == code_left(first, 1) == numbered
        async with opened(tmp_path) as session:
            await until(lambda: view_of(session).transcript.stack.items(), "the chat")
            assert view_of(session).transcript.context.numbers

    run_async(scenario())


def test_line_numbers_are_switched_in_the_settings(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "Code, please")
            plain = code_left(view)
            press(view.composer.editor, Qt.Key.Key_Comma, CTRL)
            await until(lambda: session.window.findChild(SettingsWorkspace), "the settings")
            (settings,) = session.window.findChildren(SettingsWorkspace)
            settings.show_page("appearance")
            page = settings.page("appearance")
            assert isinstance(page, AppearancePage)
            switch = page.numbers
            switch.setFocus()
            press(switch, Qt.Key.Key_Space)
            assert code_left(view) > plain + 10
            press(switch, Qt.Key.Key_Space)
            assert code_left(view) == plain

    run_async(scenario())
