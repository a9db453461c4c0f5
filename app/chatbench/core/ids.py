"""Identifiers that sort by the millisecond they were made in."""

from __future__ import annotations

import os
import time


def new_id() -> str:
    """A UUID version 7 as 32 hex digits: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{value:032x}"
