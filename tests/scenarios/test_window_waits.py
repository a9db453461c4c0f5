"""An answer that waits for a rate limit, in the window: what it says, and whether it can be sent now."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import (
    CTRL,
    Run,
    click,
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

from chatbench.core.endpoints import Endpoint, Limits
from chatbench.core.models import ModelRef
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.transcript.boxes.cards import ErrorCard
from chatbench.ui.session import Session

TITLE = "Waiting for the rate limit of Loopback"


def limited(session: Session, server: LoopbackServer, **limits: int) -> ModelRef:
    """Lets the conversation in view go to the loopback provider, held to these limits."""
    endpoint = Endpoint(
        id="loopback", name="Loopback", wire="openai_chat", base_url=server.base_url("openai_chat"),
        auth="none", models=("model-a",), limits=Limits(**limits),
    )  # fmt: skip
    session.services.endpoints.save(endpoint)
    model = ModelRef("loopback", "model-a")
    view_of(session).choose_model(model)
    return model


def ask(view: ConversationView, text: str) -> None:
    write(view, text)
    press(view.composer.editor, Qt.Key.Key_Return)


async def another_chat(session: Session, model: ModelRef) -> ConversationView:
    first = view_of(session).id
    press(session.window, Qt.Key.Key_N, CTRL)
    await until(lambda: not shows(session, first), "another chat")
    view = view_of(session)
    view.choose_model(model)
    return view


def card(view: ConversationView) -> tuple[int, ErrorCard] | None:
    """The card under the answer, and which box of it that is."""
    item = view.transcript.stack.item(1) if len(view.source.ids()) > 1 else None
    boxes = item.boxes if item is not None else []
    return next(((at, box) for at, box in enumerate(boxes) if isinstance(box, ErrorCard)), None)


def said(view: ConversationView) -> str:
    found = card(view)
    return found[1].text if found is not None else ""


def buttons(view: ConversationView) -> list[str]:
    found = card(view)
    assert found is not None
    return [spot.name for spot in found[1].hotspots()]


def click_button(view: ConversationView, name: str) -> None:
    """A real click on a painted button of the card."""
    found, item = card(view), view.transcript.stack.item(1)
    assert found is not None
    assert item is not None
    number, box = found
    spot = next(spot for spot in box.hotspots() if spot.name == name)
    top = next(row.top for row in view.transcript.stack.rows if row.index == 1)
    place = item.box_rect(number).topLeft() + spot.rects[0].center()
    click(view.transcript.viewport(), QPoint(round(place.x()), round(top + place.y())))


def accessible_name(view: ConversationView) -> str:
    child = QAccessible.queryAccessibleInterface(view.transcript).child(1)
    return child.text(QAccessible.Text.Name)


def test_an_answer_that_waits_for_a_place_says_so_and_cannot_be_hurried(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            model = limited(session, server, concurrent=1)
            server.script(replies.events(openai_chat.answer(["One ", "two."])[:2], end="hang"))
            first = view_of(session)
            ask(first, "The first")
            await until(lambda: first.streaming and server.asked, "the first answer to begin")
            second = await another_chat(session, model)
            ask(second, "The second")
            await until(lambda: said(second), "the wait to be told")
            assert said(second) == (
                f"{TITLE}\nYour limit of 1 at a time is reached. "
                "Your question is sent when another answer has ended."
            )
            assert buttons(second) == []
            assert TITLE in accessible_name(second)
            assert ", waiting. " in accessible_name(second)
            assert len(server.asked) == 1
            first.stop()
            await finished(second)
            assert (await texts(second))[1] == "".join(server.words)
            assert card(second) is None
            assert "waiting" not in accessible_name(second)

    run_async(scenario())


def test_an_answer_held_back_by_anothers_429_can_be_sent_now(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            model = limited(session, server)
            refusal = {"error": {"message": "Too many", "code": "rate_limit_exceeded"}}
            server.script(replies.data(refusal, 429, {"retry-after": "90"}))
            first = view_of(session)
            ask(first, "The first")
            await until(lambda: "Again in" in said(first), "the first answer to wait for its next attempt")
            second = await another_chat(session, model)
            ask(second, "The second")
            await until(lambda: said(second), "the wait to be told")
            title, hint = said(second).split("\n")
            assert title == TITLE
            assert hint in {
                f"It asked for a pause. Your question is sent in {rest} s." for rest in range(60, 91)
            }
            assert buttons(second) == ["Send now", "Cancel"]
            await until(lambda: said(second).split("\n")[-1] < hint, "the seconds to run")
            assert len(server.asked) == 1
            click_button(second, "Send now")
            await finished(second)
            assert (await texts(second))[1] == "".join(server.words)
            assert len(server.asked) == 2
            first.stop()

    run_async(scenario())


def test_in_a_pause_only_those_can_be_sent_now_for_whom_there_is_a_place(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            model = limited(session, server, concurrent=1)
            refusal = {"error": {"message": "Too many", "code": "rate_limit_exceeded"}}
            server.script(replies.data(refusal, 429, {"retry-after": "90"}))
            first = view_of(session)
            ask(first, "The first")
            await until(lambda: "Again in" in said(first), "the first answer to wait for its next attempt")
            second = await another_chat(session, model)
            ask(second, "The second")
            await until(lambda: said(second), "the second to wait")
            assert buttons(second) == ["Send now", "Cancel"]
            third = await another_chat(session, model)
            ask(third, "The third")
            await until(lambda: said(third), "the third to wait")
            assert buttons(third) == []
            assert "Your limit of 1 at a time is reached." in said(third)
            for view in (first, second, third):
                view.stop()

    run_async(scenario())


def test_a_short_wait_is_not_shown(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    """Held back for 150 ms by what the provider said of its limit."""

    async def scenario() -> None:
        async with opened(tmp_path) as session:
            limited(session, server)
            told = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "200ms"}
            whole = replies.events(openai_chat.answer(["Yes."]))
            view = view_of(session)
            queued, shown = 0, []
            # On a busy machine 200 ms may be over before the second question is there.
            while not queued:
                before = len(server.asked)
                server.script(
                    replies.Reply(whole.pieces, headers={**whole.headers, **told}),
                    replies.events(openai_chat.answer(["Yes."])),
                )
                await send(view, "The first")
                at = len(view.source.ids()) + 1
                ask(view, "The second")
                while len(server.asked) < before + 2:
                    live = view.source.live(at) if len(view.source.ids()) > at else None
                    item = view.transcript.stack.item(at) if live is not None else None
                    if live is not None and live.held is not None and item is not None:
                        queued += 1
                        shown += [box for box in item.boxes if isinstance(box, ErrorCard)]
                    await asyncio.sleep(0.002)
                await finished(view)
            assert queued
            assert not shown

    run_async(scenario())
