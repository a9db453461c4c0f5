"""What every command shares: the services it is handed, how they run, how errors are told."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click
import msgspec

from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.notices import Notice

T = TypeVar("T")
STOPPED = 130
"""The exit code of a command that Ctrl+C ended."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Build(Protocol):
    """`main.build`, handed in so that the terminal knows no class of the lower floors."""

    def __call__(self, folder: Path | None = None, *, log_level: str = "") -> Services: ...


class Failed(click.ClickException):
    """A known error: message and hint on stderr, exit code 1."""

    def __init__(self, error: ChatbenchError) -> None:
        super().__init__(error.message)
        self.hint = error.hint

    def show(self, file: Any = None) -> None:
        click.echo(f"Error: {safe(self.message)}", err=True)
        if self.hint:
            click.echo(f"  {safe(self.hint)}", err=True)


class Session:
    """The profile a command works on."""

    def __init__(self, build: Build, folder: Path | None, log_level: str) -> None:
        self._build = build
        self._folder = folder
        self._log_level = log_level

    def run(self, work: Callable[[Services], Coroutine[Any, Any, T]]) -> T:
        """Opens the profile, runs `work`, closes it. Known errors become `Failed`."""

        failures: list[Notice] = []

        def tell(notice: Notice) -> None:
            if notice.kind == "error":
                failures.append(notice)
            else:
                note(notice.text)

        async def opened() -> T:
            services = self._build(self._folder, log_level=self._log_level)
            services.notifier.listen(tell)
            try:
                await services.profile.ready()
                await services.profile.mark_interrupted()
                for problem in filter(None, (services.preferences.problem, *services.endpoints.problems)):
                    note(f"Note: {problem.message} {problem.hint}")
                return await work(services)
            finally:
                await services.aclose()

        try:
            result = asyncio.run(opened())
        except ChatbenchError as error:
            raise Failed(error) from error
        for notice in failures:
            raise Failed(ChatbenchError(notice.text, notice.hint))
        return result

    def known(self, work: Callable[[], T]) -> T:
        """Does `work`, which needs no profile. Known errors become `Failed`."""
        try:
            return work()
        except ChatbenchError as error:
            raise Failed(error) from error


def safe(text: str) -> str:
    """Text from elsewhere, without what could steer a terminal."""
    return _CONTROLS.sub("\ufffd", text.replace("\r\n", "\n"))


def say(text: str) -> None:
    """One line on stdout."""
    click.echo(safe(text))


def say_json(value: Any) -> None:
    """A value on stdout as JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def note(text: str) -> None:
    """One line on stderr, beside the output."""
    click.echo(safe(text), err=True)


def piped_input() -> str:
    """Everything on stdin where it is not a terminal; "" otherwise. Raises UsageError for what is
    not UTF-8 text."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return ""
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"What was piped in is not UTF-8 text (byte {error.start}).") from error
