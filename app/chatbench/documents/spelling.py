"""Words looked up in Hunspell's dictionaries, by the Hunspell library of the operating system.

Loaded with ctypes: it lets other threads run meanwhile, and costs the program no library of its own. A
dictionary takes 0.1 to 0.5 s to load and 8 to 17 MiB, a word some microseconds.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final
from unicodedata import name

from chatbench.core.errors import FormatError

_LIBRARIES: Final = (
    *(f"libhunspell-1.{minor}.so.0" for minor in (7, 8, 6, 5, 4)),
    "libhunspell-1.7.dylib",
    *(f"{folder}/lib/libhunspell-1.7.dylib" for folder in ("/opt/homebrew", "/usr/local")),
    "libhunspell-1.7-0.dll",
)
_ANOTHER: Final = "Install another dictionary."
_SAMPLE: Final = 400
"""So many words of a dictionary tell which script it is written in."""


def folders() -> tuple[Path, ...]:
    """Where the operating system keeps dictionaries, or where DICPATH says, as Hunspell has it."""
    if told := os.environ.get("DICPATH"):
        return tuple(map(Path, told.split(os.pathsep)))
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    if sys.platform == "darwin":
        return (Path.home() / "Library" / "Spelling", Path("/Library/Spelling"))
    if sys.platform == "win32":
        return (Path(os.environ.get("APPDATA", data)) / "hunspell",)
    return (Path(data, "hunspell"), Path("/usr/share/hunspell"), Path("/usr/share/myspell"))


def found_in(places: Iterable[Path]) -> dict[str, Path]:
    """The `.dic` file of each language ("en_US") that has its rules beside it. Of two names for one
    file the shorter stays, so that a language is there once."""
    found: dict[str, Path] = {}
    for place in places:
        for path in sorted(place.glob("*.dic"), key=lambda path: (len(path.stem), path.stem)):
            plain = path.stem.replace("-", "_")
            if not plain.startswith("hyph_") and path.with_suffix(".aff").is_file():
                found.setdefault(plain, path)
    return found


@cache
def _library() -> ctypes.CDLL | None:
    for candidate in _LIBRARIES:
        try:
            library = ctypes.CDLL(candidate)
        except OSError:
            continue
        strings = ctypes.POINTER(ctypes.POINTER(ctypes.c_char_p))
        library.Hunspell_create.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
        library.Hunspell_create.restype = ctypes.c_void_p
        library.Hunspell_destroy.argtypes = [ctypes.c_void_p]
        library.Hunspell_destroy.restype = None
        library.Hunspell_get_dic_encoding.argtypes = [ctypes.c_void_p]
        library.Hunspell_get_dic_encoding.restype = ctypes.c_char_p
        library.Hunspell_spell.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        library.Hunspell_suggest.argtypes = [ctypes.c_void_p, strings, ctypes.c_char_p]
        library.Hunspell_free_list.argtypes = [ctypes.c_void_p, strings, ctypes.c_int]
        library.Hunspell_free_list.restype = None
        return library
    return None


def is_installed() -> bool:
    """Whether this computer has the library."""
    return _library() is not None


class Dictionary:
    """The words of one language. To be used by one thread at a time, never by the one that paints:
    an unusual compound takes milliseconds, suggestions some tenths of a second.

    Raises FormatError where it cannot be loaded.
    """

    def __init__(self, path: Path) -> None:
        library = _library()
        if library is None:
            raise FormatError("This computer has no Hunspell library.", "Install hunspell.")
        self._library = library
        rules = path.with_suffix(".aff")
        self._handle: int | None = library.Hunspell_create(os.fsencode(rules), os.fsencode(path))
        if not self._handle:
            raise FormatError(f"{path} is no dictionary.", _ANOTHER)
        told = library.Hunspell_get_dic_encoding(self._handle).decode("ascii", "replace")
        self._encoding = told.lower().removeprefix("microsoft-")
        try:
            self._scripts = _scripts(path, self._encoding)
        except (LookupError, OSError) as error:
            self.close()
            raise FormatError(f"{path} cannot be read: {error}.", _ANOTHER) from error

    def speaks(self, word: str) -> bool:
        """Whether the word is written in this language's script: others are not judged."""
        return script(word) in self._scripts

    def knows(self, word: str) -> bool:
        """Whether the word is right."""
        try:
            return bool(self._library.Hunspell_spell(self._handle, word.encode(self._encoding)))
        except UnicodeEncodeError:
            return False

    def suggestions(self, word: str) -> tuple[str, ...]:
        """What may have been meant, the likeliest first."""
        strings = ctypes.POINTER(ctypes.c_char_p)()
        try:
            encoded = word.encode(self._encoding)
        except UnicodeEncodeError:
            return ()
        count = self._library.Hunspell_suggest(self._handle, ctypes.byref(strings), encoded)
        try:
            found = [(strings[place] or b"").decode(self._encoding, "replace") for place in range(count)]
        finally:
            self._library.Hunspell_free_list(self._handle, ctypes.byref(strings), count)
        return tuple(found)

    def close(self) -> None:
        """Gives the memory back; nothing can be asked afterwards."""
        if self._handle:
            self._library.Hunspell_destroy(self._handle)
            self._handle = None


def script(word: str) -> str:
    """The script of the first letter, as Unicode names it ("LATIN")."""
    return next((name(letter, "").partition(" ")[0] for letter in word if letter.isalpha()), "")


def _scripts(path: Path, encoding: str) -> frozenset[str]:
    found: dict[str, int] = {}
    with path.open(encoding=encoding, errors="replace") as words:
        lines = [line for _, line in zip(range(200 * _SAMPLE), words, strict=False)]
    for line in lines[1 :: max(1, len(lines) // _SAMPLE)]:
        found[script(line)] = found.get(script(line), 0) + 1
    most = max(found.values(), default=0)
    return frozenset(name for name, count in found.items() if name and count * 10 >= most)
