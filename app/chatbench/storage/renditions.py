"""What was made of attached files, found again by the file and the recipe: nothing is made twice."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
import msgspec

from chatbench.core.errors import DiskFull, ReadOnly
from chatbench.storage import search
from chatbench.storage.database import Database
from chatbench.storage.rows import plain

if TYPE_CHECKING:
    from chatbench.storage.files import FileStore

PAGE_BREAK = "\f"
"""Stands between the pages of a text."""


class Made(NamedTuple):
    """One piece of what was made: its bytes, pixels of a picture, and a word about it."""

    data: bytes
    media_type: str
    width: int = 0
    height: int = 0
    about: str = ""


class Rendition(msgspec.Struct, frozen=True, kw_only=True):
    """One piece that is kept: a file of the store, its size in bytes, pixels of a picture."""

    sha256: str
    media_type: str
    size: int
    width: int = 0
    height: int = 0
    about: str = ""


class RenditionStore:
    """Pieces by original (SHA-256) and recipe, and the words of files by original. What is made of a
    file that only memory has stays in memory. All methods raise StorageError."""

    def __init__(self, files: FileStore, database: Database) -> None:
        self._files = files
        self._database = database
        self._held: dict[tuple[str, str], tuple[Rendition, ...]] = {}
        self._held_texts: dict[str, str] = {}

    async def find(self, original: str, recipe: str) -> tuple[Rendition, ...]:
        """In their order; () where nothing was made yet."""
        held = self._held.get((original, recipe))
        if held is not None:
            return held if self._files.holds(original) else await self._bring(original, recipe)

        def read(connection: apsw.Connection) -> tuple[Rendition, ...]:
            found: Any = connection.execute(
                "SELECT sha256, media_type, size, width, height, about FROM renditions "
                "WHERE original = ? AND recipe = ? ORDER BY place",
                (original, recipe),
            )
            return tuple(
                Rendition(
                    sha256=row[0], media_type=row[1], size=row[2], width=row[3], height=row[4], about=row[5]
                )
                for row in found
            )

        found = await self._database.read(read)
        # What somebody took out of the folder is made again.
        there = await asyncio.to_thread(lambda: all(self._files.has(one.sha256) for one in found))
        return found if there else ()

    async def keep(self, original: str, recipe: str, made: Sequence[Made]) -> tuple[Rendition, ...]:
        """Stores the pieces in place of what this recipe made before; of a file that was deleted
        meanwhile nothing is stored. Where the disk takes nothing they stay in memory until it does: what
        is attached can be seen and sent as before."""
        try:
            return await self._keep(original, recipe, made)
        except (DiskFull, ReadOnly):
            held = tuple([await self._hold(original, one) for one in made])
            self._held[original, recipe] = held
            return held

    async def _keep(self, original: str, recipe: str, made: Sequence[Made]) -> tuple[Rendition, ...]:
        kept: tuple[Rendition, ...] = ()
        written = False
        try:
            for one in made:
                kept = (*kept, await self._put(original, one))
            written = await self._write(original, recipe, kept)
        finally:
            if not written:
                await self._files.take_back([one.sha256 for one in kept])
        return kept

    async def _write(self, original: str, recipe: str, kept: Sequence[Rendition]) -> bool:
        if self._files.holds(original):
            self._held[original, recipe] = tuple(kept)
            return True

        def write(connection: apsw.Connection) -> bool:
            if not _is_known(connection, original):
                return False
            connection.execute("DELETE FROM renditions WHERE original = ? AND recipe = ?", (original, recipe))
            connection.executemany(
                "INSERT INTO renditions (original, recipe, place, sha256, media_type, size, width, height, "
                "about) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (original, recipe, place, one.sha256, one.media_type, one.size, one.width, one.height,
                     one.about)
                    for place, one in enumerate(kept)
                ],
            )  # fmt: skip
            return True

        return await self._database.write(write)

    async def _put(self, original: str, made: Made) -> Rendition:
        sha256 = await self._files.put(made.data, media_type=made.media_type, made_of=original)
        return _told(sha256, made)

    async def _hold(self, original: str, made: Made) -> Rendition:
        """In memory, but for what the disk has: a picture may be sent as it was attached."""
        sha256 = hashlib.sha256(made.data).hexdigest()
        if not self._files.has(sha256):
            await self._files.put(made.data, media_type=made.media_type, made_of=original, in_memory=True)
        return _told(sha256, made)

    async def text(self, original: str) -> str | None:
        """The words of a file, pages with `PAGE_BREAK` between them; None where nobody read it yet."""
        held = self._held_texts.get(original)
        if held is not None:
            if not self._files.holds(original):
                self._held_texts.pop(original, None)
                await self.keep_text(original, held)
            return held

        def read(connection: apsw.Connection) -> str | None:
            row: Any = connection.execute(
                "SELECT text FROM file_texts WHERE original = ?", (original,)
            ).fetchone()
            return None if row is None else str(row[0])

        return await self._database.read(read)

    async def keep_text(self, original: str, text: str) -> None:
        """Stores the words of a file, which are found by the search from now on; not those of one that was
        deleted meanwhile. Where the disk takes nothing they stay in memory until it does."""
        words = plain(text).replace("\0", "")
        if self._files.holds(original):
            self._held_texts[original] = words
            return

        spaced = await asyncio.to_thread(search.spaced, words)

        def write(connection: apsw.Connection) -> None:
            if not _is_known(connection, original):
                return
            row: Any = connection.execute(
                "INSERT INTO file_texts (original, text) VALUES (?, ?) "
                "ON CONFLICT (original) DO UPDATE SET text = excluded.text RETURNING seq",
                (original, words),
            ).fetchone()
            search.index_file(connection, row[0], spaced)

        try:
            await self._database.write(write)
        except (DiskFull, ReadOnly):
            self._held_texts[original] = words

    async def bring(self, originals: Collection[str]) -> None:
        """Stores what was made of files that were in memory alone and are stored now."""
        for original, recipe in list(self._held):
            if original in originals:
                await self.find(original, recipe)
        for original in self._held_texts.keys() & set(originals):
            await self.text(original)

    async def _bring(self, original: str, recipe: str) -> tuple[Rendition, ...]:
        held = self._held[original, recipe]
        if not all(self._files.has(one.sha256) for one in held):
            self._held.pop((original, recipe), None)
            return ()
        made = [
            Made(await self._files.read(one.sha256), one.media_type, one.width, one.height, one.about)
            for one in held
        ]
        kept = await self.keep(original, recipe, made)
        if self._held.get((original, recipe)) is held:
            self._held.pop((original, recipe))
        return kept

    def forget_held(self) -> None:
        """Lets go of what was made of files that are no longer in memory."""
        self._held = {key: one for key, one in self._held.items() if self._files.holds(key[0])}
        self._held_texts = {
            original: text for original, text in self._held_texts.items() if self._files.holds(original)
        }


def _told(sha256: str, made: Made) -> Rendition:
    return Rendition(
        sha256=sha256,
        media_type=made.media_type,
        size=len(made.data),
        width=made.width,
        height=made.height,
        about=plain(made.about),
    )


def forget(connection: apsw.Connection, originals: Sequence[str], kept: Collection[str]) -> list[str]:
    """Deletes what is known of what was made of these files, and of those in turn; returns the files that
    nothing else needs, `kept` being those that drafts show."""
    needed = (
        "SELECT EXISTS (SELECT 1 FROM file_references WHERE sha256 = ?1) "
        "OR EXISTS (SELECT 1 FROM dataset_files WHERE sha256 = ?1) "
        "OR EXISTS (SELECT 1 FROM prompt_files WHERE sha256 = ?1) "
        "OR EXISTS (SELECT 1 FROM run_files WHERE sha256 = ?1) "
        "OR EXISTS (SELECT 1 FROM renditions WHERE sha256 = ?1 AND original <> ?1)"
    )
    gone: list[str] = []
    coming = list(originals)
    with_text = 0
    while coming:
        pieces: list[str] = []
        for original in coming:
            found = connection.execute(
                "SELECT DISTINCT sha256 FROM renditions WHERE original = ?", (original,)
            )
            pieces += [str(row[0]) for row in found]
            connection.execute("DELETE FROM renditions WHERE original = ?", (original,))
            with_text += _forget_text(connection, original)
        coming = []
        for sha256 in dict.fromkeys(pieces):
            row: Any = connection.execute(needed, (sha256,)).fetchone()
            if not row[0] and sha256 not in kept and sha256 not in originals and sha256 not in gone:
                coming.append(sha256)
        gone += coming
    if with_text:
        # Until it is merged, the index keeps the words of rows that are gone.
        connection.execute("INSERT INTO file_search (file_search) VALUES ('optimize')")
    return gone


def _forget_text(connection: apsw.Connection, original: str) -> bool:
    row: Any = connection.execute("SELECT seq FROM file_texts WHERE original = ?", (original,)).fetchone()
    if row is None:
        return False
    connection.execute("DELETE FROM file_texts WHERE seq = ?", row)
    connection.execute("DELETE FROM file_search WHERE rowid = ?", row)
    return True


def _is_known(connection: apsw.Connection, original: str) -> bool:
    row: Any = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM files WHERE sha256 = ?)", (original,)
    ).fetchone()
    return bool(row[0])
