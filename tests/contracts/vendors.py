"""The vendors' own types as judges: unknown keys forbidden, lazy iterables walked to the end; and what
our wires hear, to be held against what the vendors' own clients do."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
import pydantic
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.messages import TextPart, ThinkingPart, ToolCallPart
from chatbench.providers.http import HttpRequest
from chatbench.providers.wire import HttpWire

Judge = pydantic.TypeAdapter[Any]


def forbid_unknown_keys(package: str) -> None:
    """Makes every TypedDict of the loaded modules of `package` refuse keys it does not name.

    A TypedDict otherwise ignores them, so that a misspelt or retired field would pass.
    """
    strict = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    for name, module in list(sys.modules.items()):
        if not name.startswith(package):
            continue
        for value in list(vars(module).values()):
            if isinstance(value, type) and hasattr(value, "__total__"):
                value.__pydantic_config__ = strict  # type: ignore[attr-defined]


def accept(judge: Judge, value: Any) -> None:
    """Raises pydantic.ValidationError where the vendor's type does not take the value."""
    walk(judge.validate_python(value))


def walk(value: Any) -> None:
    """Iterable fields are checked only while they are walked."""
    if isinstance(value, Mapping):
        for item in value.values():
            walk(item)
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for item in value:
            walk(item)


def data_of(frames: Iterable[bytes]) -> list[bytes]:
    """The JSON of each frame."""
    return [frame.split(b"data: ", 1)[1].strip() for frame in frames]


def lost(ours: Any, theirs: Any, where: str = "") -> list[str]:
    """The places of `ours` that are missing or different in what the vendor's lenient type made of
    it: keys that it does not know, chunks that it calls unknown."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return [
            place
            for name, value in ours.items()
            for place in (
                lost(value, theirs[name], f"{where}.{name}") if name in theirs else [f"{where}.{name}"]
            )
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [place for at, (a, b) in pairs for place in lost(a, b, f"{where}[{at}]")]
    return [] if ours == theirs else [where]


def extras(value: Any, where: str = "") -> list[str]:
    """The places where a validated model keeps keys that its type does not name."""
    if isinstance(value, pydantic.BaseModel):
        found = [f"{where}.{name}" for name in value.model_extra or {}]
        return found + [
            place
            for name in type(value).model_fields
            for place in extras(getattr(value, name), f"{where}.{name}")
        ]
    if isinstance(value, list):
        return [place for at, item in enumerate(value) for place in extras(item, f"{where}[{at}]")]
    return []


def expect_same(ours: HttpRequest, server: LoopbackServer, *headers: str) -> None:
    """Asserts that a vendor's client just asked as we would: address, body, and these headers."""
    theirs = server.asked[-1]
    assert msgspec.json.decode(ours.body) == theirs.json
    assert ours.url == server.url + theirs.target
    assert {name: ours.headers[name] for name in headers} == {name: theirs.headers[name] for name in headers}


class Heard(NamedTuple):
    """An answer in short."""

    words: str
    thoughts: str
    calls: list[str]
    """The names of the tools."""


def heard(wire: HttpWire, scene: str, frames: Iterable[bytes], server: LoopbackServer) -> Heard:
    """The answer as our wire reads it, which asks at the address that a vendor's client just asked."""
    made = wires.call(wires.endpoint(wire.id, server.base_url(wire.id)), model=scene)
    assert wire.encode(made).url == server.url + server.asked[-1].target
    parts = wires.parts_of(wire, made, frames)
    return Heard(
        "".join(part.text for part in parts if isinstance(part, TextPart)),
        "".join(part.text for part in parts if isinstance(part, ThinkingPart)),
        [part.name for part in parts if isinstance(part, ToolCallPart)],
    )
