"""What every test gets: a home of its own, no network, no real keys, and a look at what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import sys
from collections.abc import Callable, Coroutine, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

# The platform must be chosen before anything imports Qt.
import hypothesis
import keyring
import keyring.backend
import keyring.errors
from tests.harness import databases, leaks, logs, network
from tests.loopback.server import LoopbackServer

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

T = TypeVar("T")

pytest_plugins = ["pytester"]

_SHORT_ROUNDS, _LONG_ROUNDS = 10, 100
_FOREIGN_ENVIRONMENT = re.compile(
    r".*_API_KEY|.*_API_TOKEN|.*_BASE_URL|.*_API_BASE|OLLAMA_HOST|CO_API_URL|CHATBENCH_.*|GOOGLE_.*|GEMINI_.*|AZURE_.*"
    r"|(?:HTTPS?|ALL|NO)_PROXY|SSL_CERT_(?:FILE|DIR)|DBUS_SESSION_BUS_ADDRESS|PYTHON_KEYRING_BACKEND"
    r"|NO_COLOR|FORCE_COLOR|COLUMNS|LINES",
    re.IGNORECASE,
)
_LEAKS = pytest.StashKey[leaks.LeakWatch]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="fault loops run their full number of rounds")


def pytest_configure(config: pytest.Config) -> None:
    network.install()
    leaks.install()
    databases.install()
    long = bool(config.getoption("--long"))
    hypothesis.settings.register_profile("chatbench", deadline=None, database=None, derandomize=not long)
    hypothesis.settings.load_profile("chatbench")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected lives as long as the session: the garbage collector need not look at it, neither
    while it grows nor after each test."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    network.complaints()
    item.stash[_LEAKS] = leaks.LeakWatch()
    logs.begin(item)
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    complaints: list[str] = []
    try:
        yield
    finally:
        allowed = frozenset(str(kind) for mark in item.iter_markers("allow_leaks") for kind in mark.args)
        complaints += item.stash[_LEAKS].finish(allowed)
        complaints += logs.complaints(item)
        complaints += network.complaints()
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that lives as long as one test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.passwords.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("there is no such password")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own home folder, profile and environment; returns the home folder."""
    folder = tmp_path_factory.mktemp("home")
    folder.chmod(0o700)
    for name in [name for name in os.environ if _FOREIGN_ENVIRONMENT.fullmatch(name)]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(folder))
    for name in ("DATA", "CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))
    monkeypatch.setenv("DICPATH", str(folder / "dictionaries"))
    monkeypatch.setenv("CHATBENCH_HOME", str(folder / "profile"))
    return folder


@pytest.fixture(autouse=True)
def memory_keyring() -> Iterator[MemoryKeyring]:
    """The keyring of this test: in memory, empty at its start."""
    before = keyring.get_keyring()
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    """A server that answers as the vendors do."""
    with LoopbackServer() as running:
        yield running


@pytest.fixture
def secret_service_session(
    home: Path, monkeypatch: pytest.MonkeyPatch, memory_keyring: MemoryKeyring
) -> Iterator[dict[str, str]]:
    """A real, unlocked Secret Service as this test's keyring; yields the environment for child processes."""
    # Linux only, as is the library it speaks D-Bus with.
    from tests.harness import secret_service

    if missing := secret_service.missing_programs():
        pytest.fail(
            f"not installed: {', '.join(missing)} (python3 packaging/dev.py test installs or names them)"
        )
    from keyring.backends import SecretService

    with (
        secret_service.session_bus(home) as address,
        secret_service.unlocked_keyring(home, address) as environment,
    ):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        keyring.set_keyring(SecretService.Keyring())
        yield environment


@pytest.fixture
def expect_log(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Call it with a regular expression: a record at WARNING or above that matches must and may come."""
    expected = request.node.stash[logs.WATCH].expected
    return expected.append  # type: ignore[no-any-return]


@pytest.fixture
def fault_rounds(request: pytest.FixtureRequest) -> int:
    """How often a loop of faults runs: 10 rounds, or 100 with --long."""
    return _LONG_ROUNDS if request.config.getoption("--long") else _SHORT_ROUNDS


def pytest_sessionfinish() -> None:
    """What is left on the clipboard of the offscreen platform is deleted after Python has gone, which
    ends in a segmentation fault."""
    gui = sys.modules.get("PySide6.QtGui")
    if gui is not None and gui.QGuiApplication.instance() is not None:
        gui.QGuiApplication.clipboard().clear()


@pytest.fixture
def run_async(qapp: QApplication) -> Iterator[Callable[[Coroutine[Any, Any, T]], T]]:
    """Runs a coroutine on the loop the window uses (qasync) and returns its value; may be called again."""
    import qasync
    import shiboken6

    loop = qasync.QEventLoop(qapp)
    before = qapp.quitOnLastWindowClosed()
    qapp.setQuitOnLastWindowClosed(False)

    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        task: asyncio.Task[T] = loop.create_task(asyncio.wait_for(coroutine, 60))
        task.add_done_callback(lambda _done: loop.stop())
        loop.run_forever()
        # What other tasks still have to do at once is done on the loop: qasync's own way of running one
        # coroutine lets them go on with no loop running, and they fail at the next thing they wait for.
        asyncio._set_running_loop(loop)
        try:
            qapp.processEvents()
        finally:
            asyncio._set_running_loop(None)
        return task.result()

    yield run
    left = [task for task in asyncio.all_tasks(loop) if not task.done()]
    leaks.note_tasks(left)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    # What a worker thread still had to say was posted to the loop's timer: let it arrive before that goes.
    qapp.processEvents()
    # Timers of cancelled waits still run in it; collected on a worker thread, Qt would complain.
    shiboken6.delete(loop._timer)
    qapp.setQuitOnLastWindowClosed(before)
