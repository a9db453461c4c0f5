"""Where a profile is, who may read it, who lives on it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from chatbench.core.errors import StorageError
from chatbench.storage.owners import Owner
from chatbench.storage.profile import Profile


def test_a_folder_holds_everything(tmp_path: Path) -> None:
    profile = Profile.open(tmp_path / "mine", environ={"CHATBENCH_HOME": "/nowhere"})
    root = tmp_path / "mine"
    assert (profile.name, profile.folder, profile.database) == ("mine", root, root / "chatbench.db")
    assert profile.preferences == root / "preferences.toml"
    folders = (profile.files, profile.backups, profile.providers, profile.logs)
    assert folders == (root / "files", root / "backups", root / "providers", root / "logs")
    profile.close()


def test_the_environment_names_a_folder(tmp_path: Path) -> None:
    profile = Profile.open(environ={"CHATBENCH_HOME": str(tmp_path / "there")})
    assert profile.folder == tmp_path / "there"
    profile.close()


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname == "Darwin", reason="XDG folders")
def test_without_either_the_users_own_folders(home: Path) -> None:
    profile = Profile.open(environ={})
    assert profile.name == "Default"
    assert profile.database == home / "data" / "chatbench" / "chatbench.db"
    assert profile.preferences == home / "config" / "chatbench" / "preferences.toml"
    profile.close()


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_shared_folder_is_not_closed_to_others(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    shared.chmod(0o755)
    profile = Profile.open(shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755
    assert stat.S_IMODE(profile.files.stat().st_mode) == 0o700
    profile.close()


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_profile_that_was_opened_up_is_closed_again(tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    Profile.open(folder).close()
    (folder / "chatbench.db").touch()
    folder.chmod(0o755)
    Profile.open(folder).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(StorageError) as raised:
        Profile.open(tmp_path / "taken")
    assert "taken" in raised.value.message


def test_an_owner_lives_until_it_closes(tmp_path: Path) -> None:
    first, second = Owner(tmp_path), Owner(tmp_path)
    assert first.id != second.id
    assert first.is_alive(first.id)
    assert first.is_alive(second.id)
    assert first.others() == [second.id]
    second.close()
    second.close()
    assert not first.is_alive(second.id)
    assert not second.is_alive(second.id)
    assert first.others() == []
    assert not first.is_alive("../../etc/passwd")
    first.close()
    assert list(tmp_path.iterdir()) == []


def test_what_the_dead_left_is_cleared_away_once_it_is_old(tmp_path: Path) -> None:
    owner = Owner(tmp_path)
    left, starting = tmp_path / "1-2-old.lock", tmp_path / "1-3-new.lock"
    left.touch()
    starting.touch()
    os.utime(left, (0, 0))
    assert owner.others() == []
    assert not left.exists()
    assert starting.exists(), "it may be about to lock its file"
    owner.close()
