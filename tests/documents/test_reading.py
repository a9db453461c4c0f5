"""What the floors above call: documents, archives and sounds, read in a process of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.documents import bombs, office, recordings

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.markdown.convert import convert
from chatbench.documents.reading import archive_of, entry_of, markdown_of, sound_of


async def test_each_gives_what_its_function_gives(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(office.letter())
    assert await markdown_of(path, "a.docx") == convert(office.letter(), "a.docx")
    archive = bombs.zipped({"a.txt": b"x" * 100_000})
    (entry,) = (await archive_of(archive, "a.zip")).entries
    assert await entry_of(archive, entry.index, "a.zip") == b"x" * 100_000
    assert (await sound_of(recordings.sound("mp3", channels=1), "a.mp3")).channels == 1


async def test_a_file_that_is_gone_is_told_of_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(AttachmentRefused, match=r"report\.docx cannot be read: No such file or directory"):
        await markdown_of(tmp_path / "0f3a", "report.docx")
