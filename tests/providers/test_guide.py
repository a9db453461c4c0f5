"""The guide: what it says, how it streams, what it finds in real picture files."""

from __future__ import annotations

import asyncio
import io
import re
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chatbench.core import messages
from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import ImagePart, InlineData, Message, TextPart, ThinkingPart, user
from chatbench.core.models import GUIDE, ModelInfo
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.streams import Accumulator, PartDelta, StreamEvent
from chatbench.providers.guide import Guide, count_tokens, pieces_of
from chatbench.providers.guide.choosing import choose
from chatbench.providers.guide.pages import PAGES, text_of
from chatbench.providers.guide.pictures import picture_of
from chatbench.providers.http import Http
from chatbench.providers.registry import Registry
from chatbench.providers.wire import Call
from chatbench.rendering.blocks import CodeBlock, MathBlock, RuleBlock, TableBlock, TextBlock
from chatbench.rendering.document import parse

WHERE = Endpoint(id="chatbench", name="Chatbench", wire="guide", base_url="", auth="none", local=True)
AT_ONCE = {"pace": 0}


def call(*asked: Message, stream: bool = True, **parameters: Any) -> Call:
    request = Request(model=GUIDE, messages=asked, parameters=Parameters(**parameters), stream=stream)
    return Call(endpoint=WHERE, info=ModelInfo(ref=GUIDE), request=request)


def ask(*asked: Message, **parameters: Any) -> Accumulator:
    """The whole answer, at once."""
    accumulator = Accumulator()

    async def listen() -> None:
        async for batch in Guide().stream(call(*asked, extra_body=AT_ONCE, **parameters), Http({})):
            accumulator.extend(batch)

    asyncio.run(listen())
    return accumulator


def said(accumulator: Accumulator) -> str:
    return messages.text_of(accumulator.parts())


def thought(accumulator: Accumulator) -> str:
    return messages.thinking_of(accumulator.parts())


def test_it_says_that_it_is_no_language_model() -> None:
    for question in ("Hello", "What are you?", "What is the capital of France?"):
        assert "not a language model" in said(ask(user(question)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.id)
def test_every_title_leads_to_its_page(page: Any) -> None:
    assert choose(page.title)[0] == page
    assert said(ask(user(page.title))) == text_of(page)


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("is it free?", "cost"),
        ("How do I add my OpenAI key", "keys"),
        ("can I use ollama", "local"),
        ("Is my data private?", "privacy"),
        ("show me a table", "markdown"),
        ("", "welcome"),
    ],
)
def test_words_lead_to_a_page(question: str, page: str) -> None:
    found = choose(question)[0]
    assert found is not None
    assert found.id == page


@given(st.text(max_size=200))
def test_any_question_has_an_answer(question: str) -> None:
    page, found = choose(question)
    assert text_of(page)
    assert set(found) == {page.id for page in PAGES}


def test_addresses_it_names_are_the_shipped_ones(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    local = next(page for page in PAGES if page.id == "local")
    named = set(re.findall(r"`(http://127[^`]+)`", local.text))
    assert named == {e.base_url for e in registry.endpoints() if e.local and e.wire != "guide"}


def test_the_demonstration_shows_every_kind_of_block() -> None:
    demo = next(page for page in PAGES if page.id == "markdown")
    kinds = {type(block) for block in parse(demo.text)}
    assert kinds == {TextBlock, CodeBlock, MathBlock, RuleBlock, TableBlock}


def test_thinking_comes_first_and_only_where_wanted() -> None:
    assert not thought(ask(user("What will it cost me?")))
    answer = ask(user("What will it cost me?"), reasoning_effort="medium")
    assert [type(part) for part in answer.parts()] == [ThinkingPart, TextPart]
    assert "speaks: cost" in thought(answer)
    assert said(answer).startswith("## What will it cost me?")
    assert thought(ask(user("Show me thinking")))
    assert not thought(ask(user("Show me thinking"), reasoning_effort="none"))


def test_usage_counts_what_went_in_and_came_out() -> None:
    accumulator = ask(user("What will it cost me?"), reasoning_effort="medium")
    usage = accumulator.usage
    assert usage is not None
    assert usage.input_tokens == len(["What", "will", "it", "cost", "me", "?"])
    assert usage.reasoning_tokens == count_tokens(thought(accumulator)) > 10
    assert usage.output_tokens == count_tokens(said(accumulator)) + usage.reasoning_tokens
    assert accumulator.stop is not None
    assert accumulator.stop.reason == "end"


@given(st.text())
def test_pieces_are_the_text(words: str) -> None:
    assert "".join(pieces_of(words)) == words


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (1025, 3)])
def test_it_reads_real_pictures(kind: str, size: tuple[int, int]) -> None:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind)
    found = picture_of(file.getvalue())
    assert found is not None
    assert (found.format.upper(), found.width, found.height) == (kind, *size)


@pytest.mark.parametrize("how", [{"lossless": True}, {"quality": 5}, {"save_all": True, "duration": 40}])
def test_it_reads_every_kind_of_webp(how: dict[str, Any]) -> None:
    file = io.BytesIO()
    frames = [Image.new("RGBA", (40, 33), colour) for colour in ("red", "blue")]
    more = {"append_images": frames[1:]} if "save_all" in how else {}
    frames[0].save(file, "WEBP", **how, **more)
    found = picture_of(file.getvalue())
    assert found is not None
    assert (found.width, found.height) == (40, 33)


def test_progressive_jpeg_with_much_before_the_frame() -> None:
    file = io.BytesIO()
    Image.new("RGB", (90, 61)).save(file, "JPEG", progressive=True, exif=b"Exif\0\0" + bytes(60_000))
    found = picture_of(file.getvalue())
    assert found is not None
    assert (found.width, found.height) == (90, 61)


@given(st.binary(max_size=64), st.sampled_from([b"", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 "]))
def test_hostile_bytes_are_no_picture_and_no_error(data: bytes, head: bytes) -> None:
    picture_of(head + data)


def test_it_tells_what_is_attached() -> None:
    file = io.BytesIO()
    Image.new("RGB", (640, 480)).save(file, "PNG")
    data = file.getvalue()
    picture = ImagePart(source=InlineData(data=data), media_type="image/jpeg", name="my`holiday\n.jpg")
    words = said(ask(user("What is this?", picture)))
    assert "a PNG of 640 × 480 pixels (0.3 megapixels)" in words
    assert f"{len(data):,} bytes" in words
    assert "`my'holiday .jpg`" in words


async def test_it_streams_at_a_pace_and_stops_at_once() -> None:
    made = call(user("Let me try Stop"))
    began = time.monotonic()
    batches: list[list[StreamEvent]] = []
    async with aclosing(Guide().stream(made, Http({}))) as answer:
        async for batch in answer:
            batches.append(batch)
            if len(batches) == 5:
                break
    assert 4 / 60 <= time.monotonic() - began < 2
    deltas = [event for batch in batches for event in batch if isinstance(event, PartDelta)]
    assert 5 <= len(deltas) <= 30


async def test_cancelling_ends_it_while_it_waits() -> None:
    async def listen() -> None:
        async with aclosing(Guide().stream(call(user("Let me try Stop")), Http({}))) as answer:
            async for _ in answer:
                pass

    task = asyncio.create_task(listen())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_not_streamed_it_answers_in_one_batch() -> None:
    made = call(user("What will it cost me?"), stream=False)
    assert len([batch async for batch in Guide().stream(made, Http({}))]) == 1
