"""What a message is drawn as: boxes stacked in one column, each lazy and releasable."""

from __future__ import annotations
