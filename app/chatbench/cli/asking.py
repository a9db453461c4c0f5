"""One question from the terminal: its options, its answer as it comes, its facts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import click
import msgspec

from chatbench.cli.session import note, safe
from chatbench.core.conversations import TreeMessage
from chatbench.core.errors import ChatbenchError, ConfigurationError, UnknownModel
from chatbench.core.messages import Part, text_of, thinking_of
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.answers import Answer

_SHORT_NAMES = {"max_tokens": "max_output_tokens", "effort": "reasoning_effort"}


def parameters_from(options: tuple[str, ...]) -> Parameters:
    """`name=value` options as parameters. Raises click.UsageError naming the wrong one."""
    values: dict[str, Any] = {}
    for option in options:
        name, equals, value = option.partition("=")
        name = _SHORT_NAMES.get(name, name)
        if not equals or name not in Parameters.__struct_fields__:
            known = ", ".join(Parameters.__struct_fields__)
            raise click.UsageError(f"-o {option}: write name=value with one of {known}")
        if name == "stop":
            values[name] = (*values.get(name, ()), value)
        elif name == "extra_body":
            values[name] = _json(option, value)
        else:
            values[name] = value
    try:
        return msgspec.convert(values, Parameters, strict=False)
    except msgspec.ValidationError as error:
        raise click.UsageError(f"-o: {error}") from error


def _json(option: str, value: str) -> Any:
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise click.UsageError(f"-o {option}: not JSON: {error}") from error


def chosen_model(services: Services, name: str | None) -> ModelRef | None:
    """The model named with -m, else the default model, else None. Raises UnknownModel."""
    if name is None:
        return services.models.default()
    ref = services.models.resolve(name)
    if not services.models.known(ref):
        note(f"Note: {ref} is not in the catalogue; it is sent as it is, with careful defaults.")
    return ref


def no_default_model() -> UnknownModel:
    return UnknownModel(
        "No model was named, and no default model is set.",
        "Use -m provider/model-id, or set one: `chatbench models default provider/model-id`.",
    )


async def attached(services: Services, files: tuple[Path, ...], model: ModelRef) -> tuple[Part, ...]:
    """The files as parts the model takes. Raises AttachmentRefused."""
    info = services.models.info(model)
    return tuple([await services.attachments.attach_path(path, info) for path in files])


async def follow(answer: Answer, finished: Awaitable[None], *, show: bool) -> TreeMessage:
    """Prints the words as they come, until the end. Ctrl+C stops the answer and keeps it.

    Raises the answer's error as a ChatbenchError.
    """
    done = asyncio.ensure_future(finished)
    printed = 0
    try:
        while not done.done():
            await asyncio.wait({done}, timeout=0.03)
            printed = _print_from(answer.parts(), printed) if show else printed
    except asyncio.CancelledError:
        answer.stop()
        await asyncio.wait({done})
        note("Stopped.")
    message = answer.message
    if show:
        printed = _print_from(message.parts, printed)
        if printed:
            click.echo()
    if message.error is not None and message.state in ("failed", "interrupted"):
        raise ChatbenchError(message.error.message, message.error.hint)
    return message


def _print_from(parts: tuple[Part, ...], printed: int) -> int:
    text = text_of(parts)
    if len(text) > printed:
        sys.stdout.write(safe(text[printed:]))
        sys.stdout.flush()
    return len(text)


def tell_left_out(message: TreeMessage) -> None:
    """Says on stderr which parameters the model was not sent, and why."""
    for item in message.left_out:
        note(f"Note: {item.name} was not sent: {item.reason}.")


def answer_object(message: TreeMessage, conversation_id: str | None) -> dict[str, Any]:
    """What `prompt --json` prints."""
    from chatbench.services.exchange import cost_object, timings_object, usage_object

    return {
        "text": message.text,
        "thinking": thinking_of(message.parts),
        "model": str(message.model),
        "model_answered": message.model_answered or None,
        "stop_reason": message.stop_reason,
        "state": message.state,
        "usage": usage_object(message.usage),
        "cost": cost_object(message.cost),
        "timings": timings_object(message.timings),
        "left_out": [{"name": item.name, "reason": item.reason} for item in message.left_out],
        "attempts": message.attempts,
        "conversation_id": conversation_id,
    }


def nothing_to_ask() -> ConfigurationError:
    return ConfigurationError("There is nothing to ask.", "Give the prompt as an argument, or pipe it in.")
