"""The rows of a bill as the inspector shows them: shares, a rule, the total."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.ui.chat.inspector.words import Share, tr
from chatbench.ui.quantities import amount, number
from chatbench.ui.widgets import Divider, FactRow


def share_row(share: Share, about: str = "") -> FactRow:
    """One share; `about` stands before what is estimated."""
    tokens = "" if share.many is None else about + number(share.many)
    aside = "" if share.amount is None else about + amount(share.amount)
    return FactRow(share.label, tokens, aside=aside)


def total_row(tokens: str, price: str) -> FactRow:
    """What all shares come to."""
    row = FactRow(tr("Total"))
    row.set_value(tokens, aside=price, weight=600)
    return row


def rule() -> QWidget:
    """The line above the total."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 3, 0, 3)
    column.addWidget(Divider())
    return holder
