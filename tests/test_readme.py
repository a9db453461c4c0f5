"""The README's Python runs as it stands: with the guide, which needs neither key nor network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_its_python_runs(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    environ = {**os.environ, "CHATBENCH_HOME": str(tmp_path / "profile"), "PYTHONPATH": str(ROOT / "app")}
    answers = tmp_path / "answers.jsonl"
    written: list[bytes] = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert "not a language model" in done.stdout
        written.append(answers.read_bytes())
    assert written[0] == written[1], "run again, nothing is asked or written twice"
    lines = [json.loads(line) for line in written[0].splitlines()]
    assert sorted(line["index"] for line in lines) == list(range(1000))
    assert all(line["text"] and line["error"] is None for line in lines)
