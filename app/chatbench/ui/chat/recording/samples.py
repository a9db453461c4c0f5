"""Sound as it comes from a microphone: 16 bits, one channel; its level, and a WAV file of it."""

from __future__ import annotations

from array import array
from math import log10, sqrt
from sys import byteorder
from typing import Final

RATE: Final = 16_000
"""Samples a second: what models that hear work with."""
MOST_S: Final = 3600
_FLOOR_DB: Final = -60.0
_WIDTH: Final = 2


class Samples:
    """What was heard so far."""

    def __init__(self) -> None:
        self._heard = bytearray()
        self._odd = b""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self._heard) / (RATE * _WIDTH)

    @property
    def full(self) -> bool:
        """Whether no more is taken: it is an hour long."""
        return self.seconds >= MOST_S

    def add(self, data: bytes) -> float:
        """Takes more (little-endian samples, cut anywhere); returns its level, 0 to 1."""
        data, self._odd = self._odd + data, b""
        if len(data) % _WIDTH:
            data, self._odd = data[:-1], data[-1:]
        self._heard += data[: MOST_S * RATE * _WIDTH - len(self._heard)]
        return level(data)

    def wav(self) -> bytes:
        """All of it as a WAV file."""
        import io
        import wave

        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(_WIDTH)
            file.setframerate(RATE)
            file.writeframes(self._heard)
        return out.getvalue()


def level(data: bytes) -> float:
    """How loud little-endian samples are: 0 is silence (60 dB below the loudest), 1 the loudest."""
    samples = array("h", data)
    if byteorder == "big":
        samples.byteswap()
    if not samples:
        return 0.0
    mean = sqrt(sum(one * one for one in samples) / len(samples)) / 32_768
    return 0.0 if mean <= 0 else max(0.0, 1 - 20 * log10(mean) / _FLOOR_DB)
