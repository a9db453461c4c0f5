"""Any answer of Gemini's, in any chunks and pieces; and any JSON where a chunk should be."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.loopback import gemini as canned
from tests.providers import wires

from chatbench.core.errors import ProviderError
from chatbench.core.messages import Message, user
from chatbench.providers.gemini import Gemini

WIRE = Gemini()
WHERE = wires.endpoint("gemini", "https://generativelanguage.googleapis.com")
_signature = st.sampled_from([{}, {"thoughtSignature": canned.SIGNATURE}])
_names = [
    "candidates", "content", "parts", "text", "thought", "thoughtSignature", "functionCall", "name", "args",
    "inlineData", "data", "mimeType", "fileData", "fileUri", "index", "finishReason", "usageMetadata",
    "groundingMetadata", "groundingChunks", "groundingSupports", "groundingChunkIndices", "segment",
    "startIndex", "endIndex", "citationMetadata", "citations", "logprobsResult", "chosenCandidates",
    "topCandidates", "token", "logProbability", "promptFeedback", "blockReason", "error", "createTime",
    "promptTokenCount", "web", "uri",
]  # fmt: skip


def _signed(part: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(part, _signature).map(lambda pair: {**pair[0], **pair[1]})


PARTS = st.one_of(
    _signed(st.text(min_size=1, max_size=30).map(lambda text: {"text": text})),
    _signed(st.text(min_size=1, max_size=30).map(lambda text: {"text": text, "thought": True})),
    _signed(
        st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=3).map(
            lambda given: {"functionCall": {"id": "c", "name": "f", "args": given}}
        )
    ),
    _signed(st.just({"inlineData": {"mimeType": "image/png", "data": canned.PIXEL}})),
    _signed(st.just({"fileData": {"mimeType": "video/mp4", "fileUri": "https://example.org/film"}})),
    st.just({"executableCode": {"language": "PYTHON", "code": "print(2)"}}),
)
_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_names), inner, max_size=5),
    max_leaves=15,
)


@settings(max_examples=150)
@given(st.lists(PARTS, min_size=1, max_size=5), st.data())
def test_any_answer_in_any_pieces_is_the_same_message(parts: list[Any], data: st.DataObject) -> None:
    told = b"".join(canned.stream(parts))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(told)), max_size=12)))
    pieces = [told[start:end] for start, end in zip([0, *cuts], [*cuts, len(told)], strict=True)]
    made = wires.call(WHERE)
    streamed = wires.folded(wires.decode(WIRE, made, pieces))
    body = json.dumps(canned.chunk(parts, "STOP"), ensure_ascii=False).encode()
    whole = wires.folded(WIRE.decode_whole(body, made))
    assert wires.outcome(streamed) == wires.outcome(whole)


@settings(max_examples=150)
@given(st.lists(PARTS, min_size=1, max_size=5))
def test_any_answer_goes_back_with_every_signature_on_its_own_part(parts: list[Any]) -> None:
    answered = wires.parts_of(WIRE, wires.call(WHERE), canned.stream(parts))
    contents = wires.body(WIRE, wires.call(WHERE, (user("Hi"), Message(role="assistant", parts=answered))))
    back = contents["contents"][1]["parts"] if len(contents["contents"]) > 1 else []
    assert [part for part in back if "thoughtSignature" in part] == [
        part for part in parts if "thoughtSignature" in part
    ]
    spoken = "".join(part.get("text", "") for part in back if not part.get("thought"))
    assert spoken == "".join(part.get("text", "") for part in parts if not part.get("thought"))


@settings(max_examples=300)
@given(st.lists(_json, max_size=4), st.booleans(), st.booleans())
def test_any_json_in_a_chunk_has_a_name_or_is_kept(values: list[Any], shaped: bool, whole: bool) -> None:
    if shaped:
        values = [
            {"candidates": [{"content": {"parts": [value]}}, value if isinstance(value, dict) else {}]}
            for value in values
        ]
    values.append(canned.chunk([{"text": "Hi"}], "STOP"))
    made = wires.call(WHERE)
    try:
        if whole:
            events = WIRE.decode_whole(json.dumps(values).encode(), made)
        else:
            events = wires.decode(WIRE, made, [canned.frame(value) for value in values])
        parts = wires.folded(events).parts()
    except ProviderError as error:
        wires.expect_named(error)
    else:
        WIRE.encode(wires.call(WHERE, (user("Hi"), Message(role="assistant", parts=parts), user("So?"))))
