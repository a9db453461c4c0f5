"""Fonts by role: families of each platform, tabular figures, the reader's text size."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QLocale
from PySide6.QtGui import QFont

from chatbench.ui.theme.tokens import FONTS, FontRole

_SANS: Final = {
    "linux": ["Inter", "Noto Sans", "Cantarell", "DejaVu Sans"],
    "win32": ["Inter", "Segoe UI Variable Text", "Segoe UI"],
    "darwin": [".AppleSystemUIFont", "Inter"],
}
_MONO: Final = {
    "linux": ["JetBrains Mono", "Noto Sans Mono", "DejaVu Sans Mono"],
    "win32": ["JetBrains Mono", "Cascadia Mono", "Consolas"],
    "darwin": ["JetBrains Mono", "SF Mono", "Menlo"],
}
_EAST_ASIAN: Final = {
    "linux": {
        "SC": "Noto Sans CJK SC",
        "TC": "Noto Sans CJK TC",
        "JP": "Noto Sans CJK JP",
        "KR": "Noto Sans CJK KR",
    },
    "win32": {
        "SC": "Microsoft YaHei UI",
        "TC": "Microsoft JhengHei UI",
        "JP": "Yu Gothic UI",
        "KR": "Malgun Gothic",
    },
    "darwin": {
        "SC": "PingFang SC",
        "TC": "PingFang TC",
        "JP": "Hiragino Sans",
        "KR": "Apple SD Gothic Neo",
    },
}
_TABULAR: Final = QFont.Tag("tnum")
_LIGATURES: Final = (QFont.Tag("liga"), QFont.Tag("calt"))


def _platform() -> str:
    return sys.platform if sys.platform in _SANS else "linux"


def _east_asian(locale: QLocale) -> list[str]:
    """The four East Asian families, the locale's own first (one glyph, four shapes)."""
    families = _EAST_ASIAN[_platform()]
    language = locale.language()
    if language == QLocale.Language.Japanese:
        first = "JP"
    elif language == QLocale.Language.Korean:
        first = "KR"
    elif locale.script() == QLocale.Script.TraditionalHanScript:
        first = "TC"
    else:
        first = "SC"
    return [families[first], *(name for key, name in families.items() if key != first)]


@lru_cache(maxsize=2)
def families(mono: bool) -> tuple[str, ...]:
    """The families to try, in order; East Asian ones last."""
    latin = (_MONO if mono else _SANS)[_platform()]
    return (*latin, *_east_asian(QLocale()))


def make_font(role: FontRole, factor: float, weight: int | None = None) -> QFont:
    """A new font for ``role``; ``weight`` (100-900) replaces the role's own."""
    token = FONTS[role]
    font = QFont()
    font.clearFeatures()  # a new QFont starts as the application's font, features included
    font.setFamilies(list(families(token.mono)))
    font.setStyleHint(QFont.StyleHint.Monospace if token.mono else QFont.StyleHint.SansSerif)
    if sys.platform == "darwin":
        font.setPointSizeF(token.px * factor)
    else:
        font.setPointSizeF(token.pt * factor)
    font.setWeight(QFont.Weight(weight or token.weight))
    if token.mono:
        # Code is read letter by letter: "!=" and "//" must stay two characters.
        for ligature in _LIGATURES:
            font.setFeature(ligature, 0)
    if token.tabular:
        font.setFeature(_TABULAR, 1)
    return font
