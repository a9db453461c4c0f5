"""The guide: a built-in model without a network that answers from fixed pages, and says so.

It streams at the pace of a real model, thinks, counts usage, looks at what is really in an
attached picture, and can be stopped; so it also serves where something must be talked to.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import ClassVar

from chatbench.core.endpoints import Endpoint
from chatbench.core.ids import new_id
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    Message,
    Part,
    TextPart,
    ThinkingPart,
)
from chatbench.core.models import GUIDE, MediaLimits, Modality, ModelInfo
from chatbench.core.requests import Request
from chatbench.core.secrets import Secret
from chatbench.core.streams import PartDelta, PartEnd, PartStart, Stop, StreamEvent, UsageUpdate
from chatbench.core.usage import Usage
from chatbench.providers.guide.choosing import choose, words_of
from chatbench.providers.guide.pages import PAGES, Page, text_of
from chatbench.providers.guide.pictures import picture_of
from chatbench.providers.http import HttpClient
from chatbench.providers.wire import Call

PIECES_PER_SECOND = 120.0
BEAT_S = 1 / 60
_PIECE = re.compile(r"\s*\w{1,12}|\s*[^\w\s]|\s+")
_NOT_SEEN = (
    "That is read from the bytes a model would get. I am not a language model and cannot see what a picture "
    "shows: for that, choose a model that takes pictures."
)


class Guide:
    """A wire of its own. `extra_body = {"pace": n}` sets its pace in pieces a second; 0 is at once."""

    id: ClassVar[str] = "guide"
    takes: ClassVar[frozenset[str]] = frozenset({"reasoning_effort"})
    media: ClassVar[Mapping[Modality, MediaLimits]] = {}

    async def stream(self, call: Call, http: HttpClient) -> AsyncGenerator[list[StreamEvent], None]:
        request = call.request
        thinking, answer = _answer(request)
        usage = Usage(
            input_tokens=sum(map(_tokens_of, request.messages)) + count_tokens(request.system),
            output_tokens=count_tokens(thinking) + count_tokens(answer),
            reasoning_tokens=count_tokens(thinking),
        )
        pace = _pace(request) if request.stream else 0.0
        parts: list[tuple[Part, str]] = [(ThinkingPart(), thinking)] if thinking else []
        parts.append((TextPart(), answer))
        events: list[StreamEvent] = []
        for index, (part, text) in enumerate(parts):
            events.append(PartStart(index, part))
            for piece, wait in _paced(text, pace):
                events.append(PartDelta(index, piece))
                if wait:
                    yield events
                    events = []
                    await asyncio.sleep(wait)
            events.append(PartEnd(index))
        events.append(UsageUpdate(usage))
        events.append(Stop("end", "end of the page", response_id=new_id(), model_answered=GUIDE.id))
        yield events

    async def complete(self, call: Call, http: HttpClient) -> list[StreamEvent]:
        return [event async for batch in self.stream(call, http) for event in batch]

    async def list_models(self, endpoint: Endpoint, key: Secret | None, http: HttpClient) -> list[ModelInfo]:
        return [
            ModelInfo(
                ref=GUIDE,
                name="Guide",
                inputs=frozenset({"text", "image"}),
                tools=False,
                thinking="optional",
                efforts=("none", "medium"),
                parameters=frozenset(),
                local=True,
                source="live",
            )
        ]


def pieces_of(text: str) -> list[str]:
    """The guide's tokens: a word (of at most twelve letters) or a sign, with the space before it."""
    return _PIECE.findall(text)


def count_tokens(text: str) -> int:
    """How many tokens the guide says a text has."""
    return len(pieces_of(text))


def _tokens_of(message: Message) -> int:
    return sum(count_tokens(part.text) for part in message.parts if isinstance(part, TextPart))


def _pace(request: Request) -> float:
    told = (request.parameters.extra_body or {}).get("pace", PIECES_PER_SECOND)
    return float(told) if isinstance(told, int | float) and told >= 0 else PIECES_PER_SECOND


def _paced(text: str, pace: float) -> Iterator[tuple[str, float]]:
    """Pieces with the seconds to wait after each; several share a beat where the pace is fast."""
    owed = 0.0
    for piece in pieces_of(text):
        owed += 1 / pace if pace else 0.0
        yield piece, owed if owed >= BEAT_S else 0.0
        if owed >= BEAT_S:
            owed = 0.0


def _answer(request: Request) -> tuple[str, str]:
    """Thinking (where it was asked for) and the answer to the last user message."""
    asked = next((m for m in reversed(request.messages) if m.role == "user"), Message(role="user"))
    question = asked.text
    attached = [part for part in asked.parts if isinstance(part, ImagePart | FilePart)]
    page, found = choose(question)
    effort = request.parameters.reasoning_effort
    thinks = effort not in (None, "none") or (effort is None and page is not None and page.id == "thinking")
    thinking = _thinking(question, page, found, len(attached)) if thinks else ""
    if attached:
        return thinking, _seen(attached)
    return thinking, text_of(page)


def _thinking(question: str, page: Page | None, found: dict[str, list[str]], attached: int) -> str:
    words = words_of(question)
    lines = [
        f"The question has {len(question)} characters, and {len(words)} words that tell my pages apart."
        if words
        else "The question has no word that tells my pages apart."
    ]
    lines += [
        f"For “{other.title}” speaks: {', '.join(found[other.id])}." for other in PAGES if found[other.id]
    ]
    if attached:
        lines.append(f"There is something attached ({attached}), and that comes first: I look at its bytes.")
    elif page is None:
        lines.append("None of my pages fits. I had better say so.")
    else:
        lines.append(f"So the page is “{page.title}”.")
    return "\n".join(lines)


def _seen(attached: list[ImagePart | FilePart]) -> str:
    lines = "\n".join(map(_described, attached))
    return f"## What you attached\n\n{lines}\n\n{_NOT_SEEN}\n"


def _described(part: ImagePart | FilePart) -> str:
    name = " ".join(part.name.split()).replace("`", "'")[:80]
    label = f"- `{name}`: " if name else "- "
    if not isinstance(part.source, InlineData):
        return f"{label}it is not at hand, so I cannot look at it."
    data = part.source.data
    picture = picture_of(data)
    size = f"{len(data):,} bytes"
    if picture is None:
        return f"{label}no picture that I know; {size}."
    megapixels = picture.width * picture.height / 1_000_000
    area = f" ({megapixels:.1f} megapixels)" if megapixels >= 0.1 else ""
    return f"{label}a {picture.format} of {picture.width} × {picture.height} pixels{area}, {size}."
