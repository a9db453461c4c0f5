"""WCAG AA, measured: every word in view has its contrast with what it stands on, in both themes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget
from tests.accessibility.pixels import TEXT, contrast_in, painted, picture, pieces, words
from tests.accessibility.surfaces import Surface, beginnings, dialogs, menus, quiet, surfaces
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import ask, tell, two_lanes
from tests.scenarios.window import opened, until
from tests.ui.transcript.conftest import Show, settle, show  # noqa: F401 - a fixture

from chatbench.ui.palette import CommandPalette
from chatbench.ui.session import Session
from chatbench.ui.theme import theme
from chatbench.ui.theme.current import SchemePreference
from chatbench.ui.widgets import Popup

Look = Callable[[Session, LoopbackServer], AsyncIterator[Surface]]
Run = Callable[[Coroutine[Any, Any, None]], None]
HERE = (
    "Use a unique index, even when two requests arrive together.\n\n```python\nprint('one')  # a note\n```\n"
)
THERE = HERE.replace("when", "if").replace("two", "many")


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Iterator[SchemePreference]:
    """Either theme."""
    yield request.param
    theme().apply(scheme="light")


def _uppermost(root: QWidget) -> QWidget:
    """What lies over all else in a window, which then may be dimmed, or the window."""
    over = [*root.findChildren(Popup), *root.findChildren(CommandPalette)]
    return next((one for one in over if one.isVisible()), root)


def faint(root: QWidget) -> tuple[int, set[str]]:
    """How many words were looked at, and those that have too little contrast."""
    image = picture(root)
    looked, found = 0, set()
    for word in words(root):
        looked += 1
        if (ratio := contrast_in(image, word.rect)) < word.least:
            found.add(f"{word.whose} {word.text[:40]!r}: {ratio:.2f} {word.rect.getRect()}")
    for whose, rect in painted(root):
        for piece in pieces(image, rect):
            looked += 1
            if (ratio := contrast_in(image, piece)) < TEXT:
                found.add(f"{whose}: {ratio:.2f} {piece.getRect()}")
    return looked, found


@pytest.mark.parametrize(("ink", "readable"), [("#767676", True), ("#777777", False), ("#FFFFFF", False)])
def test_what_is_measured_is_the_ink_on_its_ground(ink: str, readable: bool) -> None:
    image = QImage(40, 40, QImage.Format.Format_RGB32)
    image.fill(QColor("#FFFFFF"))
    for at in range(8, 30):
        image.setPixelColor(at, 10, QColor(ink))
    image.setPixelColor(5, 5, QColor("#000000"))
    assert (contrast_in(image, QRect(0, 0, 20, 20)) >= TEXT) is readable


def test_words_in_the_window_are_readable(
    run_async: Run, tmp_path: Path, server: LoopbackServer, scheme: SchemePreference
) -> None:
    async def scenario() -> None:
        faults: set[str] = set()
        looked = 0
        async with opened(tmp_path / "profile") as session:
            session.window.resize(1440, 900)
            theme().apply(scheme=scheme)
            async for surface in surfaces(session, server):
                over = [
                    one
                    for one in surface.root.findChildren(QWidget)
                    if isinstance(one, Popup | CommandPalette) and one.isVisible()
                ]
                count, found = faint(over[-1] if over else surface.root)
                looked += count
                faults |= {f"{surface.name}: {one}" for one in found}
        assert looked > 400
        assert not faults, "\n".join(sorted(faults))

    run_async(scenario())


@pytest.mark.parametrize("looked_at", [beginnings, dialogs, menus])
def test_words_in_dialogs_and_menus_are_readable(
    run_async: Run, tmp_path: Path, server: LoopbackServer, scheme: SchemePreference, looked_at: Look
) -> None:
    async def scenario() -> None:
        faults: set[str] = set()
        looked = 0
        async with opened(tmp_path / "profile") as session:
            session.window.resize(1440, 900)
            theme().apply(scheme=scheme)
            async for surface in looked_at(session, server):
                count, found = faint(_uppermost(surface.root))
                looked += count
                faults |= {f"{surface.name}: {one}" for one in found}
        assert looked > 60
        assert not faults, "\n".join(sorted(faults))

    run_async(scenario())


def test_differences_and_errors_of_lanes_are_readable(
    run_async: Run, tmp_path: Path, server: LoopbackServer, scheme: SchemePreference
) -> None:
    async def scenario() -> None:
        tell(server, "model-a", HERE)
        tell(server, "model-b", THERE)
        async with opened(tmp_path / "profile") as session:
            theme().apply(scheme=scheme)
            view = await two_lanes(session, server)
            await ask(view, "One")
            view.bar.baseline_chosen.emit(view.lanes.views[0].id)
            await until(lambda: view.bar.legend.isVisible(), "the differences")
            await quiet()
            compared, faults = faint(session.window)
            refusal = openai_chat.error_body(None, "invalid_request_error", "It is too long.")
            server.told["model-b"] = replies.data(refusal, 400)
            await ask(view, "Two")
            await quiet()
            failed, more = faint(session.window)
        assert min(compared, failed) > 60
        assert not faults | more, "\n".join(sorted(faults | more))

    run_async(scenario())


def test_the_inspector_is_readable(
    run_async: Run, tmp_path: Path, server: LoopbackServer, scheme: SchemePreference
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path / "profile") as session:
            theme().apply(scheme=scheme)
            view = await two_lanes(session, server)
            await ask(view, "One")
            inspector = session.workspace.inspector
            assert inspector is not None
            session.window.commands["view.inspector"].trigger()
            await until(lambda: faint(inspector.conversation)[0] > 20, "the facts of the lane")
            await quiet()
            _, faults = faint(inspector.conversation)
            answer = view.lanes.views[0].source.ids()[-1]
            view.lanes.views[0].transcript.action_requested.emit(answer, "inspect")
            await until(lambda: faint(inspector.message)[0] > 20, "the facts of the answer")
            await quiet()
            _, more = faint(inspector.message)
        assert not faults | more, "\n".join(sorted(faults | more))

    run_async(scenario())


def test_everything_a_transcript_shows_is_readable(show: Show, scheme: SchemePreference) -> None:  # noqa: F811
    theme().apply(scheme=scheme)
    view = show(None, 1000, 6000)
    settle()
    looked, faults = faint(view)
    assert looked > 300
    assert not faults, "\n".join(sorted(faults))
