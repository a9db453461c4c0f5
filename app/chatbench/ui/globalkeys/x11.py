"""Keys on X11: a passive grab on the root window, kept through changes of the keyboard's map."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Final

from PySide6.QtCore import QObject, QSocketNotifier, Qt

from chatbench.ui.globalkeys.keysyms import keysyms_of
from chatbench.ui.globalkeys.stroke import KeysRefused, Stroke, tr
from chatbench.ui.globalkeys.xcb import (
    BAD_ACCESS,
    KEY_PRESS,
    KEY_RELEASE,
    LIBRARY,
    MAPPING_NOTIFY,
    Connection,
    Event,
    Keyboard,
)

_SHIFT: Final = 0x01
_LOCK: Final = 0x02
_CONTROL: Final = 0x04
_USUAL_ALT: Final = 0x08
_USUAL_META: Final = 0x40
_MODIFIERS: Final = 0xFF
_POINTER: Final = 2
_ALT: Final = (0xFFE9, 0xFFEA)
_META: Final = (0xFFEB, 0xFFEC)
_NUM_LOCK: Final = (0xFF7F,)
_SCROLL_LOCK: Final = (0xFF14,)


class X11Keys(QObject):
    """A `Listener` with a connection of its own to the X server; `display` as in DISPLAY, "" for that."""

    def __init__(
        self, pressed: Callable[[str], None], told: Callable[[str], None], display: str = ""
    ) -> None:
        super().__init__()
        self._pressed = pressed
        self._told = told
        self._display = display
        self._link: Connection | None = None
        self._notifier: QSocketNotifier | None = None
        self._stroke: Stroke | None = None
        self._grabbed: set[tuple[int, int]] = set()
        self._released_at = -1
        self._problem = ""

    async def register(self, stroke: Stroke) -> str:
        """See `Listener`."""
        self.release()
        try:
            self._link = Connection(self._display)
        except OSError as error:
            raise KeysRefused(
                tr("Taking keys needs {0} and an X server that answers.").format(LIBRARY)
            ) from error
        self._notifier = QSocketNotifier(self._link.descriptor, QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)
        self._stroke = stroke
        try:
            self._grab()
        except KeysRefused:
            self.release()
            raise
        # What came while an answer was waited for makes the descriptor readable no more.
        self._read()
        return ""

    def release(self) -> None:
        """See `Listener`."""
        if self._notifier is not None:
            self._notifier.setEnabled(False)
            self._notifier.deleteLater()
            self._notifier = None
        if self._link is not None:
            self._link.close()
            self._link = None
        self._stroke = None
        self._grabbed = set()
        self._released_at = -1
        self._problem = ""

    def _grab(self) -> None:
        """Takes the keys where they are on the keyboard now, in place of where they were."""
        assert self._link is not None
        assert self._stroke is not None
        try:
            wanted = grabs_of(self._stroke, self._link.keyboard())
        except OSError as error:
            raise KeysRefused(tr("The X server has gone.")) from error
        if wanted == self._grabbed:
            return
        self._link.ungrab(self._grabbed)
        self._grabbed = set()
        code = self._link.grab(wanted)
        if code:
            self._link.ungrab(wanted)
            raise KeysRefused(
                tr("Another program has these keys.")
                if code == BAD_ACCESS
                else tr("The X server refuses these keys (error {0}).").format(code)
            )
        self._grabbed = wanted

    def _read(self) -> None:
        """Takes what has come, until nothing more is there."""
        link = self._link
        if link is None:
            return
        presses = 0
        # To follow the keyboard is to wait for answers, with which further events come.
        while events := list(iter(link.poll, None)):
            presses += sum(map(self._is_press, events))
            if any(event.kind == MAPPING_NOTIFY and event.request != _POINTER for event in events):
                self._follow_keyboard()
        if link.broken:
            self.release()
            self._told(tr("The X server has gone."))
        for _ in range(presses):
            self._pressed("")

    def _is_press(self, event: Event) -> bool:
        """Whether it is a press of the keys. A key that is held down repeats: each release comes with
        the next press in the same millisecond."""
        if event.kind == KEY_RELEASE:
            self._released_at = event.time
        return (
            event.kind == KEY_PRESS
            and event.time != self._released_at
            and (event.detail, event.state & _MODIFIERS) in self._grabbed
        )

    def _follow_keyboard(self) -> None:
        before = self._problem
        try:
            self._grab()
        except KeysRefused as refused:
            self._problem = refused.words
        else:
            self._problem = ""
        if self._problem != before:
            self._told(self._problem)


def grabs_of(stroke: Stroke, keyboard: Keyboard) -> set[tuple[int, int]]:
    """Every (code, modifiers) that is this stroke on this keyboard, whichever locks are on.

    Raises KeysRefused where the keyboard has no such key.
    """
    codes, shifted = _codes_of(keysyms_of(stroke), keyboard)
    held = _modifiers_of(stroke, keyboard) | (_SHIFT if shifted else 0)
    locks = {_LOCK, _mask_of(_NUM_LOCK, keyboard), _mask_of(_SCROLL_LOCK, keyboard)} - {0}
    masks = {held | sum(some) for count in range(len(locks) + 1) for some in combinations(locks, count)}
    return {(code, mask) for code in codes for mask in masks}


def _codes_of(keysyms: Iterable[int], keyboard: Keyboard) -> tuple[list[int], bool]:
    """The codes that give one of the keysyms, and whether only with Shift. The first layout's plain
    keys go before the second's, and those before what Shift gives."""
    wanted = set(keysyms)
    for column in (0, 2, 1, 3):
        codes = [code for code, row in keyboard.rows.items() if wanted & set(row[column : column + 1])]
        if codes:
            return codes, column % 2 == 1
    raise KeysRefused(tr("Your keyboard has no such key."))


def _modifiers_of(stroke: Stroke, keyboard: Keyboard) -> int:
    modifier = Qt.KeyboardModifier
    mask = 0
    if stroke.modifiers & modifier.ShiftModifier:
        mask |= _SHIFT
    if stroke.modifiers & modifier.ControlModifier:
        mask |= _CONTROL
    if stroke.modifiers & modifier.AltModifier:
        mask |= _mask_of(_ALT, keyboard) or _USUAL_ALT
    if stroke.modifiers & modifier.MetaModifier:
        mask |= _mask_of(_META, keyboard) or _USUAL_META
    return mask


def _mask_of(keysyms: Iterable[int], keyboard: Keyboard) -> int:
    """The modifier that one of these keys turns on; 0 for none."""
    wanted = set(keysyms)
    for place, codes in enumerate(keyboard.modifiers):
        if any(wanted & set(keyboard.rows.get(code, ())) for code in codes):
            return 1 << place
    return 0
