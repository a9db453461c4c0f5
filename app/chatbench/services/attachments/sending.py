"""Messages as one model is sent them: every stored file in the form it gets there."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from chatbench.core.conversations import SentFile
from chatbench.core.errors import AttachmentRefused
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    MediaPart,
    Message,
    Part,
    ProviderFile,
    StoredFile,
    TextPart,
)
from chatbench.core.models import ModelInfo
from chatbench.documents.pdf.ranges import parse_pages
from chatbench.services.attachments.forms import Form
from chatbench.storage.files import is_digest
from chatbench.storage.renditions import PAGE_BREAK, Rendition

_MARK = re.compile(r"<\W*attachment", re.IGNORECASE)
_PAGE_MARK = re.compile(r"\[\s*page\s+\d", re.IGNORECASE)
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class Ready(NamedTuple):
    """What is sent, and what became of each file on the way."""

    messages: tuple[Message, ...]
    files: tuple[SentFile, ...] = ()


class Piece(NamedTuple):
    """One file as parts that a wire can send."""

    parts: tuple[Part, ...]
    sent: SentFile


def is_stored(part: Part) -> bool:
    return isinstance(part, MediaPart) and isinstance(part.source, StoredFile)


def digest_of(part: MediaPart) -> str:
    """The SHA-256 of the stored file of a part. Raises AttachmentRefused where it is none."""
    if not isinstance(part.source, StoredFile) or not is_digest(part.source.sha256):
        raise AttachmentRefused(f"{part.name or 'The file'} is not in the profile.", "Attach it again.")
    return part.source.sha256


def holds_files(message: Message) -> bool:
    return any(is_stored(part) for part in message.parts)


def chosen_pages(part: FilePart, count: int) -> tuple[int, ...]:
    """The pages of a PDF that are sent, from 1. Raises AttachmentRefused for a range that is none."""
    return parse_pages(part.pages, count) if part.pages else tuple(range(1, count + 1))


def pages_of(words: str, numbers: Sequence[int]) -> str:
    """These pages of a text, each under a mark with its number. In a text that holds such marks itself
    they end in something that it cannot know."""
    pages = words.split(PAGE_BREAK)
    own = f" {_unguessable(words)}" if _PAGE_MARK.search(words) else ""
    return "\n\n".join(
        f"[Page {number}{own}]\n{pages[number - 1].strip()}" for number in numbers if number <= len(pages)
    )


def written_out(name: str, words: str, pages: str = "") -> TextPart:
    """A text between marks: a model must see where it ends and the question begins. A text that holds
    such marks itself gets others, which it cannot know."""
    mark = f"attachment-{_unguessable(words)}" if _MARK.search(words) else "attachment"
    told = f' pages="{_quoted(pages)}"' if pages else ""
    return TextPart(text=f'<{mark} name="{_quoted(name)}"{told}>\n{words.strip(chr(10))}\n</{mark}>')


def _unguessable(words: str) -> str:
    """The same for the same text: what a provider caches is to stay what it was."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def _quoted(name: str) -> str:
    return html.escape(_in_one_line(name))


def _in_one_line(name: str) -> str:
    return _BREAKS.sub(" ", name)


def as_text(part: FilePart, sha256: str, words: str) -> Piece:
    text = written_out(part.name, words, part.pages)
    digest = hashlib.sha256(text.text.encode()).hexdigest()
    return Piece((text,), SentFile(original=sha256, form="text", sent=(digest,)))


def as_pages(
    part: FilePart,
    sha256: str,
    numbers: Sequence[int],
    drawn: Sequence[Rendition],
    data: Sequence[InlineData],
) -> Piece:
    """Pictures of pages, with words that say whose they are."""
    shown: list[Part] = []
    for number, page, picture in zip(numbers, drawn, data, strict=True):
        shown.append(TextPart(text=f"[{_in_one_line(part.name) or 'PDF'}, page {number}]"))
        shown.append(
            ImagePart(
                source=picture,
                media_type=page.media_type,
                name=f"{part.name} {number}",
                size=len(picture.data),
                width=page.width,
                height=page.height,
            )
        )
    sent = tuple(page.sha256 for page in drawn)
    return Piece(tuple(shown), SentFile(original=sha256, form="pages", sent=sent))


def with_bytes(part: MediaPart, sha256: str, data: InlineData, sent_as: Form, sent: str) -> Piece:
    """The file as it is, or what was made of it."""
    filled = msgspec.structs.replace(part, source=data, size=len(data.data))
    return Piece((filled,), SentFile(original=sha256, form=sent_as.sent_as, sent=(sent,)))


def at_provider(part: MediaPart, sha256: str, provider: str, file_id: str, sent_as: Form) -> Piece:
    """The file as the provider keeps it."""
    named = msgspec.structs.replace(part, source=ProviderFile(provider=provider, file_id=file_id))
    return Piece((named,), SentFile(original=sha256, form=sent_as.sent_as, file_id=file_id))


def too_many_pictures(info: ModelInfo, count: int) -> AttachmentRefused:
    return AttachmentRefused(
        f"{info.title} takes {info.images.max_count} pictures at most, and this conversation holds {count}.",
        "Start a new conversation, send documents as text, or choose another model.",
    )


def refused(part: MediaPart, why_not: str, models: tuple[str, ...]) -> AttachmentRefused:
    """The error for a file that this model cannot be sent in any form."""
    hint = f"Choose {' or '.join(models)}." if models else "Leave it out, or choose another model."
    return AttachmentRefused(
        f"{why_not.removesuffix('.')}, and this conversation holds {part.name or 'one'}.", hint, models=models
    )
