"""E-mails: who wrote what to whom and when, the text, and what was attached by name.

The standard library reads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.archives import content_of, safe_name
from chatbench.documents.markdown import html
from chatbench.documents.markdown.encodings import decoded
from chatbench.documents.markdown.writing import Blocks, Converted, count_of, one_line

_HEADERS: Final = ("From", "To", "Cc", "Date", "Subject")
_MAX_BYTES: Final = 50 << 20
_MOST_PARTS: Final = 1000
_MOST_BOUNDARIES: Final = 20_000
_LONGEST_HEADER: Final = 4_000


def convert(source: bytes | Path, name: str) -> Converted:
    """An .eml file as Markdown. Raises AttachmentRefused."""
    from email import policy
    from email.parser import BytesParser

    data = content_of(source, name)
    if len(data) > _MAX_BYTES:
        raise AttachmentRefused(
            f"{name} is larger than {_MAX_BYTES >> 20} MiB.", "Attach its parts one by one."
        )
    if data.count(b"\n--") > _MOST_BOUNDARIES:
        raise AttachmentRefused(f"{name} has too many parts to be read.", "Attach its parts one by one.")
    message = BytesParser(policy=policy.compat32).parsebytes(data)
    headers = {header: _header(message[header]) for header in _HEADERS if message[header]}
    if not headers:
        raise AttachmentRefused(f"{name} is no e-mail.", "Save it anew as .eml.")
    texts, pages, attached = _parts(message)
    blocks = Blocks()
    blocks.add("\n".join(f"{header}: {value}" for header, value in headers.items()))
    notes: list[str] = []
    if any(text.strip() for text in texts):
        blocks.extend(texts)
    else:
        for text in pages:
            page = html.read(text, name, whole=True)
            notes += html.notes_of([page])
            blocks.extend(page.blocks)
    blocks.add("\n".join(["Attachments:", *[f"- {one}" for one in attached]]) if attached else "")
    if attached:
        notes.append(f"{count_of(len(attached), 'attachment was', 'attachments were')} left out.")
    return blocks.converted(headers.get("Subject", ""), notes)


def _header(value: object) -> str:
    """A header as it is meant to be read."""
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    raw = str(value)
    raw = raw if len(raw) <= _LONGEST_HEADER else f"{raw[:_LONGEST_HEADER]}…"
    try:
        return one_line(str(make_header(decode_header(raw))))
    except (HeaderParseError, LookupError, ValueError):
        return one_line(raw)


def _parts(message: Any) -> tuple[list[str], list[str], list[str]]:
    """Plain texts, HTML texts, and names of what is attached."""
    texts: list[str] = []
    pages: list[str] = []
    attached: list[str] = []
    inside_attachment: set[int] = set()
    for count, part in enumerate(message.walk()):
        if count > _MOST_PARTS:
            break
        if id(part) in inside_attachment:
            continue
        kind, filename = part.get_content_type(), part.get_filename()
        if part is not message and (kind == "message/rfc822" or (filename and not part.is_multipart())):
            inside_attachment.update(map(id, part.walk()))
            attached.append(_described(part, kind, filename))
        elif part.is_multipart():
            continue
        elif kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment":
            (texts if kind == "text/plain" else pages).append(_text(part))
        else:
            attached.append(_described(part, kind, filename))
    return texts, pages, attached


def _described(part: Any, kind: str, filename: str | None) -> str:
    payload = part.get_payload(decode=True)
    size = f", {len(payload):,} bytes" if isinstance(payload, bytes) else ""
    return f"{safe_name(_header(filename)) if filename else 'without a name'} ({kind}{size})"


def _text(part: Any) -> str:
    payload = part.get_payload(decode=True)
    text, _ = decoded(payload if isinstance(payload, bytes) else b"", part.get_content_charset() or "")
    return text.replace("\r\n", "\n")
