"""The accumulator: whatever comes, in whatever order, is folded and never raises."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatbench.core.messages import (
    Citation,
    ImagePart,
    InlineData,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    text_of,
    thinking_of,
)
from chatbench.core.streams import (
    Accumulator,
    PartDelta,
    PartEnd,
    PartStart,
    Reset,
    Stop,
    StreamEvent,
    Unknown,
    UsageUpdate,
)
from chatbench.core.usage import Usage

words = st.text(max_size=12)
indices = st.integers(0, 3)
choices = st.integers(0, 1)
parts = st.one_of(
    words.map(lambda text: TextPart(text=text)),
    words.map(lambda text: ThinkingPart(text=text)),
    words.map(lambda text: RefusalPart(text=text)),
    words.map(lambda text: ToolCallPart(call_id="c", name="clock", arguments=text)),
    st.just(ImagePart(source=InlineData(data=b"x"), media_type="image/png")),
)
events: st.SearchStrategy[StreamEvent] = st.one_of(
    st.builds(PartStart, indices, parts, choices),
    st.builds(PartDelta, indices, words, choice=choices, citation=st.none() | st.builds(Citation, url=words),
              provider_state=st.none() | st.just({"provider": "p", "signature": "s"})),
    st.builds(PartEnd, indices, st.none() | parts, choices),
    st.builds(UsageUpdate, st.builds(Usage, output_tokens=st.integers(0, 9))),
    st.builds(Stop, st.sampled_from(["end", "max_tokens"]), choice=choices),
    st.builds(Unknown, words),
    st.builds(Reset),
)  # fmt: skip


@given(st.lists(events))
def test_any_events_are_folded(stream: list[StreamEvent]) -> None:
    """A snapshot at every step changes nothing of the next, and `version` grows with each event."""
    watched, blind = Accumulator(), Accumulator()
    for event in stream:
        before = watched.version
        watched.apply(event)
        assert watched.version > before
        for choice in watched.choices:
            assert watched.parts(choice) == watched.parts(choice)
    blind.extend(stream)
    assert watched.choices == blind.choices
    assert [watched.parts(c) for c in watched.choices] == [blind.parts(c) for c in blind.choices]
    assert (watched.usage, watched.stop) == (blind.usage, blind.stop)


@given(st.lists(words), st.lists(words))
def test_deltas_are_joined_in_reading_order(thought: list[str], answer: list[str]) -> None:
    accumulator = Accumulator()
    accumulator.apply(PartStart(1, TextPart()))
    accumulator.apply(PartStart(0, ThinkingPart()))
    for at in range(max(len(thought), len(answer))):
        accumulator.extend(PartDelta(0, piece) for piece in thought[at : at + 1])
        accumulator.extend(PartDelta(1, piece) for piece in answer[at : at + 1])
    found = accumulator.parts()
    assert thinking_of(found) == "".join(thought)
    assert text_of(found) == "".join(answer)
    assert accumulator.has_visible_text == any(thought + answer)


@given(st.lists(events))
def test_a_reset_makes_everything_void(stream: list[StreamEvent]) -> None:
    accumulator = Accumulator()
    accumulator.extend(stream)
    accumulator.apply(Reset())
    assert accumulator.parts() == ()
    assert accumulator.stop is None
    assert accumulator.usage is None
    assert not accumulator.has_visible_text


def folded(*stream: StreamEvent) -> tuple[Part, ...]:
    accumulator = Accumulator()
    accumulator.extend(stream)
    return accumulator.parts()


def test_a_delta_for_nothing_opens_a_text() -> None:
    assert folded(PartDelta(3, "words")) == (TextPart(text="words"),)


def test_the_providers_final_version_wins() -> None:
    final = TextPart(text="right", provider_state={"provider": "p", "id": "1"})
    assert folded(PartStart(0, TextPart()), PartDelta(0, "wrong"), PartEnd(0, final)) == (final,)
    assert folded(PartStart(0, TextPart()), PartDelta(0, "kept"), PartEnd(0)) == (TextPart(text="kept"),)


def test_what_a_part_gains() -> None:
    """Citations add up; state is merged; arguments grow; a picture is taken as it comes."""
    a, b = Citation(url="a"), Citation(url="b")
    (text,) = folded(
        PartStart(0, TextPart(text="x", citations=(a,), provider_state={"provider": "p", "id": "1"})),
        PartDelta(0, "y", citation=b, provider_state={"signature": "s"}),
    )
    assert text == TextPart(
        text="xy", citations=(a, b), provider_state={"provider": "p", "id": "1", "signature": "s"}
    )
    call = ToolCallPart(call_id="c", name="clock", arguments='{"a"')
    assert folded(PartStart(0, call), PartDelta(0, ":1}")) == (
        ToolCallPart(call_id="c", name="clock", arguments='{"a":1}'),
    )
    picture = ImagePart(source=InlineData(data=b"x"), media_type="image/png")
    assert folded(PartStart(0, picture)) == (picture,)


def test_thinking_seconds_are_for_thinking() -> None:
    accumulator = Accumulator()
    accumulator.extend([PartStart(0, ThinkingPart()), PartDelta(0, "hm"), PartStart(1, TextPart(text="x"))])
    for index in (0, 1, 7):
        accumulator.set_thinking_seconds(index, 1.5)
    assert accumulator.parts() == (ThinkingPart(text="hm", seconds=1.5), TextPart(text="x"))


def test_unknown_events_are_kept() -> None:
    accumulator = Accumulator()
    accumulator.apply(Unknown("ping", {"a": 1}))
    assert accumulator.unknown == [Unknown("ping", {"a": 1})]
    assert not accumulator.has_visible_text
