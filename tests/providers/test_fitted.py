"""What of a request each wire has no field for, and so tells as left out."""

from __future__ import annotations

import msgspec
import pytest
from tests.contracts.conversations import CLOCK
from tests.providers import wires

from chatbench.core.messages import Message
from chatbench.core.params import NO_FIELD, LeftOut, Parameters
from chatbench.providers.anthropic import Anthropic
from chatbench.providers.cohere import Cohere
from chatbench.providers.gemini import Gemini
from chatbench.providers.guide import Guide
from chatbench.providers.mistral import Mistral
from chatbench.providers.ollama import Ollama
from chatbench.providers.openai_chat import OpenAIChat
from chatbench.providers.openai_responses import OpenAIResponses
from chatbench.providers.wire import HttpWire, Wire, fitted

LEFT_OUT: list[tuple[Wire, list[str]]] = [
    (OpenAIChat(), []),
    (OpenAIResponses(), ["name"]),
    (Anthropic(), ["name"]),
    (Mistral(), ["name"]),
    (Gemini(), ["parallel_tool_calls", "name"]),
    (Cohere(), ["parallel_tool_calls", "name"]),
    (Ollama(), ["parallel_tool_calls", "name"]),
]
_ids = [wire.id for wire, _ in LEFT_OUT]


@pytest.mark.parametrize(("wire", "left_out"), LEFT_OUT, ids=_ids)
def test_what_a_wire_has_no_field_for_is_told(wire: Wire, left_out: list[str]) -> None:
    call = wires.call(
        wires.endpoint(wire.id, "https://h"),
        (Message.user("Hi", name="ada"),),
        tools=(CLOCK,),
        parallel_tool_calls=False,
        parameters=Parameters(temperature=0.5),
        row={"parameters": frozenset({"temperature"})},
    )
    request, told = fitted(call.request, call.info, wire, call.endpoint)
    assert told == tuple(LeftOut(name, NO_FIELD) for name in left_out)
    assert request == call.request


@pytest.mark.parametrize(("wire", "left_out"), LEFT_OUT, ids=_ids)
def test_only_what_is_told_changes_nothing_of_what_is_sent(wire: HttpWire, left_out: list[str]) -> None:
    call = wires.call(wires.endpoint(wire.id, "https://h"), (Message.user("Hi"),), tools=(CLOCK,))
    bare = wires.body(wire, call)
    changes = {"name": {"messages": (Message.user("Hi", name="ada"),)}}
    for name in ("parallel_tool_calls", "name"):
        changed = msgspec.structs.replace(call.request, **changes.get(name, {name: False}))
        sent = wires.body(wire, msgspec.structs.replace(call, request=changed))
        assert (sent == bare) == (name in left_out), name


def test_it_is_told_with_the_parameters_that_are_left_out() -> None:
    """The guide takes no more than how long to think."""
    call = wires.call(
        wires.endpoint("ollama", "https://h"),
        (Message.user("Hi", name="ada"),),
        parallel_tool_calls=True,
        parameters=Parameters(seed=7, reasoning_effort="low"),
        row={"efforts": ("low",)},
    )
    request, told = fitted(call.request, call.info, Guide(), call.endpoint)
    assert [item.name for item in told] == ["seed", "parallel_tool_calls", "name"]
    assert request.parameters == Parameters(reasoning_effort="low")
    unsaid = msgspec.structs.replace(call.request, messages=(Message.user("Hi"),), parallel_tool_calls=None)
    assert [item.name for item in fitted(unsaid, call.info, Guide(), call.endpoint)[1]] == ["seed"]
