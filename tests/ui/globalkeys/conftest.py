"""An X server of the test's own, and another program that presses keys on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from tests.harness.atspi import screen


class Keyboard:
    """xdotool, which is a client of its own, at one display."""

    def __init__(self, display: str) -> None:
        self.display = display

    def run(self, *command: str) -> None:
        subprocess.run(command, env={**os.environ, "DISPLAY": self.display}, check=True, timeout=20)

    def press(self, *keys: str) -> None:
        self.run("xdotool", "key", *keys)

    def hold(self, key: str) -> None:
        self.run("xdotool", "keydown", key)

    def let_go(self, key: str) -> None:
        self.run("xdotool", "keyup", key)

    def layout(self, *options: str) -> None:
        """Another layout of the keyboard, as a desktop's settings put it in force."""
        self.run("setxkbmap", *options)


@pytest.fixture
def keyboard() -> Iterator[Keyboard]:
    missing = [name for name in ("Xvfb", "xdotool", "setxkbmap") if shutil.which(name) is None]
    assert not missing, f"not installed: {missing} (python3 packaging/dev.py test installs or names them)"
    with screen() as display:
        yield Keyboard(display)
