"""A folder as a list of its files, to choose from: without what git ignores, hidden files, and links that
lead elsewhere.

It is read by a thread of its own that nobody has to wait for: a share that does not answer keeps that thread
and nothing else.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.kinds import media_type_named

if TYPE_CHECKING:
    from pathspec import PathSpec

MAX_FILES: Final = 10_000
_MAX_ENTRIES: Final = 500_000
_MAX_IGNORE_BYTES: Final = 1 << 20
_MOST_STARS: Final = 3
_DEEPEST: Final = 64
_PROGRESS_EVERY: Final = 500
_HIDDEN: Final = 0x2  # of Windows' attributes


class FolderFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file in a folder: `path` from the folder on, with slashes; `size` in bytes; `media_type` by its
    name, "" where that says nothing."""

    path: str
    size: int
    media_type: str


class FolderListing(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a folder in the order of their paths; `notes` say in words what was left out."""

    files: tuple[FolderFile, ...]
    notes: tuple[str, ...] = ()


class _Rules(msgspec.Struct, frozen=True):
    """What one .gitignore says of paths that begin with `base`; one of a folder above says it of paths with
    `above` before them."""

    spec: PathSpec[Any]
    base: str = ""
    above: str = ""


class _Cancelled(Exception):
    pass


async def list_folder(
    folder: Path,
    *,
    most: int = MAX_FILES,
    seconds: float = 30.0,
    on_progress: Callable[[int], None] | None = None,
) -> FolderListing:
    """The files in a folder and the folders in it, `most` of them at the most.

    `on_progress` is called with the number of files found. Raises AttachmentRefused: no folder, not to be
    read, or no answer within `seconds`. It can be cancelled at any time.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[FolderListing] = loop.create_future()
    walk = _Walk(folder, most, on_progress and (lambda count: _tell(loop, on_progress, count)))

    def settle(outcome: FolderListing | Exception) -> None:
        if answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    def work() -> None:
        outcome: FolderListing | Exception
        try:
            outcome = walk.listing()
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            outcome = error
        # The loop may have ended meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=work, name=f"folder-{folder.name}", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        raise AttachmentRefused(
            f"{folder.name or folder} does not answer within {seconds:g} seconds.",
            "Choose a smaller folder, or check the connection to it.",
        ) from None
    finally:
        walk.cancelled.set()


def _tell(loop: asyncio.AbstractEventLoop, on_progress: Callable[[int], None], count: int) -> None:
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(on_progress, count)


class _Walk:
    def __init__(self, folder: Path, most: int, on_progress: Callable[[int], None] | None) -> None:
        self.cancelled = threading.Event()
        self._folder = folder
        self._most = most
        self._on_progress = on_progress
        self._files: list[FolderFile] = []
        self._seen = self._links = self._unread = 0
        self._is_cut = False

    def listing(self) -> FolderListing:
        """Raises AttachmentRefused; _Cancelled where nobody waits any more."""
        called = self._folder.name or str(self._folder)
        try:
            self._root = self._folder.resolve(strict=True)
            with os.scandir(self._root):
                pass
        except OSError as error:
            reason = error.strerror or str(error)
            raise AttachmentRefused(f"{called} cannot be read: {reason}.", "Choose another folder.") from None
        self._walk(self._root, "", [*_rules_above(self._root)], 0)
        self._files.sort(key=lambda file: file.path.split("/"))
        return FolderListing(files=tuple(self._files), notes=tuple(self._notes()))

    def _notes(self) -> Iterator[str]:
        if self._is_cut:
            yield f"Only the first {len(self._files):,} files are listed."
        if self._links:
            yield f"{self._links:,} links that lead out of the folder were left out."
        if self._unread:
            yield f"{self._unread:,} folders could not be read."

    def _walk(self, folder: Path, base: str, rules: list[_Rules], depth: int) -> None:
        if self.cancelled.is_set():
            raise _Cancelled
        try:
            with os.scandir(folder) as found:
                entries = sorted(self._counted(found), key=lambda entry: entry.name)
        except OSError:
            self._unread += 1
            return
        if any(entry.name == ".gitignore" for entry in entries):
            rules = [*rules, *_rules_in(folder, base)]
        for entry in entries:
            if self._is_cut:
                return
            path = f"{base}{entry.name}"
            with suppress(OSError):
                self._look_at(entry, path, rules, depth)

    def _counted(self, found: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
        for entry in found:
            self._seen += 1
            if self._seen > _MAX_ENTRIES:
                self._is_cut = True
                return
            if self._seen % _PROGRESS_EVERY == 0 and self.cancelled.is_set():
                raise _Cancelled
            yield entry

    def _look_at(self, entry: os.DirEntry[str], path: str, rules: list[_Rules], depth: int) -> None:
        if entry.name.startswith("."):
            return
        about = entry.stat(follow_symlinks=False)
        if getattr(about, "st_file_attributes", 0) & _HIDDEN:
            return
        is_folder = stat.S_ISDIR(about.st_mode)
        if _is_ignored(path, is_folder, rules):
            return
        if is_folder and not _is_junction(entry):
            if depth < _DEEPEST:
                self._walk(Path(entry.path), f"{path}/", rules, depth + 1)
            return
        if stat.S_ISLNK(about.st_mode) or is_folder:
            target = Path(entry.path).resolve()
            if not target.is_relative_to(self._root):
                self._links += 1
                return
            about = target.stat()
        if stat.S_ISREG(about.st_mode):
            self._add(path, about.st_size)

    def _add(self, path: str, size: int) -> None:
        if len(self._files) == self._most:
            self._is_cut = True
            return
        self._files.append(FolderFile(path=path, size=size, media_type=media_type_named(path)))
        if self._on_progress is not None and len(self._files) % _PROGRESS_EVERY == 0:
            self._on_progress(len(self._files))


def _is_junction(entry: os.DirEntry[str]) -> bool:
    """Whether a folder of Windows is in truth another one, elsewhere."""
    told = getattr(entry, "is_junction", None)
    return bool(told()) if told is not None else False


def _is_ignored(path: str, is_folder: bool, rules: list[_Rules]) -> bool:
    """What the nearest rule that speaks of it says, as git has it."""
    asked = f"{path}/" if is_folder else path
    for one in reversed(rules):
        told = one.spec.check_file(one.above + asked.removeprefix(one.base))
        if told.include is not None:
            return told.include
    return False


def _rules_in(folder: Path, base: str = "", above: str = "") -> Iterator[_Rules]:
    from pathspec import PathSpec

    try:
        with (folder / ".gitignore").open("rb") as file:
            text = file.read(_MAX_IGNORE_BYTES).decode("utf-8", "replace")
        spec = PathSpec.from_lines("gitignore", filter(_is_simple, text.splitlines()))
    except (OSError, ValueError):
        return
    yield _Rules(spec, base, above)


def _is_simple(line: str) -> bool:
    """Whether the rule is matched in a moment, whatever the name: with many stars it takes for ever."""
    return len(re.findall(r"\*+", line.replace("**/", "").replace("/**", ""))) <= _MOST_STARS


def _rules_above(root: Path) -> list[_Rules]:
    """Of a folder in a repository: the rules of the folders above it, the outermost first."""
    if (root / ".git").exists():
        return []
    found: list[_Rules] = []
    for parent in list(root.parents)[:_DEEPEST]:
        found += _rules_in(parent, above=f"{root.relative_to(parent).as_posix()}/")
        if (parent / ".git").exists():
            return found[::-1]
    return []
