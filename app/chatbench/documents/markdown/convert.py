"""Any document as Markdown: the one function that knows which file reads which kind."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final, cast

from chatbench.core.errors import AttachmentRefused
from chatbench.documents import kinds
from chatbench.documents.archives import content_of
from chatbench.documents.markdown.writing import Converted

Reader = Callable[[bytes | Path, str], Converted]

_READERS: Final[dict[str, str]] = {
    kinds.DOCX: "docx.convert",
    kinds.XLSX: "xlsx.convert",
    kinds.PPTX: "pptx.convert",
    kinds.ODT: "odf.convert",
    kinds.ODS: "odf.convert",
    kinds.ODP: "odf.convert",
    kinds.EPUB: "epub.convert",
    kinds.RTF: "rtf.convert",
    kinds.NOTEBOOK: "notebooks.convert",
    kinds.MAIL: "mail.convert",
    "text/html": "html.convert",
    "application/xhtml+xml": "html.convert",
    "text/csv": "plain.convert_csv",
    "text/tab-separated-values": "plain.convert_csv",
    "application/json": "plain.convert_json",
}
"""Each is imported when a file of its kind is read."""


def is_document(media_type: str) -> bool:
    """Whether `convert` makes Markdown of files of this kind."""
    return media_type in _READERS or kinds.is_text(media_type)


def convert(source: bytes | Path, name: str) -> Converted:
    """A document as Markdown, by what its bytes are; its name decides among kinds of text.

    Raises AttachmentRefused: empty, of a kind that has no text, damaged, protected, or too much.
    """
    data = content_of(source, name)
    if not data:
        raise AttachmentRefused(f"{name} is empty.", "Attach a file with something in it.")
    media_type = kinds.media_type_of(data, name)
    # What is only known to be OLE: the reader says what it is, and that it may be encrypted.
    reader = _READERS.get(media_type, "docx.convert" if media_type == kinds.OLE else "")
    if not reader and kinds.is_text(media_type):
        reader = "plain.convert"
    if reader:
        return _imported(reader)(data, name)
    if media_type in kinds.ARCHIVES:
        raise AttachmentRefused(f"{name} is an archive.", "Choose files from it.")
    raise AttachmentRefused(
        f"{name} holds no text that can be read ({media_type}).", "Attach it as another kind."
    )


def _imported(reader: str) -> Reader:
    module, name = reader.split(".")
    return cast(Reader, getattr(import_module(f"chatbench.documents.markdown.{module}"), name))
