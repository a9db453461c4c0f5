"""Files made to break their reader: each is read or refused in a moment, in little memory, and nothing is
written."""

from __future__ import annotations

import asyncio
import resource
import tempfile
from pathlib import Path
from typing import Any

import pytest
from tests.documents import bombs

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.confined import confined
from chatbench.documents.markdown.writing import MAX_CHARACTERS, Converted

MIB = 1 << 20
BOMBS = dict(bombs.all_bombs())


def resident() -> tuple[int, int]:
    """Bytes of this process in memory: now, and at the most since `forget`."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) * 1024, int(status["VmHWM"].split()[0]) * 1024


def spent_by_children() -> float:
    """Seconds of processor time of the readers that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def forget() -> None:
    Path("/proc/self/clear_refs").write_text("5")


@pytest.fixture(autouse=True)
def _nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(tmp_path.rglob("*")) == [folder]


@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_is_refused_or_cut_in_a_moment(name: str) -> None:
    forget()
    before, _ = resident()
    began = spent_by_children()
    reading = confined("markdown", BOMBS[name], name, name=name)
    ended: Any = (await asyncio.gather(reading, return_exceptions=True))[0]
    took = spent_by_children() - began
    _, most = resident()
    print(f"{name}: {took:.2f} s, {(most - before) / MIB:.0f} MiB; {getattr(ended, 'message', 'read')}")
    if isinstance(ended, AttachmentRefused):
        assert name in ended.message
        assert ended.hint
    else:
        assert isinstance(ended, Converted)
        assert len(ended.markdown) <= 2 * MAX_CHARACTERS
    assert took < 2, "seconds of processor time, which a busy machine does not change"
    assert most - before < 200 * MIB
