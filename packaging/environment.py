"""The project's own Python environment: ``.venv``, filled from the lock files and from nothing else.

Standard library only. A stamp inside the environment remembers what was installed, so that a second start
reads a few small files and starts nothing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = Path("packaging", "locks")
PROFILES = {"run": ("run.lock", "build.lock"), "test": ("test.lock",)}
LOCK_GROUPS = {"build.lock": "build", "bootstrap.lock": "bootstrap"}


class SetupError(Exception):
    """The environment cannot be made; the message says what to do."""


def say(text: str) -> None:
    print(f"chatbench: {text}", file=sys.stderr, flush=True)


class Environment:
    """The virtual environment of one checkout."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.stamp = self.folder / "chatbench.json"

    @property
    def python(self) -> Path:
        """The environment's interpreter, whether it exists or not."""
        if sys.platform == "win32":
            return self.folder / "Scripts" / "python.exe"
        return self.folder / "bin" / "python"

    def ensure(self, profile: str) -> bool:
        """Make the environment hold what ``profile`` (``run`` or ``test``) names.

        Returns whether anything was installed. Raises SetupError with what to do.
        """
        if self._is_current(profile):
            return False
        if not self._works():
            self._create()
        say(f"installing what the lock file names into {self.folder}")
        locks = [self.root / LOCKS / name for name in PROFILES[profile]]
        self._install("--require-hashes", *[word for lock in locks for word in ("-r", str(lock))])
        self._install("--no-deps", "--no-build-isolation", "-e", str(self.root))
        stamps = {**self._stamps(), profile: self._digest(profile)}
        self.stamp.write_text(json.dumps(stamps), encoding="utf-8")
        return True

    def _is_current(self, profile: str) -> bool:
        stamps = self._stamps()
        # What the tests need holds what the program needs, in the same versions.
        return self.python.exists() and any(
            stamps.get(name) == self._digest(name) for name in dict.fromkeys((profile, "test"))
        )

    def _stamps(self) -> dict[str, str]:
        try:
            stamps = json.loads(self.stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stamps if isinstance(stamps, dict) else {}

    def _digest(self, profile: str) -> str:
        names = [Path("pyproject.toml"), *[LOCKS / lock for lock in PROFILES[profile]]]
        files = [self.root / name for name in names] + [self.folder / "pyvenv.cfg"]
        digest = hashlib.sha256(str(self.root).encode())
        for file in files:
            digest.update(file.read_bytes() if file.exists() else b"")
        return digest.hexdigest()

    def _works(self) -> bool:
        if not self.python.exists():
            return False
        probe = subprocess.run(
            [self.python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
            capture_output=True,
            check=False,
        )
        return probe.returncode == 0

    def _create(self) -> None:
        if self.folder.exists():
            self._remove_broken()
        say(f"making {self.folder} with Python {sys.version.split()[0]}")
        makers = (self._create_with_uv, self._create_with_venv, self._create_with_virtualenv)
        for make in makers:
            if make() and self._works():
                return
            shutil.rmtree(self.folder, ignore_errors=True)
        raise SetupError(
            f"{self.folder} could not be made; {sys.executable} has neither venv nor a working pip"
        )

    def _remove_broken(self) -> None:
        if not (self.folder / "pyvenv.cfg").exists():
            raise SetupError(f"{self.folder} is in the way and is no virtual environment; move it away")
        say(f"{self.folder} does not work or is older than Python 3.11; making it again")
        shutil.rmtree(self.folder)

    def _create_with_uv(self) -> bool:
        uv = shutil.which("uv")
        return uv is not None and _succeeds(
            [uv, "venv", "--quiet", "--python", sys.executable, str(self.folder)]
        )

    def _create_with_venv(self) -> bool:
        # Without pip: the one of this interpreter fills it, so a missing ensurepip does not matter.
        return _succeeds([sys.executable, "-m", "venv", "--without-pip", str(self.folder)])

    def _create_with_virtualenv(self) -> bool:
        with tempfile.TemporaryDirectory() as target:
            lock = self.root / LOCKS / "bootstrap.lock"
            host = _python_with_pip()
            pip = [host, "-m", "pip", "install", "--quiet", "--require-hashes", "--target", target]
            if not _succeeds([*pip, "-r", str(lock)]):
                return False
            virtualenv = [host, "-m", "virtualenv", "--quiet", "--no-download", "--without-pip"]
            return _succeeds([*virtualenv, str(self.folder)], PYTHONPATH=target)

    def _install(self, *arguments: str) -> None:
        uv = shutil.which("uv")
        if uv is not None:
            if _succeeds([uv, "pip", "install", "--quiet", "--python", str(self.python), *arguments]):
                return
            say("uv could not install that; trying pip")
        pip = [_python_with_pip(), "-m", "pip", "--python", str(self.python), "install", "--quiet"]
        if not _succeeds([*pip, "--disable-pip-version-check", "--no-input", *arguments], PIP_USER="0"):
            raise SetupError("the packages could not be installed; what pip said is above")


def _python_with_pip() -> str:
    """This interpreter, or the one its virtual environment was made from when that one has no pip."""
    if importlib.util.find_spec("pip") is not None:
        return sys.executable
    return str(getattr(sys, "_base_executable", sys.executable))


def _succeeds(command: list[str], **variables: str) -> bool:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | variables
    return subprocess.run(command, env=environment, check=False).returncode == 0


def write_locks(root: Path = ROOT, *, upgrade: bool = False) -> None:
    """Resolve pyproject.toml for every supported Python and platform into the lock files. Needs uv."""
    uv = shutil.which("uv")
    if uv is None:
        raise SetupError("uv is needed to write the lock files: python3 -m pip install uv")
    compile_ = [
        uv,
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
    ]
    compile_ += ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate"]
    compile_ += ["--upgrade"] if upgrade else []
    locks = root / LOCKS
    jobs = {"test.lock": ["pyproject.toml", "--group", "build", "--group", "test"]}
    pinned = ["-c", str(locks / "test.lock")]
    jobs["run.lock"] = ["pyproject.toml", *pinned]
    jobs |= {lock: ["--group", f"pyproject.toml:{group}"] for lock, group in LOCK_GROUPS.items()}
    jobs["build.lock"] += pinned
    for name, arguments in jobs.items():
        command = [*compile_, *arguments, "-o", str(locks / name)]
        if subprocess.run(command, cwd=root, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            raise SetupError(f"{name} could not be written; what uv said is above")
