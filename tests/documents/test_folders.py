"""A folder as a list of files: what git ignores, links, hidden files, many files, a share that hangs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from chatbench.core.errors import AttachmentRefused
from chatbench.documents import folders
from chatbench.documents.folders import FolderFile, list_folder


def lay(root: Path, **files: str) -> Path:
    """Files in a folder; `a__b_txt` is a/b.txt."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


async def paths(folder: Path, **options: Any) -> list[str]:
    return [file.path for file in (await list_folder(folder, **options)).files]


async def test_files_have_paths_sizes_and_kinds(tmp_path: Path) -> None:
    lay(tmp_path, b_md="1234", a__x_py="12", a__deep__y_csv="", zero="1")
    listing = await list_folder(tmp_path)
    assert listing.files == (
        FolderFile(path="a/deep/y.csv", size=0, media_type="text/csv"),
        FolderFile(path="a/x.py", size=2, media_type="text/x-python"),
        FolderFile(path="b.md", size=4, media_type="text/markdown"),
        FolderFile(path="zero", size=1, media_type=""),
    )
    assert listing.notes == ()


IGNORED = {
    ".gitignore": "*.log\n!keep.log\nbuild/\n/only-top.txt\ndocs/**/draft.md\n# no comment.txt\n\\#odd.txt\n",
    "sub/.gitignore": "!again.log\nlocal.txt\n/here.txt\n",
    "sub/deep/.gitignore": "*\n!*/\n!wanted.*\n",
}
LAID = (
    *("a.log", "keep.log", "build/x.txt", "sub/build/y.txt", "only-top.txt", "sub/only-top.txt", "buildx"),
    *("docs/a/b/draft.md", "docs/draft.md", "docs/final.md", "no comment.txt", "#odd.txt", "sub/again.log"),
    *("sub/other.log", "sub/local.txt", "sub/x/local.txt", "local.txt", "sub/here.txt", "sub/x/here.txt"),
    *(
        "sub/deep/none.txt",
        "sub/deep/wanted.txt",
        "sub/deep/x/wanted.py",
        "build2/keep.log",
        "ä ö.log",
        "ü.txt",
    ),
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name, text in (*IGNORED.items(), *((name, "x") for name in LAID)):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", str(root)], check=True, env=environment)
    return root


def told_by_git(root: Path, folder: Path) -> list[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(root.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--others", "--exclude-standard"],
        cwd=folder,
        check=True,
        capture_output=True,
        env=environment,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return sorted(
        (name for name in names if not name.rpartition("/")[2].startswith(".")), key=lambda n: n.split("/")
    )


@pytest.mark.parametrize("inside", ["", "sub", "sub/deep", "docs"])
async def test_what_git_ignores_is_left_out(repository: Path, inside: str) -> None:
    found = await paths(repository / inside)
    assert found == told_by_git(repository, repository / inside)
    assert found, "something is left"


async def test_rules_made_to_take_for_ever_do_not(tmp_path: Path) -> None:
    lay(tmp_path, **{"a" * 250: "1"})
    (tmp_path / ".gitignore").write_text("*a" * 60 + "*b\n", encoding="utf-8")
    began = time.process_time()
    assert await paths(tmp_path) == ["a" * 250]
    assert time.process_time() - began < 1


async def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    lay(tmp_path, a_txt="1")
    (tmp_path / ".git").mkdir()
    lay(tmp_path / ".git", config="x")
    (tmp_path / ".env").write_text("KEY=1", encoding="utf-8")
    assert await paths(tmp_path) == ["a.txt"]


async def test_links_that_lead_out_are_left_out(tmp_path: Path) -> None:
    secret = lay(tmp_path / "elsewhere", secret_txt="s")
    root = lay(tmp_path / "folder", a_txt="12", sub__b_txt="1")
    (root / "out.txt").symlink_to(secret / "secret.txt")
    (root / "out").symlink_to(secret)
    (root / "in.txt").symlink_to(root / "a.txt")
    (root / "loop").symlink_to(root)
    (root / "broken").symlink_to(root / "nothing")
    os.mkfifo(root / "pipe")
    listing = await list_folder(root)
    assert [(file.path, file.size) for file in listing.files] == [
        ("a.txt", 2),
        ("in.txt", 2),
        ("sub/b.txt", 1),
    ]
    assert listing.notes == ("2 links that lead out of the folder were left out.",)


async def test_many_files_are_cut_and_told_of(tmp_path: Path) -> None:
    for number in range(1200):
        (tmp_path / f"{number:05}.txt").touch()
    told: list[int] = []
    listing = await list_folder(tmp_path, most=1000, on_progress=told.append)
    assert [file.path for file in listing.files] == [f"{number:05}.txt" for number in range(1000)]
    assert listing.notes == ("Only the first 1,000 files are listed.",)
    assert told == [500, 1000]


async def test_ten_thousand_files_do_not_hold_the_loop(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.log\nbuild/\n!x.log\n" * 5, encoding="utf-8")
    for number in range(folders.MAX_FILES + 10):
        (tmp_path / f"{number}.txt").touch()
    listing = asyncio.create_task(list_folder(tmp_path))
    turns = 0
    while not listing.done():
        await asyncio.sleep(0)
        turns += 1
    assert len(listing.result().files) == folders.MAX_FILES
    assert listing.result().notes == ("Only the first 10,000 files are listed.",)
    assert turns > 10


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("gone", "gone cannot be read: No such file"), ("file.txt", "file.txt cannot be read: Not a dir")],
)
async def test_what_is_no_folder_is_refused(tmp_path: Path, name: str, sentence: str) -> None:
    lay(tmp_path, file_txt="1")
    with pytest.raises(AttachmentRefused, match=sentence):
        await list_folder(tmp_path / name)


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, threading.Event]]:
    """A folder whose listing waits until the event is set, as one on a dead server does."""
    lay(tmp_path, a_txt="1")
    for name in ("b", "c", "d"):
        lay(tmp_path / name, a_txt="1")
    back = threading.Event()
    scandir = os.scandir

    def slow(path: Any) -> Any:
        calls.append(path)
        back.wait(20)
        return scandir(path)

    calls: list[Any] = []
    monkeypatch.setattr(os, "scandir", slow)
    yield tmp_path, back
    back.set()
    for thread in threading.enumerate():
        if thread.name.startswith("folder-"):
            thread.join(10)
    assert len(calls) <= 2, "it went on, for nobody"


async def test_a_share_that_hangs_is_given_up(hanging: tuple[Path, threading.Event]) -> None:
    folder, back = hanging
    began = time.monotonic()
    with pytest.raises(AttachmentRefused, match=r"does not answer within 0\.2 seconds"):
        await list_folder(folder, seconds=0.2)
    assert time.monotonic() - began < 2
    back.set()


def test_it_can_be_cancelled_on_the_loop_of_the_window(
    hanging: tuple[Path, threading.Event], run_async: Callable[[Coroutine[Any, Any, Any]], Any]
) -> None:
    folder, back = hanging

    async def begin_and_cancel() -> None:
        listing = asyncio.create_task(list_folder(folder))
        await asyncio.sleep(0.05)
        listing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listing

    run_async(begin_and_cancel())
    back.set()
