"""Spelling as a service: languages, unknown words, suggestions, the reader's own words."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.documents.test_spelling import write

from chatbench.core.errors import StorageError
from chatbench.services import Services
from chatbench.services.spelling import SpellingService


@pytest.fixture
async def spelling(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SpellingService]:
    """With English, German and Greek; of them English and German are the reader's."""
    folder = tmp_path / "hunspell"
    monkeypatch.setenv("DICPATH", f"{folder}{os.pathsep}{tmp_path / 'none'}")
    write(folder, "en_US", "the", "lane/S", "gift")
    write(folder, "de_DE", "Die", "Bahn", "Gift")
    write(folder, "el_GR", "λόγος")
    made = SpellingService(services.preferences, tmp_path / "own" / "dictionary.txt")
    yield made
    await made.aclose()


@pytest.fixture(autouse=True)
def _german_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not in the process's own: the system would go on telling its errors in German after the test.
    monkeypatch.setattr(os, "environ", {**os.environ, "LANGUAGE": "de_AT:xx"})


async def test_a_word_that_any_language_knows_is_right(spelling: SpellingService) -> None:
    assert spelling.languages() == ("de_DE", "el_GR", "en_US")
    assert spelling.checked() == ("de_DE", "en_US"), "another country's German is German"
    words = ("lanes", "Bahn", "Banh", "lnae", "λάθος", "会议")
    assert await spelling.unknown(words) == {"Banh", "lnae"}
    assert (await spelling.suggestions("Banh"))[0] == "Bahn"
    assert await spelling.unknown(()) == frozenset()


async def test_the_reader_chooses_a_language_or_none(spelling: SpellingService, services: Services) -> None:
    services.preferences.replace(spelling="el_GR")
    assert spelling.checked() == ("el_GR",)
    assert await spelling.unknown({"lnae", "λάθος"}) == {"λάθος"}
    services.preferences.replace(spelling="off")
    assert spelling.checked() == ()
    assert await spelling.unknown({"lnae"}) == frozenset()
    assert spelling._open == {}, "the memory is given back"
    services.preferences.replace(spelling="tlh")
    assert spelling.checked() == ()


async def test_own_words_are_kept_in_the_profile(
    spelling: SpellingService, services: Services, tmp_path: Path
) -> None:
    assert await spelling.unknown({"Chatbench", "don’t"}) == {"Chatbench", "don’t"}
    await spelling.learn("Chatbench")
    await spelling.learn("don’t")
    assert await spelling.unknown({"Chatbench", "don’t"}) == frozenset()
    kept = tmp_path / "own" / "dictionary.txt"
    assert kept.read_text(encoding="utf-8") == "Chatbench\ndon't\n"
    again = SpellingService(services.preferences, kept)
    assert await again.unknown({"Chatbench"}) == frozenset(), "at the next start too"
    await again.learn("elsewhere")
    await spelling.forget("Chatbench")
    assert kept.read_text(encoding="utf-8") == "don't\nelsewhere\n", "another window's word stays"
    assert await spelling.unknown({"Chatbench"}) == {"Chatbench"}
    await again.aclose()


async def test_a_dictionary_that_cannot_be_read_leaves_the_others(
    spelling: SpellingService, tmp_path: Path
) -> None:
    write(tmp_path / "hunspell", "de_DE", "Bahn", encoding="KLINGON-1")
    assert await spelling.unknown({"lanes", "Bahn"}) == {"Bahn"}
    assert spelling.languages() == ("el_GR", "en_US")


async def test_own_words_that_cannot_be_written_say_so(services: Services, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    spelling = SpellingService(services.preferences, tmp_path / "file" / "dictionary.txt")
    with pytest.raises(StorageError):
        await spelling.learn("word")


async def test_without_dictionaries_nothing_is_checked(services: Services, tmp_path: Path) -> None:
    spelling = SpellingService(services.preferences, tmp_path / "dictionary.txt")
    assert (spelling.languages(), spelling.checked()) == ((), ())
    assert await spelling.unknown({"lnae"}) == frozenset()
    assert await spelling.suggestions("lnae") == ()
