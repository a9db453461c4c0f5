"""The log: private, without keys, and never in the way."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from chatbench.core.errors import ConfigurationError
from chatbench.storage.logs import redacted, start_logging

log = logging.getLogger("chatbench.test")


def test_it_goes_to_the_profile_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stop = start_logging(tmp_path, "debug")
    log.debug("one")
    stop()
    log.debug("two")
    file = tmp_path / "chatbench.log"
    text = file.read_text(encoding="utf-8")
    assert "DEBUG chatbench.test: one" in text
    assert "two" not in text
    assert file.stat().st_mode & 0o077 == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("level", "count"), [("debug", 2), ("", 1), ("INFO", 1), ("error", 0)])
def test_levels(tmp_path: Path, level: str, count: int) -> None:
    stop = start_logging(tmp_path, level)
    log.debug("a")
    log.info("b")
    stop()
    file = tmp_path / "chatbench.log"
    assert len(file.read_text(encoding="utf-8").splitlines() if file.exists() else []) == count
    assert logging.getLogger("chatbench").level == logging.NOTSET


def test_an_unknown_level(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'loud'"):
        start_logging(tmp_path, "loud")


def test_a_log_that_cannot_be_written_is_in_nobodys_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "chatbench.log").mkdir()
    stop = start_logging(tmp_path, "debug")
    log.info("lost")
    stop()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefgh12345678",
        "sk-ant-api03-xyzxyzxyz",
        "gsk_abcdefghij12",
        "AIzaSyA12345678901234",
        "xai-abcdefgh1234",
    ],
)
def test_keys_are_taken_out(secret: str) -> None:
    for text in (f"key {secret} end", f"https://x/?key={secret}&a=b", f"'api-key: {secret}'", f'"{secret}"'):
        assert secret not in redacted(text)
    assert "hidden-words" not in redacted("Authorization: Bearer hidden-words")
    assert redacted("http://user:pass-word@host/") == "http://[redacted]@host/"


def test_plain_words_stay() -> None:
    for text in ("a task-based plan", "disk-full", "risk-free-offer-indeed", "https://example.org/a?b=c"):
        assert redacted(text) == text


def test_nothing_in_it_steers_a_terminal() -> None:
    assert redacted("a\x1b[31mb\rc\x9bd\n\te") == "a\ufffd[31mb\ufffdc\ufffdd\n\te"
