"""Token estimates: near known counts, each vendor's image rule, and fast on any text."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.client.estimate import estimate_cost, estimate_text, estimate_tokens, image_tokens
from chatbench.core.messages import (
    AudioPart,
    Detail,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
    assistant,
    user,
)
from chatbench.core.models import ImageLimits, ModelInfo, ModelRef
from chatbench.core.tools import ToolDefinition
from chatbench.core.usage import Rates

PROSE = (
    "The morning was grey and wet when the train finally pulled into the station, and nobody on the platform "
    "seemed in any hurry to board it. She had been waiting for almost an hour, reading the same page of her "
    "book again and again, thinking about the letter that had arrived on Tuesday. "
)
CODE = """
def families(model_id: str) -> Iterator[tuple[str, str]]:
    name = model_id.split(":")[1] if model_id.startswith("ft:") else model_id
    for pattern in SUFFIXES:
        match = pattern.search(name)
        if match is not None:
            name = name[: match.start()]
            yield name, model_id[len(name) :].lstrip("-@:")
"""
JSON = '{"id":"gpt-5.4","name":"GPT-5.4","context_window":1050000,"inputs":["image","file"],"tools":true}\n'
GERMAN = (
    "Die Entwicklung der künstlichen Intelligenz schreitet unaufhaltsam voran und verändert die Arbeitswelt "
    "grundlegend. Viele Unternehmen prüfen derzeit, welche Geschäftsprozesse sich automatisieren lassen. "
)
RUSSIAN = "Вчера вечером мы долго обсуждали, как лучше организовать работу над новым проектом. "
CHINESE = "人工智能正在改变我们的生活方式。许多公司开始使用大型语言模型来提高工作效率。"
JAPANESE = "昨日は友人と一緒に東京の美術館へ行きました。展示されていた作品はどれも素晴らしかったです。"
KOREAN = "인공지능 기술은 빠르게 발전하고 있으며 우리의 일상생활에 큰 영향을 미치고 있습니다. "
ARABIC = "تتطور تقنيات الذكاء الاصطناعي بسرعة كبيرة وتؤثر على حياتنا اليومية بطرق مختلفة. "


# Counts of five repetitions in the o200k_base vocabulary.
@pytest.mark.parametrize(
    ("text", "count", "within"),
    [
        (PROSE, 291, 0.15),
        (CODE, 420, 0.15),
        (JSON, 180, 0.15),
        (GERMAN, 191, 0.15),
        (RUSSIAN, 91, 0.25),
        (CHINESE, 105, 0.25),
        (JAPANESE, 170, 0.25),
        (KOREAN, 111, 0.25),
        (ARABIC, 122, 0.25),
    ],
    ids=["prose", "code", "json", "german", "russian", "chinese", "japanese", "korean", "arabic"],
)
def test_text_is_near_the_count_of_a_real_vocabulary(text: str, count: int, within: float) -> None:
    assert abs(estimate_text(text * 5) / count - 1) <= within


def test_an_empty_text_is_nothing_and_a_word_is_one() -> None:
    assert estimate_text("") == 0
    assert estimate_text("hello") == 1
    assert estimate_text("hello world") == 2


def test_a_large_text_is_judged_by_stretches_as_it_would_be_whole() -> None:
    text = (PROSE + CODE + CHINESE) * 80
    assert len(text) > 32_768
    whole = sum(estimate_text(text[place : place + 4096]) for place in range(0, len(text), 4096))
    assert abs(estimate_text(text) / whole - 1) < 0.05


@pytest.mark.parametrize(
    ("blank", "least", "most"), [(" ", 31, 128), ("\n", 5, 32), ("\t", 8, 31), ("\r\n", 2, 32)]
)
def test_a_run_of_blanks_is_packed_as_far_as_vocabularies_do(blank: str, least: int, most: int) -> None:
    """A token holds `least` blanks in one vocabulary and `most` in another: in o200k_base 128 spaces,
    16 line breaks, 20 tabs; in Gemma's 31 of each."""
    for count in (1000, 5_000_000):
        tokens = estimate_text(blank * count)
        assert len(blank) * count / most <= tokens <= len(blank) * count / least
    assert estimate_text("word" + blank * 8 + "word") == 3, "a short run is one"


def test_five_megabytes_take_less_than_twenty_milliseconds() -> None:
    text = (PROSE + CODE + CHINESE) * (5_000_000 // len(PROSE + CODE + CHINESE))
    best = 1.0
    for _ in range(3):
        start = time.thread_time()
        assert estimate_text(text) > 500_000
        best = min(best, time.thread_time() - start)
    assert best < 0.020


@given(st.text())
def test_any_text_has_a_count_no_larger_than_its_bytes(text: str) -> None:
    assert 0 <= estimate_text(text) <= len(text.encode()) + 1


@given(st.text(), st.text())
def test_more_text_is_never_less(left: str, right: str) -> None:
    assert estimate_text(left + " x " + right) >= max(estimate_text(left), estimate_text(right)) - 1


# ---- requests


def model(name: str, max_edge: int = 2048) -> ModelInfo:
    return ModelInfo(ref=ModelRef.parse(name), images=ImageLimits(max_edge=max_edge))


GPT = model("openai/gpt-5.4")


def test_framing_is_counted_for_each_message() -> None:
    text = estimate_text(PROSE)
    assert estimate_tokens([user(PROSE)], "", GPT) == text + 4 + 3
    assert estimate_tokens([user(PROSE), assistant("ok"), user(PROSE)], "", GPT) == 2 * text + 1 + 12 + 3
    assert estimate_tokens([user("hi")], "Be brief", GPT) == 1 + 4 + 2 + 4 + 3
    assert estimate_tokens([], "", GPT) == 3


def test_claude_counts_a_fifth_more() -> None:
    messages = [user(PROSE * 20)]
    other, claude = (estimate_tokens(messages, "", one) for one in (GPT, model("anthropic/claude-opus-5-5")))
    assert claude / other == pytest.approx(1.2, abs=0.01)


def test_every_kind_of_part_is_counted() -> None:
    data = InlineData(data=b"")
    message = Message(
        role="user",
        parts=(
            FilePart(source=data, media_type="text/csv", size=4000),
            FilePart(source=data, media_type="application/pdf", size=50_000),
            AudioPart(source=data, media_type="audio/wav", seconds=10),
            ToolCallPart(call_id="1", name="search", arguments='{"q": "x"}'),
            ToolResultPart(call_id="1", parts=(TextPart(text="hello world"),)),
            UnknownPart(kind="new"),
        ),
    )
    call = estimate_text("search") + estimate_text('{"q": "x"}') + 4
    assert estimate_tokens([message], "", GPT) == 1000 + 1000 + 320 + call + 4 + 2 + 4 + 3


def test_tools_are_counted() -> None:
    tool = ToolDefinition(name="search", description=PROSE, parameters={"type": "object"})
    assert estimate_tokens([], "", GPT, [tool]) > estimate_text(PROSE)


# ---- images


def picture(width: int, height: int, detail: Detail = "") -> ImagePart:
    source = InlineData(data=b"")
    return ImagePart(source=source, media_type="image/png", width=width, height=height, detail=detail)


@pytest.mark.parametrize(
    ("name", "width", "height", "tokens"),
    [
        # Tiles: fitted into 2048, shorter edge at 768, 512-pixel tiles.
        ("openai/gpt-4o", 1024, 1024, 765),
        ("openai/gpt-4o", 2048, 4096, 1105),
        ("openai/gpt-4o", 512, 512, 255),
        ("openai/gpt-4.1", 1024, 1024, 765),
        ("openai/gpt-5", 1024, 1024, 630),
        ("openai/o3", 1024, 1024, 675),
        ("openai/gpt-4o-mini", 512, 512, 8500),
        # Patches of 32 pixels; the small models by counts measured at the interface.
        ("openai/gpt-4.1-mini", 1024, 1024, 1659),
        ("openai/gpt-5-mini", 256, 256, 77),
        ("openai/gpt-5-mini", 1280, 720, 1104),
        ("openai/gpt-5-mini", 1024, 1024, 1229),
        ("openai/gpt-5.4-mini", 1024, 1024, 1659),
        ("openai/gpt-5-nano", 1024, 1024, 2520),
        ("openai/o4-mini", 1024, 1024, 1762),
        ("openai/gpt-5.4", 1024, 1024, 1024),
        ("openrouter/openai/gpt-4o", 1024, 1024, 765),
        ("azure/gpt-4o", 1024, 1024, 765),
        # Patches of 28 pixels, within 1,568 of them and as many pixels; since 4.7 within 4,784 and 2,576.
        ("anthropic/claude-sonnet-4-5", 1000, 1000, 1296),
        ("anthropic/claude-sonnet-4-5", 200, 200, 64),
        ("anthropic/claude-sonnet-4-5-20250929", 1920, 1080, 1560),
        ("anthropic/claude-3-5-sonnet-20241022", 1920, 1080, 1560),
        ("anthropic/claude-sonnet-4-20250514", 8000, 8000, 1521),
        ("anthropic/claude-sonnet-4-5", 3136, 100, 112),
        ("openrouter/anthropic/claude-sonnet-4.5", 1000, 1000, 1296),
        ("anthropic/claude-opus-4-7", 1920, 1080, 2691),
        ("anthropic/claude-opus-4-8", 3840, 2160, 4784),
        ("anthropic/claude-sonnet-5", 4032, 3024, 4740),
        ("anthropic/claude-fable-5-2", 3024, 1964, 4760),
        ("anthropic/claude-mythos-preview", 3024, 1964, 4760),
        # One tile when small, else tiles; a fixed amount since 3.
        ("gemini/gemini-2.5-flash", 384, 384, 258),
        ("gemini/gemini-2.5-flash", 960, 540, 1548),
        ("gemini/gemini-3.8-flash", 4000, 3000, 1120),
        ("mistral/mistral-medium-latest", 280, 280, 100),
        ("mistral/mistral-medium-latest", 4096, 100, 148),
    ],
)
def test_images_follow_the_vendor_rule(name: str, width: int, height: int, tokens: int) -> None:
    edge = 8000 if "claude" in name else 2048
    assert image_tokens(picture(width, height), model(name, max_edge=edge)) == tokens


def test_what_we_make_smaller_before_it_is_sent_costs_less() -> None:
    for name in ("anthropic/claude-opus-4-7", "openai/gpt-5.6", "mistral/mistral-medium-latest"):
        made_smaller = image_tokens(picture(4000, 3000), model(name, max_edge=1000))
        assert made_smaller == image_tokens(picture(1000, 750), model(name, max_edge=8000))


@pytest.mark.parametrize(
    ("name", "detail", "tokens"),
    [
        # 4,800 by 3,600 pixels are 150 by 113 patches.
        ("openai/gpt-5.4", "", 2500),
        ("openai/gpt-5.4", "high", 2500),
        ("openai/gpt-5.4", "original", 10_000),
        ("openai/gpt-5.5", "", 10_000),
        ("openai/gpt-5.5", "high", 2500),
        ("openai/gpt-5.6-sol", "", 16_950),
        ("openai/gpt-6-astra", "original", 16_950),
        ("openai/gpt-6-astra", "low", 256),
        ("openai/gpt-5.2", "original", 1844),
        ("gemini/gemini-3.8-flash", "", 1120),
        ("gemini/gemini-3.8-flash", "low", 280),
        ("gemini/gemini-3.8-flash", "original", 2240),
    ],
)
def test_how_closely_it_looks_is_what_it_costs(name: str, detail: Detail, tokens: int) -> None:
    counted = image_tokens(picture(4800, 3600, detail=detail), model(name, max_edge=8000))
    assert tokens * 0.97 <= counted <= tokens


def test_a_large_image_stays_within_the_patches_of_the_model() -> None:
    assert image_tokens(picture(8000, 6000), model("openai/gpt-5.4")) <= 2500


def test_low_detail_is_cheap_and_an_unknown_size_is_not_free() -> None:
    gpt = model("openai/gpt-4o")
    assert image_tokens(picture(4000, 4000, detail="low"), gpt) == 85
    assert image_tokens(picture(4000, 4000, detail="low"), model("openai/gpt-5.4")) == 256
    assert image_tokens(picture(0, 0), gpt) == image_tokens(picture(1024, 1024), gpt)


@given(
    st.integers(1, 20_000),
    st.integers(1, 20_000),
    st.sampled_from(["openai/gpt-4o", "x/y", "gemini/gemini-2.5-pro"]),
)
def test_every_size_has_a_count(width: int, height: int, name: str) -> None:
    assert image_tokens(picture(width, height), model(name)) > 0


# ---- money


def test_cost_before_sending_takes_input_as_new() -> None:
    rates = Rates(input=Decimal("2.5"), output=Decimal(10), cache_read=Decimal("0.1"))
    assert estimate_cost(1000, rates) == Decimal("0.0025")
    assert estimate_cost(1000, Rates(input=Decimal(1), requests=Decimal(12))) == Decimal("0.013")


def test_cost_of_an_unknown_price_is_unknown() -> None:
    assert estimate_cost(1000, None) is None
    assert estimate_cost(1000, Rates(output=Decimal(10))) is None
