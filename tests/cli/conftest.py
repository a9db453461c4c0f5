"""The terminal program in processes of its own, beside a provider on this computer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness import program
from tests.harness.program import Ran
from tests.loopback.server import LoopbackServer

Run = Callable[..., Ran]


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    return program.environment(home / "keyring.json")


@pytest.fixture
def run(env: dict[str, str]) -> Run:
    """Runs `chatbench` with the arguments given; `stdin` is piped in, `more` are variables."""

    def run_it(*arguments: str, stdin: str | bytes = "", **more: str) -> Ran:
        return program.run(*arguments, env={**env, **more}, stdin=stdin)

    return run_it


@pytest.fixture
def loop(home: Path, server: LoopbackServer) -> LoopbackServer:
    """The loopback provider as `loop` with the models `m` and `other`, as `providers add` writes it down."""
    folder = home / "profile" / "providers"
    folder.mkdir(parents=True)
    (folder / "loop.toml").write_text(
        'id = "loop"\nname = "loop"\nwire = "openai_chat"\nauth = "none"\n'
        f'base_url = "{server.base_url("openai_chat")}"\nmodels = ["m", "other"]\n',
        encoding="utf-8",
    )
    return server


def only(found: list[Any]) -> Any:
    (one,) = found
    return one
