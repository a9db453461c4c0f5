"""The choice of what spelling is checked in, and what it says where nothing can be."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.documents.test_spelling import write
from tests.ui.settings.conftest import Desk

from chatbench.ui.settings.general import GeneralPage, language_name


def page_of(desk: Desk) -> GeneralPage:
    desk.do(lambda: desk.settings.show_page("general"))
    page = desk.settings.page("general")
    assert isinstance(page, GeneralPage)
    return page


def test_a_language_is_chosen_by_its_own_name(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for language in ("de_DE", "en_GB"):
        write(tmp_path / "hunspell", language, "word")
    monkeypatch.setenv("DICPATH", str(tmp_path / "hunspell"))
    page = page_of(desk)
    shown = [page.spelling.itemText(place) for place in range(page.spelling.count())]
    assert shown == [
        "Off", "The languages of this computer", "Deutsch (Deutschland)", language_name("en_GB"),
    ]  # fmt: skip
    assert page.spelling.currentData() == "system"
    desk.do(lambda: page.spelling.activated.emit(2))
    assert desk.services.preferences.current.spelling == "de_DE"
    page.refresh()
    assert page.spelling.currentData() == "de_DE"


def test_without_dictionaries_it_says_so(desk: Desk) -> None:
    page = page_of(desk)
    assert not page.spelling.isEnabled()
    said = "Nothing can be checked here: this computer has no Hunspell dictionaries."
    assert page.spelling_row._hint.text() == said


def test_a_language_nobody_knows_keeps_its_name() -> None:
    assert language_name("xx_klingon") == "xx_klingon"
