"""What other clients call a setting is refused with the name it has here."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

import chatbench
from chatbench.client.asking import Asked
from chatbench.client.environment import Environment
from chatbench.client.foreign import OURS
from chatbench.client.llm import LLMClient
from chatbench.core.errors import UnknownParameter
from chatbench.core.params import Parameters


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("max_requests_per_minute", "limits=Limits(requests_per_minute=…)"),
        ("max_tokens_per_minute", "limits=Limits(tokens_per_minute=…)"),
        ("max_concurrent_requests", "limits=Limits(concurrent=…)"),
        ("sampling_params", "parameters=…"),
        ("api_key", "key=…"),
    ],
)
def test_a_client_told_in_another_clients_words_says_its_own(
    environment: Environment, name: str, ours: str
) -> None:
    given: Any = 1
    with pytest.raises(UnknownParameter) as raised:
        LLMClient(environment=environment, **{name: given})
    assert raised.value.hint == f"Here it is {ours}."
    assert name in raised.value.message


async def test_so_does_a_call_and_a_file_of_settings(environment: Environment) -> None:
    client = LLMClient(environment=environment)
    with pytest.raises(UnknownParameter, match="max_concurrent_requests") as raised:
        await client.process_prompts(["Why?"], max_concurrent_requests=5)
    assert "Limits(concurrent=…)" in raised.value.hint
    with pytest.raises(UnknownParameter, match="timeout") as raised:
        LLMClient.from_dict({"timeout": 5}, environment=environment)
    assert "timeouts=Timeouts(total=…)" in raised.value.hint


@pytest.mark.parametrize("foreign", OURS)
def test_every_name_that_is_given_exists(foreign: str) -> None:
    """A keyword of the client, or of a call, and within it a field of what is put there."""
    taken = {
        *inspect.signature(LLMClient).parameters,
        *Asked.__struct_fields__,
        *Parameters.__struct_fields__,
    }
    assert foreign not in taken
    kind: Any = None
    for name, opens in re.findall(r"(\w+)=(?:([A-Z]\w+)\()?", OURS[foreign]):
        assert name in (taken if kind is None else kind.__struct_fields__)
        kind = getattr(chatbench, opens) if opens and opens != "True" else None
