"""The real services of a profile of its own, and the loop the window runs on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.ui.chat.quiet import done, until_quiet
from tests.ui.workbench.section_kit import Opened

from chatbench.main import build
from chatbench.services import Services

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Do = Callable[[Callable[[], object]], None]


@pytest.fixture
def services(tmp_path: Path, run_async: Runner) -> Iterator[Services]:
    """All services, without any key."""
    built = build(tmp_path / "profile", environ={})
    run_async(built.profile.ready())
    yield built
    run_async(built.aclose())


@pytest.fixture
def settle(run_async: Runner) -> Callable[[], None]:
    """Runs the loop until everything that was spawned is done."""

    return lambda: run_async(until_quiet())


@pytest.fixture
def do(run_async: Runner) -> Do:
    """Does something on the running loop, as a slot would, and waits for all that it started."""

    return lambda action: run_async(done(action))


@pytest.fixture
def opened(services: Services, qtbot: QtBot, do: Do) -> Iterator[Opened]:
    """The section in a window of its own."""
    made = Opened(services)
    qtbot.addWidget(made.window)
    made.window.show()
    yield made
    do(made.workbench.release)
