"""The answers to one question, on the terminal: as they come, side by side, or as JSON."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from chatbench.cli.asking import (
    alternatives,
    on_ctrl_c,
    printed_object,
    raise_error_of,
    tell,
    usage_line,
    watch,
)
from chatbench.cli.session import STOPPED, note, safe, say
from chatbench.cli.waits import WaitTeller, wait_of
from chatbench.core.conversations import TreeMessage
from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import text_of
from chatbench.services.answers import Answer
from chatbench.services.schemas import parsed_answer

if TYPE_CHECKING:
    from rich.console import RenderableType

_COLUMN = 36
"""Characters an answer needs beside others."""
_PAINT_S = 0.1
_BLOCK = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n(?P<code>.*?)(?:^ {0,3}(?P=fence)|\Z)", re.DOTALL | re.MULTILINE
)


class Asked(NamedTuple):
    """An answer that is coming in; `done` ends with it."""

    answer: Answer
    done: asyncio.Future[None]
    conversation_id: str | None


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """How answers are to be shown."""

    as_json: bool
    usage: bool
    extract: bool = False
    """Only the first code block of each answer; all of one that has none."""


class _Shown(msgspec.Struct, frozen=True):
    """An answer that is over: its text as it is shown, its value, and what went wrong."""

    text: str
    parsed: Any
    error: ChatbenchError | None


async def print_answers(asked: list[Asked], face: Face, schema: dict[str, Any] | None) -> int:
    """Prints every answer in its order, and returns the exit code. Ctrl+C stops all of them, and
    what has come is kept. Raises the error of an answer that stands alone."""

    def stop() -> None:
        for item in asked:
            item.answer.stop()

    with on_ctrl_c(stop):
        if face.as_json:
            await _as_json(asked, schema)
        elif len(asked) == 1:
            await _alone(asked[0], face, schema)
        elif sys.stdout.isatty() and shutil.get_terminal_size().columns >= _COLUMN * len(asked):
            await _side_by_side(asked, schema)
        else:
            await _one_after_another(asked, schema)
    return _concluded(asked, face, schema)


def _concluded(asked: list[Asked], face: Face, schema: dict[str, Any] | None) -> int:
    """Tells what there is to tell beside the answers; the exit code."""
    several = len(asked) > 1
    errors = []
    for item in asked:
        message = item.answer.message
        tell(message, str(message.model) if several else "")
        if face.usage:
            note(usage_line(message))
        if error := _shown(message, schema).error:
            errors.append((message.model, error))
    if not several and errors:
        raise errors[0][1]
    for model, error in errors:
        note(f"Error: {model}: {error.message}\n  {error.hint}".rstrip())
    if any(item.answer.message.state == "stopped" for item in asked):
        return STOPPED
    return 1 if errors else 0


def _shown(message: TreeMessage, schema: dict[str, Any] | None) -> _Shown:
    try:
        raise_error_of(message)
        if schema is None or message.state == "stopped":
            return _Shown(message.text, None, None)
        parsed = parsed_answer(message.text, schema)
    except ChatbenchError as error:
        return _Shown(message.text, None, error)
    return _Shown(msgspec.json.format(msgspec.json.encode(parsed), indent=2).decode(), parsed, None)


def first_block(text: str) -> str:
    """What stands in the first fenced code block, else the text."""
    found = _BLOCK.search(text)
    return (found["code"] if found else text).rstrip("\n")


async def _as_json(asked: list[Asked], schema: dict[str, Any] | None) -> None:
    """One object a line, each as soon as it is its turn."""
    several = len(asked) > 1
    waits = [WaitTeller(item.answer, str(item.answer.message.model) if several else "") for item in asked]
    for item in asked:
        while not item.done.done():
            await asyncio.wait({item.done}, timeout=_PAINT_S)
            for one in waits:
                one.look()
        message = item.answer.message
        shown = _shown(message, schema)
        if len(asked) == 1 and not message.parts and shown.error:
            return
        told = printed_object(item.answer, item.conversation_id)
        told["error"] = message.error or (shown.error.report() if shown.error else None)
        if schema is not None:
            told["parsed"] = shown.parsed
        click.echo(msgspec.json.encode(told).decode())


async def _alone(item: Asked, face: Face, schema: dict[str, Any] | None) -> None:
    message = await watch(item.answer, item.done, show=schema is None and not face.extract)
    if face.extract and message.text:
        say(first_block(message.text))
    elif schema is not None:
        _say_whole(message, schema)
    for number, text in enumerate(alternatives(item.answer), 2):
        say(f"\n## {number}\n\n{text}")


def _say_whole(message: TreeMessage, schema: dict[str, Any] | None) -> None:
    if text := _shown(message, schema).text:
        say(text)


async def _one_after_another(asked: list[Asked], schema: dict[str, Any] | None) -> None:
    for at, item in enumerate(asked):
        say(f"{'' if at == 0 else chr(10)}## {item.answer.message.model}\n")
        sys.stdout.flush()
        message = await watch(item.answer, item.done, show=schema is None)
        if schema is not None:
            _say_whole(message, schema)


async def _side_by_side(asked: list[Asked], schema: dict[str, Any] | None) -> None:
    """While they come, as much of their ends as the screen holds; then all of them whole."""
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False, markup=False, emoji=False)
    running = {item.done for item in asked}
    with Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False,
              redirect_stderr=False) as live:  # fmt: skip
        while running:
            _, running = await asyncio.wait(running, timeout=_PAINT_S)
            texts = [text_of(item.answer.parts()) or _waits(item.answer) for item in asked]
            live.update(_columns(console, asked, texts, console.height - 3), refresh=True)
    texts = [_shown(item.answer.message, schema).text for item in asked]
    console.print(_columns(console, asked, texts, None))


def _waits(answer: Answer) -> str:
    found = wait_of(answer)
    return found[2] if found is not None else ""


def _columns(console: Any, asked: list[Asked], texts: list[str], height: int | None) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2), expand=True)
    width = console.width // len(asked) - 2
    for _ in asked:
        table.add_column(ratio=1, overflow="fold")
    table.add_row(*(Text(str(item.answer.message.model), style="bold") for item in asked))
    table.add_row(*(Text("─" * width) for _ in asked))
    cells = []
    for text in texts:
        lines = Text(safe(text).rstrip("\n")).wrap(console, width, overflow="fold")
        cells.append(Text("\n").join(lines[-height:] if height else lines))
    table.add_row(*cells)
    return table
