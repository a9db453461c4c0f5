"""Hunspell's dictionaries through the library of the system: found, asked, refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbench.core.errors import FormatError
from chatbench.documents import spelling

RULES = """SET {encoding}
TRY esianrtolcdugmphbyfvkwz
SFX S Y 1
SFX S 0 s .
"""


def write(folder: Path, name: str, *words: str, encoding: str = "UTF-8", codec: str = "utf-8") -> Path:
    """A dictionary of these words."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.aff").write_text(RULES.format(encoding=encoding), encoding=codec)
    path = folder / f"{name}.dic"
    path.write_text("\n".join([str(len(words)), *words, ""]), encoding=codec)
    return path


def test_the_library_is_here() -> None:
    assert spelling.is_installed(), "install hunspell: spelling cannot be tested without it"


def test_words_are_known_with_their_endings_and_others_suggested(tmp_path: Path) -> None:
    dictionary = spelling.Dictionary(write(tmp_path, "en_US", "lane/S", "model/S"))
    assert [dictionary.knows(word) for word in ("lane", "lanes", "models", "lnae", "")] == [
        True, True, True, False, True,
    ]  # fmt: skip
    assert "lanes" in dictionary.suggestions("lanse")
    assert dictionary.suggestions("qqqqqqqqqqqq") == ()
    dictionary.close()
    dictionary.close()


@pytest.mark.parametrize(
    ("told", "codec"), [("ISO8859-1", "latin-1"), ("microsoft-cp1252", "cp1252"), ("UTF-8", "utf-8")]
)
def test_every_encoding_is_read(tmp_path: Path, told: str, codec: str) -> None:
    path = write(tmp_path, "de_DE", "Tür", "Straße", encoding=told, codec=codec)
    dictionary = spelling.Dictionary(path)
    assert dictionary.knows("Straße")
    assert not dictionary.knows("Strase")
    assert "Straße" in dictionary.suggestions("Straß")
    if codec != "utf-8":
        assert not dictionary.knows("会议"), "what it cannot hold it does not know"
        assert dictionary.suggestions("会议") == ()
    dictionary.close()


def test_only_words_in_its_script_are_its_own(tmp_path: Path) -> None:
    latin = spelling.Dictionary(write(tmp_path, "en_US", "lane", "model"))
    greek = spelling.Dictionary(write(tmp_path, "el_GR", "λόγος", "νόμος"))
    words = ("lane", "λόγος", "слово", "会议", "مرحبا", "123")
    assert [latin.speaks(word) for word in words] == [True, False, False, False, False, False]
    assert [greek.speaks(word) for word in words] == [False, True, False, False, False, False]
    latin.close()
    greek.close()


def test_what_is_no_dictionary_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "xx", "word", encoding="KLINGON-1")
    with pytest.raises(FormatError, match=r"xx\.dic cannot be read"):
        spelling.Dictionary(path)


def test_dictionaries_are_found_once_each_with_their_rules(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    own = write(first, "en-GB", "colour")
    write(second, "en_GB", "color")
    french = write(second, "fr", "mot")
    write(second, "hyph_fr", "mot")
    (second / "lonely.dic").write_text("1\nword\n")
    assert spelling.found_in([first, tmp_path / "missing", second]) == {"en_GB": own, "fr": french}
