"""Runs for tests of the window: made by the real services against the loopback server."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from PySide6.QtWidgets import QWidget
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import loop
from tests.ui.chat.quiet import done

from chatbench.core.checks import Check
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.core.runs import Plan, PlanData, PlanLimits, PlanModel, PlanPrompt, Run
from chatbench.services import Services
from chatbench.ui.workbench.runs import RunView

Shown = TypeVar("Shown", bound=QWidget)
Runner = Callable[[Coroutine[Any, Any, Any]], Any]
CHECKS = (Check(kind="is_json", name="is JSON"), Check(kind="contains", value="low", name="says low"))


def prompt(text: str) -> Prompt:
    return Prompt(messages=(PromptMessage(role="system", text="Be brief."), PromptMessage(text=text)))


def plan(rows: int = 3, **more: Any) -> Plan:
    fields: dict[str, Any] = {
        "name": "Triage",
        "prompts": (PlanPrompt(prompt=prompt("Ticket {{n}}")),),
        "models": (PlanModel(model="loop/m"), PlanModel(model="loop/other")),
        "data": PlanData(rows=tuple({"n": f"ticket {at}", "expected": "low"} for at in range(rows))),
        "checks": CHECKS,
        "limits": PlanLimits(concurrent=1),
        **more,
    }
    return Plan(**fields)


def answer(text: str, usd: float = 0.0004) -> replies.Reply:
    return replies.data({**openai_chat.whole({"content": text}), "usage": {**openai_chat.USAGE, "cost": usd}})


def triage(priority: str) -> replies.Reply:
    return answer(json.dumps({"priority": priority, "team": "account"}))


def refusal(status: int = 400) -> replies.Reply:
    return replies.data(openai_chat.error_body(None, "invalid_request_error", "no such luck"), status)


async def finished(services: Services, server: LoopbackServer, wanted: Plan) -> Run:
    services.endpoints.save(loop(server))
    run = await services.runs.start(wanted)
    return await services.runs.wait(run.id)


@contextmanager
def shown(
    make: Callable[[], Shown], run_async: Runner, size: tuple[int, int] = (900, 640)
) -> Iterator[Shown]:
    """A widget in sight and read; taken away afterwards."""
    made: list[Shown] = []

    def show() -> None:
        made.append(make())
        made[0].resize(*size)
        made[0].show()

    run_async(done(show))
    (widget,) = made
    try:
        yield widget
    finally:

        def leave() -> None:
            if isinstance(widget, RunView):
                widget.release()
            widget.close()
            widget.deleteLater()

        run_async(done(leave))
