"""The terminal program, forked from a process that has imported it: what `python -m chatbench` does, without
what an interpreter and its imports take each time. POSIX only.

Run as a module it is that process: it takes one command after another from the socket it was given, and a
child of its own becomes each of them.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_MOST_BYTES = 1 << 20
_PIPE_BYTES = 1 << 15
"""So much is taken by a pipe before anybody reads."""
_AT_START = ("PYTHON", "LC_", "LANG")
"""Begin the names of variables that an interpreter reads as it starts."""
_AT_ANY_TIME = {"PYTHON_KEYRING_BACKEND", "PYTHONUNBUFFERED"}


class Zygote:
    """The process, and the socket to it."""

    def __init__(self, environ: Mapping[str, str], cwd: Path) -> None:
        self.started_with = at_start(environ)
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.harness.zygote", str(theirs.fileno())],
                env=environ, cwd=cwd, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        atexit.register(self.close)

    def run(
        self, arguments: Sequence[str], environ: Mapping[str, str], stdin: bytes, cwd: Path, patience_s: float
    ) -> tuple[int, bytes, bytes]:
        """One command to its end: its exit code, as `subprocess` has it, and what it wrote."""
        asked = json.dumps([*arguments, str(cwd), dict(environ)]).encode()
        assert len(asked) < _MOST_BYTES
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, _readable(stdin) as given:
            socket.send_fds(self._channel, [asked], [one.fileno() for one in (given, out, err)])
            self._channel.settimeout(patience_s)
            try:
                code = int(self._channel.recv(16))
            except TimeoutError:
                os.killpg(self._process.pid, signal.SIGKILL)
                raise
            out.seek(0)
            err.seek(0)
            return code, out.read(), err.read()

    def close(self) -> None:
        self._channel.close()
        self._process.wait()


def _readable(data: bytes) -> IO[bytes]:
    """What reads `data`: a pipe, as from a shell, where it takes all of it at once."""
    if len(data) > _PIPE_BYTES:
        file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - its caller closes it
        file.write(data)
        file.seek(0)
        return file
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    return os.fdopen(reading, "rb")


def at_start(environ: Mapping[str, str]) -> dict[str, str]:
    """What of an environment an interpreter reads as it starts."""
    return {
        name: value
        for name, value in environ.items()
        if name.startswith(_AT_START) and name not in _AT_ANY_TIME
    }


def _serve(channel: socket.socket) -> list[str] | None:
    """Has a child become each command that is asked for; the arguments in the child, None at the end."""
    while True:
        asked, streams, _, _ = socket.recv_fds(channel, _MOST_BYTES, 3)
        if not asked:
            return None
        child = os.fork()
        if not child:
            channel.close()
            return _become(asked, streams)
        for one in streams:
            os.close(one)
        _, status = os.waitpid(child, 0)
        channel.send(b"%d" % os.waitstatus_to_exitcode(status))


def _become(asked: bytes, streams: list[int]) -> list[str]:
    """Takes on the environment, the folder and the streams of a command; returns its arguments."""
    arguments: list[str]
    *arguments, cwd, environ = json.loads(asked)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    sys.path[0] = cwd
    for number, one in enumerate(streams):
        os.dup2(one, number)
        os.close(one)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        before = getattr(sys, name)
        stream = os.fdopen(
            number, before.mode, encoding=before.encoding, errors=before.errors, closefd=False,
            buffering=1 if name == "stderr" else -1,
        )  # fmt: skip
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    return arguments


if __name__ == "__main__":
    import chatbench.cli.command
    import chatbench.main.chats
    import chatbench.main.ground
    import chatbench.main.workbench
    import chatbench.providers.openai_chat  # noqa: F401
    from chatbench.__main__ import main
    from chatbench.providers.http import Http

    Http({}).load()
    gc.freeze()
    command = _serve(socket.socket(fileno=int(sys.argv[1])))
    if command is not None:
        sys.argv[1:] = command
        sys.exit(main(command))
