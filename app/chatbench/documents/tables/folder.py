"""A folder as a table: a row for each file, its name and its text, or the file itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from chatbench.core.datasets import DataColumn
from chatbench.core.errors import AttachmentRefused
from chatbench.documents.folders import FolderFile
from chatbench.documents.kinds import is_text, media_type_named
from chatbench.documents.markdown.plain import text_of
from chatbench.documents.tables.table import TICK_ROWS, Row, Tick, silent

NAME, TEXT, FILE = "name", "text", "file"
_MOST_BYTES = 4 << 20
"""Of a text in a row."""


class FolderTable:
    """`files` are those of a listing of `folder`. Texts are read as their rows are asked for; those that
    are too long, or no text in spite of their name, are files."""

    def __init__(self, folder: Path, files: Sequence[FolderFile], notes: Sequence[str] = ()) -> None:
        self._folder = folder
        self._files = tuple(files)
        self.count = len(self._files)
        self.notes = tuple(notes)
        kinds = [one.media_type or media_type_named(one.path) for one in self._files]
        columns = [DataColumn(name=NAME)]
        if any(map(is_text, kinds)):
            columns.append(DataColumn(name=TEXT))
        others = [kind for kind in kinds if not is_text(kind)]
        if others:
            pictures = all(kind.startswith("image/") for kind in others)
            columns.append(DataColumn(name=FILE, type="image" if pictures else "file"))
        elif self._files:
            # One of the texts may turn out to be none.
            columns.append(DataColumn(name=FILE, type="file"))
        self.columns = tuple(columns)

    def rows(self, tick: Tick = silent) -> Iterator[Row]:
        for at, file in enumerate(self._files):
            if at % TICK_ROWS == 0:
                tick(at, at / max(1, self.count))
            path = self._folder / file.path
            row: Row = {NAME: file.path}
            text = _text(path) if is_text(file.media_type or media_type_named(file.path)) else None
            row[TEXT if text is not None else FILE] = path if text is None else text
            yield row


def _text(path: Path) -> str | None:
    try:
        text, cut = text_of(path, path.name, _MOST_BYTES)
    except AttachmentRefused:
        return None
    return None if cut else text
