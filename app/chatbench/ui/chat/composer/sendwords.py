"""What becomes of an attached file, in words: how it is sent, what it takes, how far its reading is."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import QCoreApplication

from chatbench.core.messages import AudioPart, FilePart, ImagePart, Part, VideoPart
from chatbench.core.models import ModelInfo
from chatbench.services.attachments import Form
from chatbench.ui.chat.composer.attachment import Attachment, Gets
from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.quantities import ABOUT, number, size, tokens

_TURNING: Final = re.compile("[\x00-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def tr(text: str) -> str:
    """The reader's language."""
    return QCoreApplication.translate("Attachments", text)


def icon_of(name: str, part: Part | None) -> str:
    """The icon of a kind of file."""
    if isinstance(part, ImagePart):
        return "image"
    if isinstance(part, AudioPart):
        return "audio-lines"
    if isinstance(part, VideoPart):
        return "film"
    if isinstance(part, FilePart) and part.media_type == "text/markdown" and "." not in name:
        return "message-square"
    return "file-text"


def shown_name(name: str) -> str:
    """A file's name without marks that turn the direction of what follows: "photo\u202egnp.exe" would be
    read as "photoexe.png"."""
    return _TURNING.sub("", name)


def name_of(item: Attachment) -> str:
    """What it is called."""
    return shown_name(item.name) or tr("Picture")


def status(item: Attachment) -> str:
    """The line under its name."""
    if item.state == "loading":
        return _progress(item) or tr("Being read…")
    if item.state == "refused":
        return item.reason
    if item.state == "locked":
        return item.reason or tr("It is encrypted. Its password:")
    return _sent(item)


def _progress(item: Attachment) -> str:
    if not item.done:
        return ""
    if item.state == "loading":
        # Bytes that come from the web.
        done = left_to_right(size(item.done))
        return tr("{0} of {1}").format(done, left_to_right(size(item.total))) if item.total else done
    return tr("page {0} of {1}").format(number(item.done), number(item.total))


def _sent(item: Attachment) -> str:
    if not item.gets:
        return ""
    ways = {how(item, one) for one in item.gets}
    if len(ways) > 1:
        return " · ".join(f"{one.letter}: {how(item, one)}" for one in item.gets)
    words = [ways.pop(), count_words(item)]
    if item.scan:
        words.insert(0, tr("a scan, no text in it"))
    return " · ".join(words)


def count_words(item: Attachment) -> str:
    """About how many tokens it takes."""
    if item.counting and item.tokens is None:
        progress = _progress(item)
        return tr("counting, {0}").format(progress) if progress else tr("counting…")
    return tokens_words(item.tokens)


def tokens_words(count: int | None) -> str:
    """An estimate; unknown is said."""
    return tr("tokens unknown") if count is None else left_to_right(tokens(count, ABOUT))


def how(item: Attachment, one: Gets) -> str:
    """How the model of a lane is sent it."""
    form = one.outlook.chosen
    if form is None:
        return tr("nothing")
    if isinstance(item.part, ImagePart):
        return picture_words(item.part, one.info)
    return with_pages(form, item.part)


def with_pages(form: Form, part: Part | None) -> str:
    """A form in words, with the pages that are sent."""
    pages = part.pages if isinstance(part, FilePart) else ""
    if form.sent_as == "pages":
        return (
            tr("one page as a picture")
            if form.pictures == 1
            else tr("{0} pages as pictures").format(number(form.pictures))
        )
    words = form_words(form)
    return tr("pages {0} {1}").format(left_to_right(pages), words) if pages else words


def form_words(form: Form) -> str:
    """A form in words."""
    if form.uploaded:
        return tr("uploaded, then as it is")
    words = {
        "native": tr("as it is"),
        "text": tr("as text"),
        "pages": tr("as pictures of its pages"),
        "picture": tr("as a picture"),
        "sound": tr("as sound"),
        "film": tr("as film"),
    }
    return words[form.sent_as]


def picture_words(part: ImagePart, info: ModelInfo) -> str:
    """Whether it is sent as it is."""
    limits = info.images
    if max(part.width, part.height) > limits.max_edge or part.size > limits.max_bytes:
        return tr("made smaller")
    if part.media_type not in limits.media_types:
        return tr("converted")
    return tr("as it is")


def spoken(item: Attachment) -> str:
    """What assistive technology says of it."""
    name, told = name_of(item), status(item)
    if item.state == "refused":
        return tr("{0}, refused. {1}").format(name, told)
    if item.state == "loading":
        return tr("{0}, being read").format(name)
    return f"{name}, {told}" if told else name
