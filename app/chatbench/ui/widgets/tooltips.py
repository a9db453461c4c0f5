"""Tooltips and names: one call gives a control its accessible name and its tooltip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence

from chatbench.ui.theme import theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def describe(
    widget: QWidget, name: str, shortcut: QKeySequence | str | None = None, reason: str = ""
) -> None:
    """Name a control for screen readers, and show name and shortcut in its tooltip.

    ``reason`` says why the control is disabled, or what else is to be known of it; it stands in the
    tooltip and is read out.
    """
    widget.setAccessibleName(name)
    widget.setAccessibleDescription(reason)
    widget.setToolTip(tip(name, shortcut, reason))


def escape(text: str) -> str:
    """``text`` with nothing left that rich text would take for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def tip(name: str, shortcut: QKeySequence | str | None = None, reason: str = "") -> str:
    """Tooltip text: the name, then the shortcut at 72 %, then a reason on lines of its own."""
    keys = QKeySequence(shortcut) if isinstance(shortcut, str) else shortcut
    text = escape(name)
    if keys is not None and not keys.isEmpty():
        faint = _mixed_hex(0.72)
        shown = escape(keys.toString(QKeySequence.SequenceFormat.NativeText))
        text += f'&nbsp;&nbsp;<span style="color:{faint}">{shown}</span>'
    if reason:
        text += "<br>" + escape(reason).replace("\n", "<br>")
    return f'<span style="white-space:nowrap">{text}</span>' if not reason else f"<span>{text}</span>"


def _mixed_hex(strength: float) -> str:
    """The tooltip's text colour at ``strength`` over its ground."""
    ink, ground = theme().color("tooltiptext"), theme().color("tooltip")
    pairs = ((ink.red(), ground.red()), (ink.green(), ground.green()), (ink.blue(), ground.blue()))
    return "#" + "".join(f"{round(a * strength + b * (1 - strength)):02x}" for a, b in pairs)
