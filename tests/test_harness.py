"""The harness fails a test when it should: each net is seen to catch something."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import apsw
import keyring
import pytest
from keyring.backends import SecretService
from tests.harness import databases, program

from chatbench.storage import opening
from chatbench.storage.migrations import MIGRATIONS

ROOT = Path(__file__).resolve().parent.parent

# name of the nested test -> what its report has to say
CAUGHT = {
    "test_connects_elsewhere": "network: connect to 192.0.2.1",
    "test_connects_elsewhere_on_asyncio": "network: look up example.com",
    "test_swallows_the_refusal": "network: look up example.org",
    "test_logs_a_warning": "log: WARNING the disk is odd",
    "test_promises_a_log": "log: expected a record matching 'never'",
    "test_leaves_a_log_handler": "log: handler left on logger 'root'",
    "test_leaves_a_task": "task: forgotten still runs",
    "test_leaves_a_task_on_the_window_loop": "task: forgotten in the window still runs",
    "test_leaves_a_thread": "thread: forgotten still runs, started at ",
    "test_leaves_a_widget": "widget: QWidget 'forgotten'",
    "test_leaves_a_timer": "timer: a QTimer of 60000 ms still runs, started at ",
    "test_leaves_a_qthread": "thread: a QThread still runs, started at ",
    "test_qt_warns": "Qt messages with level WARNING or above emitted",
    "test_python_warns": "DeprecationWarning: old",
}
PASSED = [
    "test_expects_by_mark",
    "test_expects_by_fixture",
    "test_loopback",
    "test_unknown_host",
    "test_home",
    "test_keys_are_gone",
    "test_keyring",
    "test_window_loop",
    "test_allowed_leak",
    "test_closed_window",
    "test_rounds",
]

NESTED = """
import asyncio, logging, os, pathlib, socket, threading, time, warnings
import keyring, pytest
from PySide6.QtCore import QEventLoop, QThread, QTimer, qWarning
from PySide6.QtWidgets import QWidget

KEPT = []

def test_connects_elsewhere():
    with socket.socket() as sock, pytest.raises(OSError):
        sock.connect(("192.0.2.1", 80))

async def test_connects_elsewhere_on_asyncio():
    with pytest.raises(OSError):
        await asyncio.open_connection("example.com", 443)

def test_swallows_the_refusal():
    try:
        socket.create_connection(("example.org", 80))
    except OSError:
        pass

def test_logs_a_warning():
    logging.getLogger("chatbench.x").warning("the disk is %s", "odd")

@pytest.mark.expects_log("never")
def test_promises_a_log():
    pass

def test_leaves_a_log_handler():
    logging.getLogger().addHandler(logging.NullHandler())

async def test_leaves_a_task():
    KEPT.append(asyncio.create_task(asyncio.Event().wait(), name="forgotten"))
    await asyncio.sleep(0)

def test_leaves_a_task_on_the_window_loop(run_async):
    async def leave():
        KEPT.append(asyncio.create_task(asyncio.Event().wait(), name="forgotten in the window"))
    run_async(leave())

RELEASE = threading.Event()

def test_leaves_a_thread():
    threading.Thread(target=RELEASE.wait, name="forgotten", daemon=True).start()

def test_leaves_a_widget(qapp):
    KEPT.append(QWidget(objectName="forgotten"))

def test_leaves_a_timer(qapp):
    timer = QTimer()
    timer.start(60000)
    KEPT.append(timer)

def test_leaves_a_qthread(qapp):
    thread = QThread()
    thread.start()
    KEPT.append(thread)

def test_qt_warns(qapp):
    qWarning("a widget is upset")

def test_python_warns():
    warnings.warn("old", DeprecationWarning)

@pytest.mark.expects_log("disk is odd")
def test_expects_by_mark():
    logging.getLogger("chatbench").error("the disk is odd")

def test_expects_by_fixture(expect_log):
    expect_log(r"odd \\d")
    logging.getLogger("chatbench").error("odd 7")

async def test_loopback():
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

def test_unknown_host():
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("no-such-host.invalid", 443)

def test_home(home):
    assert pathlib.Path.home() == home
    assert os.environ["CHATBENCH_HOME"].startswith(str(home))

def test_keys_are_gone():
    assert not {"OPENAI_API_KEY", "ANTHROPIC_BASE_URL", "https_proxy", "CHATBENCH_LOG"} & set(os.environ)

def test_keyring():
    assert keyring.get_password("chatbench", "openai") is None
    keyring.set_password("chatbench", "openai", "secret")
    assert keyring.get_password("chatbench", "openai") == "secret"

def test_window_loop(run_async, qapp):
    ticks = []
    timer = QTimer(timeout=lambda: ticks.append(1))
    async def work():
        timer.start(1)
        while not ticks:
            await asyncio.sleep(0.001)
        timer.stop()
        return "done"
    assert run_async(work()) == "done"
    assert run_async(asyncio.sleep(0, "again")) == "again"

@pytest.mark.allow_leaks("widget")
def test_allowed_leak(qapp):
    KEPT.append(QWidget())

def test_closed_window(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()

def test_rounds(fault_rounds):
    assert fault_rounds == 10
"""


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> pytest.RunResult:
    """The nested tests, run once in a process of their own under the real conftest and configuration."""
    folder = tmp_path_factory.mktemp("nested")
    return run_nested(folder, NESTED)


def run_nested(folder: Path, source: str, *options: str) -> pytest.RunResult:
    conftest = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    (folder / "test_nested.py").write_text(source, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "app")]),
        "OPENAI_API_KEY": "a key of the person at this machine",
        "ANTHROPIC_BASE_URL": "https://example.com",
        "https_proxy": "http://example.com",
        "CHATBENCH_LOG": "debug",
    }
    start = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder)]
    run = subprocess.run(
        [*command, "-v", "-p", "no:xdist", *options, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=folder,
    )
    return pytest.RunResult(
        run.returncode, run.stdout.splitlines(), run.stderr.splitlines(), time.monotonic() - start
    )


def section(result: pytest.RunResult, test: str) -> str:
    """The part of the report that belongs to ``test``, whichever phase failed."""
    text = "\n".join(result.outlines)
    parts = re.split(rf"^_+ (?:ERROR at \w+ of )?{test} _+$", text, flags=re.MULTILINE)[1:]
    return "\n".join(re.split(r"^_{3,} .* _{3,}$|^=+ .* =+$", part, flags=re.MULTILINE)[0] for part in parts)


@pytest.mark.parametrize("test", CAUGHT)
def test_a_bad_test_is_caught(nested: pytest.RunResult, test: str) -> None:
    assert CAUGHT[test] in section(nested, test), "\n".join(nested.outlines)


@pytest.mark.parametrize("test", PASSED)
def test_a_good_test_is_left_alone(nested: pytest.RunResult, test: str) -> None:
    shown = "\n".join(nested.outlines)
    assert f"::{test} PASSED" in shown, shown
    assert section(nested, test) == ""


def test_long_runs_the_full_number(tmp_path: Path) -> None:
    source = "def test_rounds(fault_rounds):\n    assert fault_rounds == 100\n"
    assert run_nested(tmp_path, source, "--long").ret == 0


@pytest.mark.secret_service
def test_a_real_secret_service_keeps_a_password(secret_service_session: dict[str, str]) -> None:
    assert isinstance(keyring.get_keyring(), SecretService.Keyring)
    keyring.set_password("chatbench", "openai", "secret")
    assert keyring.get_password("chatbench", "openai") == "secret"


def test_a_database_that_is_copied_is_what_the_program_makes(tmp_path: Path) -> None:
    made, copied = tmp_path / "made.db", tmp_path / "copied.db"
    databases.create(made, MIGRATIONS)
    opening._create(copied, MIGRATIONS)
    assert opening._create is not databases.create
    assert told(copied) == told(made)
    assert copied.stat().st_mode == made.stat().st_mode


def told(path: Path) -> list[object]:
    """All that a database says of itself, and the rows of its tables."""
    with closing(apsw.Connection(str(path))) as connection:
        schema = list(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name"))
        assert len(schema) > 30
        pragmas = ("user_version", "application_id", "journal_mode", "page_size", "encoding", "auto_vacuum")
        tables = [name for kind, name, _, _ in schema if kind == "table"]
        rows = {name: list(connection.execute(f'SELECT * FROM "{name}"')) for name in tables}
        return [schema, [connection.pragma(name) for name in pragmas], rows]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="programs are forked on POSIX only")
@pytest.mark.parametrize("arguments", [["--version"], ["prompt", "Hi", "-m", "nobody/m"], ["prompt", "-x"]])
def test_a_command_that_is_forked_ends_as_one_that_is_started(home: Path, arguments: list[str]) -> None:
    env = program.environment(home / "keyring.json")
    started = subprocess.run(
        program.command(*arguments), env=env, capture_output=True, text=True, check=False
    )
    assert program._zygote(env) is not None
    assert program.run(*arguments, env=env) == (started.returncode, started.stdout, started.stderr)


def test_a_command_is_not_forked_where_its_interpreter_would_differ(home: Path) -> None:
    env = program.environment(home / "keyring.json")
    assert program._zygote({**env, "PYTHONIOENCODING": "ascii"}) is None
    assert program._zygote({**env, "LC_ALL": "C"}) is None
