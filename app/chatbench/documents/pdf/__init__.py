"""PDFs through PDFium: what they are, their text in reading order, their pages as pictures.

Nothing here is thread-safe, and PDFium has faults of its own: files of strangers are read in a confined
process, by the tasks `pdf_facts`, `pdf_text`, `pdf_pictures`, `pdf_thumbnail`, `pdf_unlocked` and
`pdf_subset`, within `LIMITS`. Pages are counted from 1.
"""

from __future__ import annotations

from typing import Final

from chatbench.documents.frames import Limits

LIMITS: Final = Limits(memory=512 << 20, seconds=60.0, output=512 << 20)
"""Enough for a file of 100 MiB or a page of 40 million pixels; what asks for more shows in a second."""
