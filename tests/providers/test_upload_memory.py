"""A file at a path is read while it is uploaded: the whole of it is never in memory."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.providers import wires
from tests.providers.test_filestorage import WIRES

from chatbench.core.errors import AttachmentRefused
from chatbench.core.secrets import Secret
from chatbench.providers.filestorage import Outgoing, Place
from chatbench.providers.http import Http

MiB = 1024 * 1024
KEPT = json.dumps({"id": "file-1", "object": "file", "bytes": 1, "created_at": 1, "filename": "a"}).encode()


class Sink:
    """A server that counts what comes, and keeps none of it."""

    def __init__(self) -> None:
        self.received = 0
        self.on_piece: Callable[[], object] = lambda: None
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            left = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
            while left:
                piece = await reader.read(min(left, 65_536))
                if not piece:
                    return
                left -= len(piece)
                self.received += len(piece)
                self.on_piece()
            answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            writer.write(answer % (len(KEPT), KEPT))
            await writer.drain()
        finally:
            writer.close()
            self.ended.set()


@asynccontextmanager
async def sinking() -> AsyncIterator[tuple[Sink, Place]]:
    sink, http = Sink(), Http({})
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    endpoint = wires.endpoint("openai_responses", f"http://127.0.0.1:{port}/v1", file_storage=True)
    try:
        yield sink, Place(WIRES["openai"], endpoint, Secret("key"), http)
    finally:
        await http.aclose()
        await sink.ended.wait()
        server.close()
        await server.wait_closed()


async def uploaded(path: Path) -> int:
    """Uploads it to a sink; returns how many bytes came."""
    async with sinking() as (sink, at):
        assert at.wire.storage is not None
        outgoing = Outgoing(path, path.name, "video/mp4", size=path.stat().st_size)
        told = await at.wire.storage.upload(at, outgoing)
        assert told.id == "file-1"
        return sink.received


def sparse(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


async def test_a_file_is_read_piece_by_piece_while_it_is_sent(tmp_path: Path) -> None:
    path = sparse(tmp_path / "film.mp4", 24 * MiB)
    await uploaded(sparse(tmp_path / "first.mp4", 1))  # Imports the library.
    tracemalloc.start()
    try:
        received = await uploaded(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 24 * MiB < received < 24 * MiB + 1000
    assert peak < 4 * MiB


async def test_a_file_that_becomes_shorter_meanwhile_ends_the_upload(tmp_path: Path) -> None:
    path = sparse(tmp_path / "film.mp4", 8 * MiB)
    async with sinking() as (sink, at):
        assert at.wire.storage is not None

        def cut() -> None:
            if path.stat().st_size > MiB:
                sparse(path, MiB)

        sink.on_piece = cut
        outgoing = Outgoing(path, path.name, "video/mp4", size=path.stat().st_size)
        with pytest.raises(AttachmentRefused, match=r"film\.mp4 could not be read to its end"):
            await at.wire.storage.upload(at, outgoing)
        assert sink.received < 8 * MiB


def test_two_hundred_megabytes_take_little_memory(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """In a process of its own, whose peak is known."""
    if not request.config.getoption("--long"):
        pytest.skip("200 MB over a socket: with --long only")
    small, large = (sparse(tmp_path / str(size), size * 1_000_000) for size in (1, 200))
    peaks = [_peak_of_uploading(path) for path in (small, large)]
    assert peaks[1] - peaks[0] < 20 * MiB, peaks


def _peak_of_uploading(path: Path) -> int:
    command = [sys.executable, "-m", __name__, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return int(done.stdout)


if __name__ == "__main__":
    import resource

    asyncio.run(uploaded(Path(sys.argv[1])))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
