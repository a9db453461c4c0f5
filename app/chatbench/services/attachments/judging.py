"""What would become of a file that hangs over the window: by its name, kind and size alone."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chatbench.core.models import Modality
from chatbench.documents import images
from chatbench.services.attachments.takes import (
    MAX_DOCUMENT_BYTES,
    MAX_FILM_BYTES,
    Kind,
    Takes,
    kind_of,
)

MODALITIES: dict[Kind, Modality] = {"picture": "image", "sound": "audio", "film": "video"}
_MOST_BYTES: dict[Kind, int] = {
    "picture": images.MAX_FILE_BYTES, "pdf": MAX_DOCUMENT_BYTES, "document": MAX_DOCUMENT_BYTES,
    "archive": MAX_DOCUMENT_BYTES, "unknown": MAX_DOCUMENT_BYTES, "sound": MAX_FILM_BYTES,
    "film": MAX_FILM_BYTES,
}  # fmt: skip


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A file over the window: its name, kind and size in bytes are all that is known before the
    drop (`size` None where even that is not)."""

    name: str
    media_type: str
    size: int | None = None

    @property
    def kind(self) -> Kind:
        return kind_of(self.media_type)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a candidate will be attached; `reason` says what happens to it or why not, and
    `models` names models that would take it."""

    candidate: Candidate
    accepted: bool
    reason: str
    models: tuple[str, ...] = ()


def judged(candidate: Candidate, takes: Takes, others: Callable[[Modality], tuple[str, ...]]) -> Verdict:
    """`others` names models that take a modality."""
    kind = candidate.kind
    most = _MOST_BYTES.get(kind)
    if most is not None and candidate.size is not None and candidate.size > most:
        return Verdict(candidate=candidate, accepted=False, reason=f"Larger than {most // 1024 // 1024} MiB.")
    match kind:
        case "folder":
            return _accepted(candidate, "You choose which of its files.")
        case "archive":
            return _accepted(candidate, "You choose what of it.")
        case "document":
            return _accepted(candidate, "Sent as text.")
        case "unknown":
            return _accepted(candidate, "Sent as text, if it is text.")
        case "pdf":
            return _accepted(candidate, _of_pdf(candidate, takes))
        case "picture":
            return _of_picture(candidate, takes, others)
        case "sound" | "film":
            return _of_media(candidate, MODALITIES[kind], takes, others)


def _accepted(candidate: Candidate, reason: str) -> Verdict:
    return Verdict(candidate=candidate, accepted=True, reason=reason)


def _of_pdf(candidate: Candidate, takes: Takes) -> str:
    if not takes.refusal("file", candidate.media_type, candidate.size or 0):
        return "Sent as it is."
    return "Sent as text, or as pictures of its pages." if takes.info.may_take("image") else "Sent as text."


def _of_picture(candidate: Candidate, takes: Takes, others: Callable[[Modality], tuple[str, ...]]) -> Verdict:
    info = takes.info
    if not info.may_take("image"):
        return _refused(candidate, f"{info.title} does not take images.", others("image"))
    shrunk = candidate.size is not None and candidate.size > info.images.max_bytes
    reason = "Sent as an image, made smaller." if shrunk else "Sent as an image."
    if not info.takes("image"):
        reason += f" Whether {info.title} sees it is not known."
    return _accepted(candidate, reason)


def _of_media(
    candidate: Candidate,
    modality: Modality,
    takes: Takes,
    others: Callable[[Modality], tuple[str, ...]],
) -> Verdict:
    refusal = takes.refusal(modality, candidate.media_type, candidate.size or 0)
    if refusal:
        return _refused(candidate, refusal, others(modality))
    uploaded = takes.goes_by_storage(modality, candidate.size or 0)
    called = "sound" if modality == "audio" else "film"
    return _accepted(candidate, f"Uploaded, then sent as {called}." if uploaded else f"Sent as {called}.")


def _refused(candidate: Candidate, reason: str, models: tuple[str, ...]) -> Verdict:
    told = f"{reason} {', '.join(models)} would." if models else reason
    return Verdict(candidate=candidate, accepted=False, reason=told, models=models)
