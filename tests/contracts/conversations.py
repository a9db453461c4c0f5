"""Conversations for the contract tests: by hand, and drawn at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    Message,
    Part,
    ProviderFile,
    RefusalPart,
    RemoteUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
    user,
)
from chatbench.core.params import Parameters
from chatbench.core.tools import NamedTool, ToolDefinition

PICTURE = ImagePart(source=InlineData(data=b"\x89PNG\r\n\x1a\n"), media_type="image/png", name="dot.png")
DOCUMENT = FilePart(source=InlineData(data=b"%PDF-1.7"), media_type="application/pdf", name="paper.pdf")
CLOCK = ToolDefinition(
    name="clock",
    description="Tells the time",
    parameters={
        "type": "object",
        "properties": {"zone": {"type": "string"}},
        "required": ["zone"],
        "additionalProperties": False,
    },
    strict=True,
)
SCHEMA: dict[str, Any] = {
    "title": "An answer!",
    "type": "object",
    "properties": {"n": {"type": "integer"}, "words": {"type": "array", "items": {"type": "string"}}},
    "required": ["n", "words"],
    "additionalProperties": False,
}


def pictures(provider: str) -> tuple[Message, ...]:
    """A picture and a document at hand, by address, and uploaded before."""
    return (
        Message(
            role="user",
            parts=(
                PICTURE,
                ImagePart(source=RemoteUrl(url="https://example.org/a.png"), media_type="image/png"),
                ImagePart(source=ProviderFile(provider=provider, file_id="file-1"), media_type="image/png"),
                DOCUMENT,
                FilePart(source=RemoteUrl(url="https://example.org/a.pdf"), media_type="application/pdf"),
                FilePart(
                    source=ProviderFile(provider=provider, file_id="file-2"), media_type="application/pdf"
                ),
                TextPart(text="What are these?"),
            ),
        ),
    )


def going_on(answer: tuple[Part, ...]) -> tuple[Message, ...]:
    """A conversation that goes on after an answer."""
    return user("Hi"), Message(role="assistant", parts=answer), user("Go on")


def with_tools() -> tuple[Message, ...]:
    """A call that was answered, one that failed, one that nobody ran, and a result without a call."""
    return (
        Message(role="system", parts=(TextPart(text="Be short."),)),
        Message(role="user", parts=(TextPart(text="What time is it?"),)),
        Message(
            role="assistant",
            parts=(
                ThinkingPart(text="They want the time."),
                TextPart(text="Looking."),
                ToolCallPart(call_id="call-1", name="clock", arguments='{"zone": "UTC"}'),
                ToolCallPart(call_id="call-2", name="clock", arguments='{"zone": '),
                ToolCallPart(call_id="call-3", name="clock"),
            ),
        ),
        Message(
            role="tool",
            parts=(
                ToolResultPart(call_id="call-2", parts=(TextPart(text="no zone"),), is_error=True),
                ToolResultPart(call_id="call-1", parts=(TextPart(text="12:00"), PICTURE)),
                ToolResultPart(call_id="call-9", name="lost", parts=(TextPart(text="?"),)),
            ),
        ),
        Message(role="user", parts=(TextPart(text="And now?"),)),
    )


REQUESTS: tuple[dict[str, Any], ...] = (
    {},
    {"system": "Answer in one word.", "stream": False},
    {"tools": (CLOCK,), "tool_choice": "required", "parallel_tool_calls": False},
    {"tools": (CLOCK, ToolDefinition(name="bare")), "tool_choice": NamedTool(name="clock")},
    {"tools": (CLOCK,), "tool_choice": "none"},
    {"response_schema": SCHEMA},
    {"parameters": Parameters(max_output_tokens=500, extra_body={"metadata": {}})},
)

_words = st.text(max_size=20)
_state = st.sampled_from(
    [
        {},
        {"provider": "elsewhere", "signature": "x", "item": {"encrypted_content": "y"}, "id": "z"},
    ]
)
_answers = st.one_of(
    st.builds(TextPart, text=_words, provider_state=_state),
    st.builds(ThinkingPart, text=_words, redacted=st.booleans(), provider_state=_state),
    st.builds(RefusalPart, text=_words),
    st.builds(
        ToolCallPart,
        call_id=st.sampled_from(["a", "b", "c", "d"]),
        name=st.just("clock"),
        arguments=st.sampled_from(["", "{}", '{"a": 1}', "[1]", '{"cut', "null"]),
        provider_state=_state,
    ),
    st.builds(UnknownPart, kind=st.just("odd"), data=st.just({"type": "odd"}), provider_state=_state),
    st.just(PICTURE),
)
_results = st.builds(
    ToolResultPart,
    call_id=st.sampled_from(["a", "b", "c", "d"]),
    name=st.sampled_from(["", "clock"]),
    parts=st.lists(st.one_of(st.builds(TextPart, text=_words), st.just(PICTURE)), max_size=2).map(tuple),
    is_error=st.booleans(),
)
_asked = st.one_of(st.builds(TextPart, text=_words), st.just(PICTURE), st.just(DOCUMENT))


def conversations() -> st.SearchStrategy[list[Message]]:
    """Any order of roles, any mixture of parts, calls and results that may not match."""
    return st.lists(
        st.one_of(
            st.builds(Message, role=st.just("user"), parts=st.lists(_asked, max_size=3).map(tuple)),
            st.builds(Message, role=st.just("assistant"), parts=st.lists(_answers, max_size=4).map(tuple)),
            st.builds(Message, role=st.just("tool"), parts=st.lists(_results, max_size=3).map(tuple)),
            st.builds(Message, role=st.just("system"), parts=st.tuples(st.builds(TextPart, text=_words))),
        ),
        max_size=6,
    )


def without_documents(messages: list[Message]) -> list[Message]:
    """For interfaces that take pictures and no PDF files."""
    return [
        Message(role=message.role, parts=tuple(part for part in message.parts if part != DOCUMENT))
        for message in messages
    ]


def expect_answered(turns: list[Any]) -> list[str]:
    """Asserts that the results of an answer's tool calls stand behind it, in the order of the calls;
    returns the ids of all calls."""
    called: list[str] = []
    for at, turn in enumerate(turns):
        asked = [call["id"] for call in turn.get("tool_calls", ())]
        results = turns[at + 1 : at + 1 + len(asked)]
        assert [result.get("tool_call_id") for result in results] == asked
        called += asked
    return called
