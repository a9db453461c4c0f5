"""Keys as each window system names them, and what stands for a system."""

from __future__ import annotations

import ctypes
import struct

import pytest
from PySide6.QtCore import QByteArray

from chatbench.ui.globalkeys import macos, windows
from chatbench.ui.globalkeys.keysyms import keysyms_of, portal_trigger
from chatbench.ui.globalkeys.macos import MacKeys
from chatbench.ui.globalkeys.shortcut import Kind, kind_here, maker_of
from chatbench.ui.globalkeys.stroke import KeysRefused, Stroke
from chatbench.ui.globalkeys.windows import WindowsKeys


@pytest.mark.parametrize("keys", ["", "foo", "Ctrl", "Ctrl+K, Ctrl+B"])
def test_what_is_no_single_stroke_is_refused(keys: str) -> None:
    with pytest.raises(KeysRefused, match="no shortcut of one stroke"):
        Stroke.of(keys)


@pytest.mark.parametrize("keys", ["A", "Shift+A", "Space", "Return", "Shift+Left"])
def test_a_key_one_writes_with_is_not_taken_bare(keys: str) -> None:
    with pytest.raises(KeysRefused, match="missing in every other program"):
        Stroke.of(keys)


@pytest.mark.parametrize("keys", ["F12", "Shift+F1", "Media Play", "Meta+A", "Alt+Space"])
def test_other_keys_are_taken(keys: str) -> None:
    assert Stroke.of(keys)


@pytest.mark.parametrize(
    ("keys", "trigger"),
    [
        ("Ctrl+Alt+Space", "CTRL+ALT+space"),
        ("Meta+Shift+A", "SHIFT+LOGO+a"),
        ("Ctrl++", "CTRL+plus"),
        ("Ctrl+Ä", "CTRL+adiaeresis"),
        ("Alt+PgUp", "ALT+Prior"),
        ("F24", "F24"),
        ("Alt+Ж", "ALT+Cyrillic_zhe"),
        ("Ctrl+Media Play", "CTRL+XF86AudioPlay"),
    ],
)
def test_the_portal_is_told_keys_by_their_names(keys: str, trigger: str) -> None:
    assert portal_trigger(Stroke.of(keys)) == trigger


def test_a_character_has_an_old_number_and_one_by_unicode() -> None:
    assert keysyms_of(Stroke.of("Ctrl+Ж")) == (0x6D6, 0x0100_0436)
    assert keysyms_of(Stroke.of("Ctrl+Return")) == (0xFF0D,)
    with pytest.raises(KeysRefused, match="cannot be taken"):
        keysyms_of(Stroke.of("Ctrl+Bluetooth"))


@pytest.mark.parametrize(
    ("system", "platform", "environ", "kind"),
    [
        ("linux", "xcb", {}, "x11"),
        ("linux", "xcb", {"WAYLAND_DISPLAY": "wayland-0"}, "portal"),
        ("linux", "wayland", {"WAYLAND_DISPLAY": "wayland-0"}, "portal"),
        ("linux", "wayland-egl", {}, "portal"),
        ("linux", "offscreen", {"WAYLAND_DISPLAY": "wayland-0"}, "none"),
        ("freebsd14", "xcb", {}, "x11"),
        ("win32", "windows", {}, "windows"),
        ("darwin", "cocoa", {}, "macos"),
    ],
)
def test_each_window_system_has_its_own_way(
    system: str, platform: str, environ: dict[str, str], kind: Kind
) -> None:
    assert kind_here(system, platform, environ) == kind
    if kind == "none":
        with pytest.raises(KeysRefused, match="lets no program"):
            maker_of(kind)
    else:
        assert maker_of(kind).__module__ == f"chatbench.ui.globalkeys.{kind}"


# Windows, as far as it is arithmetic.


def _code(keys: str, of_character: int = -1) -> int:
    return windows.virtual_key(Stroke.of(keys), lambda _character: of_character)


def test_windows_knows_keys_by_virtual_codes() -> None:
    assert _code("Ctrl+A") == ord("A")
    assert _code("Ctrl+7") == ord("7")
    assert _code("Ctrl+Space") == 0x20
    assert _code("F1") == 0x70
    assert _code("F24") == 0x87
    # The layout says where the others are: the code in the low byte, Shift in the high one.
    assert _code("Ctrl+,", 0x01BC) == 0xBC
    for keys in ("Ctrl+ß", "F25", "Ctrl+Bluetooth"):
        with pytest.raises(KeysRefused):
            _code(keys)


def test_windows_counts_what_is_held_without_repeats() -> None:
    assert windows.modifiers_of(Stroke.of("Ctrl+Alt+Space")) == 0x4003
    assert windows.modifiers_of(Stroke.of("Meta+Shift+A")) == 0x400C


@pytest.mark.parametrize(
    ("message", "number", "presses"), [(0x0312, 0x6362, 1), (0x0312, 1, 0), (0x0100, 0x6362, 0)]
)
def test_windows_message_of_these_keys_is_a_press(message: int, number: int, presses: int) -> None:
    heard: list[str] = []
    keys = WindowsKeys(heard.append, heard.append)
    # A MSG: a window, the message, two parameters, when and where.
    raw = ctypes.create_string_buffer(struct.pack("@PIPPIii", 0, message, number, 0, 5, 0, 0))
    kind = QByteArray(b"windows_generic_MSG")
    taken = keys.nativeEventFilter(kind, ctypes.addressof(raw))
    assert heard == [""] * presses
    assert taken == (bool(presses), 0)
    assert keys.nativeEventFilter(QByteArray(b"xcb_generic_event_t"), 0) == (False, 0)


def test_windows_refusals_are_said_in_words() -> None:
    assert windows.refusal(1409) == "Another program has these keys."
    assert windows.refusal(87) == "Windows refuses these keys (error 87)."


# macOS, as far as it is arithmetic.


def test_macos_knows_keys_by_their_place() -> None:
    codes = {keys: macos.key_code(Stroke.of(keys)) for keys in ("Ctrl+A", "Ctrl+Space", "F1", "Ctrl+.")}
    assert codes == {"Ctrl+A": 0x00, "Ctrl+Space": 0x31, "F1": 0x7A, "Ctrl+.": 0x2F}
    places = [*macos._CHARACTERS.values(), *macos._KEYS.values()]
    assert len(places) - len(set(places)) == 1, "no two keys at one place, but Tab and Backtab"
    with pytest.raises(KeysRefused):
        macos.key_code(Stroke.of("Ctrl+ß"))


def test_macos_counts_command_as_qt_counts_control() -> None:
    assert macos.modifiers_of(Stroke.of("Ctrl+Shift+A")) == 0x0300
    assert macos.modifiers_of(Stroke.of("Meta+Alt+A")) == 0x1800


def test_macos_refusals_are_said_in_words() -> None:
    assert macos.refusal(-9878) == "Another program has these keys."
    assert macos.refusal(-50) == "macOS refuses these keys (error -50)."


def test_macos_handler_tells_of_a_press() -> None:
    heard: list[str] = []
    keys = MacKeys(heard.append, heard.append)
    assert keys._handler(None, None, None) == 0
    assert heard == [""]
    keys.release()
