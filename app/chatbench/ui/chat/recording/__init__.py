"""Recording sound in the window, where the extra `chatbench[audio]` and a microphone are there.

The microphone itself is written by Qt's documentation and has never been run here; what is heard is tested
from given samples on.
"""

from __future__ import annotations
