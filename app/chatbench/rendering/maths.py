"""Formulas as SVG. Call it from a worker thread: a first formula imports fonts (about 200 ms)."""

from __future__ import annotations

import inspect
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from types import FrameType

from chatbench.core.errors import ChatbenchError

MAX_TEX = 2_000
MAX_DEPTH = 24
MAX_SECONDS = 1.0
MAX_SVG = 2_000_000
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
# Commands that define, read, link or draw something other than maths; some expand without end.
_FORBIDDEN = re.compile(
    r"\\(?:def|gdef|edef|xdef|let|newcommand|renewcommand|providecommand|loop|repeat|input|include"
    r"|write|read|openin|openout|csname|catcode|href|url|includegraphics|html\w*)(?![A-Za-z])"
)
_DRAWING = Lock()


class MathError(ChatbenchError):
    """This TeX cannot be drawn; show its source instead."""


def math_svg(tex: str, size_px: float, colour: str, *, display: bool = True) -> bytes:
    """``tex`` drawn at ``size_px`` in ``colour`` ("#RRGGBB") as SVG bytes (UTF-8).

    The SVG holds paths only: no text, no script, no reference to anything outside. Safe to call
    from several threads (they take turns).

    Raises:
        MathError: not valid, not supported, or over ``MAX_TEX`` characters, ``MAX_DEPTH`` nested
            groups or ``MAX_SECONDS`` of CPU time.
        ValueError: ``colour`` or ``size_px`` is out of range.
    """
    if not _COLOUR.fullmatch(colour) or not 4 <= size_px <= 400:
        raise ValueError(f"colour {colour!r} or size {size_px!r} out of range")
    tex = tex.strip()
    _check(tex)
    return _drawn(tex, float(size_px), colour, display)


def _check(tex: str) -> None:
    if not tex:
        raise MathError("The formula is empty.")
    if len(tex) > MAX_TEX:
        raise MathError(f"The formula is longer than {MAX_TEX} characters.")
    if found := _FORBIDDEN.search(tex):
        raise MathError(f"{found[0]} is not drawn.")
    depth = deepest = 0
    for mark in re.findall(r"\\begin|\\end|\\left|\\right|\\.|[{}^_]", tex):
        depth += (mark in ("{", "\\begin", "\\left")) - (mark in ("}", "\\end", "\\right"))
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH or len(re.findall(r"[\^_]", tex)) > 10 * MAX_DEPTH:
        raise MathError("The formula is nested too deeply.")


@contextmanager
def _deadline() -> Iterator[None]:
    """Raise in this thread after ``MAX_SECONDS`` of its own time.

    Layout of nested fractions takes exponential time, and a thread cannot be stopped from outside:
    the profile hook is called at each function call and may raise.
    """
    end = time.thread_time() + MAX_SECONDS
    before = sys.getprofile()

    def check(frame: FrameType, event: str, _argument: object) -> None:
        # In a generator that is being thrown away the error would be swallowed, and the hook with it.
        if event == "call" and not frame.f_code.co_flags & inspect.CO_GENERATOR and time.thread_time() > end:
            sys.setprofile(before)
            raise MathError("The formula takes too long to draw.")

    sys.setprofile(check)
    try:
        yield
    finally:
        sys.setprofile(before)
    if time.thread_time() > end:
        raise MathError("The formula takes too long to draw.")


@lru_cache(maxsize=256)
def _drawn(tex: str, size_px: float, colour: str, display: bool) -> bytes:
    with _DRAWING:
        from ziamath.config import config
        from ziamath.zmath import Latex

        # Glyphs as plain paths: small SVG renderers do not know symbol and use.
        config.svg2 = False
        try:
            with _deadline():
                svg = Latex(tex, size=size_px, color=colour, inline=not display).svg()
        except MathError:
            raise
        except Exception as error:  # the library raises whatever its parser stumbles over
            raise MathError("The formula cannot be drawn.") from error
    if len(svg) > MAX_SVG:
        raise MathError("The formula is too large to draw.")
    if "<text" in svg or "nan" in svg.partition(">")[0]:
        raise MathError("The formula has characters that cannot be drawn.")
    return svg.encode()
