"""The library of prompts: versions, names, the trash, shared pieces of text, and what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbench.core.changes import Changes
from chatbench.core.errors import AttachmentRefused, ConfigurationError, FormatError, StorageError
from chatbench.core.params import Parameters
from chatbench.core.prompts import NamedPrompt, Prompt, PromptMessage
from chatbench.services import Services
from chatbench.services.prompts import PromptService, compare


@pytest.fixture
def prompts(services: Services) -> PromptService:
    return services.prompts


def saying(*texts: str, system: str = "") -> Prompt:
    above = (PromptMessage(role="system", text=system),) if system else ()
    return Prompt(messages=(*above, *(PromptMessage(text=text) for text in texts)))


async def test_a_prompt_and_its_versions(prompts: PromptService, heard: list[Changes]) -> None:
    first = await prompts.save(
        None, saying("a"), name="  Reply  kindly ", folder="/mail//new/", tags=("x", "x ")
    )
    second = await prompts.save(first.prompt_id, saying("b"), note="other words")
    await prompts.mark_production(first.prompt_id, 1)
    third = await prompts.restore(first.prompt_id, 1)
    entry = await prompts.get(first.prompt_id)
    assert (entry.path, entry.tags, entry.latest, entry.production) == ("mail/new/Reply kindly", ("x",), 3, 1)
    assert (third.prompt, third.note) == (saying("a"), "Version 1 again")
    assert (await prompts.version(first.prompt_id, "production")).number == 1
    assert [one.number for one in await prompts.versions(first.prompt_id)] == [3, 2, 1]
    assert all(one.prompts == {first.prompt_id} for one in heard)
    assert len(heard) == 4
    assert second.note == "other words"


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\x00b", "x" * 201])
async def test_what_is_no_name(prompts: PromptService, name: str) -> None:
    with pytest.raises(ConfigurationError, match="name"):
        await prompts.save(None, saying("a"), name=name)
    assert await prompts.entries() == []


async def test_finding(prompts: PromptService) -> None:
    one = await prompts.save(None, saying("Translate it"), name="translate", folder="work", tags=("daily",))
    other = await prompts.save(None, saying("Sum it up"), name="sum up", folder="work")
    await prompts.save(None, saying("x"), name="translate", folder="home")
    for wanted in (one.prompt_id, "work/translate", "Work/Translate"):
        assert (await prompts.find(wanted)).id == one.prompt_id
    assert (await prompts.find("SUM UP")).id == other.prompt_id
    with pytest.raises(ConfigurationError, match="Several"):
        await prompts.find("translate")
    with pytest.raises(ConfigurationError) as caught:
        await prompts.find("work/translat")
    assert "work/translate" in caught.value.hint
    assert [entry.path for entry in await prompts.search("IT")] == ["work/sum up", "work/translate"]
    assert [entry.path for entry in await prompts.search("daily translate")] == ["work/translate"]
    assert [entry.path for entry in await prompts.search("up")] == ["work/sum up"]


async def test_moving_and_throwing_away_can_be_undone(prompts: PromptService) -> None:
    made = (await prompts.save(None, saying("a"), name="one", folder="f")).prompt_id
    before = await prompts.describe(made, name="two", folder="", tags=("t",))
    assert (await prompts.get(made)).path == "two"
    await prompts.describe(made, name=before.name, folder=before.folder, tags=before.tags)
    assert (await prompts.find("f/one")).id == made
    await prompts.delete(made)
    assert await prompts.entries() == []
    await prompts.put_back(made)
    assert [one.path for one in await prompts.entries()] == ["f/one"]
    await prompts.delete(made)
    await prompts.delete_for_good([one.id for one in await prompts.trashed()])
    with pytest.raises(StorageError):
        await prompts.get(made)


async def test_fragments_of_files_and_texts(
    prompts: PromptService, tmp_path: Path, heard: list[Changes]
) -> None:
    file = tmp_path / "style.txt"
    file.write_text("Be brief.", encoding="utf-8")
    made = await prompts.save(None, saying("{{ fragment('style') }} {{ fragment('tone') }}"), name="p")
    first = await prompts.save_fragment("style", source=str(file))
    await prompts.save_fragment("tone", "Be kind.")
    assert heard[-1].prompts == {"fragment:tone", made.prompt_id}
    file.write_text("Be long.", encoding="utf-8")
    await prompts.update_fragment("style")
    assert (await prompts.filled(made.prompt, {})).messages[0].text == "Be long. Be kind."
    pinned = saying("{{ fragment('style@" + first.sha256[:10] + "') }}")
    assert (await prompts.filled(pinned, {})).messages[0].text == "Be brief."
    assert [one.name for one in await prompts.users_of("style")] == ["p"]
    with pytest.raises(ConfigurationError, match="nowhere else"):
        await prompts.update_fragment("tone")
    removed = await prompts.delete_fragment("style")
    with pytest.raises(FormatError, match="no fragment called 'style'"):
        await prompts.fragment_texts(made.prompt)
    await prompts.save_fragment(removed.name, removed.text, source=removed.source)
    assert [one.name for one in await prompts.fragments()] == ["style", "tone"]
    assert (await prompts.fragment("style")).source == str(file)


async def test_a_fragment_is_pinned_in_a_prompt_and_followed_again(prompts: PromptService) -> None:
    first = await prompts.save_fragment("style", "Be brief.")
    text = "fragment('style') is text. {{ fragment( 'style' ) }} {{ fragment(\"styles\") }}"
    made = await prompts.save(None, saying(text), name="p")
    await prompts.save(None, saying("{{ fragment('style@" + first.sha256 + "') }}"), name="q")
    uses = (await prompts.fragment_uses())["style"]
    assert [(one.entry.name, one.follows) for one in uses] == [("p", True), ("q", False)]
    kept = await prompts.pin_fragment(made.prompt_id, "style", first.sha256)
    pin = first.sha256[:12]
    assert kept.prompt == saying(text.replace("( 'style' )", f"( 'style@{pin}' )"))
    await prompts.save_fragment("style", "Be long.")
    await prompts.save_fragment("styles", "!")
    assert (await prompts.filled(kept.prompt, {})).messages[0].parts[0].text.endswith("Be brief. !")  # type: ignore[union-attr]
    assert (await prompts.pin_fragment(made.prompt_id, "style")).prompt == saying(text)
    with pytest.raises(StorageError, match="never had such a text"):
        await prompts.pin_fragment(made.prompt_id, "style", "0" * 64)


@pytest.mark.parametrize("name", ["", "a@b", "a'b", 'a"b', "a}"])
async def test_what_is_no_name_of_a_fragment(prompts: PromptService, name: str) -> None:
    with pytest.raises(ConfigurationError, match="name"):
        await prompts.save_fragment(name, "x")


async def test_a_source_that_is_gone(prompts: PromptService, tmp_path: Path) -> None:
    with pytest.raises(AttachmentRefused):
        await prompts.save_fragment("a", source=str(tmp_path / "gone"))
    with pytest.raises(StorageError, match="no such answer"):
        await prompts.save_fragment("a", source="answer:gone")


def test_what_differs() -> None:
    before = Prompt(
        messages=(PromptMessage(role="system", text="You are a kind and helpful person."),
                  PromptMessage(text="An example that goes."), PromptMessage(role="assistant", text="Gone."),
                  PromptMessage(text="The question is {{x}}.")),
        parameters=Parameters(temperature=0.5),
    )  # fmt: skip
    after = Prompt(
        messages=(
            PromptMessage(role="system", text="You are a kind and careful person."),
            PromptMessage(text="The question is {{x}}."),
        ),
        models=("a/b",),
    )
    told = compare(before, after)
    assert [one.changed for one in told.messages] == [True, True, True, False]
    assert [one.after and one.after.role for one in told.messages] == ["system", None, None, "user"]
    assert [(one.kind, one.text.strip()) for one in told.messages[0].pieces] == [
        ("same", "You are a kind and"), ("removed", "helpful"), ("added", "careful"), ("same", "person."),
    ]  # fmt: skip
    assert told.settings == (("temperature", 0.5, None), ("models", None, ("a/b",)))
    assert not compare(after, after).changed


async def test_versions_compared(prompts: PromptService) -> None:
    made = await prompts.save(None, saying("one word"), name="p")
    await prompts.save(made.prompt_id, saying("one other word"))
    told = await prompts.compare(made.prompt_id, 1)
    assert [(one.kind, one.text) for one in told.messages[0].pieces if one.kind != "same"] == [
        ("added", "other ")
    ]


async def test_what_was_imported_gets_names_that_are_free(prompts: PromptService) -> None:
    named = NamedPrompt(name="a/b\n", folder="x", tags=("t",), prompt=saying("a"))
    made = await prompts.add_all([named, named, NamedPrompt(prompt=saying("b"))], "from/foo")
    assert [one.path for one in await prompts.entries()] == [
        "from/foo/Prompt",
        "from/foo/x/a b",
        "from/foo/x/a b 2",
    ]
    assert {one.note for one in made} == {"Imported"}
    assert await prompts.named(made[0].prompt_id) == NamedPrompt(
        name="a b", folder="from/foo/x", tags=("t",), prompt=saying("a")
    )
