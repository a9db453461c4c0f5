"""Rich Text Format: its text, in paragraphs."""

from __future__ import annotations

import re
from pathlib import Path

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.archives import content_of
from chatbench.documents.markdown.writing import Blocks, Converted

_MAX_BYTES = 20 << 20


def convert(source: bytes | Path, name: str) -> Converted:
    """An .rtf file as plain text. Raises AttachmentRefused."""
    from striprtf.striprtf import rtf_to_text

    data = content_of(source, name)
    if len(data) > _MAX_BYTES:
        raise AttachmentRefused(
            f"{name} is larger than {_MAX_BYTES >> 20} MiB.", "Save it as docx or as text."
        )
    text: str = rtf_to_text(data.decode("latin-1"), errors="replace")  # type: ignore[no-untyped-call]
    blocks = Blocks()
    blocks.extend(re.split(r"\n+", text))
    return blocks.converted(notes=["Formatting was left out."])
