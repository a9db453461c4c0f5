"""Sounds and films: how long, how many channels, with pictures or without. Nothing is decoded."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.archives import content_of
from chatbench.documents.kinds import media_type_of

_LONGEST: Final = 30 * 86400.0
_MOST_CHANNELS: Final = 255
_MOST_RATE: Final = 10_000_000
_MOST_ELEMENTS: Final = 500_000
_UNKNOWN_SIZE: Final = -1
_ENDINGS: Final = {
    "audio/aiff": "aiff",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "video/mp4": "mp4",
    "video/quicktime": "mp4",
}
# Elements of Matroska, by their numbers.
_SEGMENT, _INFO, _TRACKS, _TRACK, _AUDIO = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE1
_SCALE, _DURATION, _CHANNELS, _RATE = 0x2AD7B1, 0x4489, 0x9F, 0xB5
_CLUSTER, _TIME, _GROUP, _BLOCK, _SIMPLE_BLOCK = 0x1F43B675, 0xE7, 0xA0, 0xA1, 0xA3
_HOLDERS: Final = frozenset({_SEGMENT, _INFO, _TRACKS, _TRACK, _AUDIO, _CLUSTER, _GROUP})
_AAC_RATES: Final = (
    *(96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000),
    *(12_000, 11_025, 8_000, 7_350),
)


class SoundFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the headers say; None where they do not. `seconds` is the length, `sample_rate` in hertz."""

    media_type: str
    seconds: float | None = None
    channels: int | None = None
    sample_rate: int | None = None


class _Told(msgspec.Struct):
    seconds: float | None = None
    channels: int | None = None
    sample_rate: float | None = None


def sound_facts(source: bytes | Path, name: str) -> SoundFacts:
    """The facts of a sound or a film. What is damaged has no length, but is no error: a model may still
    take it. Raises AttachmentRefused for what is neither sound nor film."""
    data = content_of(source, name)
    media_type = media_type_of(data, name)
    if not media_type.startswith(("audio/", "video/")):
        raise AttachmentRefused(f"{name} is neither sound nor film ({media_type}).", "Attach it as a file.")
    try:
        told = _told(data, media_type)
    # What is wrong with a header is told in as many ways as there are to be wrong.
    except Exception:  # noqa: BLE001
        told = _Told()
    return SoundFacts(
        media_type=media_type,
        seconds=_between(told.seconds, _LONGEST),
        channels=_whole(told.channels, _MOST_CHANNELS),
        sample_rate=_whole(told.sample_rate, _MOST_RATE),
    )


def _between(value: float | None, most: float) -> float | None:
    if value is None or not math.isfinite(value) or not 0 < value <= most:
        return None
    return round(value, 3)


def _whole(value: float | None, most: int) -> int | None:
    found = _between(value, most)
    return int(found) if found is not None and found >= 1 else None


def _told(data: bytes, media_type: str) -> _Told:
    if media_type == "audio/wav":
        return _wave(data)
    if media_type == "audio/aac":
        return _aac(data)
    if media_type.endswith(("/webm", "/x-matroska")):
        return _matroska(data)
    ending = _ENDINGS.get(media_type)
    return _tagged(data, ending) if ending else _Told()


def _tagged(data: bytes, ending: str) -> _Told:
    from tinytag import TinyTag

    found = TinyTag.get(f"file.{ending}", file_obj=io.BytesIO(data), tags=False)
    return _Told(found.duration, found.channels, found.samplerate)


def _wave(data: bytes) -> _Told:
    """One that was recorded piece by piece says nothing, or too much, of its length: what is there counts."""
    told = _Told()
    per_second = 0
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"fmt ":
            told.channels, told.sample_rate, per_second = struct.unpack_from("<HII", data, at + 10)
        elif kind == b"data":
            there = len(data) - at - 8
            told.seconds = (min(size, there) or there) / per_second if per_second else None
            break
        at += 8 + size + size % 2
    return told


def _aac(data: bytes) -> _Told:
    told = _Told()
    at = frames = 0
    while at + 7 <= len(data) and data[at] == 0xFF and data[at + 1] & 0xF6 == 0xF0:
        bits = int.from_bytes(data[at + 2 : at + 6], "big")
        told.sample_rate = _AAC_RATES[bits >> 26 & 0xF]
        told.channels = bits >> 22 & 0x7
        length = bits >> 5 & 0x1FFF
        if length < 7:
            break
        at, frames = at + length, frames + 1
    told.seconds = frames * 1024 / told.sample_rate if told.sample_rate else None
    return told


def _matroska(data: bytes) -> _Told:
    """The length as told; of one that was recorded and never finished, the time of its last block."""
    told = _Told()
    scale, duration, cluster, last = 1_000_000, 0.0, 0, 0
    for kind, begin, end in _elements(data):
        number = int.from_bytes(data[begin : min(end, begin + 8)], "big")
        if kind == _SCALE:
            scale = number
        elif kind == _DURATION:
            duration = _float(data[begin:end])
        elif kind == _CHANNELS:
            told.channels = told.channels or number
        elif kind == _RATE:
            told.sample_rate = told.sample_rate or _float(data[begin:end])
        elif kind == _TIME:
            cluster = number
        elif kind in (_BLOCK, _SIMPLE_BLOCK):
            (offset,) = struct.unpack_from(">h", data, begin + _width(data[begin]))
            last = max(last, cluster + offset)
    told.seconds = (duration or last) * scale / 1e9
    return told


def _elements(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Every element with its number, begin and end, those inside others as well."""
    at = 0
    for _ in range(_MOST_ELEMENTS):
        if at >= len(data):
            return
        width = _width(data[at])
        kind = int.from_bytes(data[at : at + width], "big")
        at += width
        width = _width(data[at])
        size = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
        at += width
        if size == (1 << 7 * width) - 1:
            size = _UNKNOWN_SIZE
        end = len(data) if size == _UNKNOWN_SIZE else min(at + size, len(data))
        yield kind, at, end
        at = at if kind in _HOLDERS else end


def _width(first: int) -> int:
    """How many bytes a number takes that begins with this one. Raises ValueError where it is none."""
    if not first:
        raise ValueError("no number")
    return 9 - first.bit_length()


def _float(data: bytes) -> float:
    value: float = struct.unpack(">f" if len(data) == 4 else ">d", data)[0]
    return value
