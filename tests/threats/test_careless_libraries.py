"""What libraries do to everybody's log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_CHATTY_LIBRARY = """
import logging, sys
from pathlib import Path
from chatbench.storage.logs import start_logging
stop = start_logging(Path(sys.argv[1]), "debug")
logging.debug("this puts a handler on standard error unless there is one")
logging.getLogger("chatbench.test").error("refused: sk-canary-0123456789")
stop()
"""


def test_a_library_that_logs_carelessly_brings_nothing_to_standard_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CHATTY_LIBRARY, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert (tmp_path / "chatbench.log").read_text().endswith("chatbench.test: refused: [redacted]\n")
