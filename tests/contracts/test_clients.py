"""The vendors' own clients read our canned streams as we do."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest
from google import genai
from openai.types import responses
from tests.contracts.vendors import heard
from tests.loopback import anthropic as anthropic_canned
from tests.loopback import gemini as gemini_canned
from tests.loopback import openai_responses as openai_canned
from tests.loopback.server import LoopbackServer

from chatbench.providers.anthropic import Anthropic
from chatbench.providers.gemini import Gemini
from chatbench.providers.openai_responses import OpenAIResponses


@pytest.mark.parametrize("scene", openai_canned.SCENES)
def test_openai_client(scene: str, server: LoopbackServer) -> None:
    frames = openai_canned.SCENES[scene][0]
    words, thoughts, calls = "", [], []
    called = (responses.ResponseFunctionToolCall, responses.ResponseCustomToolCall)
    with openai.OpenAI(api_key="k", base_url=server.base_url("openai_responses")) as vendor:
        for event in vendor.responses.create(model=scene, input="Hi", stream=True):
            if event.type == "response.output_text.delta":
                words += event.delta
            elif event.type == "response.reasoning_summary_text.done":
                thoughts.append(event.text)
            elif event.type == "response.output_item.done" and isinstance(event.item, called):
                calls.append(event.item.name)
    assert heard(OpenAIResponses(), scene, frames, server) == (words, "\n\n".join(thoughts), calls)


@pytest.mark.parametrize("scene", anthropic_canned.SCENES)
def test_anthropic_client(scene: str, server: LoopbackServer) -> None:
    frames = anthropic_canned.SCENES[scene][0]
    with anthropic.Anthropic(api_key="k", base_url=server.base_url("anthropic")) as vendor:
        asked: Any = [{"role": "user", "content": "Hi"}]
        with vendor.messages.stream(model=scene, max_tokens=9, messages=asked) as stream:
            message = stream.get_final_message()
    blocks = message.content
    expected = (
        "".join(block.text for block in blocks if block.type == "text"),
        "".join(block.thinking for block in blocks if block.type == "thinking"),
        [block.name for block in blocks if block.type == "tool_use"],
    )
    assert heard(Anthropic(), scene, frames, server) == expected
    assert message.usage.output_tokens == anthropic_canned.USAGE["output_tokens"]


@pytest.mark.parametrize("scene", gemini_canned.SCENES)
def test_gemini_client(scene: str, server: LoopbackServer) -> None:
    frames = gemini_canned.SCENES[scene][0]
    words, thoughts, calls = "", "", []
    options = genai.types.HttpOptions(base_url=server.base_url("gemini"))
    with genai.Client(api_key="k", http_options=options) as vendor:
        for chunk in vendor.models.generate_content_stream(model=scene, contents="Hi"):
            content = chunk.candidates[0].content if chunk.candidates else None
            for part in (content and content.parts) or ():
                if part.function_call:
                    calls.append(part.function_call.name)
                elif part.thought:
                    thoughts += part.text or ""
                else:
                    words += part.text or ""
    assert heard(Gemini(), scene, frames, server) == (words, thoughts, calls)
