"""Prompts in files: read when asked, written when saved, and nothing written over."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from chatbench.core.errors import ConfigurationError, ReadOnly
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.services import Services
from chatbench.services.prompts import PromptChanged, PromptService
from chatbench.services.templates import Template

BY_HAND = '# Mine\nprompt = "Dear {{name}}"  # polite\nfragments = ["/a.txt"]\n'


@pytest.fixture
def prompts(services: Services) -> PromptService:
    return services.prompts


@pytest.fixture
def home(services: Services) -> Path:
    return services.templates.path("x").parent


def saying(text: str) -> Prompt:
    return Prompt(messages=(PromptMessage(text=text),))


@contextmanager
def read_only() -> Iterator[None]:
    """A disk that takes no new file; whoever runs the tests may write everywhere."""

    def refused(**_: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "mkstemp", refused)
        yield


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


async def test_templates_and_the_library_are_one(services: Services, prompts: PromptService) -> None:
    services.templates.save("letter", Template(prompt="Dear {{name}}", variables={"name": "Ann"}))
    (entry,) = await prompts.entries()
    assert (entry.path, entry.latest, entry.unwritten) == ("letter", 1, False)
    await prompts.save(None, saying("Sum it up"), name="Sum up", folder="work")
    assert services.templates.names() == ("letter", "work/Sum-up")
    assert services.templates.get("work/Sum-up").prompt == "Sum it up"
    services.templates.remove("letter")
    assert (await prompts.sync()).gone == (entry.id,)
    assert [one.path for one in await prompts.entries()] == ["work/Sum up"]
    services.templates.save("letter", Template(prompt="Hello"))
    assert (await prompts.sync()).changed == (entry.id,)
    assert [one.note for one in await prompts.versions(entry.id)] == [
        "Changed in its file",
        "Read from its file",
    ]


async def test_a_save_leaves_what_a_person_wrote_beside_it(prompts: PromptService, home: Path) -> None:
    path = put(home, "letter.toml", BY_HAND)
    (entry,) = await prompts.entries()
    await prompts.save(entry.id, saying("Hello {{name}}"), tags=("mail",))
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Mine\n")
    assert '"Hello {{name}}"' in text
    assert 'fragments = ["/a.txt"]' in text
    assert 'tags = ["mail"]' in text
    assert (await prompts.sync()).ids == frozenset()


async def test_a_file_that_was_changed_becomes_a_version(prompts: PromptService, home: Path) -> None:
    path = put(home, "letter.toml", BY_HAND)
    (entry,) = await prompts.entries()
    path.write_text(BY_HAND.replace("Dear", "Hello"), encoding="utf-8")
    with pytest.raises(PromptChanged):
        await prompts.save(entry.id, saying("mine"))
    for act in (prompts.delete(entry.id), prompts.describe(entry.id, name="other")):
        with pytest.raises(PromptChanged):
            await act
    assert (await prompts.get(entry.id)).latest == 1
    assert (await prompts.sync()).changed == (entry.id,)
    assert (await prompts.version(entry.id)).prompt == saying("Hello {{name}}")
    await prompts.save(entry.id, saying("mine"))
    assert "mine" in path.read_text(encoding="utf-8")
    assert (await prompts.get(entry.id)).latest == 3


async def test_what_was_changed_here_and_there_is_told_and_left(prompts: PromptService, home: Path) -> None:
    path = put(home, "letter.toml", BY_HAND)
    (entry,) = await prompts.entries()
    with read_only(), pytest.raises(ReadOnly):
        await prompts.save(entry.id, saying("mine"))
    assert (await prompts.get(entry.id)).unwritten
    path.write_text('prompt = "theirs"\n', encoding="utf-8")
    assert (await prompts.sync()).both == (entry.id,)
    assert path.read_text(encoding="utf-8") == 'prompt = "theirs"\n'
    assert (await prompts.version(entry.id)).prompt == saying("mine")
    await prompts.take_file(entry.id)
    assert (await prompts.version(entry.id)).prompt == saying("theirs")
    assert (await prompts.version(entry.id, 2)).prompt == saying("mine")
    assert (await prompts.sync()).ids == frozenset()


async def test_the_library_can_win(prompts: PromptService, home: Path) -> None:
    path = put(home, "letter.toml", BY_HAND)
    (entry,) = await prompts.entries()
    path.write_text('prompt = "theirs"\n', encoding="utf-8")
    await prompts.write_file(entry.id)
    assert "Dear" in path.read_text(encoding="utf-8")
    assert [one.prompt for one in await prompts.versions(entry.id)] == [
        saying("Dear {{name}}"), saying("theirs"), saying("Dear {{name}}"),
    ]  # fmt: skip


async def test_what_could_not_be_written_is_written_later(prompts: PromptService, home: Path) -> None:
    made = await prompts.save(None, saying("a"), name="letter")
    with read_only():
        with pytest.raises(ReadOnly):
            await prompts.save(made.prompt_id, saying("b"))
        assert (await prompts.version(made.prompt_id)).prompt == saying("b")
        assert [type(one) for one in (await prompts.sync()).problems] == [ReadOnly]
    await prompts.sync()
    assert '"b"' in (home / "letter.toml").read_text(encoding="utf-8")
    assert not (await prompts.get(made.prompt_id)).unwritten


async def test_renaming_moves_the_file_and_back(prompts: PromptService, home: Path) -> None:
    path = put(home, "letter.toml", BY_HAND)
    (entry,) = await prompts.entries()
    before = await prompts.describe(entry.id, name="A new letter", folder="mail")
    moved = home / "mail" / "A-new-letter.toml"
    assert not path.exists()
    assert moved.read_text(encoding="utf-8").startswith("# Mine\n")
    assert 'name = "A new letter"' in moved.read_text(encoding="utf-8")
    await prompts.describe(entry.id, name=before.name, folder=before.folder)
    assert path.exists()
    assert not moved.exists()
    assert (await prompts.sync()).ids == frozenset()


async def test_a_file_that_was_moved_is_the_same_prompt(prompts: PromptService, home: Path) -> None:
    path = put(home, "letter.toml", BY_HAND)
    (entry,) = await prompts.entries()
    (home / "mail").mkdir()
    path.rename(home / "mail" / "post.toml")
    assert (await prompts.sync()).changed == (entry.id,)
    assert (await prompts.get(entry.id)).path == "mail/post"


async def test_throwing_away_and_back(prompts: PromptService, home: Path) -> None:
    made = await prompts.save(None, saying("a"), name="letter")
    path = home / "letter.toml"
    await prompts.delete(made.prompt_id)
    assert not path.exists()
    other = await prompts.save(None, saying("b"), name="letter")
    await prompts.describe(other.prompt_id, name="other")
    await prompts.put_back(made.prompt_id)
    assert '"a"' in path.read_text(encoding="utf-8")
    assert (await prompts.sync()).ids == frozenset()
    assert [one.path for one in await prompts.entries()] == ["letter", "other"]


async def test_broken_files_are_told_and_change_nothing(prompts: PromptService, home: Path) -> None:
    path = put(home, "letter.toml", BY_HAND)
    (entry,) = await prompts.entries()
    path.write_text("prompt = \n", encoding="utf-8")
    put(home, "other.toml", "prompt = 5")
    put(home, "project.toml", '[project]\nname = "x"')
    put(home, "compose.yaml", "services: []")
    put(home, ".git/config.toml", "prompt = 5")
    put(home, "node_modules/x/config.toml", "prompt = 5")
    found = await prompts.sync()
    assert [one.message.partition(":")[0] for one in found.problems] == ["letter.toml", "other.toml"]
    assert [one.path.name for one in found.unread] == ["letter.toml", "other.toml"]
    assert sorted(one.name for one in found.strangers) == ["compose.yaml", "project.toml"]
    assert prompts.synced == found
    assert "line 1" in found.problems[0].message
    assert (await prompts.get(entry.id)).latest == 1
    assert (await prompts.version(entry.id)).prompt == saying("Dear {{name}}")


async def test_a_folder_of_ones_own(prompts: PromptService, tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "repo"
    put(folder, "a.toml", 'prompt = "A"')
    put(folder, "deep/b.toml", 'name = "Bee"\nprompt = "B"')
    found = await prompts.link_folder(folder, "team")
    assert len(found.added) == 2
    assert [one.path for one in await prompts.entries()] == ["team/a", "team/deep/Bee"]
    made = await prompts.save(None, saying("C"), name="c", folder="team/deep")
    assert (folder / "deep" / "c.toml").exists()
    deep = folder / "deep"
    files = {folder / "a.toml", deep / "b.toml", deep / "c.toml"}
    assert set(await prompts.paths_to_watch()) == {home, folder, deep, *files}
    with pytest.raises(ConfigurationError, match="no folder"):
        await prompts.link_folder(tmp_path / "gone")
    with pytest.raises(ConfigurationError, match="linked already"):
        await prompts.link_folder(home.parent)
    await prompts.unlink_folder(folder)
    assert [one.file for one in await prompts.entries()] == ["", "", ""]
    await prompts.save(made.prompt_id, saying("D"))
    assert '"C"' in (folder / "deep" / "c.toml").read_text(encoding="utf-8")


async def test_a_linked_folder_that_is_away_loses_nothing(prompts: PromptService, tmp_path: Path) -> None:
    folder = tmp_path / "repo"
    put(folder, "a.toml", 'prompt = "A"')
    await prompts.link_folder(folder)
    folder.rename(tmp_path / "away")
    found = await prompts.sync()
    assert (found.gone, len(found.problems)) == ((), 1)
    assert [one.path for one in await prompts.entries()] == ["repo/a"]


async def test_names_that_are_the_same_in_files(prompts: PromptService, home: Path) -> None:
    put(home, "a.toml", 'name = "Same"\nprompt = "A"')
    put(home, "b.toml", 'name = "Same"\nprompt = "B"')
    assert [one.name for one in await prompts.entries()] == ["Same", "Same 2"]
    await prompts.save(None, saying("x"), name="so/so".replace("/", "?"))
    await prompts.save(None, saying("y"), name="so!so")
    assert {path.name for path in home.glob("so*")} == {"so-so.toml", "so-so-2.toml"}


async def test_what_is_taken_back_finds_its_file_taken(prompts: PromptService, home: Path) -> None:
    first = await prompts.save(None, saying("a"), name="a b")
    await prompts.delete(first.prompt_id)
    await prompts.save(None, saying("b"), name="a-b")
    await prompts.put_back(first.prompt_id)
    assert '"b"' in (home / "a-b.toml").read_text(encoding="utf-8")
    assert '"a"' in (home / "a-b-2.toml").read_text(encoding="utf-8")
    assert [one.path for one in await prompts.entries()] == ["a b", "a-b"]


async def test_prompts_in_yaml(prompts: PromptService, home: Path) -> None:
    path = put(
        home, "letter.yaml", "# Mine\nprompt: Dear {{name}}  # polite\nfragments: [/a.txt]\ntags: [x]\n"
    )
    (entry,) = await prompts.entries()
    assert (entry.name, entry.tags) == ("letter", ("x",))
    await prompts.save(entry.id, saying("Hello\n{{name}}"))
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Mine\nprompt: |-\n  Hello\n  {{name}}\n")
    assert "fragments: [/a.txt]\n" in text
    await prompts.describe(entry.id, name="A letter", tags=())
    assert not path.exists()
    assert "name: A letter\n" in (home / "A-letter.yaml").read_text(encoding="utf-8")
    (home / "A-letter.yaml").write_text("prompt: [", encoding="utf-8")
    (problem,) = (await prompts.sync()).problems
    assert problem.message.startswith("A-letter.yaml: This is no YAML, line 1")
