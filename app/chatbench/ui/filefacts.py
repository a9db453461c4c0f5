"""What is said of an attached file: its kind, its length, its size."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from chatbench.core.messages import AudioPart, ImagePart, MediaPart, VideoPart
from chatbench.ui.quantities import decimals, number, size

_KINDS = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PPTX",
    "application/vnd.oasis.opendocument.text": "ODT",
    "application/vnd.oasis.opendocument.spreadsheet": "ODS",
    "application/vnd.oasis.opendocument.presentation": "ODP",
    "application/epub+zip": "EPUB",
    "application/x-ipynb+json": "IPYNB",
    "message/rfc822": "EML",
    "audio/mpeg": "MP3",
    "audio/mp4": "M4A",
    "video/quicktime": "MOV",
    "image/svg+xml": "SVG",
    "text/markdown": "Markdown",
}


def tr(text: str) -> str:
    """Words of this module, translated."""
    return QCoreApplication.translate("files", text)


def kind_of(part: MediaPart) -> str:
    """What kind of file it is, as people write it: `PDF`, `DOCX`, `Text`."""
    known = _KINDS.get(part.media_type)
    if known is None and part.media_type.startswith("text/"):
        ending = part.name.rpartition(".")[2] if "." in part.name else "txt"
        return ending.upper() if ending.lower() != "txt" and len(ending) <= 5 else tr("Text")
    return known or part.media_type.rpartition("/")[2].removeprefix("x-").upper() or tr("File")


def length_of(part: MediaPart) -> str:
    """How long or large it is in its own measure: pages, time, pixels; "" where nobody knows."""
    if isinstance(part, ImagePart):
        return f"{number(part.width)} × {number(part.height)}" if part.width else ""
    if isinstance(part, AudioPart | VideoPart):
        return "" if part.seconds is None else time_of(part.seconds)
    if not part.page_count:
        return ""
    words = tr("1 page") if part.page_count == 1 else tr("{0} pages")
    return words.format(number(part.page_count))


def time_of(seconds: float) -> str:
    """The length of a recording: `0:07`, `1:02:09`."""
    if 0 < seconds < 1:
        return tr("{0} s").format(decimals(seconds, 1))
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def facts_of(part: MediaPart) -> str:
    """All of it in a line."""
    known = (kind_of(part), length_of(part), size(part.size) if part.size else "")
    return " · ".join(filter(None, known))


def sent_words(form: str) -> str:
    """How a file goes to a model, as `core.conversations.SentFile` names it: `as text`."""
    known = {
        "picture": tr("as a picture"),
        "native": tr("as it is"),
        "text": tr("as text"),
        "pages": tr("as pictures of its pages"),
        "sound": tr("as sound"),
        "film": tr("as film"),
    }
    return known.get(form, form)
