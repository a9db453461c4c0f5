"""A log record at WARNING or above fails the test that caused it, unless the test said that it would come."""

from __future__ import annotations

import logging
import re

import pytest


class _Recorder(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class LogWatch:
    """The log of one test: what it expects and what came."""

    def __init__(self) -> None:
        self.expected: list[str] = []
        self._recorder = _Recorder()
        self._watched = (logging.getLogger(), logging.getLogger("chatbench"))
        self._before = [(logger.level, list(logger.handlers)) for logger in self._watched]
        self._watched[0].addHandler(self._recorder)

    def finish(self) -> list[str]:
        """Take the watch away, put the loggers back as they were, and say what was wrong."""
        self._watched[0].removeHandler(self._recorder)
        return [*self._surprises(), *self._restore()]

    def _surprises(self) -> list[str]:
        records = self._recorder.records
        patterns = {pattern: re.compile(pattern) for pattern in self.expected}
        surprises = [
            f"log: {record.levelname} {record.getMessage()} (logged at {record.pathname}:{record.lineno})"
            for record in records
            if not any(pattern.search(record.getMessage()) for pattern in patterns.values())
        ]
        missing = [
            f"log: expected a record matching {text!r}, none came"
            for text, pattern in patterns.items()
            if not any(pattern.search(record.getMessage()) for record in records)
        ]
        return surprises + missing

    def _restore(self) -> list[str]:
        left: list[str] = []
        for logger, (level, handlers) in zip(self._watched, self._before, strict=True):
            logger.setLevel(level)
            for handler in [one for one in logger.handlers if one not in handlers]:
                logger.removeHandler(handler)
                handler.close()
                left.append(f"log: handler left on logger {logger.name!r}: {handler!r}")
        return left


WATCH = pytest.StashKey[LogWatch]()


def begin(item: pytest.Item) -> None:
    """Start to watch the log for ``item``; its ``expects_log`` marks are read."""
    watch = LogWatch()
    for mark in item.iter_markers("expects_log"):
        watch.expected.extend(str(pattern) for pattern in mark.args)
    item.stash[WATCH] = watch


def complaints(item: pytest.Item) -> list[str]:
    """What the test logged without saying so, and what it promised to log and did not."""
    watch = item.stash.get(WATCH, None)
    return [] if watch is None else watch.finish()
