"""Durations as people say them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from chatbench.ui import quantities


def span(seconds: float) -> str:
    """`0.7 s`, `42 s`, `1 min 29 s`, `2 h 5 min`."""
    if seconds < 60:
        return quantities.duration(seconds if seconds < 10 else round(seconds))
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return _tr("{0} min {1} s").format(minutes, rest)
    hours, minutes = divmod(minutes, 60)
    return _tr("{0} h {1} min").format(quantities.number(hours), minutes)


def _tr(text: str) -> str:
    return QCoreApplication.translate("spans", text)
