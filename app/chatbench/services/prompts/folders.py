"""Folders on the disk that are part of the library: a prompt there is a file, and a version the other way
round. Whoever changed it last where, nothing is written over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from chatbench.core.errors import ChatbenchError, ConfigurationError, StorageError
from chatbench.core.prompts import NamedPrompt, PromptEntry, PromptVersion
from chatbench.services.prompts import naming, promptfiles
from chatbench.services.prompts.promptfiles import InFolder, NoPrompt, encode, file_name
from chatbench.services.templates import stamp_of
from chatbench.storage import failures
from chatbench.storage.prompts import InFile, PromptStore
from chatbench.storage.textfiles import replace_file

READ = "Read from its file"
CHANGED = "Changed in its file"
_MOST_WATCHED = 2_000


class PromptChanged(ConfigurationError):
    """A prompt's file was changed elsewhere since it was read or written."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(
            f"The file of {name!r} was changed elsewhere meanwhile.",
            f"Nothing was saved: read {path} first, it becomes a version.",
        )


class Unread(NamedTuple):
    """A file or folder that could not be read or written, and why."""

    path: Path
    error: ChatbenchError


class Synced(NamedTuple):
    """What reading the folders did: ids of prompts that are new, changed, away; `both` were changed here
    and in their file, and were left as they are; `unread` could not be read or written; `strangers` are
    files of something else, which are passed over."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    both: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    strangers: tuple[Path, ...] = ()

    @property
    def problems(self) -> tuple[ChatbenchError, ...]:
        """Why what is unread is."""
        return tuple(one.error for one in self.unread)

    @property
    def ids(self) -> frozenset[str]:
        """All whose panes are stale."""
        return frozenset((*self.added, *self.changed, *self.gone, *self.both))


class _Found:
    """Gathers what a reading finds."""

    def __init__(self) -> None:
        self.added: list[str] = []
        self.changed: list[str] = []
        self.gone: list[str] = []
        self.both: list[str] = []
        self.unread: list[Unread] = []
        self.strangers: list[Path] = []

    def fail(self, path: Path, error: ChatbenchError) -> None:
        self.unread.append(Unread(path, error))

    def told(self) -> Synced:
        return Synced(
            tuple(self.added),
            tuple(self.changed),
            tuple(self.gone),
            tuple(self.both),
            tuple(self.unread),
            tuple(self.strangers),
        )


class PromptFolders:
    """The profile's own folder, which holds the top of the library, and those a person has linked."""

    def __init__(self, store: PromptStore, home: Path) -> None:
        self._store = store
        self._home = home

    async def linked(self) -> dict[Path, str]:
        """Folder of the disk → folder of the library."""
        others = await self._store.folders()
        return {self._home: "", **{Path(path): folder for path, folder in others.items()}}

    async def link(self, path: Path, folder: str) -> None:
        """Raises ConfigurationError for what is no folder, or a folder of the library that is linked."""
        whole = await asyncio.to_thread(_whole_folder, path)
        home = await asyncio.to_thread(self._home.resolve)
        if whole.is_relative_to(home) or home.is_relative_to(whole):
            raise ConfigurationError(f"{path} is linked already.", "It belongs to the profile itself.")
        await self._store.link(str(whole), naming.in_folder(folder or whole.name))

    async def unlink(self, path: Path) -> tuple[str, ...]:
        """Its prompts stay in the library, without their files; returns their ids."""
        whole = await asyncio.to_thread(path.resolve)
        await self._store.unlink(str(whole))
        freed = []
        for held in await self._store.in_files():
            if Path(held.entry.file).is_relative_to(whole):
                await self._store.stands_in(held.entry.id, None)
                freed.append(held.entry.id)
        return tuple(freed)

    async def watched(self) -> tuple[Path, ...]:
        """The folders in which prompts change, those inside of them too, and their files: what is written
        into one changes no folder."""
        roots = tuple(await self.linked())
        return await asyncio.to_thread(_watched, self._home, roots)

    async def check(self, entry: PromptEntry) -> None:
        """Raises PromptChanged where the prompt's file is no more what was read or written last."""
        held = await self._held(entry.id)
        if held is None:
            return
        path = Path(entry.file)
        data = await asyncio.to_thread(_data, path)
        if data is not None and stamp_of(data) != held.stamp:
            raise PromptChanged(entry.name, path)

    async def write(self, entry: PromptEntry, version: PromptVersion) -> None:
        """Writes a version into the prompt's file, which moves where its name or folder did. Raises
        PromptChanged as `check`; StorageError where it cannot be written, and it waits for `sync` then."""
        await self.check(entry)
        held = await self._held(entry.id)
        target = await self._place(entry)
        before = Path(entry.file) if held is not None else target
        if held is None or not entry.file:
            await self._store.stands_in(entry.id, str(target), "", 0)
        stamp = await asyncio.to_thread(_write, entry, version, before, target)
        await self._store.stands_in(entry.id, str(target), stamp, version.number)

    async def take(self, entry: PromptEntry) -> None:
        """What the prompt's file holds becomes the newest version. Raises ConfigurationError where it has no
        file, or that is broken."""
        path = Path(entry.file)
        data = await asyncio.to_thread(_data, path) if entry.file else None
        if data is None:
            raise ConfigurationError(f"{entry.name!r} stands in no file.", "Save it to write one.")
        held = await self._held(entry.id)
        if held is not None:
            file = InFolder(path, entry.folder, data)
            await self._become(file, promptfiles.decoded(path, data), held)

    async def remove(self, entry: PromptEntry) -> None:
        """The prompt's file goes. Raises PromptChanged as `check`; StorageError."""
        if not entry.file:
            return
        await self.check(entry)
        try:
            await asyncio.to_thread(Path(entry.file).unlink, missing_ok=True)
        except OSError as error:
            raise failures.system_error(error, Path(entry.file)) from error

    async def sync(self) -> Synced:
        """Reads all linked folders: what changed there becomes versions, what is gone there goes into the
        trash, what could not be written before is written."""
        found = _Found()
        files: dict[str, InFolder] = {}
        lost: list[Path] = []
        for root, folder in (await self.linked()).items():
            if not await asyncio.to_thread(root.is_dir):
                lost.append(root)
                if root != self._home:
                    found.fail(root, StorageError(f"The folder {root} is not there.", "Link it again."))
                continue
            try:
                inside = await asyncio.to_thread(promptfiles.find, root, folder)
            except ChatbenchError as error:
                found.fail(root, error)
                lost.append(root)
                continue
            files.update((str(one.path), one) for one in inside)
        held = await self._store.in_files()
        known = {one.entry.file: one for one in sorted(held, key=lambda one: not one.trashed)}
        away = [one for path, one in known.items() if path not in files and not one.trashed]
        for path, one in files.items():
            await self._take(one, known.get(path), away, found)
        for missing in away:
            if not any(Path(missing.entry.file).is_relative_to(root) for root in lost):
                await self._lose(missing, found)
        return found.told()

    async def _take(self, file: InFolder, held: InFile | None, away: list[InFile], found: _Found) -> None:
        """One file that is there."""
        try:
            if file.problem is not None:
                raise file.problem
            if held is not None and not held.trashed and held.stamp == file.stamp:
                if held.entry.unwritten:
                    newest = await self._store.version(held.entry.id, "latest")
                    await self.write(held.entry, newest)
                return
            named = promptfiles.decoded(file.path, file.data)
            if held is None:
                await self._take_new(file, named, away, found)
            else:
                await self._take_changed(file, named, held, found)
        except NoPrompt as error:
            if held is not None and not held.trashed:
                found.fail(file.path, error)
            else:
                found.strangers.append(file.path)
        except ChatbenchError as error:
            found.fail(file.path, error)

    async def _take_new(self, file: InFolder, named: NamedPrompt, away: list[InFile], found: _Found) -> None:
        for one in away:
            if one.stamp == file.stamp:  # it was moved
                away.remove(one)
                await self._describe(one.entry, file, named)
                await self._store.stands_in(one.entry.id, str(file.path), file.stamp, one.written)
                found.changed.append(one.entry.id)
                return
        name, tags = naming.usable(named.name), naming.tagged(named.tags)
        try:
            made = await self._store.add(named.prompt, name, file.folder, tags, READ)
        except ConfigurationError:
            if joined := await self._joined(file, named, name):
                found.changed.append(joined)
                return
            name = await self._free(name, file.folder)
            made = await self._store.add(named.prompt, name, file.folder, tags, READ)
        await self._store.stands_in(made.prompt_id, str(file.path), file.stamp, made.number)
        found.added.append(made.prompt_id)

    async def _joined(self, file: InFolder, named: NamedPrompt, name: str) -> str:
        """The id of the prompt that has the name, stands in no file and is the same: its folder was linked
        before. "" for none."""
        for entry in await self._store.entries():
            if (entry.name, entry.folder, entry.file) == (name, file.folder, ""):
                newest = await self._store.version(entry.id, "latest")
                if newest.prompt == named.prompt:
                    await self._store.stands_in(entry.id, str(file.path), file.stamp, newest.number)
                    return entry.id
        return ""

    async def _take_changed(self, file: InFolder, named: NamedPrompt, held: InFile, found: _Found) -> None:
        entry = held.entry
        newest = await self._store.version(entry.id, "latest")
        if entry.unwritten and newest.prompt != named.prompt and held.stamp:
            found.both.append(entry.id)
            return
        if held.trashed:
            await self._store.take_back(entry.id)
        await self._become(file, named, held)
        found.changed.append(entry.id)

    async def _become(self, file: InFolder, named: NamedPrompt, held: InFile) -> None:
        """A prompt becomes what its file holds."""
        saved = await self._store.save(held.entry.id, named.prompt, CHANGED)
        await self._describe(held.entry, file, named)
        await self._store.stands_in(held.entry.id, str(file.path), file.stamp, saved.number)

    async def _describe(self, entry: PromptEntry, file: InFolder, named: NamedPrompt) -> None:
        """As the file calls it. A name that another has stays what it was."""
        name, tags = naming.usable(named.name), naming.tagged(named.tags)
        if (entry.name, entry.folder, entry.tags) != (name, file.folder, tags):
            if (entry.name, entry.folder) != (name, file.folder):
                name = await self._free(name, file.folder)
            await self._store.describe(entry.id, name, file.folder, tags)

    async def _lose(self, held: InFile, found: _Found) -> None:
        """A file is gone."""
        if held.entry.unwritten:
            newest = await self._store.version(held.entry.id, "latest")
            try:
                await self.write(held.entry, newest)
            except ChatbenchError as error:
                found.fail(Path(held.entry.file), error)
            return
        await self._store.trash(held.entry.id)
        found.gone.append(held.entry.id)

    async def _held(self, prompt_id: str) -> InFile | None:
        found = [one for one in await self._store.in_files() if one.entry.id == prompt_id]
        return found[0] if found else None

    async def _free(self, name: str, folder: str) -> str:
        return naming.free(await self._store.entries(), name, folder)

    async def _place(self, entry: PromptEntry) -> Path:
        """Where the prompt's file belongs, and no other stands."""
        root, folder = self._home, ""
        for path, inside in (await self.linked()).items():
            if len(inside) >= len(folder) and (
                entry.folder == inside or entry.folder.startswith(f"{inside}/")
            ):
                root, folder = path, inside
        rest = entry.folder.removeprefix(folder).strip("/") if folder else entry.folder
        parts = [file_name(one).removesuffix(promptfiles.SUFFIX) for one in rest.split("/") if one]
        others = [one for one in await self._store.in_files() if one.entry.id != entry.id]
        taken = {one.entry.file for one in others if not one.trashed}
        return await asyncio.to_thread(_free_path, root.joinpath(*parts), entry, taken)


def _free_path(folder: Path, entry: PromptEntry, taken: set[str]) -> Path:
    wanted = folder / file_name(entry.name)
    if entry.file:
        wanted = wanted.with_suffix(Path(entry.file).suffix)
    path, count = wanted, 1
    while str(path) != entry.file and (str(path) in taken or path.exists()):
        count += 1
        path = wanted.with_stem(f"{wanted.stem}-{count}")
    return path


def _whole_folder(path: Path) -> Path:
    whole = path.resolve()
    if not whole.is_dir():
        raise ConfigurationError(f"{path} is no folder.", "Make it first.")
    return whole


def _data(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failures.system_error(error, path) from error


def _write(entry: PromptEntry, version: PromptVersion, before: Path, target: Path) -> str:
    """Writes, moves; returns the new stamp."""
    data = encode(target, entry, version.prompt, _data(before) or b"")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise failures.system_error(error, target.parent) from error
    replace_file(target, data)
    if before != target:
        with suppress(OSError):
            before.unlink(missing_ok=True)
    return stamp_of(data)


def _watched(home: Path, roots: Sequence[Path]) -> tuple[Path, ...]:
    """Of a system's few watches not too many are taken: folders go first."""
    with suppress(OSError):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folders: list[Path] = []
    files: list[Path] = []
    for root in roots:
        if root.is_dir():
            with suppress(StorageError):
                inside = promptfiles.folders_in(root)
                folders += inside
                files += promptfiles.files_in(inside, _MOST_WATCHED - len(files))
    return tuple(dict.fromkeys((*folders, *files)))[:_MOST_WATCHED]
