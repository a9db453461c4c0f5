"""The loopback provider in a process of its own, answering with one of everything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatbench.core.models import ModelRef

MODEL = ModelRef("loopback", "model-a")
_ANSWER_CHARACTERS = 6_000
_PACE = 400.0
"""Tokens a second."""
_FORMULA = "\nIts error is\n\n$$SE = \\frac{1}{f(q)}\\sqrt{\\frac{p(1-p)}{n}}$$\n\nand $f$ is thin.\n"


@contextmanager
def loopback_provider(profile: Path) -> Iterator[None]:
    """Serves until the block ends; the profile in that folder knows it as `MODEL`'s provider."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.provider"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        providers = profile / "providers"
        providers.mkdir(parents=True)
        (providers / "loopback.toml").write_text(
            'id = "loopback"\nname = "Loopback"\nwire = "openai_chat"\nauth = "none"\n'
            f'base_url = "{url}"\nmodels = ["{MODEL.id}"]\n'
        )
        yield
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def _serve() -> None:
    from tests.benchmarks.answers import TOKEN, answer_of
    from tests.loopback.server import LoopbackServer

    text = answer_of(_ANSWER_CHARACTERS) + _FORMULA
    with LoopbackServer() as server:
        server.words = [text[at : at + TOKEN] for at in range(0, len(text), TOKEN)]
        server.pace = _PACE
        print(server.base_url("openai_chat"), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve()
