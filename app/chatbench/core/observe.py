"""A typed signal without a toolkit: services announce, whoever listens is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Signal(Generic[T]):
    """Calls every listener in the order of connection, on the thread that emits."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[T], object]] = []

    def connect(self, listener: Callable[[T], object]) -> Callable[[], None]:
        """Adds a listener; the returned function removes it again (twice is harmless)."""
        self._listeners.append(listener)

        def disconnect() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return disconnect

    def emit(self, value: T) -> None:
        """Calls the listeners that were connected when the call began."""
        for listener in tuple(self._listeners):
            listener(value)
