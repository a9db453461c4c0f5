"""Batch jobs: requests that a provider answers within a day, at about half the price."""

from __future__ import annotations

from typing import Literal

import msgspec

JobState = Literal["open", "ended", "cancelled"]
PieceState = Literal["ready", "sending", "working", "ended"]
AskedState = Literal["due", "answered", "failed", "expired", "cancelled"]


class RemoteJob(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider tells of a job. Times are UTC milliseconds, 0 where it tells none. `label` is what we
    called it, "" where the provider keeps no names. `total` counts its requests, `finished` those that
    are over, in whatever way; `files` are where the results are. `why` it came to nothing."""

    id: str
    provider: str
    state: Literal["working", "cancelling", "ended", "failed"]
    end: Literal["", "expired", "cancelled"] = ""
    label: str = ""
    total: int = 0
    finished: int = 0
    failed: int = 0
    created_at: int = 0
    files: tuple[str, ...] = ()
    why: str = ""


class JobPiece(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a job as one provider takes at once. `remote_id` is the provider's, "" before it has told
    it; `sent_at` (UTC milliseconds) when it began to be sent, by the process `owner`."""

    id: str
    job_id: str
    provider: str
    model: str
    state: PieceState = "ready"
    remote_id: str = ""
    requests: int = 0
    sent_at: int = 0
    owner: str = ""
    finished: int = 0
    reason: str = ""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that are asked as batch jobs, however many pieces that takes. `cost` is US dollars as decimal
    text, of the answers whose price is known; `unpriced` counts the others. Times are UTC milliseconds."""

    id: str
    name: str = ""
    state: JobState = "open"
    stopped: bool = False
    """It was cancelled; what is under way comes to its end."""
    total: int = 0
    answered: int = 0
    failed: int = 0
    expired: int = 0
    cancelled: int = 0
    cost: str = "0"
    unpriced: int = 0
    created_at: int = 0
    source: str = ""
    """For whom it was sent: "run:" and the id of a run; "" for whoever collects it."""
    collected: bool = False
    """Its answers have gone there."""
    pieces: tuple[JobPiece, ...] = ()

    @property
    def due(self) -> int:
        """Requests without a result yet."""
        return self.total - self.answered - self.failed - self.expired - self.cancelled
