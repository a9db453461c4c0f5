"""The log of a profile: one file that is turned over, with everything that looks like a key
taken out before it is written."""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path

from chatbench.core.errors import ConfigurationError

LEVELS = ("debug", "info", "warning", "error")
_SECRETS = re.compile(
    r"(?i)\b(?:sk|pk|rk|gsk|xai|pplx|csk|fw)[-_][A-Za-z0-9_\-]{8,}"
    r"|\bAIza[A-Za-z0-9_\-]{10,}"
    r"|(?<=bearer )\S+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|(?:(?<=api-key: )|(?<=api-key=)|(?<=[?&]key=))[^\s&\"']+"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def redacted(text: str) -> str:
    """The text without keys, URL passwords and terminal control characters."""
    return _CONTROLS.sub("\ufffd", _SECRETS.sub("[redacted]", text))


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def start_logging(folder: Path, level: str) -> Callable[[], None]:
    """Writes the program's log to `folder`; the returned function ends that.

    Only this program's own loggers are listened to: HTTP libraries log headers at debug level.
    Raises ConfigurationError for an unknown level.
    """
    level = level.lower() or "info"
    if level not in LEVELS:
        raise ConfigurationError(f"There is no log level {level!r}.", f"Use one of {', '.join(LEVELS)}.")
    logger = logging.getLogger("chatbench")
    handler = _PrivateFile(
        folder / "chatbench.log", maxBytes=2_000_000, backupCount=3, encoding="utf-8", delay=True
    )
    handler.setFormatter(_Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(level.upper())
    before = logger.level
    logger.setLevel(min(logger.getEffectiveLevel(), handler.level))
    logger.addHandler(handler)
    # A library that logs by logging.debug() would put a handler on standard error, and there
    # everything would be told unredacted.
    root, silent = logging.getLogger(), logging.NullHandler()
    root.addHandler(silent)

    def stop() -> None:
        root.removeHandler(silent)
        logger.removeHandler(handler)
        logger.setLevel(before)
        handler.close()

    return stop


class _PrivateFile(logging.handlers.RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        flags = os.O_APPEND | os.O_CREAT | os.O_WRONLY
        return os.fdopen(os.open(self.baseFilename, flags, 0o600), "a", encoding=self.encoding)

    def handleError(self, record: logging.LogRecord) -> None:
        """A log that cannot be written (a full disk) must not end what it tells of."""
