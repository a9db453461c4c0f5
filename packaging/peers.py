"""What `bench --peers` compares with, in scratch below the user's cache folder.

Other programs' clients in an environment of their own; a chat on a web page: Chromium from Debian, taken
apart and not installed, so that nothing of the computer changes and no right is needed, and a page of
packages from npm; promptfoo with a Node of its own, both from npm. Made by the first run and used again by
the later ones; deleting it is harmless.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from environment import ROOT, Environment, SetupError, say

PACKAGES = ("aiohttp==3.14.5", "anthropic==2.12.0", "liter-llm==2.4.0", "lm-deluge==0.0.168")
_FAST_LOOP = ("uvloop==0.23.0",)
"""For the mock server, where it exists."""
_PAGE = ROOT / "tests" / "benchmarks" / "peers" / "web"
_PINNED = ("package.json", "package-lock.json")
_SHOWN = ("index.html", "page.css", "page.jsx")
_BUNDLE = ("--bundle", "--minify", "--jsx=automatic", "--log-level=warning")
_PRODUCTION = '--define:process.env.NODE_ENV="production"'


_PROMPTFOO = ("promptfoo@0.123.1", "node-linux-{}@22.23.3", "@libsql/linux-{}-gnu@0.5.29")
_BEFORE = "2026-11-21"
"""What promptfoo needs is of this day."""
_ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}


def _cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


class Peers(Environment):
    """The environment the peers run in: one for each set of versions and each Python."""

    def __init__(self, base: Path) -> None:
        """`base` is the Python that the program under measurement runs on."""
        super().__init__()
        self.packages = PACKAGES if sys.platform == "win32" else PACKAGES + _FAST_LOOP
        told = "\n".join((*self.packages, str(base.resolve()), sys.version))
        self.folder = _cache() / "chatbench" / f"peers-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
        self.stamp = self.folder / "complete"

    def provide(self) -> Path:
        """Its interpreter, with everything installed. Raises SetupError with what to do."""
        if not (self.stamp.exists() and self._works()):
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            if not self._works():
                self._create()
            say(f"installing the peers into {self.folder}")
            self._install(*self.packages)
            self.stamp.touch()
        return self.python


class Web:
    """A folder with `chromium`, its packages taken apart, and `page`, ready to be served."""

    def __init__(self) -> None:
        told = b"".join((_PAGE / name).read_bytes() for name in (*_PINNED, *_SHOWN))
        self.folder = _cache() / "chatbench" / f"web-{hashlib.sha256(told).hexdigest()[:12]}"
        self._stamp = self.folder / "complete"

    def provide(self) -> Path:
        """The folder, with everything in it. Raises SetupError with what is missing."""
        if not self._stamp.exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            say(f"making the web page and its browser in {self.folder}")
            self._make_page(self.folder / "page")
            self._make_chromium(self.folder / "chromium")
            self._stamp.touch()
        return self.folder

    def _make_page(self, page: Path) -> None:
        page.mkdir()
        for name in (*_PINNED, *_SHOWN):
            shutil.copy(_PAGE / name, page)
        _run(["npm", "ci", "--ignore-scripts", "--no-fund", "--no-audit", "--silent"], page)
        esbuild = str(page / "node_modules" / ".bin" / "esbuild")
        _run([esbuild, "page.jsx", *_BUNDLE, _PRODUCTION, "--outfile=page.js"], page)

    def _make_chromium(self, folder: Path) -> None:
        packages = self.folder / "packages"
        packages.mkdir()
        wanted = ["apt-get", "install", "--simulate", "--reinstall", "--no-install-recommends"]
        names = re.findall(
            r"^Inst (\S+)", _run([*wanted, "chromium", "chromium-common"], packages), re.MULTILINE
        )
        _run(["apt-get", "download", "-q", *names], packages)
        for package in sorted(packages.glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(package), str(folder)], packages)
        shutil.rmtree(packages)
        if not (folder / "usr/lib/chromium/chromium").exists():
            raise SetupError("Debian's package chromium holds no /usr/lib/chromium/chromium")


class Promptfoo:
    """A folder with `node_modules`: promptfoo, what it needs, and the Node it wants. No script of a package
    is run, and nothing that is optional is taken but its database."""

    def __init__(self) -> None:
        told = "\n".join((*_PROMPTFOO, _BEFORE))
        self.folder = _cache() / "chatbench" / f"promptfoo-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
        self._stamp = self.folder / "complete"

    def provide(self) -> Path:
        """The folder, with everything in it. Raises SetupError with what is missing."""
        architecture = _ARCHITECTURES.get(platform.machine())
        if sys.platform != "linux" or architecture is None:
            raise SetupError("promptfoo is measured on Linux, x86-64 or ARM64")
        if not self._stamp.exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            say(f"installing promptfoo into {self.folder}")
            (self.folder / "package.json").write_text('{"private": true}')
            packages = [one.format(architecture) for one in _PROMPTFOO]
            left = ["--ignore-scripts", "--omit=optional", "--omit=peer", "--no-fund", "--no-audit"]
            _run(["npm", "install", f"--before={_BEFORE}", *left, "--silent", *packages], self.folder)
            node = self.folder / "node_modules" / f"node-linux-{architecture}" / "bin" / "node"
            (self.folder / "node").symlink_to(node)
            self._stamp.touch()
        return self.folder


def _run(command: Sequence[str], folder: Path) -> str:
    """What it printed. Raises SetupError where it is not there or fails."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise SetupError(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        raise SetupError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout
