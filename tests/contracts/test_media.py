"""What our wires say they take, against the types of the vendors' SDKs."""

from __future__ import annotations

from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from openai.types.chat.chat_completion_content_part_input_audio_param import InputAudio

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import AudioPart, FilePart, InlineData, MediaPart, Message, VideoPart
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.requests import Request
from chatbench.providers.registry import Registry
from chatbench.providers.wire import Call, HttpWire

_PARTS: dict[str, type[MediaPart]] = {"file": FilePart, "audio": AudioPart, "video": VideoPart}


REGISTRY = Registry(Path("no-such-folder"))
ENDPOINTS = ("openai", "anthropic", "gemini", "mistral", "openrouter")


def wire_of(endpoint_id: str) -> tuple[Endpoint, HttpWire]:
    endpoint = REGISTRY.get(endpoint_id)
    assert endpoint is not None
    wire = REGISTRY.wire(endpoint.wire)
    assert isinstance(wire, HttpWire)
    return endpoint, wire


CASES = [
    (endpoint, modality, media_type)
    for endpoint in ENDPOINTS
    for modality, limits in wire_of(endpoint)[1].media.items()
    for media_type in sorted(limits.media_types)
]


def test_chat_completions_takes_the_sounds_of_its_type() -> None:
    formats = get_args(get_type_hints(InputAudio)["format"])
    told = REGISTRY.wire("openai_chat").media["audio"].media_types
    assert told == {{"wav": "audio/wav", "mp3": "audio/mpeg"}[kind] for kind in formats}


@pytest.mark.parametrize(("endpoint_id", "modality", "media_type"), CASES)
def test_a_wire_sends_what_it_says_it_takes(endpoint_id: str, modality: str, media_type: str) -> None:
    endpoint, wire = wire_of(endpoint_id)
    part = _PARTS[modality](source=InlineData(data=b"\x01of it"), media_type=media_type, name="a")
    ref = ModelRef(endpoint_id, "m")
    asked = Request(model=ref, messages=(Message(role="user", parts=(part,)),))
    sent = wire.encode(Call(endpoint=endpoint, info=ModelInfo(ref=ref), request=asked))
    assert b"AW9mIGl0" in sent.body
