"""The loopback provider in a process of its own: one answer with one of everything, or eight side by side."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from chatbench.core.models import ModelRef

MODEL = ModelRef("loopback", "model-a")
_ANSWER_CHARACTERS = 6_000
_PACE = 400.0
"""Tokens a second."""
LANES = tuple(ModelRef("loopback", f"lane-{letter}") for letter in "abcdefgh")
LANE_PACE = 200.0
"""Tokens a second in each lane."""
LANE_TOKENS = 5_000
"""What comes at that pace; the beginning of an answer is there at once."""
_FORMULA = "\nIts error is\n\n$$SE = \\frac{1}{f(q)}\\sqrt{\\frac{p(1-p)}{n}}$$\n\nand $f$ is thin.\n"


Blocks = Literal["mixed", "huge"]


@contextmanager
def loopback_provider(profile: Path, blocks: Blocks = "mixed") -> Iterator[None]:
    """Serves until the block ends; the profile in that folder knows it as the provider of `MODEL` and of
    `LANES`. Those are at eight stages of answers like `MODEL`'s, or each in one huge block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.provider", blocks],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        providers = profile / "providers"
        providers.mkdir(parents=True, exist_ok=True)
        (providers / "loopback.toml").write_text(
            'id = "loopback"\nname = "Loopback"\nwire = "openai_chat"\nauth = "none"\n'
            f'base_url = "{url}"\nmodels = {[model.id for model in (MODEL, *LANES)]}\n'
        )
        yield
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def _serve(blocks: str) -> None:
    from tests.benchmarks.answers import TOKEN, answer_of
    from tests.loopback import openai_chat, replies
    from tests.loopback.server import LoopbackServer

    text = answer_of(_ANSWER_CHARACTERS) + _FORMULA
    with LoopbackServer() as server:
        server.words = [text[at : at + TOKEN] for at in range(0, len(text), TOKEN)]
        server.pace = _PACE
        for model, words in zip(LANES, _lanes(blocks), strict=True):
            beginning, rest = words[: -LANE_TOKENS * TOKEN], words[-LANE_TOKENS * TOKEN :]
            frames = openai_chat.answer([beginning, *openai_chat.pieces(rest, TOKEN)], model=model.id)
            server.told[model.id] = replies.events(frames, pace=LANE_PACE)
        print(server.base_url("openai_chat"), flush=True)
        sys.stdin.read()


def _lanes(blocks: str) -> list[str]:
    """The answers of the eight lanes."""
    from tests.benchmarks.answers import TOKEN, answer_of, fence_of, list_of, table_of

    if blocks == "huge":
        return [*[table_of(400)] * 3, *[list_of(600)] * 3, *[fence_of(2_000)] * 2]
    return [answer_of((LANE_TOKENS + 2_000 * at) * TOKEN) for at in range(8)]


if __name__ == "__main__":
    _serve(sys.argv[1])
