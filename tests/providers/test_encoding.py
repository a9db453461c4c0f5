"""What the wires share: addresses, headers, merged fields, and conversations mended."""

from __future__ import annotations

import msgspec
import pytest
from tests.providers import wires

from chatbench.core.errors import BadRequest, InvalidHeader
from chatbench.core.messages import (
    ImagePart,
    Message,
    ProviderFile,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    user,
)
from chatbench.core.secrets import Secret
from chatbench.providers.encoding import address, arguments_of, headers_for, media_source, merged
from chatbench.providers.turns import NOT_RUN, paired

WHERE = wires.endpoint("openai_responses", "https://api.openai.com/v1")


@pytest.mark.parametrize(
    ("base", "query", "expected"),
    [
        ("https://h/v1", None, "https://h/v1/models"),
        ("https://h/v1/", {"a": "b c"}, "https://h/v1/models?a=b+c"),
        ("https://h?tenant=x", {"a": "b"}, "https://h/models?tenant=x&a=b"),
        ("http://[::1]:8080", None, "http://[::1]:8080/models"),
    ],
)
def test_address(base: str, query: dict[str, str] | None, expected: str) -> None:
    assert address(base, "models", query) == expected


def test_headers_of_the_endpoint_replace_the_wires_own_but_never_the_key() -> None:
    where = msgspec.structs.replace(
        WHERE, headers={"Accept": "x/y", "X-Team": "a", "Authorization": "Bearer old"}
    )
    headers = headers_for(where, Secret(wires.KEY), {"accept": "text/event-stream"})
    assert headers == {
        "content-type": "application/json",
        "accept": "x/y",
        "x-team": "a",
        "authorization": f"Bearer {wires.KEY}",
    }
    assert "authorization" not in headers_for(msgspec.structs.replace(WHERE, auth="none"), Secret("k"))


@pytest.mark.parametrize("key", ["sk-line\nbreak", " sk-space", "sk-ключ", "sk-\x00"])
def test_key_that_cannot_be_sent_is_named_and_not_shown(key: str) -> None:
    with pytest.raises(InvalidHeader) as caught:
        headers_for(WHERE, Secret(key))
    assert key not in f"{caught.value.message}{caught.value.hint}"


def test_objects_are_merged_field_by_field() -> None:
    fields = {"a": {"b": 1, "c": [1]}, "d": 1}
    assert merged(fields, {"a": {"c": [2]}, "d": {"e": 1}, "f": None}) == {
        "a": {"b": 1, "c": [2]},
        "d": {"e": 1},
        "f": None,
    }
    assert fields == {"a": {"b": 1, "c": [1]}, "d": 1}


def test_file_of_another_provider_is_refused() -> None:
    part = ImagePart(
        source=ProviderFile(provider="gemini", file_id="f"), media_type="image/png", name="a.png"
    )
    with pytest.raises(BadRequest, match=r"a\.png"):
        media_source(part, WHERE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ('{"a": 1}', {"a": 1}),
        ("[1]", {"text": "[1]"}),
        ('{"a', {"text": '{"a'}),
        ("[" * 9999, {"text": "[" * 9999}),
    ],
)
def test_arguments_are_an_object(text: str, expected: object) -> None:
    assert arguments_of(ToolCallPart(call_id="c", name="f", arguments=text)) == expected


def test_calls_and_results_are_paired() -> None:
    call, other = ToolCallPart(call_id="a", name="f"), ToolCallPart(call_id="b", name="g")
    early = ToolResultPart(call_id="a", parts=(TextPart(text="one"),))
    stray = ToolResultPart(call_id="z", name="h", parts=(TextPart(text="lost"),))
    mended = paired(
        [
            Message(role="assistant", parts=(call, other)),
            user("Meanwhile"),
            Message(role="tool", parts=(early, stray)),
        ]
    )
    assert [message.role for message in mended] == ["assistant", "tool", "user", "tool"]
    one, two = mended[1].parts
    assert one == ToolResultPart(call_id="a", name="f", parts=(TextPart(text="one"),))
    assert two == ToolResultPart(call_id="b", name="g", parts=(TextPart(text=NOT_RUN),), is_error=True)
    assert mended[3].text == "Result of h:\nlost"
