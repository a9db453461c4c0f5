"""What a model takes, kind by kind, in words for whoever is about to attach something."""

from __future__ import annotations

import msgspec

from chatbench.core.models import MediaLimits, Modality
from chatbench.services.attachments.takes import Kind, Takes

_MEDIA: tuple[tuple[Kind, Modality], ...] = (("sound", "audio"), ("film", "video"))


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of file: whether the model gets anything of it, and how; `whole` where that is the file
    as it is, or a picture made smaller."""

    kind: Kind
    able: bool
    words: str
    whole: bool = False


def capabilities(takes: Takes) -> tuple[Capability, ...]:
    """Pictures, PDFs, other documents, sound and film, in this order."""
    return (_pictures(takes), _pdfs(takes), _documents(), *(_media(takes, *one) for one in _MEDIA))


def _pictures(takes: Takes) -> Capability:
    info = takes.info
    if not info.may_take("image"):
        return _not("picture")
    if "image" not in takes.whole:
        return Capability(kind="picture", able=True, words="whether it sees them is not known")
    most = f"{info.images.max_bytes / 1024 / 1024:.3g}"
    words = f"any kind; larger than {most} MiB is made smaller"
    return Capability(kind="picture", able=True, words=words, whole=True)


def _pdfs(takes: Takes) -> Capability:
    pages = takes.info.may_take("image")
    limits = takes.media.get("file")
    if limits is None or "file" not in takes.whole:
        return Capability(
            kind="pdf", able=True, words="as text, or as pictures of pages" if pages else "as text"
        )
    most = takes.most_pages(limits)
    size = _most(limits)
    words = f"as it is, up to {size}" if most is None else f"as it is, up to {most} pages and {size}"
    return Capability(kind="pdf", able=True, words=words, whole=True)


def _documents() -> Capability:
    return Capability(kind="document", able=True, words="Word, Excel, web pages, code and more, as text")


def _media(takes: Takes, kind: Kind, modality: Modality) -> Capability:
    limits = takes.media.get(modality)
    if limits is None or modality not in takes.whole:
        return _not(kind)
    named = sorted(one.rpartition("/")[2].removeprefix("x-").upper() for one in limits.media_types)
    words = f"{', '.join(named[:5])}, up to {_most(limits)}"
    return Capability(kind=kind, able=True, words=words, whole=True)


def _not(kind: Kind) -> Capability:
    return Capability(kind=kind, able=False, words="not taken by this model")


def _most(limits: MediaLimits) -> str:
    return f"{limits.max_bytes // 1_000_000} MB"
