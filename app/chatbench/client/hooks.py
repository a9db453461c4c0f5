"""Hooks: functions of the user's that see a call before it is made, its answer, and its error.

All may be plain or asynchronous and run one after the other, in the order they were given:

    before(request)            a changed request, or None to leave it; HookRejected stops the call
    after(request, response)   a changed response, or None to leave it
    error(request, error)      a response or another error in its place, or None to leave it
    postprocess(response)      the response to hand out; runs behind every `after`
    on_done(response)          told last, changes nothing

A ChatbenchError that a hook raises is the call's error. Anything else, a wrong return value too,
becomes HookFailed, which names the hook.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from chatbench.core.errors import ChatbenchError, ConfigurationError, HookFailed, HookRejected
from chatbench.core.requests import Request, Response

T = TypeVar("T")
Before = Callable[[Request], Request | Awaitable[Request | None] | None]
After = Callable[[Request, Response], Response | Awaitable[Response | None] | None]
OnError = Callable[
    [Request, ChatbenchError], Response | ChatbenchError | Awaitable[Response | ChatbenchError | None] | None
]
Postprocess = Callable[[Response], Response | Awaitable[Response]]
OnDone = Callable[[Response], object]


class Hooks:
    """The hooks of a client, or of one call; false where there are none, so that none costs nothing.

    Each argument is one function or several. Raises ConfigurationError for what cannot be called.
    """

    def __init__(
        self,
        before: Before | Iterable[Before] = (),
        after: After | Iterable[After] = (),
        error: OnError | Iterable[OnError] = (),
        *,
        postprocess: Postprocess | Iterable[Postprocess] = (),
        on_done: OnDone | Iterable[OnDone] = (),
    ) -> None:
        self._before = _functions("before", before)
        self._after = _functions("after", after)
        self._error = _functions("error", error)
        self._postprocess = _functions("postprocess", postprocess)
        self._on_done = _functions("on_done", on_done)

    def __bool__(self) -> bool:
        return bool(self._before or self._after or self._error or self._postprocess or self._on_done)

    def __add__(self, other: Hooks) -> Hooks:
        """These, and behind them the other's."""
        return Hooks(
            self._before + other._before,
            self._after + other._after,
            self._error + other._error,
            postprocess=self._postprocess + other._postprocess,
            on_done=self._on_done + other._on_done,
        )

    async def before(self, request: Request) -> Request:
        """The request as the hooks want it made. Raises HookRejected, and HookFailed."""
        for hook in self._before:
            request = await _asked(hook, (Request,), request) or request
        return request

    async def after(self, request: Request, response: Response) -> Response:
        """The response as the hooks want it handed out. Raises HookFailed, which keeps the response."""
        for hook in self._after:
            response = await _asked(hook, (Response,), request, response, answer=response) or response
        for hook in self._postprocess:
            response = (
                await _asked(hook, (Response,), response, answer=response, may_be_none=False) or response
            )
        return response

    async def error(self, request: Request, error: ChatbenchError) -> Response | None:
        """A response in place of the error; None where the error stands. Raises the error that a hook
        put in its place. Each hook sees what the one before it made of it, until one answers."""
        first = error
        for hook in self._error:
            told: object = await _asked(hook, (Response, ChatbenchError), request, error)
            if isinstance(told, Response):
                return told
            if isinstance(told, ChatbenchError):
                error = told
        if error is not first:
            raise error from first
        return None

    async def done(self, response: Response) -> None:
        """Tells that the call is over. Raises HookFailed, which keeps the response."""
        for hook in self._on_done:
            await _asked(hook, (object,), response, answer=response)


def _functions(kind: str, given: Any) -> tuple[Callable[..., Any], ...]:
    functions = (given,) if callable(given) else tuple(given)
    for function in functions:
        if not callable(function):
            raise ConfigurationError(
                f"{kind}: {function!r} cannot be called.", "Give a function, or a list of functions."
            )
    return functions


async def _asked(
    hook: Callable[..., Any],
    kinds: tuple[type[T], ...],
    *arguments: Any,
    answer: Response | None = None,
    may_be_none: bool = True,
) -> T | None:
    try:
        result = hook(*arguments)
        if inspect.isawaitable(result):
            result = await result
    except HookRejected as error:
        if not hasattr(error, "hook"):
            error.__dict__["hook"] = _name(hook)
        raise
    except ChatbenchError:
        raise
    except Exception as error:
        raise HookFailed(
            f"The hook {_name(hook)} failed: {type(error).__name__}: {error}",
            "Mend the hook, or call without it.",
            hook=_name(hook),
            response=answer,
        ) from error
    if isinstance(result, kinds) or (result is None and may_be_none):
        return result
    wanted = " or ".join(kind.__name__ for kind in kinds)
    raise HookFailed(
        f"The hook {_name(hook)} returned {type(result).__name__}, not {wanted}.",
        f"Let it return {wanted}{', or None to change nothing' if may_be_none else ''}.",
        hook=_name(hook),
        response=answer,
    )


def _name(hook: Callable[..., Any]) -> str:
    name = getattr(hook, "__qualname__", "") or type(hook).__qualname__
    return name.rpartition("<locals>.")[2]
