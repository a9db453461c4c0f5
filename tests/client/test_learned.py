"""What a provider refused is not sent a second time, and left-out parameters have a place to go."""

from __future__ import annotations

import pytest

from chatbench.client.learned import Learned
from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.core.errors import BadRequest
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import Parameters, fit
from chatbench.providers.openai_chat import OpenAIChat

WHERE = Endpoint(id="p", name="P", wire="openai_chat", base_url="http://x/v1", quirks=Quirks(refused=("n",)))
ROW = ModelInfo(ref=ModelRef("p", "m"))


def refuse(learned: Learned, param: str, sent: Parameters) -> bool:
    error = BadRequest(f"Unsupported parameter: {param}", param=param)
    return learned.refusal(error, WHERE, ROW, sent)


def sent_next(learned: Learned, sent: Parameters, model: ModelRef = ROW.ref) -> set[str]:
    endpoint = learned.endpoint(WHERE, model)
    return set(fit(sent, learned.info(ROW), OpenAIChat.takes, endpoint.quirks.refused)[0].given())


@pytest.mark.parametrize(
    ("param", "missing"),
    [
        ("logprobs", {"logprobs", "top_logprobs"}),
        ("safety_identifier", {"user"}),
        ("messages[0].content[0].prompt_cache_breakpoint", {"cache_pattern", "cache_ttl"}),
        ("response_format", {"json_mode"}),
        ("temperature", {"temperature", "logprobs", "top_logprobs"}),
    ],
)
def test_a_refused_field_is_left_out(param: str, missing: set[str]) -> None:
    sent = Parameters(
        temperature=0.5,
        logprobs=True,
        top_logprobs=2,
        user="u",
        json_mode=True,
        cache_pattern="system_and_tools",
        cache_ttl="1h",
        n=2,
    )
    learned = Learned()
    assert refuse(learned, param, sent)
    assert set(sent.given()) - sent_next(learned, sent) == {"n", *missing}


def test_two_calls_at_once_learn_the_same() -> None:
    """Both were sent with the field before either was refused; both may go again without it."""
    learned, sent = Learned(), Parameters(user="u")
    assert refuse(learned, "user", sent)
    assert refuse(learned, "user", sent)
    assert learned.endpoint(WHERE, ROW.ref).quirks.refused == ("n", "user")


def test_what_stands_in_the_extra_body_cannot_be_left_out() -> None:
    assert not refuse(Learned(), "extra_body", Parameters(extra_body={"a": 1}))


def test_another_model_and_another_address_are_asked() -> None:
    learned, sent = Learned(), Parameters(logprobs=True)
    assert refuse(learned, "logprobs", sent)
    assert sent_next(learned, sent, ModelRef("p", "other")) == {"logprobs"}
    assert learned.endpoint(WHERE, ROW.ref).quirks.refused == ("n", "logprobs")
    elsewhere = Endpoint(id="p", name="P", wire="openai_chat", base_url="http://y/v1")
    assert learned.endpoint(elsewhere, ROW.ref) is elsewhere


def test_metadata_that_only_stored_answers_take() -> None:
    error = BadRequest("The 'metadata' parameter is only allowed when 'store' is enabled.", param="metadata")
    learned, sent = Learned(), Parameters(metadata={"a": "b"})
    assert learned.refusal(error, WHERE, ROW, sent)
    assert sent_next(learned, sent) == set()
