"""What a commit made stale: emitted once after it, so that each pane decides whether it cares."""

from __future__ import annotations

import msgspec


class Changes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`conversations` are ids; `answered` those of them in which an answer of this process has
    just ended; `files`: what providers keep; `prompts`, `datasets`, `runs` and `jobs` (batch
    jobs) are ids of the workbench; `initiator` is whoever caused it and need not hear of it."""

    conversations: frozenset[str] = frozenset()
    answered: frozenset[str] = frozenset()
    usage: bool = False
    providers: bool = False
    models: bool = False
    keys: bool = False
    preferences: bool = False
    ratings: bool = False
    presets: bool = False
    files: bool = False
    prompts: frozenset[str] = frozenset()
    datasets: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()
    initiator: object | None = None
