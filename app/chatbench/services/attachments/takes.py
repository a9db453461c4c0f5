"""What a model takes, where it is asked: the model's own row, the wire's places, the provider's storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from chatbench.client.environment import Environment
from chatbench.client.files import keeps_files
from chatbench.core.models import MediaLimits, Modality, ModelInfo
from chatbench.documents import kinds
from chatbench.documents.markdown.convert import is_document

FOLDER = "inode/directory"
PDF = "application/pdf"
MAX_DOCUMENT_BYTES = 100 * 1024 * 1024
MAX_FILM_BYTES = 500 * 1024 * 1024
Kind = Literal["picture", "pdf", "document", "archive", "sound", "film", "folder", "unknown"]
_ARCHIVES = frozenset({kinds.ZIP, kinds.TAR, kinds.GZIP})
_WORDS: Mapping[Modality, str] = {
    "image": "images", "file": "documents as they are", "audio": "sound", "video": "film",
}  # fmt: skip


def kind_of(media_type: str) -> Kind:
    """What a person would call it."""
    if media_type == FOLDER:
        return "folder"
    if media_type == PDF:
        return "pdf"
    if media_type in _ARCHIVES:
        return "archive"
    if media_type.startswith("image/"):
        return "picture"
    if media_type.startswith("audio/"):
        return "sound"
    if media_type.startswith("video/"):
        return "film"
    return "document" if is_document(media_type) or media_type == kinds.OLE else "unknown"


class Takes(NamedTuple):
    """`media` is what the wire has places for; `storage`: the provider keeps files."""

    info: ModelInfo
    media: Mapping[Modality, MediaLimits]
    storage: bool

    @classmethod
    def of(cls, info: ModelInfo, environment: Environment) -> Takes:
        endpoint = environment.registry.get(info.ref.provider)
        media = environment.registry.wire(endpoint.wire).media if endpoint is not None else {}
        return cls(info, media, keeps_files(environment, info.ref.provider))

    @property
    def whole(self) -> frozenset[Modality]:
        """What goes as it is: the model is known to take it, and the wire has a place for it."""
        places: set[Modality] = {"image", *self.media}
        return self.info.inputs & places

    def refusal(self, modality: Modality, media_type: str, size: int, pages: int = 0) -> str:
        """Why a file of so many bytes and pages cannot go as it is, in a sentence; "" where it can."""
        title = self.info.title
        limits = self.media.get(modality)
        if limits is None or modality not in self.whole:
            return f"{title} does not take {_WORDS[modality]}."
        if media_type not in limits.media_types:
            known = ", ".join(sorted(_ending(one) for one in limits.media_types))
            return f"{title} takes {known}, not {_ending(media_type)}."
        most = self.most_pages(limits)
        if most is not None and pages > most:
            return f"{title} takes {most} pages at most."
        if size > limits.max_bytes and not (self.storage and size <= MAX_FILM_BYTES):
            return f"{title} takes {limits.max_bytes // 1_000_000} MB at most."
        return ""

    def goes_by_storage(self, modality: Modality, size: int) -> bool:
        """Whether it is too large for a request, and is uploaded before it."""
        limits = self.media.get(modality)
        return limits is not None and size > limits.max_bytes

    def most_pages(self, limits: MediaLimits) -> int | None:
        """A model that takes few pictures takes as few pages of a document: each is one."""
        if limits.max_pages is None:
            return None
        return (
            min(limits.max_pages, self.info.images.max_count)
            if self.info.takes("image")
            else limits.max_pages
        )


def _ending(media_type: str) -> str:
    """A kind as people name it."""
    known = {"audio/mpeg": "MP3", "audio/mp4": "M4A", "video/quicktime": "MOV", "video/x-msvideo": "AVI",
             "video/x-ms-wmv": "WMV"}  # fmt: skip
    return known.get(media_type) or media_type.rpartition("/")[2].removeprefix("x-").upper()
