"""Sounds and films written by FFmpeg's libraries."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av

KINDS = {
    "wav": ("wav", "pcm_s16le"),
    "mp3": ("mp3", "libmp3lame"),
    "m4a": ("ipod", "aac"),
    "ogg": ("ogg", "libopus"),
    "flac": ("flac", "flac"),
    "weba": ("webm", "libopus"),
    "aac": ("adts", "aac"),
    "aiff": ("aiff", "pcm_s16be"),
}
RATE = 48_000


def sound(ending: str, seconds: float = 1.5, channels: int = 2) -> bytes:
    """Silence of this length."""
    form, codec = KINDS[ending]
    out = io.BytesIO()
    with av.open(out, "w", format=form) as file:
        stream = file.add_stream(codec, rate=RATE, layout="stereo" if channels == 2 else "mono")
        _encode_sound(file, stream, seconds)
    return out.getvalue()


def film(ending: str, seconds: float = 2.0, *, with_sound: bool = True) -> bytes:
    """A grey film of this length: "webm", "mkv" or "mp4"."""
    out = io.BytesIO()
    form = {"mkv": "matroska"}.get(ending, ending)
    with av.open(out, "w", format=form) as file:
        stream = file.add_stream("libvpx" if ending != "mp4" else "mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        spoken = None
        if with_sound:
            spoken = file.add_stream("aac" if ending == "mp4" else "libopus", rate=RATE, layout="stereo")
        for number in range(round(seconds * 10)):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([128]) * plane.buffer_size)
            frame.pts, frame.time_base = number, Fraction(1, 10)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        if spoken is not None:
            _encode_sound(file, spoken, seconds)
    return out.getvalue()


def _encode_sound(file: av.container.OutputContainer, stream: Any, seconds: float) -> None:
    planes = stream.codec_context.layout.nb_channels
    left = round(seconds * RATE)
    resampler = av.AudioResampler(format=stream.format.name, layout=stream.layout.name, rate=RATE)
    at = 0
    while left > 0:
        count = min(960, left)
        frame = av.AudioFrame(format="s16", layout=stream.layout.name, samples=count)
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        for ready in resampler.resample(frame):
            file.mux(stream.encode(ready))
        at, left = at + count, left - count
    assert planes in (1, 2)
    file.mux(stream.encode(None))
