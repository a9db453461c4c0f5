"""What each vendor takes as sound, film and document, and how large: see `Wire.media`.

Kinds of sound for Chat Completions are those of the SDK's type (`input_audio.format`: wav, mp3). Sizes
and the other kinds are the vendors' published limits as far as they are known here; they are not in
any SDK. Whatever is larger goes by the provider's file storage, where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping

from chatbench.core.models import MediaLimits, Modality

_MB = 1_000_000
_PDF = frozenset({"application/pdf"})

OPENAI_RESPONSES: Mapping[Modality, MediaLimits] = {
    "file": MediaLimits(media_types=_PDF, max_bytes=32 * _MB),
}
OPENAI_CHAT: Mapping[Modality, MediaLimits] = {
    **OPENAI_RESPONSES,
    "audio": MediaLimits(media_types=frozenset({"audio/wav", "audio/mpeg"}), max_bytes=20 * _MB),
}
# 32 MB are a whole request, and base64 makes four bytes of three.
ANTHROPIC: Mapping[Modality, MediaLimits] = {
    "file": MediaLimits(media_types=_PDF, max_bytes=23 * _MB, max_pages=600),
}
GEMINI: Mapping[Modality, MediaLimits] = {
    "file": MediaLimits(media_types=_PDF, max_bytes=14 * _MB, max_pages=1000),
    "audio": MediaLimits(
        media_types=frozenset(
            {"audio/wav", "audio/mpeg", "audio/aiff", "audio/aac", "audio/ogg", "audio/flac", "audio/mp4"}
        ),
        max_bytes=14 * _MB,
    ),
    "video": MediaLimits(
        media_types=frozenset(
            {"video/mp4", "video/mpeg", "video/quicktime", "video/x-msvideo", "video/x-flv", "video/webm",
             "video/x-ms-wmv", "video/3gpp"}
        ),
        max_bytes=14 * _MB,
    ),
}  # fmt: skip
MISTRAL: Mapping[Modality, MediaLimits] = {
    "file": MediaLimits(media_types=_PDF, max_bytes=35 * _MB, max_pages=1000),
    "audio": MediaLimits(
        media_types=frozenset({"audio/wav", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/flac"}),
        max_bytes=14 * _MB,
    ),
}
