"""Any answer of Anthropic's, in any pieces; and any JSON where an event should be."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.loopback import anthropic as canned
from tests.providers import wires

from chatbench.core.errors import InvalidResponse, ProviderError
from chatbench.core.messages import Message, user
from chatbench.providers.anthropic import Anthropic

WIRE = Anthropic()
WHERE = wires.endpoint("anthropic", "https://api.anthropic.com", auth="header:x-api-key")
BLOCKS = st.one_of(
    st.text(max_size=30).map(lambda text: canned.text(text)),
    st.text(max_size=30).map(lambda text: canned.text(text, canned.CITED, canned.PAGE)),
    st.text(max_size=30).map(lambda text: {**canned.THOUGHT, "thinking": text}),
    st.sampled_from([canned.REDACTED, canned.OMITTED, canned.SEARCH, canned.FOUND, canned.RUN, canned.RAN]),
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=3).map(
        lambda given: {**canned.CALL, "input": given}
    ),
)
_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type", "index", "delta", "content_block", "message", "usage", "text", "thinking",
                    "partial_json", "signature", "citation", "citations", "id", "name", "input", "data",
                    "stop_reason", "content", "error", "input_tokens", "cache_creation", "model",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)  # fmt: skip
_words = st.sampled_from(
    [
        "message_start", "content_block_start", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop", "ping", "error", "text", "thinking", "tool_use", "text_delta",
        "input_json_delta", "signature_delta", "citations_delta", "",
    ]
)  # fmt: skip


@settings(max_examples=150)
@given(st.lists(BLOCKS, max_size=5), st.data())
def test_any_answer_in_any_pieces_is_the_same_message(blocks: list[Any], data: st.DataObject) -> None:
    told = b"".join(canned.stream(blocks))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(told)), max_size=12)))
    pieces = [told[start:end] for start, end in zip([0, *cuts], [*cuts, len(told)], strict=True)]
    made = wires.call(WHERE)
    streamed = wires.folded(wires.decode(WIRE, made, pieces))
    whole = wires.folded(WIRE.decode_whole(json.dumps(canned.message(blocks)).encode(), made))
    assert wires.outcome(streamed) == wires.outcome(whole)


@settings(max_examples=150)
@given(st.lists(BLOCKS, max_size=5))
def test_any_answer_goes_back_as_it_came(blocks: list[Any]) -> None:
    parts = wires.parts_of(WIRE, wires.call(WHERE), canned.stream(blocks))
    turns = wires.body(WIRE, wires.call(WHERE, (user("Hi"), Message(role="assistant", parts=parts))))[
        "messages"
    ]
    wanted = [block for block in blocks if block["type"] != "text" or block["text"].strip()]
    while wanted and wanted[-1]["type"] in {"thinking", "redacted_thinking"}:
        wanted.pop()
    wanted = [{name: value for name, value in block.items() if value is not None} for block in wanted]
    assert (turns[1]["content"] if wanted else []) == wanted


@settings(max_examples=300)
@given(st.lists(st.tuples(_words, _json, _words), max_size=5), st.booleans())
def test_any_json_in_an_event_has_a_name_or_is_kept(events: list[Any], shaped: bool) -> None:
    frames = [canned.begun()]
    for kind, value, inner in events:
        if shaped and isinstance(value, dict):
            value = {"type": kind, "index": 0, **value}
            for place in ("delta", "content_block"):
                if isinstance(value.get(place), dict):
                    value[place] = {**value[place], "type": inner}
        frames.append(f"event: {kind}\ndata: {json.dumps(value)}\n\n".encode())
    made = wires.call(WHERE)
    try:
        parts = wires.parts_of(WIRE, made, [*frames, *canned.ended("end_turn")])
    except ProviderError as error:
        wires.expect_named(error)
    else:
        WIRE.encode(wires.call(WHERE, (user("Hi"), Message(role="assistant", parts=parts), user("So?"))))


@given(_json)
def test_any_json_as_a_block_of_a_whole_answer_has_a_name_or_is_kept(value: Any) -> None:
    body = json.dumps(canned.message([value])).encode()
    try:
        parts = wires.folded(WIRE.decode_whole(body, wires.call(WHERE))).parts()
    except InvalidResponse as error:
        wires.expect_named(error)
    else:
        WIRE.encode(wires.call(WHERE, (user("Hi"), Message(role="assistant", parts=parts))))
