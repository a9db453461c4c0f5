"""Lengths and channels of sounds and films, written by FFmpeg's libraries, whole and broken."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.documents import recordings

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.confined import confined
from chatbench.documents.sounds import SoundFacts, sound_facts

TYPES = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "weba": "audio/webm",
    "aac": "audio/aac",
    "aiff": "audio/aiff",
}
WHOLE = {ending: recordings.sound(ending) for ending in TYPES}
FILMS = {ending: recordings.film(ending) for ending in ("webm", "mkv", "mp4")}


@pytest.mark.parametrize("ending", TYPES)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_sound(ending: str, channels: int) -> None:
    facts = sound_facts(recordings.sound(ending, 2.5, channels), "a")
    assert facts.seconds == pytest.approx(2.5, abs=0.06)
    assert (facts.media_type, facts.channels, facts.sample_rate) == (TYPES[ending], channels, recordings.RATE)


@pytest.mark.parametrize(
    ("ending", "media_type"), [("webm", "video/webm"), ("mkv", "video/x-matroska"), ("mp4", "video/mp4")]
)
def test_a_film(ending: str, media_type: str) -> None:
    facts = sound_facts(FILMS[ending], f"a.{ending}")
    assert facts.seconds == pytest.approx(2.0, abs=0.06)
    assert (facts.media_type, facts.channels) == (media_type, 2)


def test_a_film_without_sound() -> None:
    facts = sound_facts(recordings.film("webm", with_sound=False), "a.webm")
    assert (facts.channels, facts.sample_rate) == (None, None)
    assert facts.seconds == pytest.approx(2.0, abs=0.06)


def test_a_recording_that_was_never_finished_is_as_long_as_what_is_there() -> None:
    data = WHOLE["weba"]
    at = data.index(b"\x44\x89\x88")
    assert sound_facts(data[:at] + b"\xec" + data[at + 1 :], "a").seconds != pytest.approx(1.5, abs=1e-9)
    nameless = data[:at] + b"\x44\x88" + data[at + 2 :]
    assert sound_facts(nameless, "a").seconds == pytest.approx(1.5, abs=0.1)
    wave = WHOLE["wav"]
    place = wave.index(b"data") + 4
    for told in (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff"):
        assert sound_facts(wave[:place] + told + wave[place + 4 :], "a").seconds == pytest.approx(
            1.5, abs=0.01
        )


async def test_it_is_told_by_a_confined_process() -> None:
    assert (await confined("sound_facts", WHOLE["mp3"], "a.mp3")).channels == 2


def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(AttachmentRefused, match=r"a\.mp3 is neither sound nor film \(text/plain\)"):
        sound_facts(b"hello", "a.mp3")


def is_sane(facts: SoundFacts) -> bool:
    seconds = facts.seconds is None or (math.isfinite(facts.seconds) and 0 <= facts.seconds < 10**7)
    return seconds and (facts.channels is None or 0 < facts.channels < 256)


@pytest.mark.parametrize("ending", [*WHOLE, *FILMS])
def test_one_that_is_cut_anywhere_is_no_error(ending: str) -> None:
    data = {**WHOLE, **FILMS}[ending]
    for end in range(50, len(data), max(100, len(data) // 100)):
        assert is_sane(sound_facts(data[:end], f"a.{ending}"))


@pytest.mark.parametrize("ending", [*WHOLE, *FILMS])
@given(seed=st.randoms(use_true_random=False))
def test_hostile_headers_are_no_error(ending: str, seed: object) -> None:
    data = bytearray({**WHOLE, **FILMS}[ending])
    for _ in range(8):
        at = seed.randrange(16, min(len(data), 600))  # type: ignore[attr-defined]
        data[at] = seed.choice((0, 1, 127, 128, 255))  # type: ignore[attr-defined]
    began = time.process_time()
    assert is_sane(sound_facts(bytes(data), f"a.{ending}"))
    assert time.process_time() - began < 1
