"""Formulas are drawn, or refused in time."""

from __future__ import annotations

import time
from xml.etree import ElementTree as ET

import pytest

from chatbench.rendering.maths import MAX_TEX, MathError, math_svg

FORMULAS = [
    r"x^2",
    r"\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}",
    r"\begin{align}a &= b \\ c &= d\end{align}",
    r"\begin{cases}1 & x > 0 \\ 0 & x \le 0\end{cases}",
    r"\begin{pmatrix}1 & 2 \\ 3 & 4\end{pmatrix}",
]


@pytest.mark.parametrize("tex", FORMULAS)
def test_a_formula_is_paths_in_the_colour_asked_for(tex: str) -> None:
    root = ET.fromstring(math_svg(tex, 17, "#1A2B3C"))
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "g", "path", "rect", "line"}
    assert "path" in names
    assert b"#1A2B3C" in math_svg(tex, 17, "#1A2B3C")
    assert float(root.attrib["height"]) > 5


def test_a_larger_size_is_larger() -> None:
    small, large = (ET.fromstring(math_svg("x", size, "#000000")) for size in (10, 40))
    assert float(large.attrib["width"]) > 3 * float(small.attrib["width"])


@pytest.mark.parametrize(
    "tex",
    [
        *[
            "",
            "&",
            r"\frac{1",
            "x" * (MAX_TEX + 1),
            "{" * 500 + "}" * 500,
            r"\def\x{\x\x}\x",
            r"\input{/etc/passwd}",
        ],
        *[
            r"\href{https://evil.example}{x}",
            r"\frac{" * 20 + "1" + "}{2}" * 20,
            "x_1+" * 500,
        ],
        *[r"\begin{pmatrix}" * 15 + "1" + r"\end{pmatrix}" * 15],
    ],
    ids=lambda tex: repr(tex[:12]),
)
def test_what_cannot_be_drawn_says_so_in_time(tex: str) -> None:
    started = time.thread_time()
    with pytest.raises(MathError):
        math_svg(tex, 17, "#000000")
    assert time.thread_time() - started < 5


@pytest.mark.parametrize(("size", "colour"), [(1, "#000000"), (1e9, "#000000"), (17, "red"), (17, '#000"/>')])
def test_size_and_colour_are_checked(size: float, colour: str) -> None:
    with pytest.raises(ValueError, match="out of range"):
        math_svg("x", size, colour)
