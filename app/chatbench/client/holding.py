"""Which of a bucket's limits, or its pause, holds back somebody in its queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy

from chatbench.client.meters import Meter
from chatbench.client.ratelimits import Kind
from chatbench.core.holds import Hold, HoldReason


def amount_of(kind: Kind, input_tokens: int, output_tokens: int) -> int:
    """What a call takes of a limit of that kind."""
    if kind == "requests":
        return 1
    if kind == "input_tokens":
        return input_tokens
    return output_tokens if kind == "output_tokens" else input_tokens + output_tokens


def hold_of(
    queue: Iterable[tuple[int, int]],
    meters: Mapping[Kind, Meter],
    places: tuple[int, int | None],
    paused_s: float,
    now: float,
    waited_s: float,
) -> Hold | None:
    """What holds back the last of `queue`: (input, output) tokens of it and of all before it.

    `places` are those that are taken and how many there are. A pause counts only where nothing else
    would hold it back once the pause is over. None where nothing does. To be called under the
    bucket's lock; changes nothing.
    """
    taken, concurrent = places
    reason: HoldReason = "pause"
    due, limit, ours = 0.0, None, False
    trial = deepcopy(dict(meters))
    for place, (input_tokens, output_tokens) in enumerate(queue):
        if concurrent is not None and taken + place >= concurrent:
            return Hold(reason="concurrent", waited_s=waited_s, limit=concurrent, ours=True)
        for kind, meter in trial.items():
            amount = amount_of(kind, input_tokens, output_tokens)
            wait = meter.wait(amount, now) if amount else 0.0
            if wait > due:
                reason, due = kind, wait
                limit, ours = meter.told(amount, now)
            meter.charge(amount, now)
    if not due and not paused_s:
        return None
    return Hold(reason=reason, waited_s=waited_s, due_s=max(due, paused_s), limit=limit, ours=ours)
