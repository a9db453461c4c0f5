"""What opens a window, as the terminal tells of it; the program's entry opens it before this is read."""

from __future__ import annotations

import os
from pathlib import Path

import click

quick = click.Command(
    "quick",
    params=[click.Argument(["files"], metavar="[FILE]...", nargs=-1)],
    help="Show the quick chat, a small window above all others, with FILEs attached. It can have keys of "
    "its own: in the settings of the window, or in those of your desktop for this command.",
    short_help="A small chat above all other windows.",
)
self_test = click.Command(
    "self-test",
    help="Open the real window without a screen, ask the built-in guide, and print as JSON whether all "
    "went well; the exit code is 1 where it did not.",
    short_help="Check that the window works here.",
)


class Commands(click.Group):
    """Tells a file that is not there, or not written as one, from a command that there is not."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Raises UsageError with what to write instead."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            name = args[0]
            words = error.message
            if Path(name).is_file():
                words += f" For the file of that name write .{os.sep}{name}."
            elif "." in name or os.sep in name:
                words = f"There is no file {name!r}, nor a command of that name."
            raise click.UsageError(words, ctx) from error
