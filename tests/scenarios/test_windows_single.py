"""One program a profile: a second start brings the first to the front and hands over its files."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from tests.harness import program
from tests.scenarios.window import Run, opened, until, view_of, write

from chatbench.__main__ import wants_window
from chatbench.main import build, meet
from chatbench.ui import single
from chatbench.ui.app import Line, parse
from chatbench.ui.session import Session
from chatbench.ui.wish import MOST_FILES, Wish

NOBODY = 65534
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="sockets with a path")
root_only = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can be another user"
)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return program.environment(tmp_path / "keyring.json")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a picture.png"
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    assert image.save(str(path))
    return path


@asynccontextmanager
async def listening(profile: Path) -> AsyncIterator[tuple[Session, single.Listener]]:
    """The window in this process, heard by later starts as `app.main` has it."""
    listener = single.Listener(meet(profile))
    assert listener.listen()
    try:
        async with opened(profile) as session:
            listener.asked.connect(session.take)
            yield session, listener
    finally:
        listener.close()


async def start(*arguments: str, env: dict[str, str]) -> asyncio.subprocess.Process:
    """A process of the program."""
    return await asyncio.create_subprocess_exec(
        *program.command(*arguments), env=env, cwd=program.ROOT, stderr=subprocess.PIPE
    )


async def ended(process: asyncio.subprocess.Process) -> int:
    """Its exit code."""
    _, err = await asyncio.wait_for(process.communicate(), 40)
    assert not err, err.decode()
    assert process.returncode is not None
    return process.returncode


def gone(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()


# A second start.


def test_a_second_start_brings_the_window_to_the_front_with_its_files(
    tmp_path: Path, run_async: Run, env: dict[str, str], picture: Path
) -> None:
    profile = tmp_path / "profile"

    async def scenario() -> None:
        async with listening(profile) as (session, _):
            view = view_of(session)
            write(view, "Look at")
            session.window.showMinimized()
            assert session.window.isMinimized()
            second = await start("--profile", str(profile), str(picture), env=env)
            assert await ended(second) == 0
            await until(lambda: view.composer.draft().attachments, "the file")
            assert not session.window.isMinimized()
            assert session.window.isActiveWindow()
            assert view.composer.draft().text == "Look at"

    run_async(scenario())


def test_a_start_with_files_attaches_them_and_a_second_process_hands_its_own_over(
    tmp_path: Path, run_async: Run, env: dict[str, str], picture: Path
) -> None:
    profile = tmp_path / "profile"

    async def attachments() -> int:
        services = build(profile)
        await services.profile.ready()
        found = [await services.history.load(one.id) for one in await services.history.summaries(5)]
        await services.aclose()
        return sum(len(one.draft.attachments) for one in found)

    async def scenario() -> None:
        meeting = meet(profile)
        first = await start("--profile", str(profile), str(picture), env=env)
        try:
            await until(lambda: meeting.occupied, "the first to listen")
            second = await start("--profile", str(profile), str(picture), env=env)
            assert await ended(second) == 0
            loop = asyncio.get_running_loop()
            end = loop.time() + 20
            while await attachments() < 2:
                assert loop.time() < end
            assert first.returncode is None
        finally:
            gone(first)
            await first.wait()
        # Killed, it has left its socket; the next start is the one that listens.
        assert meeting.occupied
        third = await start("--profile", str(profile), env=env)
        try:
            listener = single.Listener(meet(profile))
            await until(lambda: single.hand_over(meeting, Wish()), "the third to take the place")
            assert not listener.listen()
        finally:
            gone(third)
            await third.wait()

    run_async(scenario())


def test_of_two_starts_in_the_same_moment_one_stays(
    tmp_path: Path, run_async: Run, env: dict[str, str]
) -> None:
    async def scenario() -> None:
        both = [await start("--profile", str(tmp_path / "profile"), env=env) for _ in range(2)]
        waiting = [asyncio.ensure_future(process.wait()) for process in both]
        try:
            done, left = await asyncio.wait(waiting, timeout=30, return_when=asyncio.FIRST_COMPLETED)
            assert [one.result() for one in done] == [0]
            assert len(left) == 1
        finally:
            for process in both:
                gone(process)
            await asyncio.gather(*waiting)
            for process in both:
                await process.communicate()

    run_async(scenario())


def test_other_profiles_are_other_programs(tmp_path: Path, qapp: QApplication) -> None:
    addresses = {meet(tmp_path / name).address for name in ("a", "b")}
    assert len(addresses) == 2
    assert not single.hand_over(meet(tmp_path / "a"), Wish())


def test_what_is_said_before_the_tabs_are_open_is_done_afterwards(
    tmp_path: Path, run_async: Run, picture: Path
) -> None:
    async def scenario() -> None:
        session = Session(build(tmp_path / "profile"))
        session.start(Wish.of(False, [str(picture)], {}))
        session.take(Wish.of(False, [str(picture)], {}))
        await until(lambda: session.workspace.current_view() is not None, "a conversation")
        await until(lambda: len(view_of(session).composer.draft().attachments) == 2, "the files")
        await session.aclose()

    run_async(scenario())


# The message is data, and little of it.


@posix_only
@pytest.mark.parametrize(
    "message",
    [
        struct.pack(">I", single.LARGEST + 1),
        struct.pack(">I", 3) + b"\xff\xff\xff",
        struct.pack(">I", 0),
        b"GET / HTTP/1.1\r\n\r\n",
        *(
            struct.pack(">I", len(body)) + body
            for body in (
                msgspec.msgpack.encode({"files": [b"relative/path"]}),
                msgspec.msgpack.encode({"files": [b"/nul\0byte"]}),
                msgspec.msgpack.encode({"files": [b"/" + b"x" * 5000]}),
                msgspec.msgpack.encode({"files": [b"/x"] * (MOST_FILES + 1)}),
                msgspec.msgpack.encode({"files": "/x"}),
                msgspec.msgpack.encode({"activation": "two\nlines"}),
                msgspec.msgpack.encode({"activation": "x" * 257}),
            )
        ),
    ],
)
def test_a_message_that_no_start_would_send_is_refused(
    tmp_path: Path, run_async: Run, expect_log: Callable[[str], None], message: bytes
) -> None:
    expect_log("from a later start")

    async def scenario() -> None:
        heard: list[Wish] = []
        meeting = meet(tmp_path)
        listener = single.Listener(meeting)
        assert listener.listen()
        listener.asked.connect(heard.append)
        try:
            reader, writer = await asyncio.open_unix_connection(meeting.address)
            writer.write(message)
            assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()
            assert not heard
            good = await asyncio.to_thread(asked_from_a_thread, meeting.address)
            assert good == b"taken"
            await until(lambda: heard, "the good one")
        finally:
            listener.close()

    run_async(scenario())


def asked_from_a_thread(address: str) -> bytes:
    body = msgspec.msgpack.encode(Wish())
    with socket.socket(socket.AF_UNIX) as plain:
        plain.connect(address)
        plain.sendall(struct.pack(">I", len(body)) + body)
        return plain.recv(100)


@posix_only
def test_who_says_nothing_is_let_go_and_few_are_heard_at_once(
    tmp_path: Path, run_async: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single, "PATIENCE_MS", 200)

    async def scenario() -> None:
        meeting = meet(tmp_path)
        listener = single.Listener(meeting)
        assert listener.listen()
        try:
            silent = [await asyncio.open_unix_connection(meeting.address) for _ in range(12)]
            assert [await asyncio.wait_for(reader.read(), 10) for reader, _ in silent] == [b""] * 12
            for _, writer in silent:
                writer.close()
            assert await asyncio.to_thread(asked_from_a_thread, meeting.address) == b"taken"
        finally:
            listener.close()

    run_async(scenario())


# Nobody else's.


@posix_only
def test_the_place_is_this_users_alone(tmp_path: Path, home: Path, qapp: QApplication) -> None:
    meeting = meet(tmp_path)
    listener = single.Listener(meeting)
    assert listener.listen()
    address = Path(meeting.address)
    assert address.is_relative_to(home)
    assert not address.stat().st_mode & 0o077
    assert address.parent.stat().st_mode & 0o777 == 0o700
    assert address.with_suffix(".lock").stat().st_mode & 0o777 == 0o600
    assert meeting.occupied
    address.parent.chmod(0o770)
    assert not meeting.occupied
    assert not single.Listener(meet(tmp_path)).listen()
    address.parent.chmod(0o700)
    listener.close()
    assert not meeting.occupied


@posix_only
def test_what_is_no_socket_is_not_spoken_to(tmp_path: Path, qapp: QApplication) -> None:
    meeting = meet(tmp_path)
    address = Path(meeting.address)
    address.parent.mkdir(mode=0o700)
    address.write_text("x")
    assert not meeting.occupied
    address.unlink()
    address.symlink_to(tmp_path)
    assert not meeting.occupied
    # One that listens takes its place.
    listener = single.Listener(meeting)
    assert listener.listen()
    listener.close()


@root_only
def test_another_users_socket_is_refused(tmp_path: Path) -> None:
    meeting = meet(tmp_path)
    address = Path(meeting.address)
    address.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as plain:
        plain.bind(str(address))
        plain.listen()
        assert meeting.occupied
        os.chown(address, NOBODY, NOBODY)
        assert not meeting.occupied
        os.chown(address, 0, 0)
        os.chown(address.parent, NOBODY, NOBODY)
        assert not meeting.occupied


@root_only
def test_another_user_is_not_heard(tmp_path: Path, run_async: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    knock = (
        "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
        "try:\n    s.sendall(b'\\0\\0\\0\\1\\x80')\n    sys.exit(len(s.recv(9)))\n"
        "except ConnectionError:\n    sys.exit(0)"
    )

    async def scenario() -> None:
        meeting = meet(tmp_path)
        listener = single.Listener(meeting)
        assert listener.listen()
        address = Path(meeting.address)
        address.parent.chmod(0o711)
        address.chmod(0o666)
        try:
            codes = []
            for user in (None, NOBODY):
                process = await asyncio.create_subprocess_exec(
                    "/usr/bin/env", "python3", "-c", knock, str(address), user=user
                )
                codes.append(await asyncio.wait_for(process.wait(), 20))
            assert codes == [len("taken"), 0]
        finally:
            listener.close()

    # Others cannot even look into the folders of tests.
    with tempfile.TemporaryDirectory(prefix="chatbench-test-") as shared:
        Path(shared).chmod(0o711)
        monkeypatch.setenv("XDG_RUNTIME_DIR", shared)
        run_async(scenario())


# The command line.


def test_the_command_line_says_window_or_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").touch()
    Path("chat").touch()
    for words in ([], ["quick"], ["notes.txt"], ["./chat"], ["--profile", "x", "quick", "notes.txt"]):
        assert wants_window(words), words
    for words in (["chat"], ["missing.txt"], ["--version"], ["quick", "--help"], ["--wat"], ["."]):
        assert not wants_window(words), words


def test_the_command_line_is_read() -> None:
    assert parse(["--profile=a", "quick", "b.txt", "quick"]) == Line(
        Path("a"), "", "quick", ("b.txt", "quick")
    )
    assert parse(["b.txt", "--log-level", "debug"]) == Line(None, "debug", "", ("b.txt",))


def test_a_wish_says_no_more_than_it_may() -> None:
    found = Wish.of(True, [f"f{n}" for n in range(200)], {"XDG_ACTIVATION_TOKEN": "a\nb"})
    assert len(found.files) == MOST_FILES
    assert found.activation == ""
    assert found.paths()[0] == Path.cwd() / "f0"
    assert Wish.of(False, ["\udcff.png"], {}).files[0].endswith(b"\xff.png")
