"""One question from the terminal: its options, its answer as it comes, its facts."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
import msgspec

from chatbench.cli.session import note, safe
from chatbench.cli.waits import WaitTeller
from chatbench.core.conversations import TreeMessage
from chatbench.core.errors import ChatbenchError, ConfigurationError, UnknownModel, UnknownParameter
from chatbench.core.messages import RefusalPart, text_of
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.answers import Answer
from chatbench.services.exchange import answer_object, response_object

_SHORT_NAMES = {"max_tokens": "max_output_tokens", "effort": "reasoning_effort"}


def parameters_from(options: tuple[str, ...]) -> Parameters:
    """`name=value` options as parameters: text, or JSON where the parameter is no text.

    Raises click.UsageError naming the wrong one.
    """
    values: dict[str, Any] = {}
    for option in options:
        name, equals, text = option.partition("=")
        name = _SHORT_NAMES.get(name, name)
        if not equals:
            raise click.UsageError(f"-o {option}: write name=value")
        value = _value(option, name, text)
        if name == "stop":
            value = (*values.get(name, ()), value)
        values[name] = value
    return Parameters.from_dict(values)


def _value(option: str, name: str, text: str) -> Any:
    """What `text` means for this parameter. Raises click.UsageError."""
    try:
        Parameters.from_dict({name: text})
        return text
    except UnknownParameter as error:
        raise click.UsageError(f"-o {option}: {error.message} {error.hint}") from error
    except ConfigurationError as error:
        not_text = error
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        wanted = f"not JSON: {error}" if text[:1] in ("{", "[") else not_text.message
        raise click.UsageError(f"-o {option}: {wanted}") from error
    try:
        Parameters.from_dict({name: value})
    except ConfigurationError as error:
        raise click.UsageError(f"-o {option}: {error.message}") from error
    return value


def chosen_model(services: Services, name: str | None) -> ModelRef | None:
    """The model named with -m, else the default model, else None. Raises UnknownModel."""
    if name is None:
        return services.models.default()
    ref = services.models.resolve(name)
    if told := services.models.note(ref):
        note(f"Note: {told}")
    return ref


def no_default_model() -> UnknownModel:
    return UnknownModel(
        "No model was named, and no default model is set.",
        "Use -m provider/model-id, or set one: `chatbench models default provider/model-id`.",
    )


async def follow(answer: Answer, finished: Awaitable[None], *, show: bool) -> TreeMessage:
    """Prints the words as they come, until the end. Ctrl+C stops the answer and keeps it."""
    with on_ctrl_c(answer.stop):
        message = await watch(answer, asyncio.ensure_future(finished), show=show)
    tell(message)
    return message


async def watch(answer: Answer, done: asyncio.Future[None], *, show: bool) -> TreeMessage:
    """Prints the words as they come, until the end, and on stderr what it waits for."""
    printer, waits = _Printer(show), WaitTeller(answer)
    while not done.done():
        await asyncio.wait({done}, timeout=0.03)
        waits.look()
        printer.print(text_of(answer.parts()))
    printer.print(answer.message.text, last=True)
    return answer.message


def tell(message: TreeMessage, name: str = "") -> None:
    """What there is to say beside an answer's text, on stderr."""
    of = f"{name}: " if name else ""
    for part in message.parts:
        if isinstance(part, RefusalPart):
            note(f"{of}Refused: {part.text}")
    if message.state == "stopped":
        note(f"{of}Stopped.")
    for item in message.left_out:
        note(f"Note: {of}{item.name} was not sent: {item.reason}.")


def usage_line(message: TreeMessage) -> str:
    """Tokens, money and time of an answer in one line."""
    usage, timings = message.usage, message.timings
    told = [f"{message.model}: tokens unknown"]
    if usage is not None:
        told = [f"{message.model}: tokens in {usage.input_tokens:,}, out {usage.output_tokens:,}"]
        shares = (
            (usage.cache_read_tokens, "read from the cache"),
            (usage.cache_write_tokens, "written to the cache"),
            (usage.reasoning_tokens, "of reasoning"),
        )
        told += [f"{count:,} {what}" for count, what in shares if count]
    told.append(_money(message))
    if timings.first_token_s is not None:
        told.append(f"first token after {timings.first_token_s:.2f} s")
    if timings.total_s is not None:
        told.append(f"{timings.total_s:.2f} s")
    if message.attempts > 1:
        told.append(f"{message.attempts} attempts")
    return ", ".join(told)


def _money(message: TreeMessage) -> str:
    cost = message.cost
    if cost is None:
        return "price unknown"
    amount = f"${cost.amount:f}" if cost.currency == "USD" else f"{cost.amount:f} {cost.currency}"
    return f"about {amount}" if cost.estimated else amount


def raise_error_of(message: TreeMessage) -> None:
    """Raises what went wrong with an answer as a ChatbenchError."""
    if message.error is not None:
        raise ChatbenchError(message.error.message, message.error.hint)


@contextmanager
def on_ctrl_c(act: Callable[[], None]) -> Iterator[None]:
    """Meanwhile Ctrl+C calls `act`, however often it is pressed, and ends nothing else."""
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(act))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Printer:
    """Prints what a growing text has gained."""

    def __init__(self, show: bool) -> None:
        self._show = show
        self._printed = 0

    def print(self, text: str, *, last: bool = False) -> None:
        if not self._show:
            return
        # A carriage return at the end may yet turn out to be half of a line's end.
        end = len(text) - (text.endswith("\r") and not last)
        if end > self._printed:
            sys.stdout.write(safe(text[self._printed : end]))
            self._printed = end
        if last and text and not text.endswith("\n"):
            sys.stdout.write("\n")
        sys.stdout.flush()


def printed_object(answer: Answer, conversation_id: str | None) -> dict[str, Any]:
    """What `prompt --json` prints."""
    told = answer_object(answer.message)
    told["state"] = answer.message.state
    told["conversation_id"] = conversation_id
    told["sent_files"] = msgspec.to_builtins(answer.message.sent_files)
    return told if answer.response is None else {**told, **response_object(answer.response)}


def alternatives(answer: Answer) -> list[str]:
    """The texts of the other answers, where several were asked for."""
    return [text_of(parts) for parts in answer.response.alternatives] if answer.response else []
