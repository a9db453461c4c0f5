"""Keys on a real X server, pressed by another program."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from tests.harness.atspi import screen
from tests.scenarios.window import Run, until
from tests.ui.globalkeys.conftest import Keyboard

from chatbench.ui.globalkeys.stroke import KeysRefused, Stroke
from chatbench.ui.globalkeys.x11 import X11Keys, grabs_of
from chatbench.ui.globalkeys.xcb import Connection
from chatbench.ui.globalkeys.xcb import Keyboard as Map

SPACE = Stroke.of("Ctrl+Alt+Space")


class Heard:
    """What came of it."""

    def __init__(self) -> None:
        self.presses = 0
        self.told: list[str] = []

    def press(self, token: str) -> None:
        assert token == ""
        self.presses += 1

    def are(self, presses: int) -> bool:
        return self.presses == presses


@contextmanager
def listening(keyboard: Keyboard) -> Iterator[tuple[X11Keys, Heard]]:
    heard = Heard()
    keys = X11Keys(heard.press, heard.told.append, keyboard.display)
    try:
        yield keys, heard
    finally:
        keys.release()


async def settled(keyboard: Keyboard, heard: Heard) -> int:
    """The presses that have come, once the server has nothing more to say: it answers in order."""
    Connection(keyboard.display).close()
    before = -1
    while before != heard.presses:
        before = heard.presses
        await asyncio.sleep(0.05)
    return heard.presses


def grabbed_by_another(keyboard: Keyboard, strokes: set[tuple[int, int]]) -> bool:
    """Whether a further program can have them."""
    other = Connection(keyboard.display)
    code = other.grab(strokes)
    other.close()
    return code == 0


def test_keys_pressed_in_another_program_are_heard_until_they_are_given_back(
    keyboard: Keyboard, run_async: Run
) -> None:
    async def scenario() -> None:
        with listening(keyboard) as (keys, heard):
            assert await keys.register(SPACE) == ""
            keyboard.press("ctrl+alt+space")
            await until(lambda: heard.presses == 1, "the press")
            keyboard.press("ctrl+space", "alt+space", "ctrl+alt+shift+space", "ctrl+alt+a")
            assert await settled(keyboard, heard) == 1
            await keys.register(Stroke.of("Meta+F9"))
            keyboard.press("ctrl+alt+space", "super+F9")
            await until(lambda: heard.presses == 2, "the other keys")
            keys.release()
            keyboard.press("super+F9", "ctrl+alt+space")
            assert await settled(keyboard, heard) == 2
            assert heard.told == []

    run_async(scenario())


def test_locks_do_not_matter(keyboard: Keyboard, run_async: Run) -> None:
    async def scenario() -> None:
        with listening(keyboard) as (keys, heard):
            await keys.register(SPACE)
            for number, lock in enumerate(("Caps_Lock", "Num_Lock", "Caps_Lock"), 1):
                keyboard.press(lock, "ctrl+alt+space")
                await until(partial(heard.are, number), f"the press under {lock}")

    run_async(scenario())


def test_keys_that_are_held_down_are_one_press(keyboard: Keyboard, run_async: Run) -> None:
    async def scenario() -> None:
        with listening(keyboard) as (keys, heard):
            await keys.register(SPACE)
            keyboard.hold("ctrl")
            keyboard.hold("alt")
            keyboard.hold("space")
            await asyncio.sleep(1)
            keyboard.press("a")
            keyboard.let_go("space")
            assert await settled(keyboard, heard) == 1
            keyboard.press("space")
            assert await settled(keyboard, heard) == 2

    run_async(scenario())


def test_keys_that_another_program_has_are_refused(keyboard: Keyboard, run_async: Run) -> None:
    async def scenario() -> None:
        with listening(keyboard) as (first, _), listening(keyboard) as (second, heard):
            await first.register(SPACE)
            with pytest.raises(KeysRefused, match=r"^Another program has these keys\.$"):
                await second.register(SPACE)
            first.release()
            # Nothing of the refused try is left behind.
            await first.register(SPACE)
            first.release()
            await second.register(SPACE)
            keyboard.press("ctrl+alt+space")
            await until(lambda: heard.presses == 1, "the press")

    run_async(scenario())


def test_keys_follow_the_keyboards_layout(keyboard: Keyboard, run_async: Run) -> None:
    async def scenario() -> None:
        with listening(keyboard) as (keys, heard):
            await keys.register(Stroke.of("Ctrl+Alt+Z"))
            keyboard.press("ctrl+alt+z")
            await until(lambda: heard.presses == 1, "the press")
            before = set(keys._grabbed)
            keyboard.layout("de")
            await until(lambda: keys._grabbed and not keys._grabbed & before, "the other key")
            assert grabbed_by_another(keyboard, before)
            keyboard.press("ctrl+alt+y")
            assert await settled(keyboard, heard) == 1
            keyboard.press("ctrl+alt+z")
            await until(lambda: heard.presses == 2, "the press on the other layout")

    run_async(scenario())


def test_keys_taken_by_another_program_while_the_layout_changes_are_told_and_come_back(
    keyboard: Keyboard, run_async: Run
) -> None:
    async def scenario() -> None:
        with listening(keyboard) as (keys, heard):
            await keys.register(Stroke.of("Ctrl+Alt+Z"))
            other = Connection(keyboard.display)
            german = sorted((29, held) for _, held in keys._grabbed)
            assert other.grab(set(german[2:3])) == 0
            keyboard.layout("de")
            await until(lambda: heard.told == ["Another program has these keys."], "the loss")
            other.close()
            assert grabbed_by_another(keyboard, set(german))
            keyboard.layout("us")
            await until(lambda: heard.told[1:] == [""], "the keys again")
            keyboard.press("ctrl+alt+z")
            await until(lambda: heard.presses == 1, "the press")

    run_async(scenario())


def test_without_a_server_it_is_said(keyboard: Keyboard, run_async: Run) -> None:
    async def scenario() -> None:
        keys = X11Keys(lambda _token: None, lambda _problem: None, ":64999")
        with pytest.raises(KeysRefused, match="an X server that answers"):
            await keys.register(SPACE)

    run_async(scenario())


def test_a_server_that_goes_is_told(run_async: Run) -> None:
    async def scenario() -> None:
        heard = Heard()
        with screen() as display:
            keys = X11Keys(heard.press, heard.told.append, display)
            await keys.register(SPACE)
        await until(lambda: heard.told == ["The X server has gone."], "the end")
        keys.release()

    run_async(scenario())


# Where the keys are on a keyboard.

US = Map(
    {
        10: (0x31, 0x21, 0x31, 0x21), 29: (0x79, 0x59, 0x6CE, 0x6EE), 65: (0x20, 0x20),
        64: (0xFFE9, 0xFFE7), 77: (0xFF7F,), 66: (0xFFE5,), 133: (0xFFEB,),
    },
    ((50,), (66,), (37,), (64,), (77,), (), (133,), ()),
)  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "code", "held"),
    [
        ("Ctrl+Y", 29, 0x04),
        ("Ctrl+Alt+Space", 65, 0x0C),
        ("Meta+Y", 29, 0x40),
        ("Ctrl+Shift+!", 10, 0x05),
        ("Ctrl+!", 10, 0x05),
        ("Alt+Н", 29, 0x08),
    ],
)
def test_a_stroke_is_a_code_and_modifiers_under_every_lock(keys: str, code: int, held: int) -> None:
    assert grabs_of(Stroke.of(keys), US) == {(code, held | lock) for lock in (0, 0x02, 0x10, 0x12)}


def test_a_key_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeysRefused, match="no such key"):
        grabs_of(Stroke.of("Ctrl+ß"), US)
