"""How many tokens a request will take, counted on this computer in microseconds and always shown with "≈".

Text: a word of up to 8 Latin letters is one token, and one more for each 7 beyond (accented words: one more
for each 5 letters); digits count in threes, punctuation in threes, a run of line breaks or spaces is one, a
long one more (one for each 64 spaces and each 16 line breaks or tabs), and a single space none. A Han
character is 0.65, a kana 0.85, a Hangul syllable 0.6, a Greek or Cyrillic letter 0.25, a letter of any other
script 0.3. Against o200k_base this is within 15 % for prose, Markdown, JSON and code in European languages,
within 25 % for the other scripts. Claude's vocabularies are smaller: a fifth more. A text beyond 32,768
characters is judged by eight stretches of it.

Images follow each vendor's published rule, after our own scaling and the vendor's: OpenAI's guide "Images
and vision" (tiles of 512 pixels, patches of 32, budgets by model and detail), Anthropic's "Vision" (patches
of 28, two tiers), Google's "Media resolution" and "Token counting".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import ceil, inf, sqrt
from typing import NamedTuple

import msgspec

from chatbench.core.messages import (
    AudioPart,
    Detail,
    FilePart,
    ImagePart,
    Message,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    VideoPart,
)
from chatbench.core.models import ModelInfo
from chatbench.core.tools import ToolDefinition
from chatbench.core.usage import Rates

PER_MESSAGE = 4
PER_REQUEST = 3
_SAMPLE = 32_768
_STRETCHES = 8
_PIECES = re.compile(
    r"([A-Za-z\u00c0-\u024f]+)"
    r"|(\d+)"
    r"|([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)"
    r"|([\u3040-\u30ff]+)"
    r"|([\uac00-\ud7af]+)"
    r"|([\u0370-\u052f]+)"
    r"|([^\W\d_]+)"
    r"|([^\w\s]+|_+)"
    r"|(\s*\n\s*|\s{2,})"
)
_EACH = {3: 0.65, 4: 0.85, 5: 0.6, 6: 0.25, 7: 0.3}
"""Tokens a character, by the number of the group in the pattern above."""
_SPACES_A_TOKEN = 64
_LINES_A_TOKEN = 16
"""And tabs. Vocabularies hold runs of up to 31 to 128 spaces, 5 to 32 line breaks, 16 to 31 tabs."""
_UNSIZED = 1024
_PDF_BYTES_A_TOKEN = 50
_TEXT_BYTES_A_TOKEN = 4
_AUDIO_TOKENS_A_SECOND, _GEMINI_AUDIO = 32, 25
_VIDEO_TOKENS_A_SECOND, _GEMINI_VIDEO = 300, 95
"""Of a second; the latter since Gemini 3: a frame of 70 and the sound."""


def estimate_text(text: str) -> int:
    """Tokens of a text in a vocabulary of about 200,000; see the module for the rule."""
    if len(text) <= _SAMPLE:
        return ceil(_weigh(text))
    length = _SAMPLE // _STRETCHES
    step = (len(text) - length) / (_STRETCHES - 1)
    starts = (int(place * step) for place in range(_STRETCHES))
    weight = sum(_weigh(text[start : start + length]) for start in starts)
    return ceil(weight * len(text) / (length * _STRETCHES))


def _weigh(text: str) -> float:
    weight = 0.0
    for match in _PIECES.finditer(text):
        length = match.end() - match.start()
        kind = match.lastindex or 0
        if kind == 1:
            if length <= 5:
                weight += 1
            elif match.group().isascii():
                weight += 1 + (length - 2) // 7
            else:
                weight += 1 + length // 5
        elif kind in _EACH:
            weight += _EACH[kind] * length
        elif kind == 9:
            weight += 1 if length <= _LINES_A_TOKEN else _blank(match.group())
        else:
            weight += ceil(length / 3)
    return weight


def _blank(run: str) -> int:
    spaces = run.count(" ")
    return ceil(spaces / _SPACES_A_TOKEN + (len(run) - spaces) / _LINES_A_TOKEN)


def estimate_tokens(
    messages: Iterable[Message], system: str, info: ModelInfo, tools: Sequence[ToolDefinition] = ()
) -> int:
    """Input tokens of a request, its framing included."""
    words = estimate_text(system) + PER_MESSAGE if system else 0
    media = 0
    for message in messages:
        words += PER_MESSAGE
        for part in message.parts:
            if isinstance(part, ImagePart):
                media += image_tokens(part, info)
            elif isinstance(part, AudioPart | VideoPart):
                media += lasting_tokens(part, info)
            else:
                words += _part(part)
    if tools:
        words += estimate_text(msgspec.json.encode(tools).decode())
    factor = 1.2 if "claude" in info.ref.id.lower() else 1.0
    return ceil(words * factor) + media + PER_REQUEST


def estimate_cost(tokens: int, rates: Rates | None) -> Decimal | None:
    """US dollars for so much new input, as if nothing of it were cached; None is unknown."""
    if rates is None or rates.input is None:
        return None
    return (rates.input * tokens).scaleb(-6) + (rates.requests or Decimal(0)).scaleb(-3)


def _part(part: Part) -> int:
    match part:
        case TextPart(text=text) | ThinkingPart(text=text) | RefusalPart(text=text):
            return estimate_text(text)
        case ToolCallPart(name=name, arguments=arguments):
            return estimate_text(name) + estimate_text(arguments) + PER_MESSAGE
        case ToolResultPart(parts=parts):
            return PER_MESSAGE + sum(_part(inner) for inner in parts)
        case FilePart(media_type=kind, size=size):
            textual = kind.startswith("text/") or kind == "application/json"
            return ceil(size / (_TEXT_BYTES_A_TOKEN if textual else _PDF_BYTES_A_TOKEN))
        case _:
            return 0


def lasting_tokens(part: AudioPart | VideoPart, info: ModelInfo) -> int:
    """Tokens of sound or film; 0 where nobody knows how long it is."""
    name = info.ref.id.lower()
    is_newer = "gemini" in name and not is_gemini_to_2_5(name)
    if isinstance(part, AudioPart):
        each = _GEMINI_AUDIO if is_newer else _AUDIO_TOKENS_A_SECOND
    else:
        each = _GEMINI_VIDEO if is_newer else _VIDEO_TOKENS_A_SECOND
    return ceil((part.seconds or 0) * each)


def is_gemini_to_2_5(name: str) -> bool:
    """Whether this Gemini counts as they did before 3."""
    return re.search(r"gemini-(?:1|2)", name) is not None


def image_tokens(part: ImagePart, info: ModelInfo) -> int:
    """Tokens of one picture for one model; a picture of unknown size counts as 1024 × 1024. Of a model whose
    vendor publishes no rule, as many as others of its kind take."""
    width, height = _within(part.width or _UNSIZED, part.height or _UNSIZED, info.images.max_edge)
    name = info.ref.id.lower().rpartition("/")[2]
    if "claude" in name:
        return _claude_image(width, height, name)
    if "gemini" in name:
        return _gemini_image(width, height, name, part.detail)
    if re.match(r"gpt-|o\d|chatgpt|chat-latest", name) and "oss" not in name:
        return _openai_image(width, height, name, part.detail)
    return min(4096, ceil(width / 28) * ceil(height / 28))


_CLAUDE_VERSION = re.compile(r"(?<!\d)(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
_SINCE_4_7 = (2576, 4784)
_BEFORE = (1568, 1568)
"""The longer edge in pixels and the patches of 28 pixels of the largest picture that a Claude sees."""


def _claude_image(width: int, height: int, name: str) -> int:
    """Patches of 28 pixels, of the largest picture of the same shape that is within edge and budget."""
    version = _CLAUDE_VERSION.search(name)
    number = (int(version[1]), int(version[2] or 0)) if version else (5, 0)
    edge, budget = _SINCE_4_7 if number >= (4, 7) else _BEFORE
    longer = max(width, height)

    def patches(size: int) -> int:
        scale = size / longer
        return ceil(max(1, round(width * scale)) / 28) * ceil(max(1, round(height * scale)) / 28)

    largest = min(longer, edge)
    fitting = bisect_right(range(1, largest + 1), budget, key=patches)
    return patches(max(1, fitting))


_GEMINI_RESOLUTIONS = {"low": 280, "high": 1120, "original": 2240}


def _gemini_image(width: int, height: int, name: str, detail: Detail) -> int:
    """258 a tile up to 2.5; since 3 an amount that the resolution asked for decides."""
    if not is_gemini_to_2_5(name):
        return _GEMINI_RESOLUTIONS.get(detail, 1120)
    if max(width, height) <= 384:
        return 258
    tile = min(768, max(256, int(min(width, height) / 1.5)))
    return 258 * ceil(width / tile) * ceil(height / tile)


_TILES = (
    (re.compile(r"gpt-4o-mini"), 2833, 5667),
    (re.compile(r"gpt-4o|gpt-4\.1(?!-(?:mini|nano))|gpt-4\.5|gpt-4-"), 85, 170),
    (re.compile(r"o1|o3"), 75, 150),
    (re.compile(r"gpt-5(?:-chat|-pro|\.1)?(?:-\d|\Z)"), 70, 140),
)


class _Patches(NamedTuple):
    """How a model counts patches of 32 pixels: tokens of each, most of them and longest edge at high detail
    and at the original; `auto` is the original for the newest."""

    pattern: re.Pattern[str]
    each: float = 1.0
    high: tuple[float, float] = (1536, 2048)
    original: tuple[float, float] = (1536, 2048)
    auto_is_original: bool = False


_PATCHES = (
    _Patches(re.compile(r"gpt-4\.1-mini|gpt-5\.4-mini"), 1.62),
    _Patches(re.compile(r"gpt-4\.1-nano|gpt-5(?:\.4)?-nano"), 2.46),
    _Patches(re.compile(r"o4-mini"), 1.72),
    _Patches(re.compile(r"gpt-5\.4"), 1.0, (2500, 2048), (10_000, 6000)),
    _Patches(re.compile(r"gpt-5\.5"), 1.0, (2500, 2048), (10_000, 6000), auto_is_original=True),
    _Patches(re.compile(r"gpt-(?:5\.[6-9]|[6-9])"), 1.0, (2500, 2048), (inf, inf), auto_is_original=True),
    _Patches(re.compile(r""), 1.2),
)
_LOW_PATCHES = 256
"""Of the 512 × 512 pixels that low detail shows."""


def _openai_image(width: int, height: int, name: str, detail: Detail) -> int:
    """512-pixel tiles with the shorter edge at 768 for older models, 32-pixel patches since."""
    for pattern, base, each in _TILES:
        if pattern.match(name):
            if detail == "low":
                return base
            width, height = _within(width, height, 2048)
            scale = min(1.0, 768 / min(width, height))
            return base + each * ceil(width * scale / 512) * ceil(height * scale / 512)
    rule = next(rule for rule in _PATCHES if rule.pattern.match(name))
    is_original = detail == "original" or (not detail and rule.auto_is_original)
    budget, edge = rule.original if is_original else rule.high
    width, height = _within(width, height, edge)
    patches = ceil(width / 32) * ceil(height / 32)
    if patches > budget:
        scale = sqrt(budget / patches)
        patches = min(int(budget), ceil(width * scale / 32) * ceil(height * scale / 32))
    return ceil(min(patches, _LOW_PATCHES if detail == "low" else patches) * rule.each)


def _within(width: int, height: int, edge: float) -> tuple[int, int]:
    scale = min(1.0, edge / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
