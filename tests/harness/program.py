"""The program as a process of its own, on the test's profile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.harness import zygote

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60
_first: zygote.Zygote | None = None


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
    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    if (forked := _zygote(env)) is not None:
        code, out, err = forked.run(arguments, env, data, cwd, PATIENCE_S)
        return Ran(code, out.decode(), err.decode())
    done = subprocess.run(
        command(*arguments), env=env, cwd=cwd, capture_output=True, check=False, timeout=PATIENCE_S,
        input=data,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def _zygote(env: Mapping[str, str]) -> zygote.Zygote | None:
    """Where a command in this environment may be forked from; None where an interpreter has to start for
    it."""
    global _first
    if not hasattr(os, "fork"):
        return None
    if _first is None:
        _first = zygote.Zygote(env, ROOT)
    return _first if _first.started_with == zygote.at_start(env) else None
