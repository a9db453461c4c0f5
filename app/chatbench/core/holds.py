"""What holds a call back before it is sent: a pause, or one of the limits."""

from __future__ import annotations

from typing import Literal

import msgspec

HoldReason = Literal["pause", "concurrent", "requests", "tokens", "input_tokens", "output_tokens"]


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Why a call waits to be sent, as it stands just now.

    "pause": the provider refused another call, and everyone waits as long as it asked for; that can
    be ended. Every other reason is a limit, which cannot be passed.
    """

    reason: HoldReason
    waited_s: float
    """Seconds it has waited by now."""
    due_s: float | None = None
    """Seconds from now until it is likely to be sent; None where time alone does not decide."""
    limit: int | None = None
    """At a time for "concurrent", else per minute; None where it is not known."""
    ours: bool = False
    """The limit was set by the user, not told by the provider."""
    provider: str = ""
    """The endpoint's name."""

    @property
    def can_be_ended(self) -> bool:
        """Whether the call would be sent at once if somebody asked for it."""
        return self.reason == "pause"
