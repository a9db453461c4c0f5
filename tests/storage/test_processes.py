"""Sudden ends, and more than one process on a profile."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.storage.child import CHUNK

from chatbench.core.conversations import Draft, TreeMessage
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.migrations import MIGRATIONS
from chatbench.storage.profile import Profile

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")
DRAFT = Draft(text="not sent yet")
ROOT = Path(__file__).resolve().parents[2]


def command(verb: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "tests.storage.child", verb, str(folder)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'app'}{os.pathsep}{ROOT}"}


def run(verb: str, folder: Path, *, before: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(before or []), *command(verb, folder)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@contextmanager
def child(verb: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command(verb, folder), cwd=ROOT, env=environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def kill_while_streaming(folder: Path, lines_before: int) -> list[list[str]]:
    """Everything the child acknowledged before it was killed."""
    with child("stream", folder) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(lines_before)]
        process.kill()
        lines += process.stdout.readlines()
    return [line.split() for line in lines if line.endswith("\n")]


async def test_nothing_acknowledged_is_lost_to_kill_9(tmp_path: Path, fault_rounds: int) -> None:
    folder = tmp_path / "profile"
    chance = random.Random(11)
    interrupted = 0
    for _ in range(fault_rounds):
        said = kill_while_streaming(folder, chance.randrange(1, 160))
        profile = Profile.open(folder, environ={})
        database = Database.open(profile.database, backups=profile.backups)
        store = ConversationStore(database, profile.owner)
        assert await database.check() == []
        left = {message.id for message in await store.interrupt_orphans()}
        interrupted += len(left)
        found = {m.id: m for m in await store.messages([line[1] for line in said])}
        for line in said:
            _check_kept(line, found[line[1]])
        done = {line[1] for line in said if line[0] == "done"}
        assert all(found[one].state == "done" for one in done)
        assert left <= set(found) or len(left - set(found)) == 1  # begun, killed before it could be said
        assert all(m.state in ("done", "interrupted") for m in found.values())
        assert await store.interrupt_orphans() == []
        assert await database.check() == []
        await database.close()
        profile.close()
    assert interrupted > 0


def _check_kept(line: list[str], message: TreeMessage) -> None:
    text = message.text
    assert text == CHUNK * (len(text) // len(CHUNK))
    if line[0] in ("kept", "done"):
        assert len(text) >= int(line[2])


async def test_a_living_answer_of_another_process_is_left_alone(
    profile: Profile, store: ConversationStore
) -> None:
    with child("hold", profile.folder) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        conversation_id, answer_id = process.stdout.readline().split()
        assert await store.changed_elsewhere()
        assert not await store.changed_elsewhere()

        assert await store.interrupt_orphans() == []
        assert (await store.messages([answer_id]))[0].state == "streaming"
        assert len(profile.owner.others()) == 1
        await store.pin(conversation_id, True)
        assert not await store.changed_elsewhere()

        process.stdin.write("renamed there\n")
        process.stdin.flush()
        assert process.stdout.readline() == "renamed\n"
        assert await store.changed_elsewhere()
        summary = await store.summary(conversation_id)
        assert summary is not None
        assert (summary.title, summary.pinned, summary.streaming) == ("renamed there", True, True)

    assert [message.id for message in await store.interrupt_orphans()] == [answer_id]
    assert profile.owner.others() == []
    (answer,) = await store.messages([answer_id])
    assert (answer.state, answer.text) == ("interrupted", "half a")


async def test_kill_9_inside_a_migration_leaves_the_old_schema(profile: Profile) -> None:
    database = Database.open(profile.database, backups=profile.backups)
    await ConversationStore(database, profile.owner).save_draft(None, DRAFT)
    await database.close()

    assert run("die", profile.folder).returncode == -9

    (copy,) = profile.backups.glob("*.db")
    for path in (profile.database, copy):
        database = Database.open(path, backups=profile.backups)
        assert await database.read(lambda c: c.pragma("user_version")) == len(MIGRATIONS)
        assert await database.check() == []
        assert await ConversationStore(database, profile.owner).draft(None) == DRAFT
        await database.close()


def test_a_full_disk_is_named_and_loses_nothing(tmp_path: Path) -> None:
    result = run("fill", tmp_path / "profile")

    assert result.stdout.splitlines() == ["DiskFull", "True []"], result.stderr


@pytest.mark.parametrize("there_before", [True, False])
def test_a_read_only_profile_is_named(tmp_path: Path, there_before: bool) -> None:
    folder = tmp_path / "profile"
    if there_before:
        assert run("open", folder).stdout == "open\n"
    else:
        folder.mkdir(mode=0o700)
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o500 if path.is_dir() else 0o400)

    # Root may write anywhere, unless it gives that up.
    give_up = (
        ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"] if os.geteuid() == 0 else []
    )
    result = run("open", folder, before=give_up)

    for path in paths:
        path.chmod(0o700)
    assert result.stdout == "ReadOnly\n", result.stderr


async def test_two_processes_may_make_the_profile_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    processes = [
        subprocess.Popen(
            command("open", folder), cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["open\n"] * 4
