"""What a file of another program becomes here."""

from __future__ import annotations

from typing import NamedTuple

from chatbench.core.prompts import NamedPrompt
from chatbench.core.runs import Plan


class Imported(NamedTuple):
    """`plans` run the prompts on the rows of the file with its checks: several where its tests do not all
    have the same ones. `left_out` says, in sentences, what has no place here."""

    prompts: tuple[NamedPrompt, ...]
    plans: tuple[Plan, ...] = ()
    left_out: tuple[str, ...] = ()
