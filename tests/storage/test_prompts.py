"""Prompts in the profile: versions that never change, names, the trash, files, shared pieces of text."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.messages import ImagePart, StoredFile
from chatbench.core.prompts import Prompt, PromptMessage, Variable
from chatbench.storage.database import Database
from chatbench.storage.files import FileStore
from chatbench.storage.profile import Profile
from chatbench.storage.promptfragments import FragmentStore
from chatbench.storage.prompts import PromptStore


@pytest.fixture
def prompts(database: Database) -> PromptStore:
    return PromptStore(database)


@pytest.fixture
def fragments(database: Database) -> FragmentStore:
    return FragmentStore(database)


def saying(text: str) -> Prompt:
    return Prompt(messages=(PromptMessage(text=text),), variables=(Variable(name="x", default=[1]),))


async def test_each_saving_is_a_version_unless_nothing_changed(prompts: PromptStore) -> None:
    first = await prompts.add(saying("a"), "greet", "mail", ("short",), "begun")
    second = await prompts.save(first.prompt_id, saying("b"), "better")
    again = await prompts.save(first.prompt_id, saying("b"), "not said")
    assert (first.number, second.number, again) == (1, 2, second)
    assert [one.note for one in await prompts.versions(first.prompt_id)] == ["better", "begun"]
    assert (await prompts.version(first.prompt_id, 1)).prompt == saying("a")
    assert (await prompts.version(first.prompt_id, "latest")) == second
    (entry,) = await prompts.entries()
    assert (entry.path, entry.tags, entry.latest, entry.production) == ("mail/greet", ("short",), 2, None)
    third = await prompts.save(first.prompt_id, saying("a"), "as before")
    assert (third.number, third.sha256) == (3, first.sha256)


async def test_production(prompts: PromptStore) -> None:
    made = await prompts.add(saying("a"), "greet", "")
    with pytest.raises(ConfigurationError, match="marked"):
        await prompts.version(made.prompt_id, "production")
    with pytest.raises(StorageError, match="has no version 7"):
        await prompts.mark(made.prompt_id, 7)
    await prompts.mark(made.prompt_id, 1)
    await prompts.save(made.prompt_id, saying("b"))
    assert (await prompts.version(made.prompt_id, "production")).number == 1
    await prompts.mark(made.prompt_id, None)
    assert (await prompts.get(made.prompt_id)).production is None


async def test_names_are_one_of_their_folder(prompts: PromptStore) -> None:
    one = await prompts.add(saying("a"), "greet", "")
    other = await prompts.add(saying("a"), "greet", "mail")
    with pytest.raises(ConfigurationError, match="already"):
        await prompts.add(saying("b"), "greet", "")
    with pytest.raises(ConfigurationError, match="already"):
        await prompts.describe(other.prompt_id, "greet", "", ())
    before = await prompts.describe(other.prompt_id, "hello", "mail/long", ("x",))
    assert (before.path, (await prompts.get(other.prompt_id)).path) == ("mail/greet", "mail/long/hello")
    await prompts.trash(one.prompt_id)
    taken = await prompts.add(saying("b"), "greet", "")
    with pytest.raises(ConfigurationError, match="already"):
        await prompts.take_back(one.prompt_id)
    await prompts.describe(taken.prompt_id, "other", "", ())
    await prompts.take_back(one.prompt_id)
    assert [entry.name for entry in await prompts.entries()] == ["greet", "other", "hello"]


async def test_trash(prompts: PromptStore, database: Database) -> None:
    made = await prompts.add(saying("a"), "greet", "")
    await prompts.delete_for_good([made.prompt_id])
    assert await prompts.entries()
    await prompts.trash(made.prompt_id)
    assert await prompts.entries() == []
    assert [one.name for one in await prompts.trashed()] == ["greet"]
    assert await prompts.latest() == []
    await prompts.delete_for_good([made.prompt_id])
    assert await prompts.trashed() == []
    assert await database.read(lambda c: c.execute("SELECT count(*) FROM prompt_versions").fetchall()) == [
        (0,)
    ]
    with pytest.raises(StorageError, match="no such prompt"):
        await prompts.get(made.prompt_id)


async def test_files(prompts: PromptStore) -> None:
    made = await prompts.add(saying("a"), "greet", "")
    await prompts.stands_in(made.prompt_id, "/p/greet.toml", "stamp", 1)
    assert not (await prompts.get(made.prompt_id)).unwritten
    await prompts.save(made.prompt_id, saying("b"))
    (held,) = await prompts.in_files()
    assert (held.entry.file, held.entry.unwritten, held.stamp, held.written) == (
        "/p/greet.toml", True, "stamp", 1,
    )  # fmt: skip
    await prompts.stands_in(made.prompt_id, None)
    assert await prompts.in_files() == []


async def test_folders(prompts: PromptStore) -> None:
    await prompts.link("/a", "work")
    with pytest.raises(ConfigurationError, match="is linked to /a"):
        await prompts.link("/b", "work")
    assert await prompts.folders() == {"/a": "work"}
    await prompts.unlink("/a")
    assert await prompts.folders() == {}


async def test_files_of_all_versions_are_known(prompts: PromptStore, database: Database) -> None:
    picture = ImagePart(source=StoredFile(sha256="a" * 64), media_type="image/png")
    made = await prompts.add(Prompt(messages=(PromptMessage(text="x", attachments=(picture,)),)), "p", "")
    await prompts.save(made.prompt_id, saying("b"))
    found = await database.read(lambda c: c.execute("SELECT sha256 FROM prompt_files").fetchall())
    assert found == [("a" * 64,)]


async def test_files_that_prompts_show_stay(
    prompts: PromptStore, database: Database, profile: Profile
) -> None:
    files = FileStore(profile.files, database)
    shown, other = await files.put(b"shown"), await files.put(b"other")
    picture = ImagePart(source=StoredFile(sha256=shown), media_type="image/png")
    made = await prompts.add(Prompt(messages=(PromptMessage(text="x", attachments=(picture,)),)), "p", "")
    await prompts.save(made.prompt_id, saying("without"))
    assert await files.remove_unused(older_than_ms=-1) == 1
    assert (files.has(shown), files.has(other)) == (True, False)
    await prompts.trash(made.prompt_id)
    assert await files.remove_unused(older_than_ms=-1) == 0
    await prompts.delete_for_good([made.prompt_id])
    assert await files.remove_unused(older_than_ms=-1) == 1


async def test_what_no_encoding_holds_is_saved_all_the_same(prompts: PromptStore) -> None:
    made = await prompts.add(saying("a\ud800b"), "n\ud800", "")
    assert made.prompt.messages[0].text == "a?b"
    assert (await prompts.version(made.prompt_id, 1)).sha256 == made.sha256


async def test_fragments_are_kept_once_by_their_text(fragments: FragmentStore, database: Database) -> None:
    digest = hashlib.sha256(b"Be brief.").hexdigest()
    saved = await fragments.save("style", "Be brief.", "/a.txt")
    await fragments.save("tone", "Be brief.", "")
    assert (saved.text, saved.source, saved.sha256) == ("Be brief.", "/a.txt", digest)
    assert await database.read(lambda c: c.execute("SELECT count(*) FROM fragment_texts").fetchall()) == [
        (1,)
    ]
    assert [one.name for one in await fragments.all()] == ["style", "tone"]


async def test_a_fragment_is_updated_everywhere_but_where_it_is_pinned(fragments: FragmentStore) -> None:
    old = await fragments.save("style", "Be brief.", "")
    new = await fragments.save("style", "Be long.", "")
    assert (await fragments.get("style")).text == "Be long."
    assert (await fragments.get("style", old.sha256[:8])).text == "Be brief."
    assert {one.sha256 for one in await fragments.versions("style")} == {old.sha256, new.sha256}
    with pytest.raises(StorageError, match="never had"):
        await fragments.get("style", "0" * 64)
    assert (await fragments.delete("style")).text == "Be long."
    with pytest.raises(StorageError, match="no fragment called"):
        await fragments.get("style")
    assert (await fragments.get("style", new.sha256)).text == "Be long."


async def test_a_pin_that_says_too_little(fragments: FragmentStore) -> None:
    for count in range(17):
        await fragments.save("many", "x" * count, "")
    begins = Counter(one.sha256[0] for one in await fragments.versions("many"))
    with pytest.raises(StorageError, match="several texts"):
        await fragments.get("many", begins.most_common(1)[0][0])
