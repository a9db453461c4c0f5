"""How a message stands, as boxes under its words: waiting, stopped, interrupted, failed, cut short."""

from __future__ import annotations

import math
import time
from typing import Final

from chatbench.core.conversations import TreeMessage
from chatbench.core.errors import ErrorReport
from chatbench.ui.chat.transcript.boxes.base import Box, Context
from chatbench.ui.chat.transcript.boxes.cards import CardButton, ErrorCard, NoteBox
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.boxes.small import WaitingBox
from chatbench.ui.chat.transcript.facts import output_words
from chatbench.ui.chat.transcript.source import Live

_SETTINGS_HELP: Final = frozenset({"Authentication", "MissingKey", "PermissionDenied", "QuotaExhausted"})
"""Errors whose way on is the provider's page in the settings."""


def seconds_to_wait(live: Live) -> int | None:
    """Whole seconds until a living answer tries again; None while it does not wait."""
    if live.retry_at is None or live.waiting_for is None:
        return None
    return max(0, math.ceil(live.retry_at - time.monotonic()))


def living_boxes(context: Context, message: TreeMessage, live: Live) -> list[Box]:
    """What stands under the words of an answer that is being written."""
    report, rest = live.waiting_for, seconds_to_wait(live)
    if report is not None and rest is not None:
        shown = ErrorReport(
            kind=report.kind, message=report.message, hint=tr("Again in {0} s.").format(rest), raw=report.raw
        )
        buttons = (CardButton("retry-now", tr("Now")), CardButton("stop", tr("Cancel")))
        return [ErrorCard(context, (message.id, "waiting"), shown, buttons, warning=True)]
    return [] if live.parts() else [WaitingBox(context, (message.id, "waiting"))]


def ended_boxes(context: Context, message: TreeMessage, *, empty: bool) -> list[Box]:
    """What stands under the words of an answer that is over; ``empty``: nothing else is shown of it."""
    key = (message.id, "state")
    if message.state in ("failed", "interrupted"):
        return [_error_card(context, message)]
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
    return [NoteBox(context, key, words)] if words else []


def _stopped_words(message: TreeMessage) -> str:
    tokens = output_words(message)
    return tr("Stopped after {0}").format(tokens) if tokens else tr("Stopped")


def _error_card(context: Context, message: TreeMessage) -> ErrorCard:
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
        CardButton("retry", tr("Retry"), "rotate-cw"),
        CardButton("retry-with", tr("Retry with…")),
        CardButton("details", tr("Details")),
    )
    return ErrorCard(context, (message.id, "error"), shown, buttons, warning=interrupted)


def _is_name(raw: str) -> bool:
    """Whether the raw reason is only the name of an exception: it explains nothing to a reader."""
    return raw.strip().replace(".", "_").isidentifier()
