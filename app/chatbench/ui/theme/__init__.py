"""The theme: the one owner of every colour, size, font and duration.

Use it like this, at paint or layout time and never cached across a change::

    from chatbench.ui.theme import theme

    painter.setPen(theme().color("text2"))
    painter.setFont(theme().font("small", weight=600))
    height = theme().control("button")        # grows with the reader's text size
    theme().changed.connect(self.relayout)    # scheme, text size, touch or motion changed

A change also reaches every widget as ``QEvent.Type.StyleChange``, which repaints it and
asks for its size hint again: a painted widget that reads the theme while painting needs
no connection of its own. Roles are checked by the type checker (``ColorRole``,
``FontRole``, ``ControlRole``, ``CornerRole``, ``MotionRole`` in ``tokens``).
"""

from __future__ import annotations

from chatbench.ui.theme.current import SchemePreference, Theme, install, make_application, theme
from chatbench.ui.theme.tokens import ColorRole, ControlRole, CornerRole, FontRole, MotionRole

__all__ = [
    "ColorRole",
    "ControlRole",
    "CornerRole",
    "FontRole",
    "MotionRole",
    "SchemePreference",
    "Theme",
    "install",
    "make_application",
    "theme",
]
