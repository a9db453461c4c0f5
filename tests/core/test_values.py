"""Secrets, ids, references, addresses, usage, signals: the small values everything stands on."""

from __future__ import annotations

import copy
import logging
import pickle
import time
import traceback
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.core import errors
from chatbench.core.endpoints import ENDPOINT_ID, Endpoint, origin_of
from chatbench.core.errors import ChatbenchError, ErrorReport, ProviderError, RateLimited
from chatbench.core.ids import new_id
from chatbench.core.messages import ImagePart, InlineData, TextPart, user
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.observe import Signal
from chatbench.core.secrets import Secret
from chatbench.core.usage import Usage

KEY = "sk-canary-0123456789abcdef"


def test_a_secret_does_not_show(caplog: pytest.LogCaptureFixture) -> None:
    """However it is printed, logged, formatted, encoded or raised."""
    secret = Secret(KEY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{secret} {secret!r}",
             repr([secret]), repr({"key": secret}), str(ValueError(secret)), format(secret, "s")]  # fmt: skip
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("key %s", secret)
    shown.append(caplog.text)
    try:
        raise ValueError(secret)
    except ValueError:
        shown.append(traceback.format_exc())
    assert not any("canary" in text for text in shown)
    assert secret.reveal() == KEY


def test_a_secret_is_not_copied_out() -> None:
    secret = Secret(KEY)
    for act in (pickle.dumps, copy.copy, msgspec.json.encode, msgspec.to_builtins):
        with pytest.raises(TypeError) as caught:
            act(secret)
        assert "canary" not in str(caught.value)
    assert copy.deepcopy({"key": secret})["key"] is secret
    assert not hasattr(secret, "__dict__")


def test_a_masked_secret_shows_little() -> None:
    assert Secret(KEY).masked() == "…cdef"
    assert Secret("x" * 15).masked() == "…"
    assert Secret("").masked() == "…"


def test_secrets_compare_by_what_they_hold() -> None:
    assert Secret("ä") == Secret("ä")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a")
    assert not Secret("")


def test_ids_sort_by_time() -> None:
    """A UUID version 7: sorted by the millisecond, unlike any other."""
    found = []
    for _ in range(20):
        found.append(new_id())
        end = time.time_ns() + 2_000_000
        while time.time_ns() < end:
            pass
    assert found == sorted(found)
    many = {new_id() for _ in range(10_000)}
    assert len(many) == 10_000
    assert all(len(one) == 32 and one[12] == "7" and one[16] in "89ab" for one in many)


@given(st.from_regex(ENDPOINT_ID, fullmatch=True), st.text(min_size=1))
def test_model_references_round_trip(provider: str, model_id: str) -> None:
    """The id may hold slashes, spaces, anything."""
    ref = ModelRef(provider, model_id)
    assert ModelRef.parse(str(ref)) == ref


@pytest.mark.parametrize("text", ["", "/", "a/", "/a", "a"])
def test_half_a_reference_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="provider/model-id"):
        ModelRef.parse(text)


def test_a_model_is_called_by_its_name_or_the_end_of_its_id() -> None:
    assert ModelInfo(ref=ModelRef("p", "a/b/llama.gguf")).title == "llama.gguf"
    assert ModelInfo(ref=ModelRef("p", "x"), name="X").title == "X"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://API.Example.com/v1", "https://api.example.com:443"),
        ("HTTP://a", "http://a:80"),
        ("http://a:80/x?y#z", "http://a:80"),
        ("https://user:pw@a.example:8443/", "https://a.example:8443"),
        ("http://[::1]:11434/v1", "http://[::1]:11434"),
        ("http://a.example.", "http://a.example.:80"),
        ("  https://a  ", "https://a:443"),
        ("", ""),
        ("a.example/v1", ""),
        ("http://", ""),
        ("http://[", ""),
        ("http://a:port", ""),
        ("http://a:99999", ""),
        ("\x00", ""),
    ],
)
def test_origins(url: str, origin: str) -> None:
    assert origin_of(url) == origin
    assert Endpoint(id="x", name="x", wire="w", base_url=url).origin == origin


@given(st.text())
def test_any_text_has_an_origin_or_none(text: str) -> None:
    origin = origin_of(text)
    assert origin == "" or origin_of(origin) == origin
    assert origin_of("http://" + text) is not None


amounts = st.none() | st.decimals(0, 10, places=6)
usages = st.builds(
    Usage, input_tokens=st.integers(0, 10**9), output_tokens=st.integers(0, 10**9),
    cache_read_tokens=st.integers(0, 10**9), provider_cost=amounts,
)  # fmt: skip


@given(usages, usages, usages)
def test_usage_adds_up(a: Usage, b: Usage, c: Usage) -> None:
    """In any order, exactly; a cost nobody knows stays unknown, not nothing."""
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + Usage() == a
    assert (a + b).total_tokens == a.total_tokens + b.total_tokens
    assert (a + b).new_input_tokens >= 0
    if a.provider_cost is None and b.provider_cost is None:
        assert (a + b).provider_cost is None


def test_costs_are_exact() -> None:
    total = sum([Usage(provider_cost=Decimal("0.1"))] * 3, Usage())
    assert total.provider_cost == Decimal("0.3")


def test_listeners_may_leave_while_they_are_called() -> None:
    signal: Signal[int] = Signal()
    heard: list[str] = []

    def leave(number: int) -> None:
        heard.append(f"a{number}")
        for end in ends:
            end()

    ends = [signal.connect(leave), signal.connect(lambda number: heard.append(f"b{number}"))]
    signal.emit(1)
    signal.emit(2)
    ends[0]()
    assert heard == ["a1", "b1"]


def all_errors(kind: type[ChatbenchError] = ChatbenchError) -> list[type[ChatbenchError]]:
    return [kind, *(found for below in kind.__subclasses__() for found in all_errors(below))]


def test_the_tree_of_errors_is_as_drawn() -> None:
    """Each is in the drawing of its module, says what happened and what to do, and becomes a value."""
    drawing = errors.__doc__ or ""
    for kind in all_errors():
        if kind.__module__ != errors.__name__:
            continue
        assert f" {kind.__name__}" in drawing
        error = kind("It broke.", "Mend it.")
        assert str(error) == "It broke."
        report = error.report()
        assert (report.kind, report.message, report.hint) == (kind.__name__, "It broke.", "Mend it.")
        assert msgspec.json.decode(msgspec.json.encode(report), type=ErrorReport) == report


def test_a_report_keeps_what_the_provider_said() -> None:
    error = RateLimited("x", provider="p", status=429, raw="y" * 9000, request_id="r", retry_after=2.5)
    report = error.report()
    assert (report.status, report.request_id, report.retry_after) == (429, "r", 2.5)
    assert report.retryable
    assert len(report.raw) == 4000
    assert not ProviderError("x").retryable
    assert not RateLimited("x", should_retry=False).retryable
    assert RateLimited.retryable


def test_attachments_come_before_the_words() -> None:
    picture = ImagePart(source=InlineData(data=b"x"), media_type="image/png")
    assert user("Look", picture).parts == (picture, TextPart(text="Look"))
    assert user("", picture).parts == (picture,)
