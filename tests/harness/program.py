"""The program as a process of its own, on the test's profile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


class Ran(NamedTuple):
    """How it ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "chatbench", *arguments]


def environment(keyring_file: Path, **more: str) -> dict[str, str]:
    """This test's own, with a keyring in a file."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {
        **inherited,
        "PYTHONPATH": f"{ROOT / 'app'}{os.pathsep}{ROOT}",
        "PYTHON_KEYRING_BACKEND": "tests.harness.file_keyring.FileKeyring",
        "CHATBENCH_TEST_KEYRING": str(keyring_file),
        **more,
    }


def run(*arguments: str, env: Mapping[str, str], stdin: str | bytes = "", cwd: Path = ROOT) -> Ran:
    """Runs one command to its end."""
    done = subprocess.run(
        command(*arguments), env=env, cwd=cwd, capture_output=True, check=False, timeout=PATIENCE_S,
        input=stdin if isinstance(stdin, bytes) else stdin.encode(),
    )  # fmt: skip
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
