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

from tests.benchmarks.rows import ROWS, Measured, Row

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
    rows = [
        row
        for row in ROWS
        if (row.name in options.names if options.names else options.peers or not row.peers)
    ]
    results: list[dict[str, Any]] = []
    failed: list[str] = []
    print(f"{'row':36} {'value':>9} {'promise':>10}", flush=True)
    for row in rows:
        began = time.monotonic()
        measured, said = measure(row)
        if measured is None:
            failed.append(row.name)
            print(f"{row.name:36} {'ERROR':>9}\n{said}", flush=True)
            continue
        results.append(_result(row, measured))
        print(_line(row, measured, time.monotonic() - began), flush=True)
        if said:
            print(said, flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    if failed:
        print(f"not measured: {', '.join(failed)}", file=sys.stderr)
    return 0 if not failed and all(result["holds"] for result in results) else 1


def _result(row: Row, measured: Measured) -> dict[str, Any]:
    """The row as `--json` tells it; `at_least` and `besides` only where it has them."""
    told: dict[str, Any] = {
        "name": row.name,
        "value": round(measured.value, 3),
        "unit": row.unit,
        "promise": row.promise,
        "holds": row.holds(measured),
    }
    if row.at_least:
        told["at_least"] = True
    if measured.besides:
        told["besides"] = {
            name: {"value": round(value, 3), "promise": most}
            for name, (value, most) in measured.besides.items()
        }
    return told


def _line(row: Row, measured: Measured, took: float) -> str:
    promise = f"{'≥' if row.at_least else '≤'} {row.promise:g}"
    verdict = "" if row.holds(measured) else "  DOES NOT HOLD"
    lines = [f"{row.name:36} {measured.value:9.2f} {promise:>7} {row.unit:3} ({took:.0f} s){verdict}"]
    lines += [
        f"  {name}: {value:.2f} (≤ {most:g}){'' if value <= most else '  DOES NOT HOLD'}"
        for name, (value, most) in measured.besides.items()
    ]
    return "\n".join([*lines, *(f"  {note}" for note in measured.notes)])


def measure(row: Row) -> tuple[Measured | None, str]:
    """The row from a process of its own, and what that process said besides.

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
        return Measured(**json.loads(last)), said
    except (ValueError, TypeError):
        return None, f"{said}\n  not a measurement: {last!r}"


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
    parser.add_argument(
        "--peers", action="store_true", help="also the rows that run other programs, installed apart"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - {row.name for row in ROWS})
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(row.name for row in ROWS)}")
    beside = [row.name for row in ROWS if row.name in options.names and row.peers]
    if beside and not options.peers:
        parser.error(f"{', '.join(beside)}: give --peers, which installs other programs apart from this one")
    if options.peers and not os.environ.get("BENCH_PEERS_PYTHON"):
        parser.error("--peers works through `python3 packaging/dev.py bench`, which installs them")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
