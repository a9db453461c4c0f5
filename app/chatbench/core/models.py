"""Language models: how one is named, and what one can do."""

from __future__ import annotations

from typing import Literal

import msgspec

Modality = Literal["text", "image", "file", "audio", "video"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


class ModelRef(msgspec.Struct, frozen=True, order=True):
    """`provider/model-id`; the id may itself hold slashes (`openrouter/anthropic/claude…`)."""

    provider: str
    id: str

    @classmethod
    def parse(cls, text: str) -> ModelRef:
        """Splits at the first slash. Raises ValueError where a half is missing."""
        provider, slash, model_id = text.partition("/")
        if not slash or not provider or not model_id:
            raise ValueError(f"not provider/model-id: {text!r}")
        return cls(provider, model_id)

    def __str__(self) -> str:
        return f"{self.provider}/{self.id}"


GUIDE = ModelRef("chatbench", "guide")


class ImageLimits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a model takes as a picture: bytes of one file, pixels of the longer edge, how many."""

    max_bytes: int = 5 * 1024 * 1024
    max_edge: int = 2048
    max_count: int = 100
    media_types: tuple[str, ...] = ("image/png", "image/jpeg", "image/webp", "image/gif")


class MediaLimits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of one modality fits into a request: kinds, bytes of one file as it is on the disk, pages
    of a document (None: no limit is known)."""

    media_types: frozenset[str]
    max_bytes: int
    max_pages: int | None = None


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A capability row: what one model at one provider can do and takes.

    None means "nobody told us"; the careful default then applies. `parameters` are names of
    fields of `Parameters` that the model accepts; None sends only what nearly all accept.
    `source` says who told: the user's own override, the provider's live list, the shipped
    catalogue, or nobody.
    """

    ref: ModelRef
    name: str = ""
    context_window: int | None = None
    max_output_tokens: int | None = None
    inputs: frozenset[Modality] = frozenset({"text"})
    outputs: frozenset[Modality] = frozenset({"text"})
    tools: bool | None = None
    thinking: Literal["no", "optional", "always"] | None = None
    efforts: tuple[Effort, ...] = ()
    thinking_budget: bool = False
    """The model takes a token budget for thinking (older Claude and Gemini models)."""
    parameters: frozenset[str] | None = None
    sampling_only_without_thinking: bool = False
    """Sampling parameters are accepted only with reasoning effort "none" (GPT-5.4 and later)."""
    images: ImageLimits = ImageLimits()
    local: bool = False
    shutdown_on: str = ""
    """ISO date on which the provider retires it, if announced."""
    source: Literal["user", "live", "catalogue", "default"] = "default"

    @property
    def title(self) -> str:
        """What a person reads: the name, or the id without a path (local ids may be file paths)."""
        return self.name or self.ref.id.rsplit("/", 1)[-1]

    def takes(self, modality: Modality) -> bool:
        return modality in self.inputs

    def may_take(self, modality: Modality) -> bool:
        """True also where nobody told: a bare id in a server's list says nothing of pictures, and
        what it does take shows when it is sent."""
        told = (
            self.source in ("catalogue", "user")
            or len(self.inputs) > 1
            or self.context_window is not None
            or self.parameters is not None
        )
        return modality in self.inputs or not told
