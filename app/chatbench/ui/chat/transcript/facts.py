"""The facts in a message's margin: when, how fast, how much, for what price."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale

from chatbench.core.conversations import TreeMessage
from chatbench.core.models import GUIDE
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.quantities import ABOUT, duration, price, speed, tokens, tokens_out


def clock(milliseconds: int) -> str:
    """Local hour and minute of a UTC time; "" for 0."""
    if not milliseconds:
        return ""
    when = QDateTime.fromMSecsSinceEpoch(milliseconds)
    return QLocale().toString(when.time(), QLocale.FormatType.ShortFormat)


def facts(message: TreeMessage) -> list[str]:
    """First token, speed, tokens that came out and cost of a finished answer, as far as they are known."""
    if message.role != "assistant" or message.model == GUIDE:
        return []
    found = []
    first, total = message.timings.first_token_s, message.timings.total_s
    if first is not None:
        found.append(tr("{0} first").format(duration(first)))
    usage = message.usage
    if usage is not None and usage.output_tokens:
        about = estimate_sign(message)
        if first is not None and total is not None and total - first > 0.05:
            found.append(speed(usage.output_tokens / (total - first), about))
        found.append(tokens_out(usage.output_tokens, about))
    if usage is not None or message.cost is not None:
        found.append(price(message.cost))
    return found


def live_facts(characters: int, told: int | None, seconds: float) -> list[str]:
    """Speed and tokens of an answer being written.

    ``told`` is what the provider said so far: no more than a lower bound, since some say one figure
    at the beginning and the whole only at the end. Where the words are more, they are estimated.
    """
    if not characters:
        return []
    count = max(told or 0, characters // 4, 1)
    about = "" if count == told else ABOUT
    found = [tokens_out(count, about)]
    if seconds >= 0.5:
        found.insert(0, speed(count / seconds, about))
    return found


def output_words(message: TreeMessage) -> str:
    """How many tokens an answer has, as "≈ 57 tokens" where they are estimated; "" if not known."""
    usage = message.usage
    return tokens(usage.output_tokens, estimate_sign(message)) if usage and usage.output_tokens else ""


def estimate_sign(message: TreeMessage) -> str:
    """The sign before what is estimated; without a price, that is what broke off before its last word."""
    if message.cost is None:
        return ABOUT if message.state in ("stopped", "interrupted", "failed") else ""
    return ABOUT if message.cost.estimated else ""
