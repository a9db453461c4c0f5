"""Messages and conversations built step by step."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.client.pictures import png

from chatbench.client.conversation import Conversation
from chatbench.core.errors import AttachmentRefused, ConfigurationError, FormatError
from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    ProviderFile,
    RemoteUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)


def test_each_role_has_its_message() -> None:
    assert Message.system("s") == Message(role="system", parts=(TextPart(text="s"),))
    assert Message.developer("d", name="x") == Message(
        role="developer", parts=(TextPart(text="d"),), name="x"
    )
    assert Message.user("u").role == "user"
    assert Message.assistant("a") == Message.ai("a") == Message(role="assistant", parts=(TextPart(text="a"),))
    assert Message.user() == Message(role="user")


def test_a_message_grows_and_the_first_stays_as_it_was() -> None:
    first = Message.assistant("a")
    second = (
        first.with_thinking("hm")
        .with_tool_call("c1", "clock", {"zone": "UTC"})
        .with_tool_call("c2", "clock", '{"zone": "CET"}')
        .with_text("!")
    )
    assert first.parts == (TextPart(text="a"),)
    assert second.parts == (
        TextPart(text="a"),
        ThinkingPart(text="hm"),
        ToolCallPart(call_id="c1", name="clock", arguments='{"zone":"UTC"}'),
        ToolCallPart(call_id="c2", name="clock", arguments='{"zone": "CET"}'),
        TextPart(text="!"),
    )


def test_attachments_stand_before_the_words(tmp_path: Path) -> None:
    picture = tmp_path / "dot.png"
    picture.write_bytes(png(3, 2))
    paper = b"%PDF-1.7 x"
    wave = b"RIFF\x00\x00\x00\x00WAVEfmt "
    message = Message.user("What?", image=picture, file=[paper, "https://example.org/a.pdf"], audio=wave)
    image, inline, remote, sound, words = message.parts
    assert isinstance(image, ImagePart)
    assert (image.media_type, image.name, image.width, image.height) == ("image/png", "dot.png", 3, 2)
    assert inline == FilePart(source=InlineData(data=paper), media_type="application/pdf", size=10)
    assert remote == FilePart(source=RemoteUrl(url="https://example.org/a.pdf"), media_type="application/pdf")
    assert isinstance(sound, AudioPart)
    assert sound.media_type == "audio/wav"
    assert words == TextPart(text="What?")


def test_a_part_is_attached_as_it_is_with_what_is_said_of_it() -> None:
    part = ImagePart(source=RemoteUrl(url="https://example.org/a.png"), media_type="image/png")
    (attached,) = Message(role="user").with_image(part, detail="low").parts
    assert isinstance(attached, ImagePart)
    assert attached.detail == "low"
    (plain,) = Message(role="user").with_image(png(2, 2)).parts
    assert isinstance(plain, ImagePart)
    assert plain.detail == ""
    (named,) = Message(role="user").with_file(b"a,b", media_type="text/csv", filename="t.csv").parts
    assert isinstance(named, FilePart)
    assert (named.name, named.media_type) == ("t.csv", "text/csv")


def test_a_large_image_is_made_smaller() -> None:
    (image,) = Message(role="user").with_image(png(400, 100), max_size=40).parts
    assert isinstance(image, ImagePart)
    assert (image.width, image.height) == (40, 10)
    with pytest.raises(AttachmentRefused, match="cannot be made smaller"):
        Message(role="user").with_image("https://example.org/a.png", max_size=40)


def test_a_file_at_a_provider_goes_by_its_id() -> None:
    message = (
        Message.user("Read").with_remote_file("file-1").with_remote_file("file-2", media_type="image/png")
    )
    assert message.parts[1:] == (
        FilePart(source=ProviderFile(provider="openai", file_id="file-1"), media_type="application/pdf"),
        ImagePart(source=ProviderFile(provider="openai", file_id="file-2"), media_type="image/png"),
    )


@pytest.mark.parametrize("image", ["/nowhere/at/all.png", b"not a picture", png(9, 9)[:40], "relative.png"])
def test_an_image_that_cannot_be_read_is_refused_at_once(image: object) -> None:
    with pytest.raises(AttachmentRefused) as refused:
        Message.user("?", image=image)
    assert refused.value.hint


def test_what_is_neither_file_nor_sound_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="int"):
        Message.user("?", file=3)
    with pytest.raises(AttachmentRefused, match="not sound"):
        Message.user("?", audio=b"%PDF-1.7")


def test_a_tool_answers_in_words_parts_or_json() -> None:
    picture = ImagePart(source=InlineData(data=b"x"), media_type="image/png")
    answers: tuple[tuple[object, tuple[object, ...]], ...] = (
        ("12:00", (TextPart(text="12:00"),)),
        (["a", 1], (TextPart(text='["a",1]'),)),
        ({"at": None}, (TextPart(text='{"at":null}'),)),
        ([], (TextPart(text="[]"),)),
        (picture, (picture,)),
        ([TextPart(text="a"), picture], (TextPart(text="a"), picture)),
    )
    for result, parts in answers:
        (part,) = Message(role="tool").with_tool_result("c", result).parts
        assert isinstance(part, ToolResultPart)
        assert (part.call_id, part.parts) == ("c", parts)
    with pytest.raises(ConfigurationError, match="object"):
        Message(role="tool").with_tool_result("c", object())


# ---- conversations


def test_a_conversation_is_built_of_messages_and_conversations() -> None:
    built = (
        Conversation.system("Be brief").with_user("Hi").with_assistant("Hello").add(Conversation.user("So?"))
    )
    assert [(message.role, message.text) for message in built] == [
        ("system", "Be brief"),
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "So?"),
    ]
    assert Conversation.of("Hi", Message.assistant("Hello")).messages == built.messages[1:3]
    assert len(built.with_message(Message.assistant("x"))) == 5
    assert len(built) == 4


def test_parallel_calls_and_their_results_gather() -> None:
    asked = (
        Conversation.user("Time?")
        .with_assistant("Looking.")
        .with_tool_call("a", "clock", {"zone": "UTC"})
        .with_tool_call("b", "weather", {})
    )
    assert [call.call_id for call in asked.open_calls] == ["a", "b"]
    answered = asked.with_tool_result("b", {"sky": "grey"}).with_tool_result("a", "no", is_error=True)
    assert [message.role for message in answered] == ["user", "assistant", "tool"]
    assert answered.messages[-1].parts == (
        ToolResultPart(call_id="b", name="weather", parts=(TextPart(text='{"sky":"grey"}'),)),
        ToolResultPart(call_id="a", name="clock", parts=(TextPart(text="no"),), is_error=True),
    )
    assert answered.open_calls == ()
    again = answered.with_tool_call("c", "clock", {}).with_tool_result("c", "12:00")
    assert [message.role for message in again] == ["user", "assistant", "tool", "assistant", "tool"]


def test_an_id_that_is_used_again_names_the_latest_call() -> None:
    twice = Conversation().with_tool_call("a", "first", {}).with_tool_result("a", 1)
    twice = twice.with_tool_call("a", "second", {}).with_tool_result("a", 2)
    assert [part.name for message in twice for part in message.parts if isinstance(part, ToolResultPart)] == [
        "first",
        "second",
    ]


def test_to_dict_and_back() -> None:
    built = (
        Conversation.system("s")
        .with_user("u", image=png(2, 2), file="https://example.org/a.pdf")
        .with_tool_call("a", "clock", {})
        .with_tool_result("a", ImagePart(source=InlineData(data=b"x"), media_type="image/png"))
    )
    assert Conversation.from_dict(built.to_dict()) == built
    for message in built:
        assert Message.from_dict(message.to_dict()) == message
        for part in message.parts:
            assert type(part).from_dict(part.to_dict()) == part
    with pytest.raises(FormatError, match=r"messages\[0\]\.role"):
        Conversation.from_dict({"messages": [{"role": "nobody"}]})


def test_open_calls_stand_in_their_order() -> None:
    said = Conversation.user("a").with_tool_call("1", "t", "{}").with_tool_call("2", "t", "{}")
    said = said.with_tool_result("1", "x").with_tool_call("3", "t", "{}")
    assert [call.call_id for call in said.open_calls] == ["2", "3"]


@pytest.mark.parametrize("model", ["a/", "/b", "/", "", "b"])
def test_tokens_are_counted_whatever_the_model_is_called(model: str) -> None:
    assert Conversation.user("one two three").count_tokens(model=model) > 3
