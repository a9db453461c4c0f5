"""Imports under Qt cost what they cost without it."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import chatbench.ui, linecache
import chatbench.services.chat
print(len([name for name in linecache.cache if "chatbench" in name]))
"""


def test_the_source_of_an_imported_module_is_not_read_and_kept() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert int(done.stdout) == 0
