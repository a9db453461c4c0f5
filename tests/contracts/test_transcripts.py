"""Conversations in the four vendors' shapes and back, held against the vendors' own types."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

import msgspec
import pydantic
import pytest
from anthropic.types import MessageParam
from google.genai import types as gemini_types
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessageParam
from openai.types.responses import ResponseInputItemParam
from tests.client.pictures import png
from tests.contracts import conversations, transcripts
from tests.contracts.vendors import accept, forbid_unknown_keys

from chatbench.client.conversation import Conversation
from chatbench.client.transcripts import Shape, read, write
from chatbench.core.errors import FormatError
from chatbench.core.messages import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    Part,
    ProviderFile,
    RemoteUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)

forbid_unknown_keys("anthropic.types")
forbid_unknown_keys("openai.types")
CHAT = pydantic.TypeAdapter[Any](ChatCompletionMessageParam)
ITEM = pydantic.TypeAdapter[Any](ResponseInputItemParam)
TURN = pydantic.TypeAdapter[Any](MessageParam)
SHAPES: tuple[Shape, ...] = ("openai_chat", "openai_responses", "anthropic", "gemini")


def judge(shape: Shape, turns: list[dict[str, Any]]) -> None:
    for turn in turns:
        if shape == "gemini":
            gemini_types.Content.model_validate(turn)
        else:
            accept({"openai_chat": CHAT, "openai_responses": ITEM, "anthropic": TURN}[shape], turn)


def bare(messages: Iterable[Message]) -> list[Message]:
    """Without what says nothing: who gave a part that has nothing else to remember, blanks in JSON."""
    return [msgspec.structs.replace(m, parts=tuple(bare_part(part) for part in m.parts)) for m in messages]


def bare_part(part: Part) -> Part:
    if part.provider_state.keys() <= {"provider"}:
        part = msgspec.structs.replace(part, provider_state={})
    if isinstance(part, FilePart | ImagePart) and isinstance(part.source, InlineData):
        return msgspec.structs.replace(part, size=len(part.source.data))
    if isinstance(part, ToolCallPart):
        with contextlib.suppress(msgspec.DecodeError):
            arguments = msgspec.json.encode(msgspec.json.decode(part.arguments or "{}")).decode()
            part = msgspec.structs.replace(part, arguments=arguments)
    return part


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=150, deadline=None)
@given(messages=conversations.conversations())
def test_any_conversation_has_every_shape(shape: Shape, messages: list[Message]) -> None:
    system, turns = write(shape, messages)
    judge(shape, turns)
    again = read(shape, turns, system)
    if not turns.losses:
        assert bare(again.messages) == bare(messages)
    calls = [part.call_id for m in messages for part in m.parts if isinstance(part, ToolCallPart)]
    assume(len(calls) == len(set(calls)))
    system_again, turns_again = write(shape, again.messages)
    assert turns_again.losses == ()
    assert bare(read(shape, turns_again, system_again).messages) == bare(again.messages)


# ---- what a shape can hold comes back whole

_texts = st.text(alphabet="abc é\n{}", min_size=1, max_size=12).filter(str.strip)
_pictures = st.sampled_from(
    [
        Message.user(image=png(4, 3)).parts[0],
        ImagePart(source=RemoteUrl(url="https://example.org/a.png"), media_type="image/png"),
    ]
)
_paper = FilePart(source=InlineData(data=b"%PDF-1.7"), media_type="application/pdf", size=8)
_named_paper = msgspec.structs.replace(_paper, name="paper.pdf")


@st.composite
def kept(draw: st.DrawFn, shape: Shape) -> Conversation:
    """Turns that alternate, every call answered in order, attachments before the words."""
    files = st.just(_paper) if shape == "gemini" else st.sampled_from([_paper, _named_paper])
    conversation = Conversation()
    if draw(st.booleans()):
        conversation = conversation.with_system(draw(_texts))
    for turn in range(draw(st.integers(1, 3))):
        media = draw(st.lists(st.one_of(_pictures, files), max_size=2))
        asked = Message(role="user").with_part(*media).with_text(draw(_texts))
        conversation = conversation.add(asked).with_assistant(draw(_texts))
        calls = [f"call-{turn}-{number}" for number in range(draw(st.integers(0, 2)))]
        state = {"provider": "gemini", "id": ""} if shape == "gemini" else {}
        for call in calls:
            known = {**state, "id": call} if state else {}
            part = ToolCallPart(call_id=call, name="clock", arguments='{"a":1}', provider_state=known)
            last = conversation.messages[-1].with_part(part)
            conversation = Conversation(messages=(*conversation.messages[:-1], last))
        for call in calls:
            conversation = conversation.with_tool_result(call, draw(_texts))
        if calls:
            conversation = conversation.with_assistant(draw(_texts))
    return conversation


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_a_shape_can_hold_comes_back_whole(shape: Shape, data: st.DataObject) -> None:
    conversation = data.draw(kept(shape))
    system, turns = write(shape, conversation.messages)
    judge(shape, turns)
    assert turns.losses == ()
    assert bare(read(shape, turns, system).messages) == bare(conversation.messages)


# ---- what it cannot is named


def lost(shape: Shape, *messages: Message) -> set[tuple[str, str]]:
    losses = write(shape, messages)[1].losses
    assert all(loss.why for loss in losses)
    return {(loss.what, loss.where) for loss in losses}


def test_thinking_of_another_provider_is_named() -> None:
    signed = ThinkingPart(text="hm", provider_state={"provider": "anthropic", "signature": "s"})
    answer = Message(role="assistant", parts=(signed, TextPart(text="a")))
    assert lost("anthropic", Message.user("q"), answer) == set()
    for shape in ("openai_chat", "openai_responses", "gemini"):
        assert lost(shape, Message.user("q"), answer) == {("thinking", "messages[1].parts[0]")}


def test_failures_names_and_citations_are_named() -> None:
    called = Message.assistant("a").with_tool_call("c", "clock", {})
    failed = Message(role="tool").with_tool_result("c", "no", name="clock", is_error=True)
    for shape, places in (
        ("openai_chat", {("is_error", "messages[2].parts[0].is_error")}),
        ("openai_responses", {("is_error", "messages[2].parts[0].is_error")}),
        ("anthropic", set()),
    ):
        assert lost(shape, Message.user("q"), called, failed) == places  # type: ignore[arg-type]
    named = Message.user("q", name="ada")
    assert lost("openai_chat", named) == set()
    assert lost("openai_chat", named, Message.assistant("a", name="bob")) == set()
    assert lost("anthropic", named) == {("name of the speaker", "messages[0].name")}
    cited = Message(
        role="assistant", parts=(TextPart(text="a", citations=(Citation(url="https://example.org"),)),)
    )
    for shape in SHAPES:
        assert lost(shape, Message.user("q"), cited) == {("citations", "messages[1].parts[0].citations")}


def test_media_without_a_place_are_left_out_and_named() -> None:
    sound = AudioPart(source=InlineData(data=b"RIFF"), media_type="audio/wav", size=4)
    elsewhere = FilePart(source=ProviderFile(provider="other", file_id="f"), media_type="text/plain")
    asked = Message.user("q").with_part(sound, elsewhere)
    file = ("file", "messages[0].parts[2]")
    assert lost("openai_chat", asked) == {file}
    assert lost("gemini", asked) == {file}
    assert lost("anthropic", asked) == {("audio", "messages[0].parts[1]"), file}
    assert lost("openai_responses", asked) == {("audio", "messages[0].parts[1]"), file}


def test_what_moves_or_joins_is_named() -> None:
    two = (Message.user("a"), Message.user("b"))
    assert lost("openai_chat", *two) == lost("openai_responses", *two) == set()
    assert lost("anthropic", *two) == {("division of the messages", "messages[1].parts[0]")}
    late = (Message.user("a"), Message.assistant("b"), Message.system("s"))
    assert ("order", "messages[2].parts[0]") in lost("gemini", *late)
    instructed = (Message.developer("d"), Message.user("a"))
    assert lost("openai_chat", *instructed) == lost("openai_responses", *instructed) == set()
    for shape in SHAPES[2:]:
        assert lost(shape, *instructed) == {("role", "messages[0].parts[0]")}
    pieces = Message(role="user", parts=(TextPart(text="a"), TextPart(text="b")))
    assert lost("openai_chat", pieces) == {
        ("division of the text", "messages[0].parts[0]"),
        ("division of the text", "messages[0].parts[1]"),
    }
    shown = Message(role="tool").with_tool_result("c", [TextPart(text="x"), conversations.PICTURE], name="f")
    called = Message.assistant("a").with_tool_call("c", "f", {})
    assert ("image of a tool result", "messages[2].parts[0].parts[1]") in lost(
        "openai_chat", Message.user("q"), called, shown
    )
    assert lost("openai_responses", Message.user("q"), called, shown) == {
        ("name", "messages[2].parts[0].parts[1].name")
    }


def test_a_result_among_a_users_words_moves_to_its_call() -> None:
    called = Message.assistant("a").with_tool_call("c", "f", {})
    mixed = Message.user("and").with_tool_result("c", "x", name="f").with_text("so?")
    for shape in SHAPES[1:3]:
        assert lost(shape, Message.user("q"), called, mixed) == {
            ("place of a tool result", "messages[2].parts[1]"),
            ("unity of the message", "messages[2].parts[2]"),
        }


def test_arguments_that_are_no_object_are_named() -> None:
    called = Message.assistant("a").with_tool_call("c", "f", '{"cut')
    result = Message(role="tool").with_tool_result("c", "x", name="f")
    for shape in (SHAPES[0], SHAPES[2]):
        assert lost(shape, Message.user("q"), called, result) == {
            ("arguments", "messages[1].parts[1].arguments")
        }


def test_what_is_added_is_named() -> None:
    (addition,) = write(
        "anthropic", [Message.user("q"), Message.assistant("a").with_tool_call("c", "f", {})]
    )[1].losses
    assert (addition.what, addition.where) == ("addition", "messages[2].parts[0]")
    assert "not run" in addition.why


# ---- as the vendors' own programs write them

SAMPLES: tuple[tuple[Shape, list[dict[str, Any]]], ...] = (
    ("anthropic", transcripts.MESSAGES),
    ("openai_chat", transcripts.CHAT),
    ("openai_responses", transcripts.ITEMS),
    ("gemini", transcripts.CONTENTS),
)


@pytest.mark.parametrize(("shape", "turns"), SAMPLES)
def test_what_a_vendors_program_wrote_goes_back_as_it_was(shape: Shape, turns: list[dict[str, Any]]) -> None:
    judge(shape, turns)
    reading = read(shape, turns)
    assert reading.losses == ()
    assert spelt_out(write(shape, reading.messages)[1]) == spelt_out(turns)
    assert Conversation.from_unknown(turns).messages == reading.messages


def spelt_out(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**turn, "content": [{"type": "text", "text": turn["content"]}]}
        if isinstance(turn.get("content"), str)
        else {name: value for name, value in turn.items() if value is not None}
        for turn in turns
    ]


def test_names_in_snake_case_are_gemini_too() -> None:
    snake = [
        {"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": png(2, 2)}}]},
        {"role": "model", "parts": [{"function_call": {"name": "f", "args": {}}, "thought_signature": None}]},
    ]
    picture, call = (part for m in Conversation.from_gemini(snake) for part in m.parts)
    assert isinstance(picture, ImagePart)
    assert (picture.width, picture.source) == (2, InlineData(data=png(2, 2)))
    assert isinstance(call, ToolCallPart)
    assert call.provider_state == {}


def test_calls_without_ids_are_answered_in_their_order() -> None:
    """Two calls of one tool, from another model: Gemini is told neither id nor signature."""
    asked = (
        Conversation.user("?").with_tool_call("x", "clock", {"a": 1}).with_tool_call("y", "clock", {"a": 2})
    )
    system, turns = asked.with_tool_result("x", "one").with_tool_result("y", "two").to_gemini()
    assert all("id" not in part["functionCall"] for part in turns[1]["parts"])
    again = Conversation.from_gemini(turns, system)
    calls = again.messages[1].parts
    assert [part.provider_state for part in calls] == [{}, {}]
    results = [part for part in again.messages[2].parts if isinstance(part, ToolResultPart)]
    assert [(result.call_id, result.parts) for result in results] == [
        ("call-1", (TextPart(text="one"),)),
        ("call-2", (TextPart(text="two"),)),
    ]
    assert again.to_gemini()[1] == turns


def test_what_a_message_of_ours_has_no_place_for_is_named_when_read() -> None:
    cited = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "x"},
        "citations": {"enabled": True},
        "context": None,
    }
    (loss,) = Conversation.from_anthropic([{"role": "user", "content": [cited]}]).losses
    assert (loss.what, loss.where) == ("citations", "messages[0].content[0].citations")
    told = {"functionResponse": {"name": "f", "response": {"output": "x", "more": 1}}}
    read_back = Conversation.from_gemini([{"role": "user", "parts": [told]}])
    assert [loss.what for loss in read_back.losses] == ["response"]
    assert "more" in str(read_back.messages[0].parts)
    answered = {"role": "assistant", "content": "a", "annotations": [{"type": "url_citation"}]}
    assert [loss.what for loss in Conversation.from_openai_chat([answered]).losses] == ["annotations"]


def test_the_system_prompt_comes_along() -> None:
    blocks = [{"type": "text", "text": "Be brief."}]
    hello = [{"role": "user", "content": "Hi"}]
    wanted = Conversation.system("Be brief.").with_user("Hi")
    assert Conversation.from_anthropic(hello, "Be brief.") == wanted
    assert Conversation.from_anthropic(hello, blocks) == wanted
    contents = [{"role": "user", "parts": [{"text": "Hi"}]}]
    assert Conversation.from_gemini(contents, "Be brief.") == wanted
    assert Conversation.from_gemini(contents, {"parts": [{"text": "Be brief."}]}) == wanted
    assert Conversation.from_unknown(hello, "Be brief.") == wanted
    assert wanted.to_anthropic()[0] == "Be brief."
    assert wanted.to_gemini()[0] == "Be brief."


def test_marks_for_the_cache_are_written_and_named_when_read() -> None:
    system, turns = Conversation.system("s").with_user("a").to_anthropic(cache_pattern="last_user_message")
    assert turns.losses == ()
    assert turns[-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}
    again = Conversation.from_anthropic(turns, system)
    assert again.messages == Conversation.system("s").with_user("a").messages
    assert [loss.what for loss in again.losses] == ["cache_control"]


@pytest.mark.parametrize(
    ("shape", "turns", "place"),
    [
        ("anthropic", [{"role": "user", "content": "a"}, {"role": "nobody"}], "messages[1]"),
        ("anthropic", [{"role": "assistant", "content": [{"kind": "?"}]}], "messages[0]"),
        ("anthropic", [{"role": "user", "content": ["a"]}], "messages[0]"),
        ("openai_chat", [{"content": "a"}], "messages[0]"),
        ("openai_chat", [{"role": "user", "content": 3}], "messages[0]"),
        ("openai_responses", [{"role": "user", "content": "a"}, {"type": "message"}], "input[1]"),
        ("openai_responses", [{"type": "message", "role": "?"}], "input[0]"),
        ("gemini", [{"role": "model", "parts": ["a"]}], "contents[0]"),
        ("gemini", [{"role": "user", "parts": "a"}], "contents[0]"),
    ],
)
def test_what_is_not_the_shape_is_refused_with_its_place(shape: Shape, turns: Any, place: str) -> None:
    with pytest.raises(FormatError) as refused:
        read(shape, turns)
    assert place in refused.value.message
    assert refused.value.hint


NAMES = (
    "role", "content", "type", "text", "parts", "source", "tool_calls", "function", "id", "image_url",
    "input", "functionCall", "functionResponse", "inlineData", "output", "call_id",
)  # fmt: skip
_json = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["", "a", "user", "text", "image"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=150, deadline=None)
@given(
    turns=st.lists(
        st.one_of(
            _json,
            st.fixed_dictionaries(
                {
                    "role": st.sampled_from(["user", "assistant", "model", "tool", "system"]),
                    "content": _json,
                    "parts": _json,
                }
            ),
        ),
        max_size=3,
    )
)
def test_any_json_is_read_or_refused(shape: Shape, turns: Any) -> None:
    try:
        reading = read(shape, turns)
    except FormatError:
        return
    write(shape, reading.messages)


@pytest.mark.parametrize("turns", ["text", {"role": "user"}, 3, [3], [{}]])
def test_what_is_no_list_of_turns_is_of_no_shape(turns: Any) -> None:
    with pytest.raises(FormatError):
        Conversation.from_unknown(turns)
