"""Pieces of text that prompts share, and where they come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from chatbench.core.errors import ConfigurationError, FormatError, StorageError
from chatbench.core.messages import text_of
from chatbench.core.prompts import Fragment, Prompt, PromptEntry
from chatbench.services.fragments import FragmentService
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.promptfragments import FragmentStore
from chatbench.templates.language import TemplateError, parse
from chatbench.templates.prompts import fragments_of

PIN = "@"
"""Stands between a fragment's name and the beginning of the digest it is pinned at."""
ANSWER = "answer:"
"""Begins the source of a fragment that was an answer; its message's id follows."""
_PIN_DIGITS = 12
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


class FragmentUse(NamedTuple):
    """A prompt that names a fragment: `pins` are the beginnings of the digests at which it does, "" among
    them where it follows what the fragment becomes."""

    entry: PromptEntry
    pins: tuple[str, ...]

    @property
    def follows(self) -> bool:
        """Whether a change of the fragment changes the prompt."""
        return "" in self.pins


def uses_in(latest: Sequence[tuple[PromptEntry, Prompt]]) -> dict[str, list[FragmentUse]]:
    """By the name of a fragment, which of these prompts name it. What is broken names nothing."""
    found: dict[str, list[FragmentUse]] = {}
    for entry, prompt in latest:
        try:
            used = fragments_of(prompt)
        except TemplateError:
            continue
        pins: dict[str, list[str]] = {}
        for one in used:
            name, _, pin = one.partition(PIN)
            pins.setdefault(name, []).append(pin)
        for name, its in pins.items():
            found.setdefault(name, []).append(FragmentUse(entry, tuple(its)))
    return found


def pinned(prompt: Prompt, name: str, sha256: str) -> Prompt:
    """The prompt with every place of a fragment pinned at a digest; with "" following again. Raises
    TemplateError."""
    place = re.compile(rf"""(fragment\s*\(\s*)(["']){re.escape(name)}(?:{PIN}[0-9A-Fa-f]*)?\2""")
    used = f"{name}{PIN}{sha256[:_PIN_DIGITS]}" if sha256 else name

    def put(text: str) -> str:
        parse(text)
        return _TAG.sub(lambda tag: place.sub(lambda m: f"{m[1]}{m[2]}{used}{m[2]}", tag[0]), text)

    messages = tuple(msgspec.structs.replace(one, text=put(one.text)) for one in prompt.messages)
    return msgspec.structs.replace(prompt, messages=messages)


class SharedTexts:
    """The fragments of a profile. All methods raise StorageError and its kinds."""

    def __init__(
        self, store: FragmentStore, reading: FragmentService, conversations: ConversationStore
    ) -> None:
        self._store = store
        self._reading = reading
        self._conversations = conversations

    async def all(self) -> list[Fragment]:
        """By name."""
        return await self._store.all()

    async def get(self, name: str, sha256: str = "") -> Fragment:
        """As it is now, or as it was when its digest began so."""
        return await self._store.get(name, sha256)

    async def versions(self, name: str) -> list[Fragment]:
        """What it is and was, the newest first."""
        return await self._store.versions(name)

    async def save(self, name: str, text: str | None = None, source: str = "") -> Fragment:
        """Adds it or gives it another text: `text`, or what is at `source` now: a file, an http(s) address,
        or `answer:` and the id of a message. Raises ConfigurationError for what is no name, and what
        FragmentService.read does."""
        told = " ".join(name.split())
        if not told or not told.isprintable() or PIN in told or any(one in told for one in "'\"{}\\"):
            raise ConfigurationError(
                f"{told[:60]!r} cannot be the name of a fragment.", "Leave out @, quotes and braces."
            )
        if text is None:
            text = await self._read(source)
        return await self._store.save(told, text, source)

    async def update(self, name: str) -> Fragment:
        """Reads its source again. Raises ConfigurationError where it has none."""
        fragment = await self._store.get(name)
        if not fragment.source:
            raise ConfigurationError(f"The fragment {name!r} comes from nowhere else.", "Edit its text.")
        return await self.save(name, source=fragment.source)

    async def delete(self, name: str) -> Fragment:
        """Returns what it was: saving that again undoes it. Who pinned it keeps its text."""
        return await self._store.delete(name)

    async def of(self, prompts: Iterable[Prompt]) -> dict[str, str]:
        """The texts of all fragments that the prompts name, by the names they use, pins included. Raises
        FormatError for one that is not there."""
        return await self.named([name for prompt in prompts for name in fragments_of(prompt)])

    async def named(self, names: Iterable[str]) -> dict[str, str]:
        """The texts of these, each with its pin. Raises FormatError for one that is not there."""
        found = {}
        for used in dict.fromkeys(names):
            name, _, pin = used.partition(PIN)
            try:
                found[used] = (await self._store.get(name, pin)).text
            except StorageError as error:
                raise FormatError(error.message, error.hint) from error
        return found

    async def _read(self, source: str) -> str:
        if not source.startswith(ANSWER):
            return await self._reading.read(source)
        found = await self._conversations.messages([source.removeprefix(ANSWER)])
        if not found:
            raise StorageError("There is no such answer.", "It may have been deleted.")
        return text_of(found[0].parts)
