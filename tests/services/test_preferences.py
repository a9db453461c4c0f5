"""Settings: kept in a file that a person may edit, and that two programs may write."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbench.core.changes import Changes
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.models import ModelRef
from chatbench.core.observe import Signal
from chatbench.services.preferences import Preferences, PreferencesStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "preferences.toml"


@pytest.fixture
def changes() -> Signal[Changes]:
    return Signal()


def test_what_is_set_is_kept_and_announced(path: Path, changes: Signal[Changes]) -> None:
    heard: list[Changes] = []
    changes.connect(heard.append)
    store = PreferencesStore(path, changes)
    assert store.current == Preferences()
    store.replace(theme="dark", favourites=("a/b",), initiator="me")
    assert heard == [Changes(preferences=True, initiator="me")]
    assert PreferencesStore(path, changes).current == Preferences(theme="dark", favourites=("a/b",))
    store.replace(theme="dark")
    assert len(heard) == 1
    assert path.stat().st_mode & 0o077 == 0


def test_comments_and_unknown_settings_stay(path: Path, changes: Signal[Changes]) -> None:
    path.write_text('# mine\ntheme = "dark" # at night\nfrom_the_future = 5\n', encoding="utf-8")
    store = PreferencesStore(path, changes)
    store.replace(max_attempts=2)
    text = path.read_text(encoding="utf-8")
    assert '# mine\ntheme = "dark" # at night\nfrom_the_future = 5\n' in text
    store.replace(theme="system")
    assert "theme" not in path.read_text(encoding="utf-8")


def test_two_programs_do_not_undo_one_another(path: Path, changes: Signal[Changes]) -> None:
    window, terminal = PreferencesStore(path, changes), PreferencesStore(path, changes)
    terminal.replace(default_model="a/b")
    window.replace(theme="dark")
    assert window.current == Preferences(default_model="a/b", theme="dark")
    assert PreferencesStore(path, changes).current == window.current


def test_a_link_stays_a_link(path: Path, tmp_path: Path, changes: Signal[Changes]) -> None:
    """People keep such files elsewhere and link them."""
    real = tmp_path / "dotfiles.toml"
    path.symlink_to(real)
    PreferencesStore(path, changes).replace(theme="dark")
    assert path.is_symlink()
    assert "dark" in real.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("theme = \n", "line 1"),
        ('theme = "dark"\ntheme = "light"\n', "line 2"),
        ('# one\ntheme = "blue"\n', "preferences.toml, line 2"),
        ("\n\ntext_scale = 9.0\n", "preferences.toml, line 3"),
        ("max_attempts = 0\n", "preferences.toml, line 1"),
        ('x = 1\ndefault_model = "nothing"\n', "preferences.toml, line 2"),
        ("# one\n[aliases]\nquick = 5\n", "preferences.toml, line 2"),
        ("\n\n\xff", "preferences.toml, line 3: not UTF-8"),
        ("x = " + "[" * 100_000, "preferences.toml"),
    ],
)
def test_a_broken_file_is_named_by_line_and_left_alone(
    path: Path, changes: Signal[Changes], text: str, said: str
) -> None:
    """The defaults hold until it is corrected, and nothing is written over it."""
    data = text.encode("latin-1")
    path.write_bytes(data)
    store = PreferencesStore(path, changes)
    assert store.problem is not None
    assert said in store.problem.message
    assert str(path) in store.problem.hint
    assert store.current == Preferences()
    with pytest.raises(ConfigurationError):
        store.replace(theme="dark")
    assert path.read_bytes() == data
    path.write_text('theme = "light"\n', encoding="utf-8")
    store.replace(max_attempts=2)
    assert store.problem is None
    assert store.current == Preferences(theme="light", max_attempts=2)


def test_a_folder_in_its_place(path: Path, changes: Signal[Changes]) -> None:
    path.mkdir()
    store = PreferencesStore(path, changes)
    assert store.problem is not None
    assert store.current == Preferences()


def test_a_value_that_is_not_allowed(path: Path, changes: Signal[Changes]) -> None:
    store = PreferencesStore(path, changes)
    for values in ({"text_scale": 3.0}, {"theme": "blue"}, {"max_attempts": 0}, {"default_model": "x"}):
        with pytest.raises(ConfigurationError):
            store.replace(**values)
    assert not path.exists()


def test_a_file_that_cannot_be_written(path: Path, changes: Signal[Changes]) -> None:
    store = PreferencesStore(path, changes)
    path.parent.rename(path.parent.with_name("gone"))
    with pytest.raises(StorageError):
        store.replace(theme="dark")
    assert store.current == Preferences()


def test_the_default_model(path: Path, changes: Signal[Changes]) -> None:
    store = PreferencesStore(path, changes)
    assert store.current.default_model_ref is None
    store.replace(default_model="openrouter/anthropic/claude")
    assert store.current.default_model_ref == ModelRef("openrouter", "anthropic/claude")
