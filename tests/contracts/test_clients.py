"""The vendors' own clients read our canned streams as we do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google import genai
from tests.loopback import anthropic as anthropic_canned
from tests.loopback import gemini as gemini_canned
from tests.loopback import openai_responses as openai_canned
from tests.providers import wires

from chatbench.core.messages import TextPart, ThinkingPart, ToolCallPart
from chatbench.providers.anthropic import Anthropic
from chatbench.providers.gemini import Gemini
from chatbench.providers.openai_responses import OpenAIResponses


def client(frames: Iterable[bytes]) -> httpx2.Client:
    """An HTTP client of the vendors' kind that is answered with the frames, without a network."""
    body = b"".join(frames)
    headers = {"content-type": "text/event-stream"}
    return httpx2.Client(
        transport=httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=body))
    )


def ours(wire: Any, where: Any, frames: Iterable[bytes]) -> tuple[str, str, list[str]]:
    """Words, thoughts and calls, as our wire reads them."""
    parts = wires.parts_of(wire, wires.call(where), frames)
    return (
        "".join(part.text for part in parts if isinstance(part, TextPart)),
        "".join(part.text for part in parts if isinstance(part, ThinkingPart)),
        [part.name for part in parts if isinstance(part, ToolCallPart)],
    )


@pytest.mark.parametrize("scene", openai_canned.SCENES)
def test_openai_client(scene: str) -> None:
    frames = openai_canned.SCENES[scene][0]
    words, thoughts, calls = "", [], []
    with client(frames) as http:
        vendor = openai.OpenAI(api_key="k", base_url="http://localhost/v1", http_client=http)
        for event in vendor.responses.create(model="m", input="Hi", stream=True):
            if event.type == "response.output_text.delta":
                words += event.delta
            elif event.type == "response.reasoning_summary_text.done":
                thoughts.append(event.text)
            elif event.type == "response.output_item.done" and event.item.type == "function_call":
                calls.append(event.item.name)
    where = wires.endpoint("openai_responses", "https://api.openai.com/v1")
    assert ours(OpenAIResponses(), where, frames) == (words, "\n\n".join(thoughts), calls)


@pytest.mark.parametrize("scene", anthropic_canned.SCENES)
def test_anthropic_client(scene: str) -> None:
    frames = anthropic_canned.SCENES[scene][0]
    with client(frames) as http:
        vendor = anthropic.Anthropic(api_key="k", base_url="http://localhost", http_client=http)
        asked: Any = [{"role": "user", "content": "Hi"}]
        with vendor.messages.stream(model="m", max_tokens=9, messages=asked) as stream:
            message = stream.get_final_message()
    blocks = message.content
    expected = (
        "".join(block.text for block in blocks if block.type == "text"),
        "".join(block.thinking for block in blocks if block.type == "thinking"),
        [block.name for block in blocks if block.type == "tool_use"],
    )
    assert ours(Anthropic(), wires.endpoint("anthropic", "https://api.anthropic.com"), frames) == expected
    assert message.usage.output_tokens == anthropic_canned.USAGE["output_tokens"]


@pytest.mark.parametrize("scene", gemini_canned.SCENES)
def test_gemini_client(scene: str) -> None:
    frames = gemini_canned.SCENES[scene][0]
    words, thoughts, calls = "", "", []
    with client(frames) as http:
        options = genai.types.HttpOptions(base_url="http://localhost", httpx_client=http)
        with genai.Client(api_key="k", http_options=options) as vendor:
            for chunk in vendor.models.generate_content_stream(model="m", contents="Hi"):
                content = chunk.candidates[0].content if chunk.candidates else None
                for part in (content and content.parts) or ():
                    if part.function_call:
                        calls.append(part.function_call.name)
                    elif part.thought:
                        thoughts += part.text or ""
                    else:
                        words += part.text or ""
    assert ours(Gemini(), wires.endpoint("gemini", "https://g.example"), frames) == (words, thoughts, calls)
