"""`bench [NAME ...] [--peers] [--json FILE]`: measures the rows and holds them against their promises.

Exit code 1 if a promise does not hold or a row cannot be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.rows import ROWS, Row

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 600.0
"""A row that takes longer is an error."""
_FOREIGN = re.compile(
    r".*_API_KEY|.*_API_TOKEN|.*_BASE_URL|OLLAMA_HOST|CHATBENCH_.*|(?:HTTPS?|ALL|NO)_PROXY"
    r"|PYTHONDONTWRITEBYTECODE|PYTHONPROFILEIMPORTTIME|PYTHONMALLOC|PYTHONDEVMODE|DBUS_SESSION_BUS_ADDRESS"
    r"|QT_(?!QPA_FONTDIR).*",
    re.IGNORECASE,
)
_USUAL = "This plugin does not support "
"""What Qt's offscreen platform says for want of a window system."""


def main(arguments: Sequence[str]) -> int:
    """Measures what was asked for; returns the exit code."""
    options = _parse(arguments)
    if options.peers:
        print("--peers: there are no rows against peers yet; the rows that need none follow.", flush=True)
    rows = [row for row in ROWS if not options.names or row.name in options.names]
    results: list[dict[str, Any]] = []
    failed: list[str] = []
    print(f"{'row':28} {'value':>9} {'promise':>10}", flush=True)
    for row in rows:
        began = time.monotonic()
        value, problem = measure(row)
        if value is None:
            failed.append(row.name)
            print(f"{row.name:28} {'ERROR':>9}\n{problem}", flush=True)
            continue
        holds = value <= row.promise
        results.append(
            {
                "name": row.name,
                "value": round(value, 3),
                "unit": row.unit,
                "promise": row.promise,
                "holds": holds,
            }
        )
        took = time.monotonic() - began
        verdict = "" if holds else "  DOES NOT HOLD"
        print(
            f"{row.name:28} {value:9.2f} {f'≤ {row.promise:g}':>7} {row.unit:3} ({took:.0f} s){verdict}",
            flush=True,
        )
        if problem:
            print(problem, flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    if failed:
        print(f"not measured: {', '.join(failed)}", file=sys.stderr)
    return 0 if not failed and all(result["holds"] for result in results) else 1


def measure(row: Row) -> tuple[float | None, str]:
    """The row's number from a process of its own, and what that process said besides.

    None and the reason where it could not be measured.
    """
    with tempfile.TemporaryDirectory(prefix="chatbench-bench-") as home:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.child", row.name],
                cwd=ROOT, env=environment(Path(home)), capture_output=True, text=True, timeout=LIMIT_S,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None, f"  took longer than {LIMIT_S:g} s"
    said = done.stderr.rstrip()
    *notes, last = done.stdout.splitlines() or [""]
    lines = [*notes, *said.splitlines()]
    said = "\n".join(f"  {line}" for line in lines if line and not line.startswith(_USUAL))
    if done.returncode:
        return None, f"{said}\n  exit code {done.returncode}"
    try:
        return float(json.loads(last)), said
    except ValueError:
        return None, f"{said}\n  not a number: {last!r}"


def environment(home: Path) -> dict[str, str]:
    """A home of its own, nothing of the person's settings, and bytecode kept as in real life."""
    kept = {name: value for name, value in os.environ.items() if not _FOREIGN.fullmatch(name)}
    paths = [str(ROOT), str(ROOT / "app"), *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {name: str(home) for name in ("HOME", "USERPROFILE", "XDG_RUNTIME_DIR")}
    folders = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("DATA", "CONFIG", "STATE", "CACHE")}
    home.chmod(0o700)
    return {
        **kept,
        **own,
        **folders,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "QT_QPA_PLATFORM": "offscreen",
    }


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measures speed and holds it to its promises.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(r.name for r in ROWS)}")
    parser.add_argument("--peers", action="store_true", help="also the rows that run other programs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - {row.name for row in ROWS})
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(row.name for row in ROWS)}")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
