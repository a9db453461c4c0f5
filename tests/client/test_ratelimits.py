"""The providers' rate-limit headers, as they come and as they should not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.client.limits import Bucket
from chatbench.client.ratelimits import _KNOWN, Allowance, allowances, seconds_until
from chatbench.core.endpoints import Limits

DATE = datetime(2026, 9, 1, 12, 0, 0, tzinfo=UTC)
AT = {"date": format_datetime(DATE, usegmt=True)}
MILLISECONDS = str(int(DATE.timestamp() * 1000) + 12_500)

TOLD: dict[str, tuple[dict[str, str], list[Allowance]]] = {
    "openai": (
        {
            "x-ratelimit-limit-requests": "5000",
            "x-ratelimit-remaining-requests": "4999",
            "x-ratelimit-reset-requests": "12ms",
            "x-ratelimit-limit-tokens": "150000",
            "x-ratelimit-remaining-tokens": "0",
            "x-ratelimit-reset-tokens": "59.5s",
        },
        [Allowance("requests", 5000, 4999, 0.012), Allowance("tokens", 150_000, 0, 59.5)],
    ),
    "groq, whose requests are a day's": (
        {
            "x-ratelimit-limit-requests": "14400",
            "x-ratelimit-remaining-requests": "14370",
            "x-ratelimit-reset-requests": "2m59.56s",
            "x-ratelimit-limit-tokens": "18000",
            "x-ratelimit-remaining-tokens": "17997",
            "x-ratelimit-reset-tokens": "7.66s",
        },
        [Allowance("requests", None, 14_370, 179.56), Allowance("tokens", 18_000, 17_997, 7.66)],
    ),
    "anthropic": (
        {
            **AT,
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": "2026-09-01T12:00:30Z",
            "anthropic-ratelimit-input-tokens-limit": "30000",
            "anthropic-ratelimit-input-tokens-remaining": "29000",
            "anthropic-ratelimit-input-tokens-reset": "2026-09-01T14:00:02+02:00",
            "anthropic-ratelimit-output-tokens-limit": "8000",
            "anthropic-ratelimit-output-tokens-remaining": "8000",
            "anthropic-ratelimit-output-tokens-reset": "2026-09-01T12:00:00Z",
            "anthropic-ratelimit-tokens-limit": "8000",
            "anthropic-ratelimit-tokens-remaining": "8000",
            "anthropic-ratelimit-tokens-reset": "2026-09-01T11:59:59Z",
        },
        [
            Allowance("requests", 50, 0, 30),
            Allowance("input_tokens", 30_000, 29_000, 2),
            Allowance("output_tokens", 8000, 8000, 0),
            Allowance("tokens", None, 8000, 0),
        ],
    ),
    "mistral": (
        {
            "x-ratelimit-limit-tokens-minute": "5000000",
            "x-ratelimit-remaining-tokens-minute": "4999911",
            "x-ratelimit-tokens-query-cost": "52",
            "x-ratelimit-limit-req-minute": "720",
            "x-ratelimit-remaining-req-minute": "717",
        },
        [Allowance("requests", 720, 717, 60), Allowance("tokens", 5_000_000, 4_999_911, 60)],
    ),
    "mistral, as it was": (
        {
            "x-ratelimitbysize-limit-minute": "500000",
            "x-ratelimitbysize-remaining-minute": "499000",
            "ratelimitbysize-reset": "41",
        },
        [Allowance("tokens", 500_000, 499_000, 41)],
    ),
    "cohere's trial keys": (
        {
            "x-endpoint-monthly-call-limit": "1000",
            "x-trial-endpoint-call-limit": "40",
            "x-trial-endpoint-call-remaining": "39",
        },
        [Allowance("requests", 40, 39, 60)],
    ),
    "openrouter, by the minute": (
        {
            **AT,
            "x-ratelimit-limit": "20",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": MILLISECONDS,
        },
        [Allowance("requests", None, 0, 12.5)],
    ),
    "openrouter, by the day": (
        {
            **AT,
            "x-ratelimit-limit": "50",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": str(int((DATE + timedelta(hours=12)).timestamp())),
        },
        [Allowance("requests", None, 0, 43_200)],
    ),
    "cerebras": (
        {
            "x-ratelimit-limit-requests-day": "1000",
            "x-ratelimit-remaining-requests-day": "750",
            "x-ratelimit-reset-requests-day": "3600.5",
            "x-ratelimit-limit-tokens-minute": "100000",
            "x-ratelimit-remaining-tokens-minute": "90000",
            "x-ratelimit-reset-tokens-minute": "30",
        },
        [Allowance("tokens", 100_000, 90_000, 30), Allowance("requests", None, 750, 3600.5)],
    ),
    "a day without its reset": (
        {"x-ratelimit-remaining-tokens-day": "0", "x-ratelimit-limit-tokens-day": "9"},
        [Allowance("tokens", None, 0, None)],
    ),
    "a limit and its policy": (
        {"x-ratelimit-limit-requests": "100, 100;w=60"},
        [Allowance("requests", 100, None, None)],
    ),
    "a gateway's, which may be of any time": (
        {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "9", "x-ratelimit-reset": "1"},
        [Allowance("requests", None, 9, 1)],
    ),
    "none": ({"content-type": "application/json", **AT}, []),
    "nonsense": (
        {
            "x-ratelimit-limit-requests": "-1",
            "x-ratelimit-remaining-requests": "many",
            "x-ratelimit-limit-tokens": "9" * 5000,
            "x-ratelimit-remaining-tokens": "",
        },
        [],
    ),
}


@pytest.mark.parametrize("who", TOLD)
def test_what_the_providers_tell(who: str) -> None:
    headers, expected = TOLD[who]
    found = allowances(headers)
    assert [one._replace(reset_s=None) for one in found] == [one._replace(reset_s=None) for one in expected]
    for one, wanted in zip(found, expected, strict=True):
        assert one.reset_s == (None if wanted.reset_s is None else pytest.approx(wanted.reset_s, abs=1e-3))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360), ("1s", 1), ("20ms", 0.02), ("1h2m3.5s", 3723.5), ("2d", 172_800), ("999us", 999e-6),
        ("999µs", 999e-6), ("5ns", 5e-9), ("0", 0), ("41", 41), (" 1.5 ", 1.5),
        ("2026-09-01T12:00:01.250Z", 1.25), ("2026-09-01T12:00:01", 1), ("2026-09-01T11:00:00Z", 0),
        ("", None), ("soon", None), ("1x", None), ("s", None), ("-5s", None), ("1e9", None), ("٣s", None),
        ("0001-01-01T00:00:00+14:00", 0),
    ],
)  # fmt: skip
def test_the_forms_of_a_reset(text: str, seconds: float | None) -> None:
    found = seconds_until(text, AT)
    if seconds is None:
        assert found is None
    else:
        assert found == pytest.approx(seconds)


def test_a_point_in_time_goes_by_this_computers_clock_where_the_answer_has_no_date() -> None:
    in_a_while = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    for headers in ({}, {"date": "yesterday"}):
        assert seconds_until(in_a_while, headers) == pytest.approx(30, abs=5)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_a_duration_is_the_sum_of_its_parts(hours: int, minutes: int, seconds: int, thousandths: int) -> None:
    told = f"{hours}h{minutes}m{seconds}.{thousandths:03}s"
    expected = hours * 3600 + minutes * 60 + seconds + thousandths / 1000
    assert seconds_until(told, {}) == pytest.approx(expected)


NAMES = st.sampled_from([name for names in _KNOWN for name in names[1:4]] + ["date", "retry-after"])
LIKE_ONES = st.from_regex(r"-?[0-9]{0,20}(\.[0-9]{0,12})?(ms|[smhdTZ:+-]){0,3}")
DATES = st.datetimes().map(datetime.isoformat)


@given(st.dictionaries(NAMES, st.one_of(st.text(), LIKE_ONES, DATES)))
def test_no_header_raises_and_none_makes_a_bucket_wait_for_ever(headers: dict[str, str]) -> None:
    for kind, limit, remaining, reset_s in allowances(headers):
        assert kind in ("requests", "tokens", "input_tokens", "output_tokens")
        assert limit is None or limit > 0
        assert remaining is None or remaining >= 0
        assert reset_s is None or 0 <= reset_s < float("inf")
    clock = [1000.0]
    bucket = Bucket("p/m", Limits(), lambda: clock[0])
    bucket.observe(headers)
    assert 0 <= bucket.remaining <= 1
    clock[0] += 3601
    permit = asyncio.run(asyncio.wait_for(bucket.acquire(1, 1), 5))
    permit.release()
