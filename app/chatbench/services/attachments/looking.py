"""What lies at a path, asked by a thread of its own that nobody has to wait for: a share that does not answer
keeps that thread and nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from chatbench.core.errors import AttachmentRefused
from chatbench.documents import kinds
from chatbench.services.attachments.judging import Candidate
from chatbench.services.attachments.takes import FOLDER

T = TypeVar("T")
LOOK_S: Final = 30.0
LOOKED_AT_ONCE: Final = 200
"""Files that one thread looks at; meanwhile everything else waits for its turns with the interpreter."""


async def apart(work: Callable[[], T], name: str, seconds: float = LOOK_S) -> T:
    """What `work` gives or raises. Raises AttachmentRefused where it takes longer; it may be cancelled at
    any time, and then goes on for itself."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(outcome: T | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(outcome)  # type: ignore[arg-type]

    def run() -> None:
        outcome: T | None = None
        error: Exception | None = None
        try:
            outcome = work()
        except Exception as raised:  # noqa: BLE001 - raised where it is waited for
            error = raised
        # The loop may have ended meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, outcome, error)

    threading.Thread(target=run, name=f"look-{name[:32]}", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        raise AttachmentRefused(
            f"{name} does not answer within {seconds:g} seconds.",
            "Check the connection to where it lies, or copy it to this computer.",
        ) from None


def named(path: Path) -> Candidate:
    """What the name alone says; nothing is asked of the disk."""
    media_type = kinds.media_type_named(path.name) or kinds.UNKNOWN
    return Candidate(name=path.name, media_type=media_type)


def looked_at(paths: Sequence[Path]) -> list[Candidate]:
    """Names, kinds and sizes. It may wait for a disk."""
    return [_looked_at(path) for path in paths]


def _looked_at(path: Path) -> Candidate:
    told = named(path)
    try:
        if path.is_dir():
            return Candidate(name=path.name, media_type=FOLDER)
        return Candidate(name=path.name, media_type=told.media_type, size=path.stat().st_size)
    except (OSError, ValueError):
        # The latter for a name that no disk can have.
        return told
