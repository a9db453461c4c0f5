"""How a message stands, as boxes under its words: waiting, stopped, interrupted, failed, cut short."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Final

from chatbench.core.conversations import TreeMessage
from chatbench.core.errors import ErrorReport
from chatbench.core.holds import Hold
from chatbench.ui.chat.transcript.boxes.base import Box, Context
from chatbench.ui.chat.transcript.boxes.cards import CardButton, ErrorCard, NoteBox, Tone
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.boxes.small import WaitingBox
from chatbench.ui.chat.transcript.facts import output_words
from chatbench.ui.chat.transcript.source import Live
from chatbench.ui.quantities import number

_SETTINGS_HELP: Final = frozenset({"Authentication", "MissingKey", "PermissionDenied", "QuotaExhausted"})
"""Errors whose way on is the provider's page in the settings."""
_CUT_OFF: Final = frozenset({"max_tokens", "pause"})
"""Reasons to stop after which there is more to say."""
_UNNOTICED_S: Final = 0.3
"""A wait that is over before this is not shown: it would only flicker."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a living answer waits for, as it is shown."""

    report: ErrorReport
    buttons: tuple[CardButton, ...]
    tone: Tone


def wait_of(live: Live) -> Wait | None:
    """What is shown of the wait of a living answer; None while it does not wait, or not for long."""
    report = live.waiting_for
    if live.retry_at is not None and report is not None:
        rest = max(0, math.ceil(live.retry_at - time.monotonic()))
        shown = ErrorReport(
            kind=report.kind, message=report.message, hint=tr("Again in {0} s.").format(rest), raw=report.raw
        )
        return Wait(shown, (CardButton("retry-now", tr("Now")), CardButton("stop", tr("Cancel"))), "warning")
    held = live.held
    if held is None or held.waited_s < _UNNOTICED_S:
        return None
    shown = ErrorReport(
        kind="RateLimited",
        message=tr("Waiting for the rate limit of {0}").format(held.provider),
        hint=f"{_limit_words(held)} {_due_words(held)}".strip(),
    )
    ways = (CardButton("retry-now", tr("Send now")), CardButton("stop", tr("Cancel")))
    return Wait(shown, ways if held.can_be_ended else (), "quiet")


def _limit_words(held: Hold) -> str:
    """Which limit it is, as far as that is known."""
    if held.reason == "pause":
        return tr("It asked for a pause.")
    of = {
        "concurrent": tr("{0} at a time"),
        "requests": tr("{0} requests per minute"),
        "tokens": tr("{0} tokens per minute"),
        "input_tokens": tr("{0} input tokens per minute"),
        "output_tokens": tr("{0} output tokens per minute"),
    }[held.reason]
    if held.limit is None:
        return tr("What it allows just now is used up.")
    limit = of.format(number(held.limit))
    told = tr("Your limit of {0} is reached.") if held.ours else tr("Its limit of {0} is reached.")
    return told.format(limit)


def _due_words(held: Hold) -> str:
    if held.due_s is None:
        return tr("Your question is sent when another answer has ended.")
    return tr("Your question is sent in {0} s.").format(max(1, math.ceil(held.due_s)))


def living_boxes(context: Context, message: TreeMessage, live: Live, wait: Wait | None) -> list[Box]:
    """What stands under the words of an answer that is being written."""
    if wait is not None:
        return [ErrorCard(context, (message.id, "waiting"), wait.report, wait.buttons, tone=wait.tone)]
    return [] if live.parts() else [WaitingBox(context, (message.id, "waiting"))]


def ended_boxes(context: Context, message: TreeMessage, *, empty: bool) -> list[Box]:
    """What stands under the words of an answer that is over; ``empty``: nothing else is shown of it."""
    key = (message.id, "state")
    goes_on = CardButton("continue", tr("Continue")) if can_continue(message) else None
    if message.state in ("failed", "interrupted"):
        return [_error_card(context, message, goes_on)]
    if message.state == "streaming":
        words = tr("This answer is being written in another window.")
    elif message.state == "stopped":
        words = _stopped_words(message)
    else:
        words = {
            "max_tokens": tr("The answer reached the longest length that was allowed."),
            "context_window": tr("The conversation filled the model's context window."),
            "content_filter": tr("The provider's content filter ended the answer."),
        }.get(message.stop_reason or "", tr("The answer is empty.") if empty else "")
    return [NoteBox(context, key, words, button=goes_on)] if words else []


def can_continue(message: TreeMessage) -> bool:
    """Whether it is an answer that was cut off after its first words."""
    cut = message.state in ("stopped", "interrupted", "failed") or message.stop_reason in _CUT_OFF
    return message.role == "assistant" and cut and bool(message.text.strip())


def _stopped_words(message: TreeMessage) -> str:
    tokens = output_words(message)
    return tr("Stopped after {0}").format(tokens) if tokens else tr("Stopped")


def _error_card(context: Context, message: TreeMessage, goes_on: CardButton | None) -> ErrorCard:
    interrupted = message.state == "interrupted"
    report = message.error or ErrorReport(
        kind="StreamInterrupted",
        message=tr("The answer was interrupted.") if interrupted else tr("The answer failed."),
    )
    # The hint of a stream that broke off says already that what arrived is kept.
    said = report.kind == "StreamInterrupted" and bool(report.hint)
    kept = tr("What had arrived is kept.") if message.text and not said else ""
    shown = ErrorReport(
        kind=report.kind,
        message=report.message,
        hint=" ".join(one for one in (report.hint, kept) if one),
        raw="" if _is_name(report.raw) else report.raw,
    )
    settings = (CardButton("settings", tr("Open settings")),) if report.kind in _SETTINGS_HELP else ()
    buttons = (
        *settings,
        *([goes_on] if goes_on is not None else []),
        CardButton("retry", tr("Retry"), "rotate-cw"),
        CardButton("retry-with", tr("Retry with…")),
        CardButton("details", tr("Details")),
    )
    return ErrorCard(
        context, (message.id, "error"), shown, buttons, tone="warning" if interrupted else "danger"
    )


def _is_name(raw: str) -> bool:
    """Whether the raw reason is only the name of an exception: it explains nothing to a reader."""
    return raw.strip().replace(".", "_").isidentifier()
