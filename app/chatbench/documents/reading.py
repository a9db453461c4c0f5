"""Documents, archives and sounds of strangers, each read in a process of its own: what the floors above call.

A document may be handed in as bytes or as the path of a file. What it is called is for errors, and to tell
among kinds of text. Every function raises AttachmentRefused with a sentence that names the file, and ends its
process at once when it is cancelled.
"""

from __future__ import annotations

from pathlib import Path

from chatbench.documents.archives import Archive
from chatbench.documents.confined import confined
from chatbench.documents.markdown.writing import Converted
from chatbench.documents.sounds import SoundFacts


async def markdown_of(source: bytes | Path, name: str) -> Converted:
    """A document as Markdown: office files, e-books, pages, e-mails, notebooks, tables, any text."""
    made: Converted = await confined("markdown", source, name, name=name)
    return made


async def archive_of(source: bytes | Path, name: str) -> Archive:
    """The files in a zip, tar, tar.gz or gz file."""
    listed: Archive = await confined("list_archive", source, name, name=name)
    return listed


async def entry_of(source: bytes | Path, index: int, name: str) -> bytes:
    """One file in an archive, by the index that the list gives it."""
    data: bytes = await confined("read_entry", source, index, name, name=name)
    return data


async def sound_of(source: bytes | Path, name: str) -> SoundFacts:
    """How long a sound or a film is, and how many channels it has."""
    facts: SoundFacts = await confined("sound_facts", source, name, name=name)
    return facts
