"""Linked folders: what changes in them shows at once, what is not read is told, both sides are kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QLabel
from tests.scenarios.window import until
from tests.services.test_prompt_files import read_only
from tests.ui.workbench.section_kit import Opened

from chatbench.core.errors import ReadOnly
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.services import Services
from chatbench.ui.workbench.library.folderspage import FoldersPage
from chatbench.ui.workbench.library.watching import PromptWatch

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Do = Callable[[Callable[[], object]], None]


@pytest.fixture
def repo(tmp_path: Path, services: Services, run_async: Runner) -> Path:
    """A folder that is linked, with one prompt in it."""
    folder = tmp_path / "repo"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.toml").write_text('prompt = "one"\n')
    run_async(services.prompts.link_folder(folder))
    return folder


@pytest.fixture
def watch(services: Services, repo: Path, run_async: Runner, qapp: QObject) -> Iterator[PromptWatch]:
    """It watches the folder already."""
    found = PromptWatch(services, qapp)

    async def begin() -> None:
        found.begin()
        await found.ended()

    run_async(begin())
    yield found
    found.deleteLater()


async def text_of(services: Services, name: str = "a") -> str:
    for entry in await services.prompts.entries():
        if entry.name == name:
            return (await services.prompts.version(entry.id)).prompt.messages[0].text
    return ""


def more_than(heard: list[bool], count: int) -> bool:
    return len(heard) > count


async def told(
    watch: PromptWatch, services: Services, change: Callable[[], object], text: str, name: str
) -> None:
    """Changes something, and waits until the library says so without being asked to read."""
    heard: list[bool] = []
    link = watch.read.connect(lambda: heard.append(True))
    change()
    count = len(heard)
    while await text_of(services, name) != text:
        await until(partial(more_than, heard, count), f"the folders to be read for {text!r}")
        count = len(heard)
    await watch.ended()
    watch.read.disconnect(link)


def test_what_editors_and_git_do_is_seen(
    watch: PromptWatch, repo: Path, services: Services, run_async: Runner
) -> None:
    file = repo / "deep" / "a.toml"

    def replace(text: str) -> None:
        new = file.with_name("a.toml.new")
        new.write_text(f'prompt = "{text}"\n')
        new.replace(file)

    def backed_up(text: str) -> None:
        copy = file.with_name("a.toml~")
        copy.unlink(missing_ok=True)
        os.link(file, copy)
        replace(text)

    def add() -> None:
        (repo / "new").mkdir()
        (repo / "new" / "b.yaml").write_text("prompt: added\n")

    async def steps() -> None:
        await told(watch, services, lambda: file.write_text('prompt = "in place"\n'), "in place", "a")
        await told(watch, services, lambda: replace("replaced"), "replaced", "a")
        await told(
            watch, services, lambda: file.write_text('prompt = "in place again"\n'), "in place again", "a"
        )
        await told(watch, services, lambda: backed_up("backed up"), "backed up", "a")
        await told(watch, services, lambda: file.write_text('prompt = "and again"\n'), "and again", "a")
        await told(watch, services, add, "added", "b")
        inside = repo / "new" / "b.yaml"
        await told(watch, services, lambda: inside.write_text("prompt: changed\n"), "changed", "b")
        await told(watch, services, file.unlink, "", "a")
        assert {repo, repo / "deep", repo / "new", inside} <= watch.watched()
        watch.release()
        assert watch.watched() == frozenset()

    run_async(steps())


@pytest.fixture
def page(opened: Opened, repo: Path, do: Do) -> FoldersPage:
    do(opened.workbench.show)
    do(lambda: opened.pane.open("page:folders"))
    found = opened.pane.current_view()
    assert isinstance(found, FoldersPage)
    return found


def words(page: FoldersPage, folder: Path) -> str:
    return "\n".join(label.text() for row in page.cards[folder].rows for label in row.findChildren(QLabel))


def button(page: FoldersPage, folder: Path, label: str) -> Any:
    rows = page.cards[folder].rows
    return next(
        one for row in rows for one in row.findChildren(QObject) if getattr(one, "label", str)() == label
    )


def read_now(opened: Opened, do: Do) -> None:
    do(opened.pane.pages.watch.again)


def test_what_is_not_read_is_told_with_the_reason(
    opened: Opened, page: FoldersPage, repo: Path, services: Services, do: Do
) -> None:
    home = services.templates.path("x").parent
    assert [card.title.text() for card in page.cards.values()] == ["The profile’s own folder", "repo"]
    assert page.cards[home].unlink.isHidden()
    assert page.cards[repo].fact.text() == "1 prompt"
    (repo / "broken.toml").write_text("prompt = \n")
    (repo / "pyproject.toml").write_text("[project]\n")
    read_now(opened, do)
    assert "broken.toml" in words(page, repo)
    assert "line 1" in words(page, repo)
    assert "pyproject.toml" in page.cards[repo].fact.text()
    (repo / "broken.toml").unlink()
    read_now(opened, do)
    assert page.cards[repo].rows == ()


@pytest.mark.parametrize(("label", "text"), [("Take the file’s", "theirs"), ("Write this one", "mine")])
def test_a_prompt_that_was_changed_on_both_sides_is_settled(
    opened: Opened,
    page: FoldersPage,
    repo: Path,
    services: Services,
    run_async: Runner,
    do: Do,
    label: str,
    text: str,
) -> None:
    (entry,) = run_async(services.prompts.entries())
    file = repo / "deep" / "a.toml"
    mine = Prompt(messages=(PromptMessage(text="mine"),))
    with read_only(), pytest.raises(ReadOnly):
        run_async(services.prompts.save(entry.id, mine))
    file.write_text('prompt = "theirs"\n')
    read_now(opened, do)
    assert "“a” was changed here and in its file" in words(page, repo)
    assert "Changed here and in its file: a" in [one.text for one in opened.pane.window_.notices.shown()]
    do(button(page, repo, label).click)
    assert run_async(text_of(services)) == text
    assert text in file.read_text()
    assert page.cards[repo].rows == ()
    texts = {one.prompt.messages[0].text for one in run_async(services.prompts.versions(entry.id))}
    assert texts == {"one", "mine", "theirs"}


def test_a_folder_is_linked_unlinked_and_linked_again(
    opened: Opened,
    page: FoldersPage,
    repo: Path,
    services: Services,
    run_async: Runner,
    do: Do,
    tmp_path: Path,
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.toml").write_text('prompt = "x"\n')
    do(lambda: page.add(other))
    assert page.cards[other].fact.text() == "1 prompt"
    before = [one.path for one in run_async(services.prompts.entries())]
    assert before == ["other/x", "repo/deep/a"]
    do(page.cards[other].unlink.click)
    assert other not in page.cards
    notice = opened.pane.window_.notices.shown()[-1]
    assert notice.button is not None
    do(notice.button.click)
    assert page.cards[other].fact.text() == "1 prompt"
    assert [one.path for one in run_async(services.prompts.entries())] == before
    do(lambda: page.add(tmp_path / "nowhere"))
    assert "nowhere" in page.problem.text()
