"""Looking at paths without waiting for a share that does not answer."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from chatbench.core.errors import AttachmentRefused
from chatbench.services import Services
from chatbench.services.attachments import Candidate, service
from chatbench.services.attachments.looking import LOOKED_AT_ONCE, apart, looked_at, named


def test_it_gives_what_the_work_gives_and_raises_what_it_raises() -> None:
    def fail() -> None:
        raise OSError("no such share")

    async def both() -> str:
        with pytest.raises(OSError, match="no such share"):
            await apart(fail, "x")
        return await apart(lambda: threading.current_thread().name, "report.pdf")

    assert asyncio.run(both()) == "look-report.pdf"


def test_a_share_that_does_not_answer_keeps_one_thread_and_nothing_else() -> None:
    answers = threading.Event()
    gone = threading.Event()

    def hang() -> None:
        answers.wait()
        gone.set()

    async def scenario() -> None:
        with pytest.raises(AttachmentRefused, match=r"report.pdf does not answer within 0.05 seconds"):
            await apart(hang, "report.pdf", 0.05)
        waiting = asyncio.create_task(apart(hang, "report.pdf"))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    try:
        asyncio.run(scenario())
        hanging = [one for one in threading.enumerate() if one.name == "look-report.pdf"]
        assert hanging
        assert all(one.daemon for one in hanging), "they do not keep the program"
    finally:
        answers.set()
    assert gone.wait(5)
    for one in hanging:
        one.join(5)


def test_names_kinds_and_sizes_are_told_and_nothing_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"12345")
    (tmp_path / "folder.zip").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    paths = [tmp_path / name for name in ("a.pdf", "folder.zip", "pipe.png", "gone.txt")]
    told = looked_at(paths)
    assert [(one.name, one.kind, one.size) for one in told] == [
        ("a.pdf", "pdf", 5),
        ("folder.zip", "folder", None),
        ("pipe.png", "picture", 0),
        ("gone.txt", "document", None),
    ]
    assert named(tmp_path / "folder.zip").kind == "archive", "the name alone cannot tell"


async def test_many_files_are_looked_at_in_turns_and_told_in_their_order(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window goes on in between: one thread for all would be in its way for as long as it takes."""
    count = 2 * LOOKED_AT_ONCE + 1
    paths = [tmp_path / f"{number}.txt" for number in range(count)]
    paths[-1].write_text("words")
    turns: list[int] = []

    def counted(some: Sequence[Path]) -> list[Candidate]:
        turns.append(len(some))
        return looked_at(some)

    monkeypatch.setattr(service, "looked_at", counted)
    found = await services.attachments.look(paths)
    assert [one.name for one in found] == [path.name for path in paths]
    assert [one.size for one in found[-2:]] == [None, 5]
    assert turns == [LOOKED_AT_ONCE, LOOKED_AT_ONCE, 1]
