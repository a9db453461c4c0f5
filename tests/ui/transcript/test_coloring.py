"""Colours of code as they are drawn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QBrush

from chatbench.rendering.highlight import warm
from chatbench.ui.chat.transcript.boxes.coloring import Coloring
from chatbench.ui.theme import theme

PATCH = ["@@ -1,2 +1,2 @@", " same", "-old", "+new"]


@pytest.fixture(autouse=True)
def light() -> Iterator[None]:
    """Puts the colours back."""
    yield
    theme().apply(scheme="light")


@pytest.mark.parametrize("language", ["diff", "patch"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("growing", [False, True])
def test_lines_of_a_patch_are_coloured_whole(language: str, scheme: str, growing: bool) -> None:
    warm()
    theme().apply(scheme=scheme)  # type: ignore[arg-type]
    coloring = Coloring(language, lambda _line: None)
    if growing:
        coloring.color_growing(PATCH, len(PATCH))
    else:
        coloring.color(PATCH, lambda _code: True, lambda: None)
    for line, ink, ground in ((2, "danger", "rembg"), (3, "success", "addbg")):
        (found,) = coloring.formats(line)
        assert (found.start, found.length) == (0, 4)
        assert found.format.foreground() == QBrush(theme().color(ink))  # type: ignore[arg-type]
        assert found.format.background() == QBrush(theme().color(ground))  # type: ignore[arg-type]
    assert all(one.format.background().style().value == 0 for one in coloring.formats(1))
