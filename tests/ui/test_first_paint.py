"""The first paint comes before everything it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.starting import HEAVY, PROBE


def test_nothing_that_can_wait_is_imported_before_the_first_paint(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", PROBE, "program", tmp_path], capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.splitlines()[-1].split())
    assert "chatbench.ui.window.shell" in imported
    late = {"chatbench.client.llm", "chatbench.services.chat", "chatbench.ui.chat.pane"}
    assert not imported & (late | HEAVY)
    assert not list(tmp_path.iterdir())


def test_a_profile_that_cannot_be_opened_is_told_plainly(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    done = subprocess.run(
        [sys.executable, "-m", "chatbench", "--profile", in_the_way],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2].startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_the_frame_wears_what_was_chosen_and_survives_what_cannot_be_read(tmp_path: Path) -> None:
    from chatbench.main import glance

    assert glance(tmp_path / "nowhere").theme == "system"
    (tmp_path / "preferences.toml").write_text('theme = "dark"\ntext_scale = 1.5\n')
    assert (glance(tmp_path).theme, glance(tmp_path).text_scale) == ("dark", 1.5)
    (tmp_path / "preferences.toml").write_text("theme = dark")
    assert glance(tmp_path).theme == "system"
