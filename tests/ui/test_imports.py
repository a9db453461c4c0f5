"""Imports under Qt cost what they cost without it."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import chatbench.ui, linecache, os
import chatbench.services.chat
ours = os.path.dirname(chatbench.__file__) + os.sep
print(len([name for name in linecache.cache if name.startswith(ours)]))
"""


def test_the_source_of_an_imported_module_is_not_read_and_kept() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert int(done.stdout) == 0
