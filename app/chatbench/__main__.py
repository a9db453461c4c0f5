"""The program's entry: the window for no command, `self-test` and no other; else the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

WINDOW_COMMANDS = frozenset({"self-test"})
_WITH_VALUE = frozenset({"--profile", "--log-level"})
_ANSWERED_IN_THE_TERMINAL = frozenset({"--help", "-h", "--version"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program and returns its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    from chatbench.main import build, glance

    if wants_window(arguments):
        from chatbench.ui.app import run

        return run(arguments, build, glance)
    from chatbench.cli.command import main as terminal

    return terminal(arguments, build)


def wants_window(arguments: Sequence[str]) -> bool:
    """Whether the command line asks for the window: global options only, or a window command."""
    rest = iter(arguments)
    for argument in rest:
        if argument in _WITH_VALUE:
            next(rest, None)
        elif argument in _ANSWERED_IN_THE_TERMINAL:
            return False
        elif not argument.startswith("-"):
            return argument in WINDOW_COMMANDS
        elif argument.split("=")[0] not in _WITH_VALUE:
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
