"""What the tests of the wires share: calls to encode, streams to decode, answers to compare."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from itertools import pairwise
from types import ModuleType
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.core.errors import ProviderError
from chatbench.core.messages import Message, Part
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.secrets import Secret
from chatbench.core.streams import Accumulator, StreamEvent
from chatbench.providers.wire import Call, HttpWire

KEY = "sk-canary-0123456789abcdef"
MARKED: list[tuple[str, list[str]]] = [
    ("tools_only", []),
    ("system_and_tools", ["Be brief"]),
    ("last_user_message", ["three"]),
    ("last_2_user_messages", ["two", "three"]),
    ("last_3_user_messages", ["one", "two", "three"]),
]
"""Cache pattern → what OpenAI is told to keep of three questions under the system prompt "Be brief"."""


def endpoint(wire: str, base_url: str, *, auth: str = "bearer", **quirks: Any) -> Endpoint:
    names = {
        "openai_responses": "OpenAI",
        "openai_chat": "Groq",
        "anthropic": "Anthropic",
        "gemini": "Gemini",
        "mistral": "Mistral",
        "cohere": "Cohere",
        "ollama": "Ollama",
    }
    name = names[wire]
    provider = name.lower()
    return Endpoint(id=provider, name=name, wire=wire, base_url=base_url, auth=auth, quirks=Quirks(**quirks))


def call(
    where: Endpoint,
    messages: Iterable[Message] = (),
    *,
    model: str = "model-1",
    parameters: Parameters | None = None,
    row: dict[str, Any] | None = None,
    **request: Any,
) -> Call:
    ref = ModelRef(where.id, model)
    return Call(
        endpoint=where,
        info=ModelInfo(ref=ref, **(row or {})),
        request=Request(
            model=ref, messages=tuple(messages), parameters=parameters or Parameters(), **request
        ),
        key=Secret(KEY),
    )


def body(wire: HttpWire, made: Call) -> Any:
    return msgspec.json.decode(wire.encode(made).body)


def scenes(module: ModuleType) -> dict[str, tuple[list[bytes], Any]]:
    """Every scene of a wire's canned answers: the vendor's own, and forms that others give them."""
    return {**module.SCENES, **getattr(module, "OTHERS", {})}


def decode(wire: HttpWire, made: Call, pieces: Iterable[bytes]) -> list[StreamEvent]:
    """What the driver does with the pieces of a body."""
    parser, decoder = wire.parser(), wire.decoder(made)
    events: list[StreamEvent] = []
    for piece in pieces:
        for raw in parser.feed(piece):
            events.extend(decoder.feed(raw))
    for raw in parser.finish():
        events.extend(decoder.feed(raw))
    events.extend(decoder.finish())
    return events


def told(wire: HttpWire, made: Call, scene: tuple[list[bytes], Any], way: str) -> Accumulator:
    """A canned answer as it is read "streamed" or "whole"."""
    frames, body = scene
    if way == "streamed":
        return folded(decode(wire, made, frames))
    return folded(wire.decode_whole(json.dumps(body).encode(), made))


def folded(events: Iterable[StreamEvent]) -> Accumulator:
    accumulator = Accumulator()
    accumulator.extend(events)
    return accumulator


def outcome(accumulator: Accumulator) -> tuple[Any, ...]:
    """Everything that a streamed answer and the same answer whole must have in common."""
    alternatives = {choice: accumulator.parts(choice) for choice in accumulator.choices}
    return alternatives, accumulator.usage, accumulator.stops, accumulator.logprobs


def split(data: bytes, draw: random.Random) -> list[bytes]:
    """The same bytes in pieces of random length."""
    pieces = []
    while data:
        size = draw.choice((1, 2, 3, 7, 50, 400))
        pieces.append(data[:size])
        data = data[size:]
    return pieces


def cut(frames: Iterable[bytes], places: Iterable[int]) -> list[bytes]:
    """The same bytes cut at these places, counted on from the beginning where they lie beyond the end."""
    data = b"".join(frames)
    at = [0, *sorted({place % len(data) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(at)]


def mutated(data: bytes, draw: random.Random) -> bytes:
    """The bytes with a few of them changed, dropped, doubled or moved."""
    broken = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(max(1, len(broken)))
        match draw.randrange(5):
            case 0:
                broken[at : at + 1] = bytes((draw.randrange(256),))
            case 1:
                del broken[at : at + draw.randint(1, 40)]
            case 2:
                broken[at:at] = broken[at : at + draw.randint(1, 60)]
            case 3:
                broken[at:at] = draw.choice((b"null", b"[]", b"{}", b"-1", b'"', b"\xff", b"[[[[", b"1e999"))
            case _:
                broken = broken[:at] or broken
    return bytes(broken)


_ODD = json.loads(
    '[null, -1, "x", "", [], {}, 1e300, true, 99999999999999999999, [{}], [null], [[]], 0, "error",'
    ' {"type": "text"}, {"text": 5}]'
)


def reshaped(value: Any, draw: random.Random) -> Any:
    """The JSON value with one of its members gone or of another shape."""
    value = json.loads(json.dumps(value))
    holder: Any = value
    while True:
        places = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not places:
            return value
        place = draw.choice(places)
        inner = holder[place]
        if not isinstance(inner, dict | list) or not inner or draw.random() < 0.2:
            break
        holder = inner
    if isinstance(holder, dict) and draw.random() < 0.3:
        del holder[place]
    else:
        holder[place] = draw.choice(_ODD)
    return value


def reshaped_frames(frames: list[bytes], draw: random.Random) -> list[bytes]:
    """A stream in which a few events have another shape, perhaps in another order."""
    broken = list(frames)
    for _ in range(draw.randint(1, 2)):
        at = draw.randrange(len(broken))
        head, _, data = broken[at].partition(b"data: ")
        if data.startswith(b"{"):
            broken[at] = b"%sdata: %s\n\n" % (head, json.dumps(reshaped(json.loads(data), draw)).encode())
    if draw.random() < 0.3:
        draw.shuffle(broken)
    return broken


def parts_of(wire: HttpWire, made: Call, frames: Iterable[bytes]) -> tuple[Part, ...]:
    return folded(decode(wire, made, frames)).parts()


def expect_named(error: ProviderError) -> None:
    """The error says what happened and what to do, and gives no key away."""
    assert error.message
    assert error.hint
    assert KEY not in f"{error.message} {error.hint} {error.raw}"
