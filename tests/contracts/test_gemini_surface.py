"""All that a Gemini request can say, against the types and the client of Google."""

from __future__ import annotations

import base64
import re
from itertools import pairwise
from typing import Any

import msgspec
import pydantic
import pytest
from google import genai
from google.genai import types
from hypothesis import given, settings
from tests.contracts import conversations, parameters, surface
from tests.loopback import gemini as canned
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.errors import EndpointNotSupported, NotFound
from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    RemoteUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    VideoPart,
    user,
)
from chatbench.core.params import Parameters
from chatbench.core.tools import NamedTool
from chatbench.providers.gemini import Gemini
from chatbench.providers.gemini.encode import counted_fields
from chatbench.providers.http import Http

WIRE = Gemini()
WHERE = wires.endpoint("gemini", "https://generativelanguage.googleapis.com", auth="header:x-goog-api-key")
_SNAKE = re.compile(r"_([a-z])")
ROWS: tuple[dict[str, Any], ...] = ({"thinking": "always", "efforts": ("low", "high")}, {})
_KNOWN = {"contents", "systemInstruction", "generationConfig", "tools", "toolConfig", "serviceTier", "labels"}


def accept(sent: dict[str, Any]) -> None:
    """The client's request has no type of its own: its pieces are held against theirs."""
    assert sent.keys() <= _KNOWN
    for content in (*sent["contents"], sent.get("systemInstruction", {})):
        types.Content.model_validate(content)
    config = types.GenerationConfig.model_validate(sent.get("generationConfig", {}))
    if config.thinking_config and config.thinking_config.thinking_level:
        assert config.thinking_config.thinking_level in list(types.ThinkingLevel)
    for tool in sent.get("tools", ()):
        types.Tool.model_validate(tool)
    calling = types.ToolConfig.model_validate(sent.get("toolConfig", {})).function_calling_config
    assert calling is None or calling.mode in list(types.FunctionCallingConfigMode)
    assert sent.get("serviceTier", "standard") in [tier.value for tier in types.ServiceTier]
    pydantic.TypeAdapter(dict[str, str]).validate_python(sent.get("labels", {}), strict=True)


@settings(max_examples=150)
@given(conversations.conversations(), parameters.requests(WIRE.takes))
def test_any_request_is_one_of_googles(messages: list[Message], request: dict[str, Any]) -> None:
    for row in ROWS:
        made = wires.call(WHERE, messages, row=row, **request)
        sent = wires.body(WIRE, made)
        accept(sent)
        roles = [turn["role"] for turn in sent["contents"]]
        assert all(before != after for before, after in pairwise(roles))
        thinking = sent.get("generationConfig", {}).get("thinkingConfig", {})
        assert not {"thinkingBudget", "thinkingLevel"} <= thinking.keys()
        counted = counted_fields(made, "models/model-1")
        whole = counted.get("generateContentRequest")
        assert (
            whole == {"model": "models/model-1", **sent}
            if whole
            else counted == {"contents": sent["contents"]}
        )


@pytest.mark.parametrize("name", parameters.ONE_OF_EACH)
def test_exactly_what_the_wire_takes_has_an_effect(name: str) -> None:
    def judge(messages: tuple[Message, ...], **request: Any) -> Any:
        return wires.body(WIRE, wires.call(WHERE, messages, row=ROWS[0], **request))

    assert surface.changes(judge, name, parameters.ONE_OF_EACH[name]) == (name in WIRE.takes)


@pytest.mark.parametrize("detail", ["", "auto", "low", "high", "original"])
def test_details_are_resolutions_google_knows(detail: Any) -> None:
    picture = ImagePart(source=InlineData(data=b"x"), media_type="image/png", detail=detail)
    made = wires.call(WHERE, (user("Hi", picture),), model="gemini-3.8-flash", api_version="v1beta")
    sent = wires.body(WIRE, made)
    accept(sent)
    told = types.Part.model_validate(sent["contents"][0]["parts"][0]).media_resolution
    assert told is None or told.level in list(types.PartMediaResolutionLevel)
    assert (told is None) == (detail in {"", "auto"})


SIGNED = base64.b64encode(b"signed").decode()
_THEIRS = [
    types.Content(
        role="user",
        parts=[
            types.Part.from_bytes(data=b"\x89PNG", mime_type="image/png"),
            types.Part.from_bytes(data=b"RIFF", mime_type="audio/wav"),
            types.Part.from_uri(file_uri="https://example.org/film", mime_type="video/mp4"),
            types.Part.from_bytes(data=b"%PDF", mime_type="application/pdf"),
            types.Part.from_text(text="What is it?"),
        ],
    ),
    types.Content(
        role="model",
        parts=[
            types.Part(text="Hm.", thought=True, thought_signature=b"signed"),
            types.Part(
                function_call=types.FunctionCall(id="c1", name="clock", args={"zone": "UTC"}),
                thought_signature=b"signed",
            ),
        ],
    ),
    types.Content(
        role="user",
        parts=[
            types.Part(
                function_response=types.FunctionResponse(
                    id="c1",
                    name="clock",
                    response={"output": "12:00"},
                    parts=[
                        types.FunctionResponsePart(
                            inline_data=types.FunctionResponseBlob(data=b"\x89PNG", mime_type="image/png")
                        )
                    ],
                )
            ),
            types.Part.from_text(text="And now?"),
        ],
    ),
]
_MINE = {"provider": "gemini"}
_PICTURE = ImagePart(source=InlineData(data=b"\x89PNG"), media_type="image/png")
_OURS = (
    user(
        "What is it?",
        _PICTURE,
        AudioPart(source=InlineData(data=b"RIFF"), media_type="audio/wav"),
        VideoPart(source=RemoteUrl(url="https://example.org/film"), media_type="video/mp4"),
        FilePart(source=InlineData(data=b"%PDF"), media_type="application/pdf"),
    ),
    Message(
        role="assistant",
        parts=(
            ThinkingPart(
                text="Hm.",
                provider_state={**_MINE, "signed": [{"start": 0, "end": 3, "signature": SIGNED}]},
            ),
            ToolCallPart(
                call_id="c1",
                name="clock",
                arguments='{"zone": "UTC"}',
                provider_state={**_MINE, "id": "c1", "signature": SIGNED},
            ),
        ),
    ),
    Message(role="tool", parts=(ToolResultPart(call_id="c1", parts=(TextPart(text="12:00"), _PICTURE)),)),
    user("And now?"),
)
_ASKED = Parameters(
    temperature=0.5,
    top_p=0.25,
    top_k=4,
    n=2,
    max_output_tokens=500,
    stop=("END",),
    top_logprobs=3,
    presence_penalty=0.5,
    frequency_penalty=-0.5,
    seed=7,
    reasoning_effort="high",
    service_tier="flex",
    metadata={"team": "a"},
)


def _config() -> types.GenerateContentConfig:
    return types.GenerateContentConfig(
        system_instruction=types.Content(parts=[types.Part(text="Be brief.")]),
        temperature=0.5,
        top_p=0.25,
        top_k=4,
        candidate_count=2,
        max_output_tokens=500,
        stop_sequences=["END"],
        response_logprobs=True,
        logprobs=3,
        presence_penalty=0.5,
        frequency_penalty=-0.5,
        seed=7,
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_level=types.ThinkingLevel.HIGH),
        service_tier=types.ServiceTier.FLEX,
        labels={"team": "a"},
        response_mime_type="application/json",
        response_json_schema=conversations.SCHEMA,
        tools=[
            types.Tool(
                function_declarations=[
                    types.FunctionDeclaration(
                        name="clock",
                        description="Tells the time",
                        parameters_json_schema=conversations.CLOCK.parameters,
                    )
                ]
            )
        ],
        tool_config=types.ToolConfig(
            function_calling_config=types.FunctionCallingConfig(
                mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=["clock"]
            )
        ),
    )


def _vendor(server: LoopbackServer, version: str = "") -> genai.Client:
    options = types.HttpOptions(
        base_url=server.base_url("gemini"), api_version=version or None, headers={"x-own": "1"}
    )
    return genai.Client(api_key=wires.KEY, http_options=options)


@pytest.mark.parametrize("version", ["", "v1", "v1beta"])
@pytest.mark.parametrize("stream", [True, False])
def test_the_vendors_client_sends_what_we_send(server: LoopbackServer, version: str, stream: bool) -> None:
    where = wires.endpoint("gemini", server.base_url("gemini"), auth="header:x-goog-api-key")
    ours = WIRE.encode(
        wires.call(
            where,
            _OURS,
            row=ROWS[0],
            model="text",
            system="Be brief.",
            parameters=_ASKED,
            tools=(conversations.CLOCK,),
            tool_choice=NamedTool(name="clock"),
            response_schema=conversations.SCHEMA,
            api_version=version,
            extra_headers={"X-Own": "1"},
            stream=stream,
        )
    )
    with _vendor(server, version) as vendor:
        asked: dict[str, Any] = {"model": "text", "contents": _THEIRS, "config": _config()}
        if stream:
            assert list(vendor.models.generate_content_stream(**asked))
        else:
            assert vendor.models.generate_content(**asked).text
    theirs = server.asked[-1]
    assert server.url + theirs.target == ours.url
    assert _camel(theirs.json) == msgspec.json.decode(ours.body)
    for name in ("x-goog-api-key", "content-type", "x-own"):
        assert theirs.headers[name] == ours.headers[name]


async def test_tokens_are_counted_as_the_vendors_client_counts_them(server: LoopbackServer) -> None:
    where = wires.endpoint("gemini", server.base_url("gemini"), auth="header:x-goog-api-key")
    http = Http({})
    try:
        made = wires.call(where, _OURS, row=ROWS[0], model="m", parameters=_ASKED)
        plain = msgspec.structs.replace(
            made, request=msgspec.structs.replace(made.request, parameters=Parameters(temperature=0.5))
        )
        assert await WIRE.count_tokens(plain, http) == 31
        ours = server.asked[-1]
        with _vendor(server) as vendor:
            assert vendor.models.count_tokens(model="m", contents=_THEIRS).total_tokens == 31
        theirs = server.asked[-1]
        assert (ours.target, ours.json) == (theirs.target, _camel(theirs.json))
        full = wires.call(where, _OURS, model="m", system="Be brief.", tools=(conversations.CLOCK,))
        assert await WIRE.count_tokens(full, http) == 31
        asked = server.asked[-1].json
        assert asked == {"generateContentRequest": {"model": "models/m", **wires.body(WIRE, full)}}
        types.CountTokensResponse.model_validate(canned.COUNTED)
    finally:
        await http.aclose()


async def test_servers_that_do_not_count_are_named(server: LoopbackServer) -> None:
    where = wires.endpoint("gemini", server.base_url("gemini"), auth="header:x-goog-api-key")
    no_model = canned.error_body(404, "NOT_FOUND", "models/m is not found for API version v1")
    server.script(
        replies.data({"error": "no such path"}, 404),
        replies.data(no_model, 404),
        replies.data({"input_tokens": 5}),
    )
    http = Http({})
    try:
        for expected in (EndpointNotSupported, NotFound, EndpointNotSupported):
            with pytest.raises(expected) as caught:
                await WIRE.count_tokens(wires.call(where, (user("Hi"),)), http)
            wires.expect_named(caught.value)
    finally:
        await http.aclose()


@pytest.mark.parametrize("scene", canned.SCENES)
def test_the_vendors_client_reads_the_whole_answer_and_sends_it_back_as_we_do(
    scene: str, server: LoopbackServer
) -> None:
    where = wires.endpoint("gemini", server.base_url("gemini"), auth="header:x-goog-api-key")
    told = canned.SCENES[scene][1]
    accumulator = wires.folded(WIRE.decode_whole(msgspec.json.encode(told), wires.call(where)))
    history = (user("Hi"), Message(role="assistant", parts=accumulator.parts()))
    ours = wires.body(WIRE, wires.call(where, history, model=scene))["contents"][1]["parts"]
    with _vendor(server) as vendor:
        answered = vendor.models.generate_content(model=scene, contents="Hi")
        candidates = answered.candidates or []
        hi = types.Content(role="user", parts=[types.Part(text="Hi")])
        content = candidates[0].content
        assert content is not None
        vendor.models.generate_content(model=scene, contents=[hi, content])
    back = _camel(server.asked[-1].json["contents"][1]["parts"])
    theirs = [part for part in back if not part.get("thought")]
    assert _bare(ours) == _bare(theirs)
    for number, candidate in enumerate(candidates):
        result = candidate.logprobs_result
        chosen = [
            (token.token, token.log_probability) for token in (result and result.chosen_candidates) or ()
        ]
        read = accumulator.logprobs.get(number, [])
        assert [(token.token, token.logprob) for token in read] == chosen
    if answered.create_time is not None:
        assert accumulator.stop is not None
        assert accumulator.stop.created == int(answered.create_time.timestamp())


def _camel(value: Any) -> Any:
    """The vendor's client writes some keys with underscores, which Google reads all the same."""
    if isinstance(value, dict):
        return {_SNAKE.sub(lambda at: at[1].upper(), key): _camel(item) for key, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value


def _bare(parts: list[Any]) -> list[Any]:
    """Pieces of words joined where nothing was signed, and a call without arguments given none."""
    joined: list[Any] = []
    for part in parts:
        if joined and part.keys() == {"text"} == joined[-1].keys():
            joined[-1] = {"text": joined[-1]["text"] + part["text"]}
        elif "functionCall" in part:
            joined.append({**part, "functionCall": {"args": {}, **part["functionCall"]}})
        else:
            joined.append(part)
    return joined
