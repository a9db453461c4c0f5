"""`shots DIR [SCENE ...]`: pictures of every screen of the real window, light and dark.

Each scene runs in a process of its own, offscreen, so that one cannot colour the next.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.__main__ import ROOT, environment

SCHEMES = ("light", "dark")
LIMIT_S = 180.0
TWICE = "sharp"
SCREEN = {"name": "one", "x": 0, "y": 0, "width": 1920, "height": 1080, "dpi": 96, "dpr": 1}
"""Qt's offscreen platform has one of 800 by 800, which popups would be kept inside of."""


def main(arguments: Sequence[str]) -> int:
    """Takes the pictures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="shots", description="Pictures of every screen, light and dark.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("scenes", nargs="*", metavar="SCENE")
    parser.add_argument("--scheme", choices=SCHEMES, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.scheme:
        return _act(options.scenes[0], options.folder, options.scheme)
    from tests.shots.scenes import SCENES

    names = [scene.__name__ for scene in SCENES]
    unknown = set(options.scenes) - set(names)
    if unknown:
        parser.error(f"no such scene: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    failed = [
        f"{name} ({scheme})"
        for name in options.scenes or names
        for scheme in SCHEMES
        if not _run(name, options.folder.resolve(), scheme)
    ]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str, folder: Path, scheme: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="chatbench-shots-") as home:
        screen = Path(home) / "screen.json"
        screen.write_text(json.dumps({"screens": [SCREEN]}))
        environ = {**environment(Path(home)), "QT_QPA_PLATFORM": f"offscreen:configfile={screen}"}
        if name == TWICE:
            environ["QT_SCALE_FACTOR"] = "2"
        command = [sys.executable, "-m", "tests.shots", str(folder), name, "--scheme", scheme]
        try:
            return not subprocess.run(command, cwd=ROOT, env=environ, check=False, timeout=LIMIT_S).returncode
        except subprocess.TimeoutExpired:
            print(f"{name} took longer than {LIMIT_S:g} s", file=sys.stderr)
            return False


def _act(name: str, folder: Path, scheme: str) -> int:
    from tests.harness import network
    from tests.shots.scenes import SCENES

    from chatbench.ui import aio
    from chatbench.ui.app import make_application

    network.install()
    scene = next(scene for scene in SCENES if scene.__name__ == name)

    async def whole() -> int:
        await scene(Path(os.environ["HOME"]) / "profile", folder, scheme)
        return 0

    return aio.run(make_application(), whole)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
