"""The program's entry: the window for no command, `quick`, `self-test` or files; else the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

WINDOW_COMMANDS = frozenset({"quick", "self-test"})
_WITH_VALUE = frozenset({"--profile", "--log-level"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program and returns its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    from chatbench.main import build, glance, meet

    if wants_window(arguments):
        from chatbench.ui.app import run

        return run(arguments, build, glance, meet)
    from chatbench.cli.command import main as terminal

    return terminal(arguments, build)


def wants_window(arguments: Sequence[str]) -> bool:
    """Whether the command line asks for the window: global options only, a window command, files."""
    rest = iter(arguments)
    words = []
    for argument in rest:
        if argument in _WITH_VALUE:
            if next(rest, None) is None:
                return False
        elif not argument.startswith("-"):
            words.append(argument)
        elif argument.split("=")[0] not in _WITH_VALUE:
            return False
    return not words or words[0] in WINDOW_COMMANDS or _is_file(words[0])


def _is_file(argument: str) -> bool:
    """Whether it names a file that is there, as no command does: by a dot or a folder before it."""
    return ("." in argument or os.sep in argument) and Path(argument).is_file()


if __name__ == "__main__":
    sys.exit(main())
