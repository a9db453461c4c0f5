"""What the Gemini wire sends, and what it makes of answers, errors and lists."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from tests.loopback import gemini as canned
from tests.providers import wires

from chatbench.core.errors import BadRequest, ContentPolicy, ProviderError
from chatbench.core.messages import (
    AudioPart,
    ImagePart,
    InlineData,
    Message,
    ProviderFile,
    RemoteUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
    VideoPart,
    user,
)
from chatbench.core.params import Parameters
from chatbench.core.streams import Stop
from chatbench.core.tools import NamedTool, ToolDefinition
from chatbench.core.usage import Usage
from chatbench.providers.gemini import Gemini
from chatbench.providers.wire import HttpFailure

WIRE = Gemini()
BASE = "https://generativelanguage.googleapis.com"
WHERE = wires.endpoint("gemini", BASE, auth="header:x-goog-api-key")


def sent(*messages: Message, **request: Any) -> Any:
    return wires.body(WIRE, wires.call(WHERE, messages, **request))


def decoded(scene: str) -> Any:
    return wires.folded(wires.decode(WIRE, wires.call(WHERE), canned.SCENES[scene][0]))


def replayed(scene: str, where: Any = WHERE) -> Any:
    answered = Message(role="assistant", parts=decoded(scene).parts())
    history = (user("Hi"), answered, user("More"))
    return wires.body(WIRE, wires.call(where, history))["contents"][1]["parts"]


def test_model_and_version_stand_in_the_address_and_the_key_does_not() -> None:
    request = WIRE.encode(wires.call(WHERE, (user("Hi"),), model="gemini-3.8-flash"))
    assert request.url == f"{BASE}/v1/models/gemini-3.8-flash:streamGenerateContent?alt=sse"
    assert request.headers["x-goog-api-key"] == wires.KEY
    assert wires.KEY not in request.url
    beta = wires.endpoint("gemini", BASE, api_version="v1beta")
    assert WIRE.encode(wires.call(beta, stream=False)).url == f"{BASE}/v1beta/models/model-1:generateContent"
    versioned = wires.endpoint("gemini", f"{BASE}/v1beta/")
    assert WIRE.models_request(versioned, None, None).url == f"{BASE}/v1beta/models?pageSize=1000"
    odd = WIRE.encode(wires.call(WHERE, model="tunedModels/my model?#", stream=False)).url
    assert odd == f"{BASE}/v1/tunedModels/my%20model%3F%23:generateContent"


@pytest.mark.parametrize(
    ("row", "parameters", "expected"),
    [
        ({}, {}, None),
        ({"thinking": "optional"}, {}, {"includeThoughts": True}),
        ({}, {"reasoning_effort": "low"}, {"includeThoughts": True, "thinkingLevel": "LOW"}),
        ({}, {"reasoning_effort": "none"}, {"thinkingBudget": 0}),
        ({}, {"thinking_budget": 512}, {"includeThoughts": True, "thinkingBudget": 512}),
        ({}, {"thinking_budget": 0}, {"thinkingBudget": 0}),
        (
            {},
            {"thinking_budget": 512, "reasoning_effort": "low"},
            {"includeThoughts": True, "thinkingBudget": 512},
        ),
    ],
)
def test_thinking_follows_the_row(row: dict[str, Any], parameters: dict[str, Any], expected: Any) -> None:
    body = sent(user("Hi"), row=row, parameters=Parameters(**parameters))
    assert body.get("generationConfig", {}).get("thinkingConfig") == expected


def test_system_prompt_and_extra_body() -> None:
    extra = {"generationConfig": {"responseModalities": ["IMAGE"]}, "safetySettings": []}
    later = Message(role="system", parts=(TextPart(text="Be kind."),))
    parameters = Parameters(temperature=0.1, extra_body=extra)
    body = sent(user("Hi"), later, system="Be brief.", parameters=parameters)
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief.\n\nBe kind."}]}
    assert body["generationConfig"] == {"temperature": 0.1, "responseModalities": ["IMAGE"]}
    assert body["safetySettings"] == []
    assert len(body["contents"]) == 1


def test_instructions_of_either_role_are_the_system_prompt_wherever_they_stand() -> None:
    told = [Message(role=role, parts=(TextPart(text=role),)) for role in ("developer", "system")]
    body = sent(told[0], user("Hi"), told[1], user("Again"), system=" ")
    assert body["systemInstruction"] == {"parts": [{"text": "developer\n\nsystem"}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "Hi"}, {"text": "Again"}]}]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"n": 3, "seed": 0}, {"candidateCount": 3, "seed": 0}),
        ({"logprobs": True}, {"responseLogprobs": True}),
        ({"logprobs": False}, {}),
        ({"top_logprobs": 0}, {"responseLogprobs": True}),
        ({"top_logprobs": 5}, {"responseLogprobs": True, "logprobs": 5}),
        ({"json_mode": True}, {"responseMimeType": "application/json"}),
        ({"stop": ("a", "b")}, {"stopSequences": ["a", "b"]}),
        (
            {"presence_penalty": 0.5, "frequency_penalty": -0.5},
            {"presencePenalty": 0.5, "frequencyPenalty": -0.5},
        ),
    ],
)
def test_parameters_of_the_generation(parameters: dict[str, Any], expected: Any) -> None:
    assert sent(user("Hi"), parameters=Parameters(**parameters)).get("generationConfig", {}) == expected


@pytest.mark.parametrize(
    ("tier", "expected"),
    [("auto", None), ("default", "standard"), ("standard_only", "standard"), ("flex", "flex")],
)
def test_tiers_have_googles_words(tier: Any, expected: str | None) -> None:
    body = sent(user("Hi"), parameters=Parameters(service_tier=tier, metadata={"team": "a"}))
    assert body.get("serviceTier") == expected
    assert body["labels"] == {"team": "a"}


def test_tier_that_is_not_offered_is_refused_with_a_reason() -> None:
    with pytest.raises(BadRequest, match="fast") as caught:
        sent(user("Hi"), parameters=Parameters(service_tier="fast"))
    assert caught.value.param == "service_tier"
    wires.expect_named(caught.value)


@pytest.mark.parametrize(
    ("strict", "overridden", "choice", "expected"),
    [
        (False, None, "auto", None),
        (True, None, "auto", {"mode": "VALIDATED"}),
        (False, True, "auto", {"mode": "VALIDATED"}),
        (True, False, "auto", None),
        (True, None, "none", {"mode": "NONE"}),
        (True, None, "required", {"mode": "ANY"}),
        (True, None, NamedTool(name="f"), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    ],
)
def test_strict_tools_are_validated_ones(strict: bool, overridden: Any, choice: Any, expected: Any) -> None:
    tools = (ToolDefinition(name="f", strict=strict),)
    body = sent(user("Hi"), tools=tools, tool_choice=choice, parameters=Parameters(strict_tools=overridden))
    assert body.get("toolConfig", {}).get("functionCallingConfig") == expected


@pytest.mark.parametrize("base", [BASE, f"{BASE}/v1", f"{BASE}/v1beta/"])
def test_a_request_may_choose_version_headers_and_query(base: str) -> None:
    where = wires.endpoint("gemini", base, auth="header:x-goog-api-key")
    made = wires.call(
        where,
        (user("Hi"),),
        api_version="v1alpha",
        extra_headers={"X-Goog-Request-Params": "a=b"},
        extra_query={"fields": "candidates"},
    )
    request = WIRE.encode(made)
    assert request.url == f"{BASE}/v1alpha/models/model-1:streamGenerateContent?alt=sse&fields=candidates"
    assert request.headers["x-goog-request-params"] == "a=b"
    assert request.headers["x-goog-api-key"] == wires.KEY


@pytest.mark.parametrize(
    ("model", "version", "detail", "expected"),
    [
        ("gemini-3.8-flash", "v1beta", "high", {"level": "MEDIA_RESOLUTION_HIGH"}),
        ("gemini-3.8-flash", "v1beta", "low", {"level": "MEDIA_RESOLUTION_LOW"}),
        ("gemini-4-argon", "v1alpha", "original", {"level": "MEDIA_RESOLUTION_ULTRA_HIGH"}),
        ("gemini-3.8-flash", "v1beta", "", None),
        ("gemini-3.8-flash", "v1", "high", None),
        ("gemini-3.8-flash", "", "high", None),
        ("gemini-2.5-flash", "v1beta", "high", None),
    ],
)
def test_pictures_are_looked_at_as_closely_as_asked(
    model: str, version: str, detail: Any, expected: Any
) -> None:
    picture = ImagePart(source=InlineData(data=b"x"), media_type="image/png", detail=detail)
    body = sent(user("Hi", picture), model=model, api_version=version)
    part = body["contents"][0]["parts"][0]
    assert part.get("mediaResolution") == expected


@pytest.mark.parametrize(
    ("base", "file_id", "expected"),
    [
        (BASE, "files/abc-1", f"{BASE}/v1/files/abc-1"),
        (f"{BASE}/v1beta", "files/abc-1", f"{BASE}/v1beta/files/abc-1"),
        (BASE, f"{BASE}/v1beta/files/abc-1", f"{BASE}/v1beta/files/abc-1"),
    ],
)
def test_uploaded_files_are_named_by_their_address(base: str, file_id: str, expected: str) -> None:
    film = VideoPart(source=ProviderFile(provider="gemini", file_id=file_id), media_type="video/mp4")
    body = wires.body(WIRE, wires.call(wires.endpoint("gemini", base), (user("Hi", film),)))
    assert body["contents"][0]["parts"][0] == {"fileData": {"mimeType": "video/mp4", "fileUri": expected}}


def test_signatures_go_back_on_the_same_part_and_only_home() -> None:
    assert replayed("thinking") == [
        {"text": "Forty-"},
        {"text": "two.", "thoughtSignature": canned.SIGNATURE},
        {"text": "", "thoughtSignature": canned.OTHER_SIGNATURE},
    ]
    assert replayed("picture") == canned.SCENES["picture"][1]["candidates"][0]["content"]["parts"]
    assert replayed("code") == canned.SCENES["code"][1]["candidates"][0]["content"]["parts"]
    elsewhere = msgspec.structs.replace(WHERE, id="resold")
    assert replayed("thinking", elsewhere) == [{"text": "Forty-two."}]


def test_calls_go_back_with_signature_and_results_with_the_id_they_were_given() -> None:
    answered = Message(role="assistant", parts=decoded("tool").parts())
    contents = sent(user("Hi"), answered, user("More"))["contents"]
    assert contents[1]["parts"][1:] == [canned.CALL, {"functionCall": {"name": "now", "args": {}}}]
    first, second, words = contents[2]["parts"]
    assert first["functionResponse"]["id"] == "fc-1"
    assert first["functionResponse"]["name"] == "clock"
    assert "id" not in second["functionResponse"]
    assert words == {"text": "More"}


def test_calls_of_other_models_are_marked_as_unsigned() -> None:
    call = ToolCallPart(call_id="x", name="f", arguments='{"n": 1}')
    result = ToolResultPart(call_id="x", parts=(TextPart(text="done"),))
    contents = sent(
        user("Go"), Message(role="assistant", parts=(call,)), Message(role="tool", parts=(result,))
    )["contents"]
    assert contents[1]["parts"] == [
        {
            "functionCall": {"name": "f", "args": {"n": 1}},
            "thoughtSignature": "skip_thought_signature_validator",
        }
    ]
    assert contents[2]["parts"] == [{"functionResponse": {"name": "f", "response": {"output": "done"}}}]


def test_parts_of_an_answer() -> None:
    thought, words = decoded("thinking").parts()
    assert isinstance(thought, ThinkingPart)
    assert (thought.text, words.text) == ("Let me see – 世界.", "Forty-two.")
    _, call, bare = decoded("tool").parts()
    assert (call.call_id, call.arguments) == ("fc-1", '{"zone": "UTC"}')
    assert (bare.call_id, bare.arguments) == ("resp-1-2", "{}")
    _, picture = decoded("picture").parts()
    assert isinstance(picture, ImagePart)
    assert picture.source == InlineData(data=base64.b64decode(canned.PIXEL))
    code, ran, _ = decoded("code").parts()
    assert isinstance(code, UnknownPart)
    assert (code.kind, ran.kind) == ("executableCode", "codeExecutionResult")
    (cited,) = decoded("search").parts()
    found = cited.citations[0]
    assert (found.url, cited.text[found.start : found.end]) == ("https://example.org/a", "Höhe ")


def test_candidates_are_alternatives() -> None:
    chunk = canned.chunk([{"text": "One"}], "STOP")
    chunk["candidates"].append({"index": 1, "content": {"parts": [{"text": "Two"}]}, "finishReason": "STOP"})
    accumulator = wires.folded(WIRE.decode_whole(json.dumps(chunk).encode(), wires.call(WHERE)))
    assert [accumulator.parts(choice)[0].text for choice in accumulator.choices] == ["One", "Two"]  # type: ignore[union-attr]


def test_probabilities_of_every_candidate() -> None:
    accumulator = decoded("alternatives")
    assert [accumulator.parts(choice)[0].text for choice in accumulator.choices] == ["One way", "Two ways"]
    first, second = accumulator.logprobs[0], accumulator.logprobs[1]
    assert [(token.token, token.logprob) for token in first] == [("One ", -0.25), ("way", -0.5)]
    assert [other.token for other in second[0].top] == ["Two ", "?"]


def test_sources_of_every_kind_are_citations() -> None:
    (recited,) = decoded("recited").parts()
    found = recited.citations[0]
    assert (found.url, found.title, recited.text[found.start : found.end]) == (
        "https://example.org/b",
        "Poem",
        "Höhe ",
    )
    (mapped,) = decoded("mapped").parts()
    assert [(cited.title, cited.cited_text) for cited in mapped.citations] == [
        ("Hill", ""),
        ("Notes", "It is high."),
    ]


def test_a_recitation_that_is_told_again_is_cited_once() -> None:
    chunks = [
        canned.chunk([{"text": "Höhe "}], **json.loads(json.dumps(canned.RECITED))),
        canned.chunk([{"text": "ist hoch."}], "STOP", **json.loads(json.dumps(canned.RECITED))),
    ]
    (part,) = wires.parts_of(WIRE, wires.call(WHERE), map(canned.frame, chunks))
    assert isinstance(part, TextPart)
    assert len(part.citations) == 1


def test_files_by_address_and_the_time_of_the_answer() -> None:
    accumulator = decoded("file")
    film, sound = accumulator.parts()
    assert isinstance(film, VideoPart)
    assert film.source == RemoteUrl(url="https://example.org/film")
    assert isinstance(sound, AudioPart)
    assert accumulator.stop.created == 1_795_255_200
    assert replayed("file") == canned.SCENES["file"][1]["candidates"][0]["content"]["parts"]


@pytest.mark.parametrize("told", ["", "yesterday", "2026-11-21T10:00:00", "2026-13-45T10:00:00Z"])
def test_a_time_that_is_none_is_left_out(told: str) -> None:
    chunk = canned.chunk([{"text": "Hi"}], "STOP", createTime=told)
    stop = wires.folded(WIRE.decode_whole(json.dumps(chunk).encode(), wires.call(WHERE))).stop
    assert stop is not None
    assert stop.created == (1_795_255_200 if told.endswith("10:00:00") else None)


def test_tier_is_told_where_google_tells_it() -> None:
    usage = {**canned.USAGE, "trafficType": "ON_DEMAND_FLEX"}
    chunk = canned.chunk([{"text": "Hi"}], "STOP", usageMetadata=usage)
    stop = wires.folded(WIRE.decode_whole(json.dumps(chunk).encode(), wires.call(WHERE))).stop
    assert stop is not None
    assert stop.service_tier == "flex"


def test_stream_as_a_list_is_understood() -> None:
    chunks = [json.loads(frame.split(b"data: ")[1]) for frame in canned.SCENES["text"][0]]
    events = WIRE.decode_whole(json.dumps(chunks).encode(), wires.call(WHERE))
    assert wires.folded(events).parts() == decoded("text").parts()


def test_usage_counts_thoughts_as_output() -> None:
    assert decoded("search").usage == Usage(
        input_tokens=34,
        output_tokens=20,
        cache_read_tokens=10,
        reasoning_tokens=13,
        input_audio_tokens=5,
        web_searches=1,
    )


@pytest.mark.parametrize(
    ("scene", "reason", "detail"),
    [
        ("text", "end", "STOP"),
        ("tool", "tool_calls", "STOP"),
        ("cut", "max_tokens", "MAX_TOKENS"),
        ("filtered", "content_filter", "SAFETY"),
        ("malformed", "other", "Malformed function call"),
    ],
)
def test_stop_reasons(scene: str, reason: Any, detail: str) -> None:
    assert decoded(scene).stop == Stop(reason, detail, "resp-1", canned.MODEL)


def test_unknown_stop_reason_is_kept() -> None:
    frames = [canned.frame(canned.chunk([{"text": "Hi"}], "TEA_TIME"))]
    stop = wires.folded(wires.decode(WIRE, wires.call(WHERE), frames)).stop
    assert stop is not None
    assert (stop.reason, stop.detail) == ("other", "TEA_TIME")


def test_blocked_prompt_is_a_policy_error() -> None:
    with pytest.raises(ContentPolicy, match="PROHIBITED_CONTENT") as caught:
        wires.decode(WIRE, wires.call(WHERE), [canned.frame(canned.BLOCKED)])
    assert caught.value.request_id == "resp-2"
    with pytest.raises(ContentPolicy, match="PROHIBITED_CONTENT"):
        WIRE.decode_whole(json.dumps(canned.BLOCKED).encode(), wires.call(WHERE))


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    ("code", "status", "text", "details", "expected", "retryable"),
    [
        (400, "INVALID_ARGUMENT", "Bad", (), "BadRequest", False),
        (400, "INVALID_ARGUMENT", "API key not valid", (canned.BAD_KEY,), "Authentication", False),
        (400, "INVALID_ARGUMENT", "The input token count exceeds 8", (), "ContextWindowExceeded", False),
        (400, "FAILED_PRECONDITION", "Not in your country", (), "PermissionDenied", False),
        (403, "PERMISSION_DENIED", "No", (), "PermissionDenied", False),
        (404, "NOT_FOUND", "models/m is not found for API version v1", (), "NotFound", False),
        (429, "RESOURCE_EXHAUSTED", "Slow", (canned.RETRY_INFO,), "RateLimited", True),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "Spent",
            ({"violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]},),
            "QuotaExhausted",
            False,
        ),
        (500, "INTERNAL", "Oops", (), "ServerError", True),
        (503, "UNAVAILABLE", "Busy", (), "Overloaded", True),
        (504, "DEADLINE_EXCEEDED", "Late", (), "Timeout", True),
        (418, "TEAPOT", "Tea", (), "BadRequest", False),
    ],
)
def test_errors_have_names(
    code: int, status: str, text: str, details: Any, expected: str, retryable: bool, wrapped: bool
) -> None:
    body = canned.error_body(code, status, text, *details, wrapped=wrapped)
    error = WIRE.error(HttpFailure(status=code, headers={}, body=body), WHERE)
    assert (type(error).__name__, error.retryable) == (expected, retryable)
    assert error.retry_after == (34.5 if canned.RETRY_INFO in details else None)
    assert text in error.raw
    assert error.param == ("model" if text.startswith("models/") else "")


def test_error_within_a_stream() -> None:
    with pytest.raises(ProviderError) as caught:
        wires.decode(WIRE, wires.call(WHERE), canned.broken(503, "UNAVAILABLE", "Busy"))
    assert type(caught.value).__name__ == "Overloaded"
    assert caught.value.retryable


def test_models_of_all_pages() -> None:
    first, page = WIRE.decode_models(json.dumps(canned.MODELS[None]).encode(), WHERE)
    assert page == "page-2"
    assert "pageToken=page-2" in WIRE.models_request(WHERE, None, page).url
    second, end = WIRE.decode_models(json.dumps(canned.MODELS[page]).encode(), WHERE)
    assert end is None
    new, old = *first, *second
    assert (new.ref.id, new.name, new.context_window) == (canned.MODEL, "Gemini 3.8 Flash", 1_048_576)
    assert new.efforts == ("low", "medium", "high")
    assert "temperature" not in (new.parameters or ())
    assert "image" in new.inputs
    assert (old.thinking_budget, old.efforts) == (True, ())
    assert {"temperature", "top_p", "top_k"} <= (old.parameters or frozenset())
