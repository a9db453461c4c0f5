"""What each form of a file takes, against sums done by hand from the vendors' rules."""

from __future__ import annotations

from typing import Any

import pytest

from chatbench.client.estimate import estimate_tokens
from chatbench.core.messages import AudioPart, FilePart, ImagePart, StoredFile, VideoPart, user
from chatbench.core.models import ImageLimits, MediaLimits, Modality, ModelInfo, ModelRef
from chatbench.documents.pdf import PdfFacts
from chatbench.services.attachments import forms
from chatbench.services.attachments.takes import PDF, Takes

A_FILE = StoredFile(sha256="0" * 64)
ALL: frozenset[Modality] = frozenset({"text", "image", "file", "audio", "video"})
MEDIA: dict[Modality, MediaLimits] = {
    "file": MediaLimits(media_types=frozenset({PDF}), max_bytes=1000, max_pages=600),
    "audio": MediaLimits(media_types=frozenset({"audio/wav"}), max_bytes=1000),
    "video": MediaLimits(media_types=frozenset({"video/mp4"}), max_bytes=1000),
}
WORDS = "word " * 100
"""100 tokens: each of them one, and its space none."""


def takes(provider: str, model: str, **more: Any) -> Takes:
    info = ModelInfo(ref=ModelRef(provider, model), **{"inputs": ALL, **more})
    return Takes(info, MEDIA, False)


def facts(pages: int, text: bool = True) -> PdfFacts:
    """US letter, upright."""
    return PdfFacts(
        pages=pages,
        sizes=((612.0, 792.0),) * pages,
        text_pages=tuple(range(1, pages + 1)) if text else (),
        looked_at=pages,
    )


# A page is drawn 1212 × 1568 pixels (792 points → 1568):
#   Claude since 4.7, and where no rule is known: 44 × 56 patches of 28 = 2464;
#   Gemini since 3: 1120 a picture; OpenAI's patches of 32: 38 × 49 = 1862.
@pytest.mark.parametrize(
    ("provider", "model", "native", "text", "page"),
    [
        ("anthropic", "claude-opus-5-5", 2 * 2464 + 120, 120, 2464),
        ("openai", "gpt-6", 2 * 1862 + 100, 100, 1862),
        ("gemini", "gemini-3.8-flash", 2 * 560, 100, 1120),
        ("gemini", "gemini-2.5-pro", 2 * 258, 100, 258 * 2 * 3),
        ("mistral", "mistral-large", 100, 100, 2464),
        ("openrouter", "anthropic/claude-sonnet-5", 2 * 2464 + 120, 120, 2464),
    ],
)
def test_the_forms_of_a_pdf(provider: str, model: str, native: int, text: int, page: int) -> None:
    part = FilePart(source=A_FILE, media_type=PDF, size=10)
    as_it_is, as_text, as_pages = forms.of_pdf(part, takes(provider, model), facts(2), (1, 2), WORDS).forms
    assert (as_it_is.tokens, as_text.tokens, as_pages.tokens) == (native, text, 2 * page)
    assert (as_it_is.pictures, as_text.pictures, as_pages.pictures) == (0, 0, 2)
    some = forms.of_pdf(part, takes(provider, model), facts(9), (7,), WORDS).forms[2]
    assert (some.tokens, some.pictures) == (page, 1)


def test_what_nobody_knows_stays_unknown() -> None:
    part = FilePart(source=A_FILE, media_type=PDF, size=10)
    claude, gemini = takes("anthropic", "claude-opus-5-5"), takes("gemini", "gemini-3.8-flash")
    unread = forms.of_pdf(part, claude, facts(2), (1, 2), None).forms
    assert [form.tokens for form in unread] == [None, None, 2 * 2464]
    assert forms.of_pdf(part, gemini, facts(2), (1, 2), None).forms[0].tokens == 1120
    scan = forms.of_pdf(part, claude, facts(2, text=False), (1, 2), "").forms
    assert [form.tokens for form in scan] == [2 * 2464, None, 2 * 2464]
    elsewhere = takes("mistral", "mistral-large")
    assert forms.of_pdf(part, elsewhere, facts(2, text=False), (1, 2), "").forms[0].tokens is None
    for unheard in (
        AudioPart(source=A_FILE, media_type="audio/wav"),
        VideoPart(source=A_FILE, media_type="video/mp4"),
    ):
        assert forms.of_sound_or_film(unheard, claude, None).forms[0].tokens is None


@pytest.mark.parametrize(
    ("model", "sound", "film"),
    [("gemini-3.8-flash", 250, 950), ("gemini-2.5-pro", 320, 3000), ("gpt-audio", 320, 3000)],
)
def test_ten_seconds_of_sound_and_film(model: str, sound: int, film: int) -> None:
    info = takes("any", model).info
    nothing = estimate_tokens([user("")], "", info)
    for part, tokens in (
        (AudioPart(source=A_FILE, media_type="audio/wav", seconds=10), sound),
        (VideoPart(source=A_FILE, media_type="video/mp4", seconds=10), film),
    ):
        assert estimate_tokens([user("", part)], "", info) - nothing == tokens


def test_which_form_is_chosen_and_why_the_others_are_not() -> None:
    part = FilePart(source=A_FILE, media_type=PDF, size=1001)
    large = forms.of_pdf(part, takes("a", "m"), facts(2), (1, 2), WORDS)
    assert [form.why_not for form in large.forms] == ["m takes 0 MB at most.", "", ""]
    assert large.chosen == large.forms[1]
    assert not large.refusal
    stored = Takes(takes("a", "m").info, MEDIA, True)
    kept = forms.of_pdf(part, stored, facts(2), (1, 2), WORDS)
    assert kept.chosen == kept.forms[0]
    assert kept.forms[0].uploaded
    fitting = FilePart(source=A_FILE, media_type=PDF, size=1000)
    assert not forms.of_pdf(fitting, stored, facts(2), (1, 2), WORDS).forms[0].uploaded
    few = takes("a", "m", images=ImageLimits(max_count=1))
    two = forms.of_pdf(fitting, few, facts(2), (1, 2), WORDS)
    assert [form.why_not for form in two.forms] == [
        "m takes 1 pages at most.",
        "",
        "m takes 1 images at most.",
    ]
    blind = takes("a", "m", inputs=frozenset({"text"}), source="user")
    scan = forms.of_pdf(fitting, blind, facts(2, text=False), (1, 2), "")
    assert scan.chosen is None
    assert scan.refusal == "m does not take documents as they are."
    seen = forms.of_pdf(
        fitting, takes("a", "m", inputs=frozenset({"text", "image"})), facts(1, text=False), (1,), ""
    )
    assert seen.chosen == seen.forms[2]
    unsure = PdfFacts(pages=9, sizes=(), text_pages=(), looked_at=3)
    far = forms.of_pdf(fitting, blind, unsure, tuple(range(1, 10)), WORDS)
    assert far.chosen == far.forms[1], "text may stand on the pages that were not looked at"


def test_a_picture_counts_once_and_only_where_it_is_seen() -> None:
    picture = ImagePart(source=A_FILE, media_type="image/png", width=280, height=280)
    seen = forms.of_picture(picture, takes("anthropic", "claude-opus-5-5"))
    assert seen.chosen is not None
    assert (seen.chosen.tokens, seen.chosen.pictures) == (100, 1)
    blind = forms.of_picture(picture, takes("a", "m", inputs=frozenset({"text"}), source="user"))
    assert (blind.chosen, blind.refusal) == (None, "m does not take images.")
