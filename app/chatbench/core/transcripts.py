"""Conversations in a vendor's shape: what comes out, and what of the original it could not hold.

Losses are found by reading back what was written and comparing, so that none is forgotten.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import FormatError
from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
    Value,
    VideoPart,
    text_of,
)
from chatbench.core.streams import Accumulator, StreamEvent

JsonObject = dict[str, Any]


class Loss(Value, frozen=True):
    """Something that a conversion could not keep: what it is, where it stood, and why."""

    what: str
    where: str
    why: str


class Reading(Value, frozen=True):
    """What was read from a vendor's shape."""

    messages: tuple[Message, ...]
    losses: tuple[Loss, ...] = ()


class Reader:
    """What reading a vendor's shape has in common: messages gather, and losses."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._called: dict[str, str] = {}
        """The ids of the tool calls so far → the names of their tools."""
        self.messages: list[Message] = []
        self.losses: list[Loss] = []

    @property
    def reading(self) -> Reading:
        return Reading(messages=tuple(self.messages), losses=tuple(self.losses))

    def _heard(
        self, body: JsonObject, whole: Callable[[bytes, Endpoint], Sequence[StreamEvent]]
    ) -> tuple[Part, ...]:
        """The parts of an answer as its wire decodes a `whole` one. Raises InvalidResponse, and
        TypeError for what JSON has no form for."""
        accumulator = Accumulator()
        accumulator.extend(whole(msgspec.json.encode(body), self._endpoint))
        parts = accumulator.parts()
        self._called.update({part.call_id: part.name for part in parts if isinstance(part, ToolCallPart)})
        return parts

    def _forget_mark(self, where: str) -> None:
        why = "marks for the cache are set anew, by a cache pattern"
        self.losses.append(Loss(what="cache_control", where=where, why=why))


def pieces_of(content: Any, wrong: Callable[[str], FormatError]) -> Iterator[Mapping[str, Any]]:
    """The content of a message in one of OpenAI's shapes: its pieces, or words, which are one.
    Raises what `wrong` makes of the reason where it is neither."""
    if content is None:
        return
    if isinstance(content, str):
        if content:
            yield {"type": "text", "text": content}
        return
    if not isinstance(content, Iterable) or isinstance(content, Mapping | bytes):
        raise wrong("its content is neither text nor parts")
    for place, piece in enumerate(content):
        if not isinstance(piece, Mapping):
            raise wrong(f"part {place} of its content is no object")
        yield piece


def give_roles_back(turns: Iterable[JsonObject], messages: Iterable[Message]) -> None:
    """Tells system and developer apart as the messages did, whatever the provider is sent."""
    instructing = ("system", "developer")
    told = [turn for turn in turns if turn.get("role") in instructing]
    given = [message.role for message in messages if message.role in instructing and message.text]
    for turn, role in zip(told, given, strict=True):
        turn["role"] = role


class Turns(list[JsonObject]):
    """A list in a vendor's shape, to be sent as it is. `losses` is found when it is asked for."""

    def __init__(self, turns: Sequence[JsonObject], find: Callable[[], tuple[Loss, ...]]) -> None:
        super().__init__(turns)
        self._find = find
        self._losses: tuple[Loss, ...] | None = None

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What of the conversation is not in these turns, and the other way about."""
        if self._losses is None:
            self._losses = self._find()
        return self._losses


class _Leaf(msgspec.Struct, eq=False):
    message: int
    place: int
    part: Part
    where: str
    role: str
    twin: _Leaf | None = None


_DERIVED = frozenset({"size", "width", "height", "seconds"})
"""Told again by the bytes."""
_WORDS = (TextPart, RefusalPart)
_MEDIA = (ImagePart, FilePart, AudioPart, VideoPart)
_KINDS: dict[type[Any], str] = {
    TextPart: "text",
    ThinkingPart: "thinking",
    RefusalPart: "refusal",
    ImagePart: "image",
    FilePart: "file",
    AudioPart: "audio",
    VideoPart: "video",
    ToolCallPart: "tool call",
    ToolResultPart: "tool result",
    UnknownPart: "unknown part",
}


def losses_between(
    before: Sequence[Message], after: Sequence[Message], target: str, reasons: Mapping[str, str]
) -> tuple[Loss, ...]:
    """What `after` does not hold of `before`, in its order, then what was added. `reasons` says why
    by the name of the loss; without a word of its own it is that `target` has no place for it."""

    def lost(what: str, where: str, why: str = "") -> Loss:
        return Loss(what, where, reasons.get(what) or why or f"{target} has no place for it")

    ours, theirs = list(_leaves(before)), list(_leaves(after))
    _pair(ours, theirs)
    found: list[Loss] = []
    last: _Leaf | None = None
    for leaf in ours:
        if leaf.twin is None:
            found.append(lost(*_missing(leaf, theirs)))
            continue
        found += [lost(what, where, why) for what, where, why in _differences(leaf, leaf.twin)]
        found += [lost(what, where, why) for what, where, why in _misplaced(last, leaf)]
        last = leaf
    found += _of_messages(before, after, ours, lost)
    found += [
        lost("addition", leaf.where, f"{target} asks for it: {_shown(leaf.part)}")
        for leaf in theirs
        if leaf.twin is None and not _is_joined(leaf, ours)
    ]
    return tuple(found)


def _leaves(messages: Sequence[Message]) -> Iterator[_Leaf]:
    for number, message in enumerate(messages):
        for place, part in enumerate(message.parts):
            yield _Leaf(number, place, part, f"messages[{number}].parts[{place}]", message.role)


def _pair(ours: list[_Leaf], theirs: list[_Leaf]) -> None:
    """Finds for each leaf the one that is the same, first by all that tells it, then by less."""
    for key in (_whole_key, _content_key, _loose_key):
        waiting: dict[Any, deque[_Leaf]] = defaultdict(deque)
        for leaf in theirs:
            if leaf.twin is None:
                waiting[key(leaf)].append(leaf)
        for leaf in ours:
            if leaf.twin is None and (found := waiting.get(key(leaf))):
                twin = found.popleft()
                leaf.twin, twin.twin = twin, leaf


def _whole_key(leaf: _Leaf) -> Any:
    return leaf.role, _content_key(leaf)


def _content_key(leaf: _Leaf) -> Any:
    part = leaf.part
    if isinstance(part, ToolCallPart | ToolResultPart):
        return type(part), part.call_id
    if isinstance(part, _MEDIA):
        return type(part), part.source
    if isinstance(part, UnknownPart):
        return type(part), msgspec.json.encode(part.data, order="sorted")
    return type(part), part.text, _state(part)


def _loose_key(leaf: _Leaf) -> Any:
    part = leaf.part
    if isinstance(part, ToolCallPart):
        return type(part), part.name, _arguments(part.arguments)
    if isinstance(part, ToolResultPart):
        return type(part), part.name, text_of(part.parts)
    if isinstance(part, TextPart | RefusalPart | ThinkingPart):
        return "words", isinstance(part, ThinkingPart), part.text
    return type(part), getattr(part, "source", leaf.where)


def _missing(leaf: _Leaf, theirs: list[_Leaf]) -> tuple[str, str, str]:
    part = leaf.part
    if isinstance(part, _WORDS):
        if not part.text.strip():
            return "empty text", leaf.where, "text without words is not sent"
        if any(_holds(other.part, part.text) for other in theirs):
            return "division of the text", leaf.where, "it is joined with the text beside it"
    return _KINDS[type(part)], leaf.where, ""


def _holds(part: Part, words: str) -> bool:
    return isinstance(part, _WORDS) and words.strip() in part.text


def _is_joined(leaf: _Leaf, ours: list[_Leaf]) -> bool:
    """Text that is made of several of ours."""
    if not isinstance(leaf.part, _WORDS):
        return False
    rest = leaf.part.text
    for other in ours:
        if other.twin is None and isinstance(other.part, _WORDS) and other.part.text.strip():
            rest = rest.replace(other.part.text.strip(), "", 1)
    return not rest.strip()


def _differences(leaf: _Leaf, twin: _Leaf) -> Iterator[tuple[str, str, str]]:
    ours, theirs = leaf.part, twin.part
    if type(ours) is not type(theirs):
        yield _KINDS[type(ours)], leaf.where, f"it is sent as {_KINDS[type(theirs)]}"
        return
    for name in ours.__struct_fields__:
        mine, other = getattr(ours, name), getattr(theirs, name)
        if not mine or mine == other or name in _DERIVED:
            continue
        if name == "provider_state":
            if _state(ours) not in (b"", _state(theirs)):
                owner = f"only {mine.get('provider') or 'its provider'} knows what to do with it"
                yield name, f"{leaf.where}.{name}", owner
        elif name == "arguments":
            if _arguments(mine) != _arguments(other):
                yield "arguments", f"{leaf.where}.{name}", "they are not a JSON object"
        elif name == "parts":
            yield from _differences_of_results(mine, other, leaf.where)
        elif name == "media_type" and not isinstance(ours.source, InlineData):  # type: ignore[union-attr]
            yield "media_type of a file elsewhere", f"{leaf.where}.{name}", ""
        else:
            yield name, f"{leaf.where}.{name}", ""


def _differences_of_results(
    mine: Sequence[Part], other: Sequence[Part], where: str
) -> Iterator[tuple[str, str, str]]:
    inner = [_Leaf(0, place, part, f"{where}.parts[{place}]", "") for place, part in enumerate(mine)]
    theirs = [_Leaf(0, place, part, "", "") for place, part in enumerate(other)]
    _pair(inner, theirs)
    for leaf in inner:
        if leaf.twin is not None:
            yield from _differences(leaf, leaf.twin)
            continue
        what, place, why = _missing(leaf, theirs)
        yield (f"{what} of a tool result" if what in _KINDS.values() else what), place, why


def _misplaced(last: _Leaf | None, leaf: _Leaf) -> Iterator[tuple[str, str, str]]:
    """What changed of who speaks, and of the place behind the leaf before."""
    after = leaf.twin
    before = last.twin if last is not None else None
    assert after is not None
    if after.role != leaf.role:
        what = "place of a tool result" if isinstance(leaf.part, ToolResultPart) else "role"
        yield what, leaf.where, f"it is sent as the {after.role}'s"
    elif last is None or before is None:
        return
    elif (after.message, after.place) < (before.message, before.place):
        if isinstance(leaf.part, ToolResultPart) and isinstance(last.part, ToolResultPart):
            yield "order of the results", leaf.where, "results stand in the order of their calls"
        else:
            yield "order", leaf.where, "it stands before what it followed"
    elif leaf.message == last.message and after.message != before.message:
        yield "unity of the message", leaf.where, "it is sent in a message of its own"
    elif leaf.message != last.message and after.message == before.message:
        yield "division of the messages", leaf.where, "messages of one speaker are joined"


def _of_messages(
    before: Sequence[Message], after: Sequence[Message], ours: list[_Leaf], lost: Callable[..., Loss]
) -> list[Loss]:
    found: list[Loss] = []
    twins: dict[int, _Leaf | None] = {}
    for leaf in ours:
        twins[leaf.message] = twins.get(leaf.message) or leaf.twin
    for number, message in enumerate(before):
        where, twin = f"messages[{number}]", twins.get(number)
        if not message.parts:
            found.append(lost("empty message", where, "messages without content are not sent"))
        elif twin is not None and message.name and after[twin.message].name != message.name:
            found.append(lost("name of the speaker", f"{where}.name"))
    return found


def _state(part: Part) -> bytes:
    """What a part's state says beyond who gave it."""
    said = {name: value for name, value in part.provider_state.items() if name != "provider"}
    return msgspec.json.encode(said, order="sorted") if said else b""


def _arguments(text: str) -> Any:
    try:
        return msgspec.json.encode(msgspec.json.decode(text or "{}"), order="sorted")
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return text


def _shown(part: Part) -> str:
    words = text_of(part.parts) if isinstance(part, ToolResultPart) else getattr(part, "text", "")
    return (words or _KINDS[type(part)])[:80]
