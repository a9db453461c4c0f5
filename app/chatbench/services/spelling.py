"""Spelling: which languages can be checked here, which words nobody knows, and the reader's own words."""

from __future__ import annotations

import asyncio
import locale
import os
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from unicodedata import normalize

from chatbench.core.errors import FormatError
from chatbench.documents import spelling
from chatbench.services.preferences import PreferencesStore
from chatbench.storage import failures
from chatbench.storage.textfiles import replace_file

MOST_SUGGESTIONS = 6
_REMEMBERED = 20_000


class SpellingService:
    """Nothing is loaded before the first word is asked for, and everything is let go when the reader
    turns it off. All of Hunspell's work is done beside the thread that paints."""

    def __init__(self, preferences: PreferencesStore, words: Path) -> None:
        self._preferences = preferences
        self._words = words
        self._lock = threading.Lock()
        self._open: dict[str, spelling.Dictionary] = {}
        self._own: frozenset[str] | None = None
        self._judged: dict[str, bool] = {}
        self._found: dict[str, Path] | None = None

    def languages(self) -> tuple[str, ...]:
        """The languages ("en_US") this computer has dictionaries for; () without the library."""
        if self._found is None:
            self._found = spelling.found_in(spelling.folders()) if spelling.is_installed() else {}
        return tuple(sorted(self._found))

    @property
    def library(self) -> bool:
        """Whether this computer has what reads dictionaries."""
        return spelling.is_installed()

    def checked(self) -> tuple[str, ...]:
        """The languages words are checked in; () where nothing is checked."""
        chosen = self._preferences.current.spelling
        languages = self.languages()
        if chosen == "system":
            return _of_system(languages, _spoken())
        return tuple(one for one in languages if one == chosen)

    async def unknown(self, words: Collection[str]) -> frozenset[str]:
        """Those that no language checked and none of the reader's own words knows. A word in a script
        that none of the languages is written in is not judged."""
        languages = self.checked()
        if not languages and self._open:
            await asyncio.to_thread(self._let_go)
        if not languages or not words:
            return frozenset()
        return await asyncio.to_thread(self._unknown, languages, frozenset(words))

    async def suggestions(self, word: str) -> tuple[str, ...]:
        """What may have been meant, of all languages in turn, the likeliest first."""
        return await asyncio.to_thread(self._suggest, self.checked(), _plain(word))

    async def learn(self, word: str) -> None:
        """From now on the word is right. Raises StorageError where it cannot be written."""
        await asyncio.to_thread(self._keep, lambda own: own | {_plain(word)})

    async def forget(self, word: str) -> None:
        """Takes back `learn`. Raises StorageError."""
        await asyncio.to_thread(self._keep, lambda own: own - {_plain(word)})

    async def aclose(self) -> None:
        """Lets go of everything."""
        await asyncio.to_thread(self._let_go)

    # Beside the thread that paints, one at a time.

    def _unknown(self, languages: Sequence[str], words: frozenset[str]) -> frozenset[str]:
        with self._lock:
            dictionaries = self._dictionaries(languages)
            own = self._read()
            if len(self._judged) > _REMEMBERED:
                self._judged.clear()
            for word in words:
                if word not in self._judged:
                    self._judged[word] = _is_right(_plain(word), dictionaries)
            return frozenset(word for word in words if not self._judged[word] and _plain(word) not in own)

    def _suggest(self, languages: Sequence[str], word: str) -> tuple[str, ...]:
        with self._lock:
            offered = [one.suggestions(word) for one in self._dictionaries(languages) if one.speaks(word)]
        longest = max(map(len, offered), default=0)
        ranked = (one[rank] for rank in range(longest) for one in offered if rank < len(one))
        return tuple(dict.fromkeys(ranked))[:MOST_SUGGESTIONS]

    def _dictionaries(self, languages: Sequence[str]) -> list[spelling.Dictionary]:
        if set(languages) != set(self._open):
            self._close()
            for language in languages:
                try:
                    self._open[language] = spelling.Dictionary((self._found or {})[language])
                except FormatError:
                    # The others still check; what nothing reads is not offered again.
                    (self._found or {}).pop(language, None)
        return list(self._open.values())

    def _read(self) -> frozenset[str]:
        if self._own is None:
            try:
                self._own = frozenset(self._words.read_text(encoding="utf-8", errors="replace").splitlines())
            except FileNotFoundError:
                self._own = frozenset()
            except OSError as error:
                raise failures.system_error(error, self._words) from error
        return self._own

    def _keep(self, change: Callable[[frozenset[str]], frozenset[str]]) -> None:
        with self._lock:
            # Another window may have written meanwhile.
            self._own = None
            kept = change(self._read())
            self._own = None
            lines = "".join(f"{word}\n" for word in sorted(kept - {""}))
            try:
                self._words.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise failures.system_error(error, self._words) from error
            replace_file(self._words, lines.encode())
            self._own = kept

    def _let_go(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        for one in self._open.values():
            one.close()
        self._open = {}
        self._judged = {}


def _is_right(word: str, dictionaries: Sequence[spelling.Dictionary]) -> bool:
    judges = [one for one in dictionaries if one.speaks(word)]
    return not judges or any(one.knows(word) for one in judges)


def _plain(word: str) -> str:
    """As dictionaries write it."""
    return normalize("NFC", word).replace("\u2019", "'")


def _spoken() -> list[str]:
    """The languages the reader has chosen for the computer, and English, which is written by all."""
    return [*os.environ.get("LANGUAGE", "").split(":"), locale.getlocale()[0] or "", "en_US"]


def _of_system(languages: Sequence[str], spoken: Sequence[str]) -> tuple[str, ...]:
    """For each language spoken its own dictionary, else one of another country."""
    chosen: dict[str, None] = {}
    for one in spoken:
        wanted = one.partition(".")[0].partition("@")[0].replace("-", "_")
        language = wanted.partition("_")[0]
        near = [name for name in languages if language and name.partition("_")[0] == language]
        if not any(name in chosen for name in near):
            chosen |= dict.fromkeys([wanted] if wanted in near else near[:1])
    return tuple(chosen)
