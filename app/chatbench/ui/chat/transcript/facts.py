"""The facts in a message's margin: when, how fast, how much, for what price."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from PySide6.QtCore import QDateTime, QLocale

from chatbench.core.conversations import TreeMessage
from chatbench.core.models import GUIDE
from chatbench.core.usage import Cost
from chatbench.ui.chat.transcript.boxes.controls import tr

ABOUT: Final = "≈ "


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
        about = estimate_sign(message)
        if first is not None and total is not None and total - first > 0.05:
            found.append(_speed(usage.output_tokens / (total - first), about))
        found.append(token_words(usage.total_tokens, about))
    if usage is not None or message.cost is not None:
        found.append(money(message.cost))
    return found


def live_facts(characters: int, tokens: int | None, seconds: float) -> list[str]:
    """Speed and tokens of an answer being written.

    ``tokens`` is what the provider said so far: no more than a lower bound, since some say one figure
    at the beginning and the whole only at the end. Where the words are more, they are estimated.
    """
    if not characters:
        return []
    count = max(tokens or 0, characters // 4, 1)
    about = "" if count == tokens else ABOUT
    found = [token_words(count, about)]
    if seconds >= 0.5:
        found.insert(0, _speed(count / seconds, about))
    return found


def output_words(message: TreeMessage) -> str:
    """How many tokens an answer has, as "≈ 57 tokens" where they are estimated; "" if not known."""
    usage = message.usage
    return token_words(usage.output_tokens, estimate_sign(message)) if usage and usage.output_tokens else ""


def token_words(count: int, about: str = "") -> str:
    """A number of tokens, in the singular or the plural."""
    words = tr("{0} token") if count == 1 else tr("{0} tokens")
    return words.format(about + QLocale().toString(count))


def estimate_sign(message: TreeMessage) -> str:
    """The sign before what is estimated; without a price, that is what broke off before its last word."""
    if message.cost is None:
        return ABOUT if message.state in ("stopped", "interrupted", "failed") else ""
    return ABOUT if message.cost.estimated else ""


def _speed(value: float, about: str) -> str:
    number = QLocale().toString(round(value)) if value >= 1 else _decimals(value, 1)
    return tr("{0} tok/s").format(about + number)


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
    about = ABOUT if cost.estimated else ""
    return about + (f"{sign}{amount:,.2f}" if amount >= 1 else f"{sign}{amount:.4f}")


def seconds(value: float) -> str:
    """A duration with one decimal below ten seconds."""
    return _decimals(value, 1) if value < 10 else _decimals(value, 0)


def _decimals(value: float, places: int) -> str:
    return QLocale().toString(value, "f", places)
