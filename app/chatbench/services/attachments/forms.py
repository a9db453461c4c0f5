"""In which forms an attached file can go to a model, what each would take, and which is the best."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Literal

import msgspec

from chatbench.client.estimate import estimate_text, image_tokens, is_gemini_to_2_5
from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    MediaPart,
    VideoPart,
)
from chatbench.core.models import Modality, ModelInfo
from chatbench.documents.pdf import PdfFacts
from chatbench.services.attachments.takes import PDF, Takes

SentAs = Literal["picture", "native", "text", "pages", "sound", "film"]
PAGE_EDGE = 1568
"""Pixels of the longer edge of a page as a picture, where the model's own limit is not below: what Claude
looks at without making it smaller, and enough to read 8 point print."""
_GEMINI_PAGE, _GEMINI_PAGE_TO_2_5 = 560, 258
_MEDIA: dict[type[MediaPart], tuple[SentAs, Modality]] = {
    AudioPart: ("sound", "audio"),
    VideoPart: ("film", "video"),
}


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One way to send a file. `why_not` says why it is none for this model ("" where it is); `tokens`
    are estimated, None where nobody knows; `pictures` count towards what the model takes at once;
    `uploaded`: it goes by the provider's file storage."""

    sent_as: SentAs
    why_not: str = ""
    tokens: int | None = None
    pictures: int = 0
    uploaded: bool = False


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one file at one model: all forms it could have, and the one it gets, None where no
    form is possible. `models` would take it."""

    forms: tuple[Form, ...]
    chosen: Form | None
    models: tuple[str, ...] = ()

    @property
    def refusal(self) -> str:
        """Why it cannot be sent, in a sentence; "" where it can."""
        return "" if self.chosen is not None else self.forms[0].why_not


def of_picture(part: ImagePart, takes: Takes) -> Outlook:
    info = takes.info
    why_not = "" if info.may_take("image") else f"{info.title} does not take images."
    form = Form(sent_as="picture", why_not=why_not, tokens=image_tokens(part, info), pictures=1)
    return Outlook(forms=(form,), chosen=None if why_not else form)


def of_sound_or_film(part: AudioPart | VideoPart, takes: Takes, tokens: int | None) -> Outlook:
    sent_as, modality = _MEDIA[type(part)]
    why_not = takes.refusal(modality, part.media_type, part.size)
    form = Form(
        sent_as=sent_as,
        why_not=why_not,
        tokens=tokens,
        uploaded=takes.goes_by_storage(modality, part.size),
    )
    return Outlook(forms=(form,), chosen=None if why_not else form)


def of_text(words: str, info: ModelInfo) -> Outlook:
    """A document whose words alone are sent."""
    form = Form(sent_as="text", tokens=text_tokens(words, info))
    return Outlook(forms=(form,), chosen=form)


def of_pdf(part: FilePart, takes: Takes, facts: PdfFacts, pages: Sequence[int], words: str | None) -> Outlook:
    """`pages` are those that are sent, from 1; `words` is their text, None where nobody read it yet."""
    info = takes.info
    tokens = None if words is None else text_tokens(words, info)
    drawn = sum(_page_tokens(facts, page, info) for page in pages)
    native = Form(
        sent_as="native",
        why_not=takes.refusal("file", PDF, part.size, len(pages)),
        tokens=_native_tokens(info, tokens, drawn, len(pages)),
        uploaded=takes.goes_by_storage("file", part.size),
    )
    readable = bool(set(pages) & set(facts.text_pages)) or len(pages) > facts.looked_at
    text = Form(
        sent_as="text",
        why_not="" if readable else "There is no text in it: it is a scan.",
        tokens=tokens if readable else None,
    )
    pictures = Form(sent_as="pages", why_not=_no_pages(len(pages), info), tokens=drawn, pictures=len(pages))
    forms = (native, text, pictures)
    return Outlook(forms=forms, chosen=_best(part, forms, scan=facts.is_scan))


def _best(part: FilePart, forms: tuple[Form, Form, Form], *, scan: bool) -> Form | None:
    """What was asked for, if the model takes it; else as it is, else what keeps most of it."""
    native, text, pages = forms
    order = (native, pages, text) if scan else (native, text, pages)
    asked = [form for form in forms if form.sent_as == part.form]
    return next((form for form in (*asked, *order) if not form.why_not), None)


def _no_pages(count: int, info: ModelInfo) -> str:
    if not info.may_take("image"):
        return f"{info.title} does not take images."
    if count > info.images.max_count:
        return f"{info.title} takes {info.images.max_count} images at most."
    return ""


def page_edge(info: ModelInfo) -> int:
    """Pixels of the longer edge of a page as a picture."""
    return min(PAGE_EDGE, info.images.max_edge)


def _page_tokens(facts: PdfFacts, page: int, info: ModelInfo) -> int:
    width, height = facts.sizes[page - 1] if page <= len(facts.sizes) else (612.0, 792.0)
    scale = page_edge(info) / max(width, height, 1)
    picture = ImagePart(
        source=InlineData(data=b""),
        media_type="image/jpeg",
        width=max(1, round(width * scale)),
        height=max(1, round(height * scale)),
    )
    return image_tokens(picture, info)


def _native_tokens(info: ModelInfo, text: int | None, drawn: int, pages: int) -> int | None:
    """Claude and OpenAI's models read each page's text and its picture, Gemini a fixed amount a page; what
    others make of a document, nobody says: its text at least."""
    name = info.ref.id.lower()
    if "gemini" in name:
        return pages * (_GEMINI_PAGE_TO_2_5 if is_gemini_to_2_5(name) else _GEMINI_PAGE)
    if text is None:
        return None
    if "claude" in name or info.ref.provider in ("openai", "anthropic"):
        return text + drawn
    return text or None


def text_tokens(words: str, info: ModelInfo) -> int:
    factor = 1.2 if "claude" in info.ref.id.lower() else 1.0
    return ceil(estimate_text(words) * factor)
