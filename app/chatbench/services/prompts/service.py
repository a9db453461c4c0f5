"""The library of prompts: saved as versions, found, compared, marked, thrown away and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from chatbench.client.llm import LLMClient
from chatbench.core.changes import Changes
from chatbench.core.models import ModelRef
from chatbench.core.observe import Signal
from chatbench.core.params import Parameters
from chatbench.core.prompts import Fragment, NamedPrompt, Prompt, PromptEntry, PromptVersion
from chatbench.services.prompts import naming
from chatbench.services.prompts.code import CodeForm, PromptCode
from chatbench.services.prompts.comparing import PromptDifference, compare
from chatbench.services.prompts.folders import PromptFolders, Synced
from chatbench.services.prompts.fragments import FragmentUse, SharedTexts, pinned, uses_in
from chatbench.services.prompts.improving import Proposal, improve
from chatbench.services.prompts.offering import Offered, offered
from chatbench.storage.prompts import PromptStore, Which
from chatbench.templates.prompts import Filled, fill

FRAGMENT = "fragment:"
"""Begins, in `Changes.prompts`, the name of a fragment that has changed."""

IMPORTED = "Imported"
"""The note of a version that came from elsewhere."""


class PromptService:
    """All methods raise StorageError and its kinds, also where there is no such prompt. What they change
    is told as `Changes.prompts`."""

    def __init__(
        self,
        store: PromptStore,
        texts: SharedTexts,
        folders: PromptFolders,
        code: PromptCode,
        client: LLMClient,
        changes: Signal[Changes],
    ) -> None:
        self._client = client
        self._code = code
        self._store = store
        self._texts = texts
        self._folders = folders
        self._changes = changes
        self._one_at_a_time = asyncio.Lock()
        self._has_synced = False
        self.synced = Synced()
        """What the last reading of the linked folders did."""

    async def sync(self) -> Synced:
        """Reads the linked folders: a changed file becomes a version, one that is gone goes into the trash,
        and what was changed here and there is left alone and told. Happens by itself before the library is
        listed for the first time."""
        async with self._one_at_a_time:
            found = self.synced = await self._folders.sync()
            self._has_synced = True
        if found.ids:
            self._changed(*found.ids)
        return found

    async def take_file(self, prompt_id: str) -> PromptVersion:
        """What the prompt's file holds becomes the newest version. Raises ConfigurationError where it has no
        file, or that is broken."""
        async with self._one_at_a_time:
            await self._folders.take(await self._store.get(prompt_id))
        self._changed(prompt_id)
        return await self._store.version(prompt_id, "latest")

    async def write_file(self, prompt_id: str) -> PromptVersion:
        """The newest version goes over what the prompt's file holds, which stays as a version before it.
        Raises as `take_file`."""
        newest = await self._store.version(prompt_id, "latest")
        await self.take_file(prompt_id)
        return await self.save(prompt_id, newest.prompt, note=f"Version {newest.number}, and not its file")

    async def paths_to_watch(self) -> tuple[Path, ...]:
        """The folders and files in which prompts change; when one does, `sync`. The profile's own is made
        where it is not there, so that it can be watched."""
        return await self._folders.watched()

    async def folders(self) -> dict[Path, str]:
        """Linked folders of the disk → folder of the library; the profile's own is its top."""
        return await self._folders.linked()

    async def offered(self) -> list[Offered]:
        """The prompts of linked folders as one question can be made of them, those that the profile's own
        templates are left out."""
        linked = await self._folders.linked()
        return await asyncio.to_thread(offered, linked)

    async def link_folder(self, path: Path, folder: str = "") -> Synced:
        """Takes a folder of prompts into the library, as a folder of that name there (its own name without
        one). Raises ConfigurationError for what is no folder, or a name that is taken."""
        await self._folders.link(path, folder)
        return await self.sync()

    async def unlink_folder(self, path: Path) -> None:
        """Its prompts stay in the library, and its files where they are."""
        self._changed(*await self._folders.unlink(path))

    async def entries(self) -> list[PromptEntry]:
        """The library, by folder and name; what is in the trash left out."""
        await self._read_once()
        return await self._store.entries()

    async def get(self, prompt_id: str) -> PromptEntry:
        return await self._store.get(prompt_id)

    async def find(self, name_or_id: str) -> PromptEntry:
        """By id, folder and name, or a name that only one has. Raises ConfigurationError with near ones."""
        return naming.find(await self.entries(), name_or_id)

    async def search(self, words: str) -> list[PromptEntry]:
        """Those that hold all the words in name, folder, tags or their newest text."""
        await self._read_once()
        entries = await self._store.latest()
        return await asyncio.to_thread(naming.search, entries, words)

    async def version(self, prompt_id: str, which: Which = "latest") -> PromptVersion:
        """Raises ConfigurationError where "production" is wanted and none is marked."""
        return await self._store.version(prompt_id, which)

    async def versions(self, prompt_id: str) -> list[PromptVersion]:
        """The newest first."""
        return await self._store.versions(prompt_id)

    async def compare(self, prompt_id: str, before: Which, after: Which = "latest") -> PromptDifference:
        """Two versions of one prompt, word by word."""
        one = await self._store.version(prompt_id, before)
        other = await self._store.version(prompt_id, after)
        return await asyncio.to_thread(compare, one.prompt, other.prompt)

    async def save(
        self,
        prompt_id: str | None,
        prompt: Prompt,
        *,
        name: str = "",
        folder: str | None = None,
        tags: Sequence[str] | None = None,
        note: str = "",
    ) -> PromptVersion:
        """A new prompt (without an id: then it needs a name), or a new version of one; the newest version
        where nothing has changed. What is left out of name, folder and tags stays as it is.

        Raises ConfigurationError for what is no name, or one that is taken; PromptChanged (and saves
        nothing) where its file was changed elsewhere; StorageError where it is saved and its file could not
        be written, which `sync` will do.
        """
        await self._read_once()
        if prompt_id is None:
            saved = await self._store.add(
                prompt, naming.named(name), naming.in_folder(folder or ""), naming.tagged(tags or ()), note
            )
        else:
            before = await self._store.get(prompt_id)
            await self._folders.check(before)
            if name or folder is not None or tags is not None:
                await self._describe(before, name, folder, tags)
            saved = await self._store.save(prompt_id, prompt, note)
        self._changed(saved.prompt_id)
        await self._write(saved.prompt_id)
        return saved

    async def add_all(self, prompts: Sequence[NamedPrompt], folder: str = "") -> list[PromptVersion]:
        """What was imported, below a folder; a name that is taken gets a number. Raises as `save`."""
        found = []
        for one in prompts:
            inside = naming.in_folder(f"{folder}/{one.folder}")
            name = naming.free(await self.entries(), naming.usable(one.name), inside)
            found.append(
                await self.save(None, one.prompt, name=name, folder=inside, tags=one.tags, note=IMPORTED)
            )
        return found

    async def named(self, prompt_id: str, which: Which = "latest") -> NamedPrompt:
        """A version with what the prompt is called, to be exported."""
        entry = await self._store.get(prompt_id)
        version = await self.version(prompt_id, which)
        return NamedPrompt(name=entry.name, folder=entry.folder, tags=entry.tags, prompt=version.prompt)

    async def describe(
        self,
        prompt_id: str,
        *,
        name: str = "",
        folder: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> PromptEntry:
        """Another name, place or other tags; what is left out stays. Returns what it was: describing it so
        undoes it. Raises as `save`."""
        before = await self._store.get(prompt_id)
        await self._folders.check(before)
        await self._describe(before, name, folder, tags)
        self._changed(prompt_id)
        await self._write(prompt_id)
        return before

    async def mark_production(self, prompt_id: str, number: int | None) -> None:
        """The version that "production" stands for; None: no one."""
        await self._store.mark(prompt_id, number)
        self._changed(prompt_id)

    async def restore(self, prompt_id: str, number: int) -> PromptVersion:
        """An earlier version, saved as the newest."""
        earlier = await self._store.version(prompt_id, number)
        return await self.save(prompt_id, earlier.prompt, note=f"Version {number} again")

    async def delete(self, prompt_id: str) -> None:
        """Into the trash, and its file away; `put_back` undoes it. Raises PromptChanged where its file was
        changed elsewhere."""
        await self._folders.remove(await self._store.get(prompt_id))
        await self._store.trash(prompt_id)
        self._changed(prompt_id)

    async def put_back(self, prompt_id: str) -> None:
        """Out of the trash. Raises ConfigurationError where another has its name meanwhile."""
        await self._store.stands_in(prompt_id, None)
        await self._store.take_back(prompt_id)
        self._changed(prompt_id)
        await self._write(prompt_id)

    async def trashed(self) -> list[PromptEntry]:
        """What was thrown away, the last first."""
        return await self._store.trashed()

    async def delete_for_good(self, ids: Sequence[str]) -> None:
        """Those of these that are in the trash."""
        await self._store.delete_for_good(ids)
        self._changed(*ids)

    async def fragments(self) -> list[Fragment]:
        """All pieces of text that prompts share, by name."""
        return await self._texts.all()

    async def fragment(self, name: str, sha256: str = "") -> Fragment:
        """As it is now, or as it was when its digest began so."""
        return await self._texts.get(name, sha256)

    async def fragment_versions(self, name: str) -> list[Fragment]:
        """What it is and was, the newest first."""
        return await self._texts.versions(name)

    async def save_fragment(self, name: str, text: str | None = None, *, source: str = "") -> Fragment:
        """Adds it, or gives it another text everywhere it is not pinned: `text`, or what is at `source`
        now: a file, an http(s) address, or `answer:` and a message's id.

        Raises ConfigurationError for what is no name; as FragmentService.read.
        """
        saved = await self._texts.save(name, text, source)
        await self._fragment_changed(saved.name)
        return saved

    async def update_fragment(self, name: str) -> Fragment:
        """Reads its source again. Raises ConfigurationError where it has none; as FragmentService.read."""
        saved = await self._texts.update(name)
        await self._fragment_changed(name)
        return saved

    async def delete_fragment(self, name: str) -> Fragment:
        """Returns what it was: saving that again undoes it. Prompts that pinned it keep its text."""
        before = await self._texts.delete(name)
        await self._fragment_changed(name)
        return before

    async def users_of(self, fragment: str) -> list[PromptEntry]:
        """The prompts whose newest version names this fragment, pinned or not."""
        return [one.entry for one in (await self.fragment_uses()).get(fragment, [])]

    async def fragment_uses(self) -> dict[str, list[FragmentUse]]:
        """By the name of a fragment, which newest versions of prompts name it, and how."""
        latest = await self._store.latest()
        return await asyncio.to_thread(uses_in, latest)

    async def pin_fragment(self, prompt_id: str, name: str, sha256: str = "") -> PromptVersion:
        """Lets a prompt keep the text of that digest whatever the fragment becomes; "": follow it. Raises as
        `save`, TemplateError, StorageError where the fragment never had such a text."""
        if sha256:
            await self._texts.get(name, sha256)
        before = await self._store.version(prompt_id, "latest")
        told = f"{name} pinned" if sha256 else f"{name} follows"
        return await self.save(prompt_id, pinned(before.prompt, name, sha256), note=told)

    async def fragment_texts(self, *prompts: Prompt) -> dict[str, str]:
        """What `fill` wants to know of the fragments these prompts name. Raises FormatError for one that is
        not there, TemplateError."""
        return await self._texts.of(prompts)

    async def texts_named(self, names: Sequence[str]) -> dict[str, str]:
        """The texts of these fragments, each with its pin. Raises FormatError for one that is not there."""
        return await self._texts.named(names)

    async def filled(self, prompt: Prompt, values: dict[str, object]) -> Filled:
        """The messages that are sent. Raises TemplateError, and FormatError for values that do not fit."""
        return fill(prompt, values, await self._texts.of((prompt,)))

    async def _read_once(self) -> None:
        if not self._has_synced:
            await self.sync()

    async def _describe(
        self, before: PromptEntry, name: str, folder: str | None, tags: Sequence[str] | None
    ) -> None:
        await self._store.describe(
            before.id,
            naming.named(name or before.name),
            before.folder if folder is None else naming.in_folder(folder),
            before.tags if tags is None else naming.tagged(tags),
        )

    async def _write(self, prompt_id: str) -> None:
        """The newest version into the prompt's file."""
        async with self._one_at_a_time:
            entry = await self._store.get(prompt_id)
            await self._folders.write(entry, await self._store.version(prompt_id, "latest"))

    def code_forms(self, model: ModelRef) -> tuple[CodeForm, ...]:
        """The languages and clients in which `code` writes what this model is asked. Raises UnknownModel."""
        return self._code.forms(model)

    async def code(
        self,
        prompt: Prompt,
        values: dict[str, object],
        model: ModelRef,
        form: CodeForm,
        parameters: Parameters | None = None,
    ) -> str:
        """A program that sends the prompt as it is sent here, the key from the environment. Raises as
        `filled`, and as PromptCode.code."""
        return await self._code.code(prompt, await self.filled(prompt, values), model, form, parameters)

    async def improve(self, prompt: Prompt, model: ModelRef, wish: str = "") -> Proposal:
        """What a model would make of a prompt, to be taken piece by piece (`Proposal.taken`); nothing is
        saved. Raises as `improving.improve`."""
        try:
            return await improve(self._client, prompt, model, wish)
        finally:
            self._changes.emit(Changes(usage=True))

    async def _fragment_changed(self, name: str) -> None:
        self._changed(f"{FRAGMENT}{name}", *(one.id for one in await self.users_of(name)))

    def _changed(self, *ids: str) -> None:
        self._changes.emit(Changes(prompts=frozenset(ids)))
