"""The little of libxcb that taking keys needs: a connection of our own beside the toolkit's."""

from __future__ import annotations

import ctypes
import struct
from functools import cache
from typing import Any, Final, NamedTuple

LIBRARY: Final = "libxcb.so.1"
KEY_PRESS: Final = 2
KEY_RELEASE: Final = 3
MAPPING_NOTIFY: Final = 34
BAD_ACCESS: Final = 10
_ASYNC: Final = 1
_EVENT_SIZE: Final = 32
_REPLY_HEAD: Final = 32


class _Cookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class _Screens(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("rem", ctypes.c_int), ("index", ctypes.c_int))


class Event(NamedTuple):
    """`kind` without the mark of a sent one; `detail` is a key's code; `time` in ms of the server."""

    kind: int
    detail: int
    time: int
    state: int
    request: int
    """What of the keyboard's map has changed: 0 modifiers, 1 keys, 2 the pointer."""


class Keyboard(NamedTuple):
    """The map of the keyboard: a row of keysyms for each code, and the codes of the eight modifiers."""

    rows: dict[int, tuple[int, ...]]
    modifiers: tuple[tuple[int, ...], ...]


class Connection:
    """A client of an X server; `display` as in DISPLAY, "" for that. Raises OSError where there is no
    library or no server."""

    def __init__(self, display: str = "") -> None:
        self._xcb = _library()
        screen = ctypes.c_int()
        name = display.encode() or None
        self._link: int | None = self._xcb.xcb_connect(name, ctypes.byref(screen))
        if self.broken:
            self.close()
            raise OSError(f"no X server answers at {display or 'DISPLAY'}")
        setup = self._xcb.xcb_get_setup(self._link)
        # The smallest and the largest code stand at bytes 34 and 35 of what the server says first.
        self._first, self._last = ctypes.string_at(setup, 36)[34:36]
        screens = self._xcb.xcb_setup_roots_iterator(setup)
        for _ in range(screen.value):
            self._xcb.xcb_screen_next(ctypes.byref(screens))
        (self._root,) = struct.unpack("=I", ctypes.string_at(screens.data, 4))

    @property
    def broken(self) -> bool:
        """Whether the server has gone."""
        return self._link is None or bool(self._xcb.xcb_connection_has_error(self._link))

    @property
    def descriptor(self) -> int:
        """The file descriptor on which the server speaks."""
        return int(self._xcb.xcb_get_file_descriptor(self._link))

    def close(self) -> None:
        """Ends the connection, and with it every grab."""
        if self._link is not None:
            self._xcb.xcb_disconnect(self._link)
            self._link = None

    def keyboard(self) -> Keyboard:
        """The map as it is now. Raises OSError where the server has gone."""
        count = self._last - self._first + 1
        keys = self._xcb.xcb_get_keyboard_mapping(self._link, self._first, count)
        held = self._xcb.xcb_get_modifier_mapping(self._link)
        width, data = self._reply(self._xcb.xcb_get_keyboard_mapping_reply, keys)
        symbols = struct.unpack(f"={len(data) // 4}I", data)
        rows = {self._first + n: symbols[n * width : (n + 1) * width] for n in range(count)}
        width, data = self._reply(self._xcb.xcb_get_modifier_mapping_reply, held)
        return Keyboard(rows, tuple(tuple(data[n * width : (n + 1) * width]) for n in range(8)))

    def grab(self, strokes: set[tuple[int, int]]) -> int:
        """Takes keys by (code, modifiers), without holding up the keyboard. Returns 0, or the first
        error's number; those that could be taken are then held."""
        return self._check(
            self._xcb.xcb_grab_key_checked(self._link, 0, self._root, held, code, _ASYNC, _ASYNC)
            for code, held in sorted(strokes)
        )

    def ungrab(self, strokes: set[tuple[int, int]]) -> None:
        """Gives keys back, those too that it never had."""
        self._check(
            self._xcb.xcb_ungrab_key_checked(self._link, code, self._root, held)
            for code, held in sorted(strokes)
        )

    def poll(self) -> Event | None:
        """The next event that has come; None where there is none now."""
        found = self._xcb.xcb_poll_for_event(self._link)
        if not found:
            return None
        raw = ctypes.string_at(found, _EVENT_SIZE)
        _free(found)
        (time,) = struct.unpack_from("=I", raw, 4)
        (state,) = struct.unpack_from("=H", raw, 28)
        return Event(raw[0] & 0x7F, raw[1], time, state, raw[4])

    def _check(self, requests: Any) -> int:
        # All are sent before the first answer is waited for.
        first = 0
        for cookie in list(requests):
            error = self._xcb.xcb_request_check(self._link, cookie)
            if error:
                first = first or ctypes.string_at(error, 2)[1]
                _free(error)
        return first

    def _reply(self, take: Any, cookie: _Cookie) -> tuple[int, bytes]:
        found = take(self._link, cookie, None)
        if not found:
            raise OSError("the X server does not answer")
        width, length = struct.unpack("=xBxxI", ctypes.string_at(found, 8))
        data = ctypes.string_at(found + _REPLY_HEAD, length * 4)
        _free(found)
        return width, data


def _free(pointer: int) -> None:
    _libc().free(pointer)


@cache
def _libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None)
    library.free.argtypes = [ctypes.c_void_p]
    library.free.restype = None
    return library


@cache
def _library() -> ctypes.CDLL:
    xcb = ctypes.CDLL(LIBRARY)
    link, u8, u16, u32 = ctypes.c_void_p, ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32
    signatures: dict[str, tuple[Any, ...]] = {
        "xcb_connect": (link, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int)),
        "xcb_connection_has_error": (ctypes.c_int, link),
        "xcb_disconnect": (None, link),
        "xcb_get_file_descriptor": (ctypes.c_int, link),
        "xcb_get_setup": (ctypes.c_void_p, link),
        "xcb_setup_roots_iterator": (_Screens, ctypes.c_void_p),
        "xcb_screen_next": (None, ctypes.POINTER(_Screens)),
        "xcb_get_keyboard_mapping": (_Cookie, link, u8, u8),
        "xcb_get_keyboard_mapping_reply": (ctypes.c_void_p, link, _Cookie, ctypes.c_void_p),
        "xcb_get_modifier_mapping": (_Cookie, link),
        "xcb_get_modifier_mapping_reply": (ctypes.c_void_p, link, _Cookie, ctypes.c_void_p),
        "xcb_grab_key_checked": (_Cookie, link, u8, u32, u16, u8, u8, u8),
        "xcb_ungrab_key_checked": (_Cookie, link, u8, u32, u16),
        "xcb_request_check": (ctypes.c_void_p, link, _Cookie),
        "xcb_poll_for_event": (ctypes.c_void_p, link),
    }
    for name, (result, *arguments) in signatures.items():
        function = getattr(xcb, name)
        function.restype, function.argtypes = result, arguments
    return xcb
