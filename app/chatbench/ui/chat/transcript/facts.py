"""The facts in a message's margin: when, how fast, how much, for what price."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import QDateTime, QLocale

from chatbench.core.conversations import TreeMessage
from chatbench.core.models import GUIDE
from chatbench.core.usage import Cost
from chatbench.ui.chat.transcript.boxes.controls import tr


def clock(milliseconds: int) -> str:
    """Local hour and minute of a UTC time; "" for 0."""
    if not milliseconds:
        return ""
    when = QDateTime.fromMSecsSinceEpoch(milliseconds)
    return QLocale().toString(when.time(), QLocale.FormatType.ShortFormat)


def facts(message: TreeMessage) -> list[str]:
    """First token, speed, tokens and cost of a finished answer, as far as they are known."""
    if message.role != "assistant" or message.model == GUIDE:
        return []
    found = []
    first, total = message.timings.first_token_s, message.timings.total_s
    if first is not None:
        found.append(tr("{0} s first").format(_decimals(first, 2)))
    usage = message.usage
    if usage is not None and usage.output_tokens:
        if first is not None and total is not None and total - first > 0.05:
            found.append(tr("{0} tok/s").format(round(usage.output_tokens / (total - first))))
        found.append(tr("{0} tokens").format(QLocale().toString(usage.total_tokens)))
    if usage is not None or message.cost is not None:
        found.append(money(message.cost))
    return found


def live_facts(characters: int, tokens: int | None, seconds: float) -> list[str]:
    """Speed and tokens of an answer being written; estimated from its length where nobody says."""
    if not characters:
        return []
    about = "" if tokens else "≈ "
    count = tokens or max(1, characters // 4)
    found = [tr("{0} tokens").format(about + QLocale().toString(count))]
    if seconds >= 0.5:
        found.insert(0, tr("{0} tok/s").format(about + str(round(count / seconds))))
    return found


def money(cost: Cost | None) -> str:
    """An amount as it stands in the margin; unknown is said in words."""
    if cost is None:
        return tr("price unknown")
    if cost.source == "free":
        return tr("no charge")
    sign = "$" if cost.currency == "USD" else f"{cost.currency} "
    amount = cost.amount
    if amount and amount < Decimal("0.0001"):
        return f"<{sign}0.0001"
    return f"{sign}{amount:,.2f}" if amount >= 1 else f"{sign}{amount:.4f}"


def seconds(value: float) -> str:
    """A duration with one decimal below ten seconds."""
    return _decimals(value, 1) if value < 10 else _decimals(value, 0)


def _decimals(value: float, places: int) -> str:
    return QLocale().toString(value, "f", places)
