"""What counts as the first token, and as the first text."""

from __future__ import annotations

import pytest

from chatbench.client.clock import Clock
from chatbench.core.messages import RefusalPart, TextPart, ThinkingPart, ToolCallPart
from chatbench.core.streams import Accumulator, PartDelta, PartEnd, PartStart, StreamEvent, UsageUpdate
from chatbench.core.usage import Usage

CALL = ToolCallPart(call_id="1", name="clock", arguments="")


@pytest.mark.parametrize(
    ("events", "token", "text"),
    [
        ([UsageUpdate(Usage()), PartStart(0, TextPart()), PartDelta(0, ""), PartEnd(0)], False, False),
        ([PartStart(0, ThinkingPart()), PartDelta(0, provider_state={"signature": "s"})], False, False),
        ([PartStart(0, ThinkingPart()), PartDelta(0, "Hm")], True, False),
        ([PartStart(0, ThinkingPart(text="Hm"))], True, False),
        ([PartStart(0, CALL), PartDelta(0, "{")], True, False),
        ([PartStart(0, TextPart()), PartDelta(0, "Hi")], True, True),
        ([PartStart(0, TextPart(text="Hi"))], True, True),
        ([PartDelta(0, "Hi")], True, True),
        ([PartStart(0, RefusalPart()), PartDelta(0, "No")], True, True),
        ([PartStart(0, ThinkingPart(text="Hm")), PartStart(1, TextPart()), PartDelta(1, "Hi")], True, True),
        ([PartStart(0, ThinkingPart(text="Hm")), PartEnd(0), PartDelta(1, "Hi")], True, True),
    ],
)
def test_what_counts(events: list[StreamEvent], token: bool, text: bool) -> None:
    clock, accumulator = Clock(), Accumulator()
    clock.start()
    for event in events:
        accumulator.apply(event)
        clock.note([event], accumulator)
    clock.finish(accumulator)
    timings = clock.timings()
    assert (timings.first_token_s is not None, timings.first_text_s is not None) == (token, text)
    assert timings.total_s is not None
