"""Hooks around a call: what they may change, refuse and answer, and what becomes of broken ones."""

from __future__ import annotations

import msgspec
import pytest
from tests.client.conftest import request_of

from chatbench.client.hooks import Hooks
from chatbench.core.errors import (
    ChatbenchError,
    ConfigurationError,
    ContextWindowExceeded,
    HookFailed,
    HookRejected,
    RateLimited,
    ServerError,
)
from chatbench.core.messages import TextPart
from chatbench.core.models import ModelRef
from chatbench.core.requests import Request, Response

REQUEST = request_of()
ANSWER = Response(model=REQUEST.model, parts=(TextPart(text="yes"),))


def said(text: str) -> Response:
    return msgspec.structs.replace(ANSWER, parts=(TextPart(text=text),))


def test_without_hooks_there_are_none() -> None:
    assert not Hooks()
    assert Hooks(on_done=print)
    assert Hooks() + Hooks(before=lambda request: request)


async def test_before_hooks_change_the_request_one_after_the_other() -> None:
    def louder(request: Request) -> Request:
        return msgspec.structs.replace(request, system=request.system + "loud ")

    async def kinder(request: Request) -> Request:
        return msgspec.structs.replace(request, system=request.system + "kind")

    def looks(request: Request) -> None:
        assert request.system == "loud kind"

    changed = await Hooks(before=[louder, kinder, looks]).before(REQUEST)
    assert changed.system == "loud kind"
    assert REQUEST.system == ""


async def test_a_hook_may_refuse_and_is_named() -> None:
    async def no_secrets(request: Request) -> None:
        raise HookRejected("The prompt holds a secret.", "Take it out.")

    with pytest.raises(HookRejected, match="holds a secret") as caught:
        await Hooks(before=no_secrets).before(REQUEST)
    assert caught.value.__dict__["hook"] == "no_secrets"
    assert caught.value.report().kind == "HookRejected"


async def test_an_error_of_ours_passes_as_it_is() -> None:
    def too_long(request: Request) -> None:
        raise ContextWindowExceeded("Too long.")

    with pytest.raises(ContextWindowExceeded):
        await Hooks(before=too_long).before(REQUEST)


async def test_after_and_postprocess_change_the_response_in_order() -> None:
    def after(request: Request, response: Response) -> Response:
        return said(f"{response.text}, {request.model}")

    async def look(request: Request, response: Response) -> None:
        assert response.text == "yes, loop/m"

    async def upper(response: Response) -> Response:
        return said(response.text.upper())

    hooks = Hooks(after=[after, look], postprocess=[upper, lambda response: said(response.text + "!")])
    assert (await hooks.after(REQUEST, ANSWER)).text == "YES, LOOP/M!"


async def test_an_error_hook_may_answer_or_put_another_error_in_its_place() -> None:
    async def milder(request: Request, error: ChatbenchError) -> ChatbenchError | None:
        return ServerError("milder") if isinstance(error, RateLimited) else None

    def answers(request: Request, error: ChatbenchError) -> Response | None:
        return said(error.message) if isinstance(error, ServerError) else None

    limited = RateLimited("slow down")
    assert await Hooks(error=lambda request, error: None).error(REQUEST, limited) is None
    with pytest.raises(ServerError, match="milder") as caught:
        await Hooks(error=milder).error(REQUEST, limited)
    assert caught.value.__cause__ is limited
    replaced = await Hooks(error=[milder, answers]).error(REQUEST, limited)
    assert replaced is not None
    assert replaced.text == "milder"
    assert await Hooks(error=[answers, lambda request, error: None]).error(REQUEST, limited) is None


async def test_an_error_hook_may_raise_the_other_error() -> None:
    def harder(request: Request, error: ChatbenchError) -> None:
        raise ServerError("harder")

    with pytest.raises(ServerError, match="harder"):
        await Hooks(error=harder).error(REQUEST, RateLimited("slow down"))


class Counting:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, response: Response) -> None:
        self.seen.append(response.text)

    async def later(self, response: Response) -> str:
        self.seen.append(f"later {response.text}")
        return "whatever it returns is let be"


async def test_everyone_is_told_when_it_is_done() -> None:
    counting = Counting()
    await Hooks(on_done=[counting, counting.later]).done(ANSWER)
    assert counting.seen == ["yes", "later yes"]


async def test_a_broken_hook_is_named_and_the_answer_is_not_lost() -> None:
    def breaks(*arguments: object) -> None:
        raise KeyError("nothing there")

    with pytest.raises(HookFailed, match=r"The hook breaks failed: KeyError: 'nothing there'") as before:
        await Hooks(before=breaks).before(REQUEST)
    assert isinstance(before.value.__cause__, KeyError)
    for hooks in (Hooks(after=breaks), Hooks(postprocess=breaks)):  # type: ignore[arg-type]
        with pytest.raises(HookFailed, match="breaks") as caught:
            await hooks.after(REQUEST, ANSWER)
        assert caught.value.__dict__["response"] is ANSWER
    with pytest.raises(HookFailed, match="breaks"):
        await Hooks(error=breaks).error(REQUEST, RateLimited("slow down"))
    with pytest.raises(HookFailed, match="breaks") as done:
        await Hooks(on_done=breaks).done(ANSWER)
    assert done.value.__dict__["response"] is ANSWER


async def test_a_wrong_return_value_is_named() -> None:
    with pytest.raises(HookFailed, match=r"Hook returned str, not Request\."):
        await Hooks(before=Hook("no request")).before(REQUEST)  # type: ignore[arg-type]
    with pytest.raises(HookFailed, match=r"returned NoneType, not Response\."):
        await Hooks(postprocess=Hook(None)).after(REQUEST, ANSWER)  # type: ignore[arg-type]


class Hook:
    def __init__(self, result: object) -> None:
        self.result = result

    def __call__(self, *arguments: object) -> object:
        return self.result


def test_what_cannot_be_called_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="before: 7 cannot be called"):
        Hooks(before=[7])  # type: ignore[list-item]


async def test_a_hook_may_send_the_call_to_another_model() -> None:
    other = ModelRef("loop", "other")
    hooks = Hooks(before=lambda request: msgspec.structs.replace(request, model=other))
    assert (await hooks.before(REQUEST)).model == other
