"""A screen reader's bus, and the program on it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.harness import atspi, program
from tests.harness.atspi import Node, Reader
from tests.loopback.server import LoopbackServer

Runner = Callable[..., None]
LEAVES_S = 30


@pytest.fixture
def assistive(home: Path) -> Iterator[dict[str, str]]:
    """The environment of programs that a screen reader reads; fails where that cannot be had."""
    if missing := atspi.missing_programs():
        pytest.fail(
            f"not installed: {', '.join(missing)} (python3 packaging/dev.py test installs or names them)"
        )
    with atspi.assistive_bus(home) as environment:
        yield environment


class Started:
    """The program's process, as a screen reader meets it."""

    def __init__(self, reader: Reader, application: Node, process: subprocess.Popen[str]) -> None:
        self.reader = reader
        self.application = application
        self.process = process


@pytest.fixture
def start(assistive: dict[str, str], home: Path) -> Iterator[Callable[[Path], Started]]:
    """Starts the program on a profile, as a process of its own, and waits for it on the bus."""
    with ExitStack() as ends:

        def begin(profile: Path) -> Started:
            reader = ends.enter_context(atspi.reading(assistive))
            reader.listen()
            process = subprocess.Popen(
                program.command("--profile", str(profile)), text=True, stderr=subprocess.PIPE,
                env={**program.environment(home / "keys.json"), **assistive},
            )  # fmt: skip
            ends.callback(_end, process)
            (application,) = reader.until(
                lambda: [one for one in reader.applications() if _named(reader, one)], "the program"
            )
            return Started(reader, application, process)

        yield begin


def _named(reader: Reader, node: Node) -> bool:
    try:
        return bool(reader.name(node))
    except RuntimeError:
        return False


def _end(process: subprocess.Popen[str]) -> None:
    assert process.poll() is None, f"the program has ended: {process.communicate()[1]}"
    process.terminate()
    process.communicate(timeout=LEAVES_S)


@pytest.fixture
def provider(home: Path, server: LoopbackServer) -> Path:
    """A profile that knows the loopback server as a provider; its folder."""
    profile = home / "profile"
    (profile / "providers").mkdir(parents=True)
    (profile / "providers" / "loopback.toml").write_text(
        'id = "loopback"\nname = "Loopback"\nwire = "openai_chat"\nauth = "none"\n'
        f'base_url = "{server.base_url("openai_chat")}"\nmodels = ["model-a", "model-b"]\n'
    )
    return profile
