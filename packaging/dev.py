"""The one door to the project: set it up, run it, test it, measure it. Standard library only.

python3 packaging/dev.py run [-- ARGUMENTS]      the program; arguments after -- go to it
python3 packaging/dev.py test [--long] [ARGS]    lint and tests; with ARGS only pytest, which gets them
python3 packaging/dev.py lint                    ruff and mypy
python3 packaging/dev.py bench [NAME ...] [--peers] [--json FILE]
python3 packaging/dev.py shots DIR               a picture of every screen, light and dark
python3 packaging/dev.py catalogue               models.json and prices.json from public package data
python3 packaging/dev.py lock [--upgrade]        write the lock files anew (needs uv)
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - a plain sentence instead of a traceback
    sys.exit(f"Chatbench needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable})")

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent))

from environment import ROOT, Environment, SetupError, say, write_locks

_GLOBAL_OPTIONS_WITH_VALUE = ("--profile", "--log-level")
_PARALLEL = ("-n", "2", "--dist", "worksteal")
"""Who has nothing left takes of the others' share: some folders take much longer than others."""
_RUFF = (["ruff", "check"], ["ruff", "format", "--check"])
_MYPY = ["mypy"]
_LAST = 19
"""The priority of what is in no hurry."""
_WINDOW, _OFFSCREEN = "window", "offscreen"


def main(arguments: list[str]) -> int:
    """Do what the arguments say; returns the exit code."""
    commands: dict[str, Callable[[list[str]], int]] = {
        "run": run,
        "test": test,
        "lint": lambda _: lint(_environment("test")),
        "bench": bench,
        "shots": lambda rest: _module("tests.shots", rest),
        "catalogue": lambda rest: _start(_environment("test"), ["packaging/catalogue.py", *rest]),
        "lock": lock,
    }
    if not arguments or arguments[0] not in commands:
        asked = bool(arguments) and arguments[0] in ("-h", "--help", "help")
        print(__doc__, file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    try:
        return commands[arguments[0]](arguments[1:])
    except SetupError as error:
        say(str(error))
        return 1


def run(arguments: list[str]) -> int:
    """Start the program; without a display and without a command, the terminal chat."""
    given = arguments[1:] if arguments[:1] == ["--"] else arguments
    environment = Environment()
    fresh = environment.ensure("run")
    face = face_of(given)
    if face:
        reason = _no_display() if face == _WINDOW else None
        _prepare_qt(environment, fresh=fresh, must=reason is None)
        if reason:
            say(f"no display ({reason}): opening the chat in this terminal instead of the window")
            given = [*given, "chat"]
    return _become(environment, ["-m", "chatbench", *given])


def face_of(arguments: list[str]) -> str | None:
    """Whether these arguments of the program open a window, paint offscreen, or need no Qt (None)."""
    rest = list(arguments)
    while rest and rest[0].startswith(_GLOBAL_OPTIONS_WITH_VALUE):
        rest = rest[1:] if "=" in rest[0] else rest[2:]
    if not rest or rest[0] == "quick":
        return _WINDOW
    return _OFFSCREEN if rest[0] == "self-test" else None


def _no_display() -> str | None:
    import system

    return system.why_no_display()


def _prepare_qt(environment: Environment, *, fresh: bool, must: bool) -> None:
    """Make Qt loadable and its fonts present. Looked at once after each installation."""
    mark = environment.folder / "qt-was-checked"
    if mark.exists() and not fresh:
        return
    import system

    needs = system.provide(_qt_folder(environment), tests=False)
    if needs:
        say(f"{needs.describe()}. To install: {needs.command()}")
    if needs.libraries and must:
        raise SetupError("the window cannot open without these libraries; `run -- chat` works without them")
    if not needs:
        mark.touch()


def _qt_folder(environment: Environment) -> Path:
    found = sorted(environment.folder.glob("lib/python3*/site-packages/PySide6/Qt"))
    return found[-1] if found else environment.folder


def test(arguments: list[str]) -> int:
    """Lint and run the whole suite; or, with pytest's own arguments, only pytest."""
    import system

    environment = _environment("test")
    needs = system.provide(_qt_folder(environment), tests=True)
    if needs:
        raise SetupError(f"{needs.describe()}. To install: {needs.command()}")
    # The program is started hundreds of times, and compiled each time where no one may keep what was.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if [one for one in arguments if one != "--long"]:
        return _start(environment, ["-m", "pytest", *arguments])
    codes = [_start(environment, ["-m", *check]) for check in _RUFF]
    with Beside([environment.python, "-m", *_MYPY]) as types:
        codes.append(_start(environment, ["-m", "pytest", *_PARALLEL, *arguments]))
        codes.append(types.ended())
    return next((code for code in codes if code), 0)


def lint(environment: Environment) -> int:
    """Run ruff (rules and layout) and mypy; returns 0 when all are content."""
    codes = [_start(environment, ["-m", *check]) for check in (*_RUFF, _MYPY)]
    return next((code for code in codes if code), 0)


class Beside:
    """A command that runs while another does, in the time that one leaves; what it says is said at its
    end."""

    def __init__(self, command: list[str | Path]) -> None:
        self._told = tempfile.TemporaryFile()  # noqa: SIM115 - closed on the way out
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self._told, stderr=subprocess.STDOUT
        )
        if sys.platform != "win32":
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _LAST)

    def ended(self) -> int:
        """Waits for it and says what it has said; returns its exit code."""
        code = self._process.wait()
        self._told.seek(0)
        print(self._told.read().decode(errors="replace"), end="", flush=True)
        return code

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._told.close()


def bench(arguments: list[str]) -> int:
    """Measure; with --peers also beside other programs, which are installed apart from everything."""
    if "--peers" in arguments and not {"-h", "--help"} & set(arguments):
        from peers import Peers, Promptfoo, Web

        os.environ["BENCH_PEERS_PYTHON"] = str(Peers(_environment("test").python).provide())
        asked = [one for one in arguments if "_vs_" in one]
        for name, provided in (("web", Web), ("promptfoo", Promptfoo)):
            if asked and not any(f"_vs_{name}" in one for one in asked):
                continue
            try:
                os.environ[f"BENCH_{name.upper()}"] = str(provided().provide())
            except SetupError as error:
                # The rows that need it say so and fail; the others are measured all the same.
                os.environ[f"BENCH_{name.upper()}_MISSING"] = str(error)
    return _module("tests.benchmarks", arguments)


def lock(arguments: list[str]) -> int:
    """Write the lock files from pyproject.toml."""
    write_locks(upgrade="--upgrade" in arguments)
    return 0


def _module(name: str, arguments: list[str]) -> int:
    environment = _environment("test")
    _prepare_qt(environment, fresh=False, must=True)
    return _start(environment, ["-m", name, *arguments])


def _environment(profile: str) -> Environment:
    environment = Environment()
    environment.ensure(profile)
    return environment


def _start(environment: Environment, arguments: list[str]) -> int:
    return subprocess.run([environment.python, *arguments], cwd=ROOT, check=False).returncode


def _become(environment: Environment, arguments: list[str]) -> NoReturn:
    """Turn into the program, so that signals and the terminal are its own."""
    command = [str(environment.python), *arguments]
    if sys.platform == "win32":
        sys.exit(subprocess.run(command, check=False).returncode)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)  # noqa: S606 - the project's own interpreter, an argument list


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
