"""`python -m tests.benchmarks.child NAME`: measures one row and prints it as JSON on the last line."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict


def main(name: str) -> None:
    """Measures the row in this process."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from tests.benchmarks.rows import ROWS
    from tests.harness import network

    network.install()
    row = next(row for row in ROWS if row.name == name)
    print(json.dumps(asdict(row.measure())), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
