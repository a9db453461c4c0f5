"""Our client beside others': one mock server, each measurement in a process of its own, A B A B."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from subprocess import CalledProcessError

from tests.benchmarks.measuring import median
from tests.benchmarks.peers.processes import mock, ours, theirs
from tests.benchmarks.rows import Measured

Told = dict[str, float]
ROUNDS = 5
SLOW_CALLS = 1_500
INSTANT_CALLS = 3_000
DELTAS = 20_000
FIRSTS = 200


def calls_500_in_flight_vs_lm_deluge() -> Measured:
    """Calls a second, 500 under way at a time, answers after 0.5 to 1.5 s; CPU time a call with it."""
    return _calls("deluge", "slow", 500, SLOW_CALLS, rounds=3)


def calls_500_in_flight_vs_aiohttp() -> Measured:
    """The same to aiohttp's session alone; its CPU time is told as it is."""
    measured = _calls("bare", "slow", 500, SLOW_CALLS, rounds=3)
    return Measured(measured.value, notes=measured.notes)


def instant_50_vs_lm_deluge() -> Measured:
    """Calls a second with answers that come at once, 50 under way; CPU time a call with it."""
    return _instant(50)


def instant_200_vs_lm_deluge() -> Measured:
    """The same with 200 under way."""
    return _instant(200)


def instant_500_vs_lm_deluge() -> Measured:
    """The same with 500 under way."""
    return _instant(500)


def stream_cpu_vs_lm_deluge() -> Measured:
    """CPU time a delta of 20,000, Chat Completions, events and accumulator included."""
    return _streamed("openai_chat", "deluge", "stream", "cpu_us", DELTAS, DELTAS)


def stream_cpu_vs_anthropic() -> Measured:
    """CPU time a delta of 20,000, Messages; the SDK at its cheapest, without accumulating."""
    return _streamed("anthropic", "sdk", "stream", "cpu_us", DELTAS, DELTAS)


def first_delta_vs_lm_deluge() -> Measured:
    """Time from a call to its first word, connections open: medians of 200 calls a process."""
    return _streamed("openai_chat", "deluge", "first", "first_us", 3, FIRSTS)


def _instant(in_flight: int) -> Measured:
    measured = _calls("deluge", "instant", in_flight, INSTANT_CALLS)
    return Measured(measured.value, measured.besides, (*measured.notes, _liter(in_flight)))


def _liter(in_flight: int) -> str:
    """What is promised nothing about must not fail the row: it ends in an abort now and then."""
    found: list[Told] = []
    with mock() as address:
        for _ in range(3):
            with suppress(CalledProcessError):
                found.append(theirs("liter", "calls", f"{address}/instant/v1", in_flight, INSTANT_CALLS))
    crashed = "" if len(found) == 3 else f"; {3 - len(found)} of 3 processes crashed"
    return f"liter-llm: {_said(found) if found else 'not measured'}{crashed}"


def _calls(peer: str, path: str, in_flight: int, count: int, rounds: int = ROUNDS) -> Measured:
    with mock() as address:
        base = f"{address}/{path}/v1"
        a, b = _in_turn(
            rounds,
            lambda: ours("calls", base, in_flight, count),
            lambda: theirs(peer, "calls", base, in_flight, count),
        )
    rate = _middle(a, "per_s") / _middle(b, "per_s")
    cpu = _middle(a, "cpu_per_1000") / _middle(b, "cpu_per_1000")
    notes = (f"ours: {_said(a)}", f"{peer}: {_said(b)}")
    return Measured(rate, {"cpu": (cpu, 1.0)}, notes)


def _streamed(wire: str, peer: str, task: str, value: str, deltas: int, number: int) -> Measured:
    with mock() as address:
        base = f"{address}/stream/{deltas}/v1"
        a, b = _in_turn(
            3, lambda: ours(task, base, 1, number, wire), lambda: theirs(peer, task, base, 1, number)
        )
    mine, other = _middle(a, value), _middle(b, value)
    return Measured(mine / other, notes=(f"ours {mine:.1f} µs, {peer} {other:.1f} µs",))


def _in_turn(
    rounds: int, one: Callable[[], Told], other: Callable[[], Told]
) -> tuple[list[Told], list[Told]]:
    pairs = [(one(), other()) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _middle(found: list[Told], name: str) -> float:
    return median(one[name] for one in found)


def _said(found: list[Told]) -> str:
    return f"{_middle(found, 'per_s'):,.0f} calls/s, {_middle(found, 'cpu_per_1000'):.3f} CPU-s per 1,000"
